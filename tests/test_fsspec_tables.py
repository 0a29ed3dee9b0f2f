"""pandas, pyarrow, zarr and dask read and write mhddq:// paths."""

from __future__ import annotations

import pytest

pytest.importorskip("fsspec", reason="fsspec is not installed: mhddq[fsspec]")

import fsspec

from mhddq.fsspec import MhddqFileSystem, _queues

LACKING = "is not installed; `nox -s fsspec` installs it"
TABLE = {"name": ["a", "b", "c"], "size": [1, 2, 3]}


def completed(queue):
    return _queues[queue].stats()["completed"]


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "pickle"])
def test_pandas(kind, tmp_path):
    pandas = pytest.importorskip("pandas", reason=f"pandas {LACKING}")
    if kind == "parquet":
        pytest.importorskip("pyarrow", reason=f"pyarrow {LACKING}")
    frame = pandas.DataFrame(TABLE)
    url = f"mhddq://{(tmp_path / 'x' / 'table').as_posix()}"
    options = {"auto_mkdir": True}
    keywords = {"index": False} if kind == "csv" else {}
    getattr(frame, f"to_{kind}")(url, storage_options=options, **keywords)
    assert (tmp_path / "x" / "table").stat().st_size > 0
    again = getattr(pandas, f"read_{kind}")(url, storage_options=options)
    pandas.testing.assert_frame_equal(again, frame)


def test_pyarrow(tmp_path):
    pyarrow, parquet, dataset, fs = (
        pytest.importorskip(name, reason=f"pyarrow {LACKING}")
        for name in ("pyarrow", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.fs")
    )
    ours = MhddqFileSystem(queue="of pyarrow")
    table = pyarrow.table(TABLE)
    folder = f"{tmp_path.as_posix()}/parts"
    parquet.write_to_dataset(table, folder, partition_cols=["name"], filesystem=ours)
    assert len(ours.find(folder)) == 3
    read = dataset.dataset(folder, filesystem=ours, partitioning="hive").to_table()
    assert sorted(read["size"].to_pylist()) == [1, 2, 3]
    wrapped = fs.PyFileSystem(fs.FSSpecHandler(ours))
    wrapped.create_dir(f"{folder}/new")
    with wrapped.open_output_stream(f"{folder}/new/a") as file:
        file.write(b"data")
    wrapped.copy_file(f"{folder}/new/a", f"{folder}/new/b")
    wrapped.move(f"{folder}/new/a", f"{folder}/new/c")
    found = wrapped.get_file_info(fs.FileSelector(f"{folder}/new"))
    assert sorted((each.base_name, each.size) for each in found) == [("b", 4), ("c", 4)]
    wrapped.delete_dir(f"{folder}/new")
    assert len(ours.find(folder)) == 3
    assert completed("of pyarrow") > 0


def test_zarr(tmp_path):
    zarr = pytest.importorskip("zarr", minversion="3", reason=f"zarr {LACKING}")
    numpy = pytest.importorskip("numpy", reason=f"numpy {LACKING}")
    url = f"mhddq://{(tmp_path / 'array').as_posix()}"
    options = {"auto_mkdir": True, "queue": "of zarr"}
    values = numpy.arange(10_000).reshape(100, 100)
    array = zarr.create_array(
        url, shape=values.shape, chunks=(10, 10), dtype=values.dtype, storage_options=options
    )
    array[:] = values
    again = zarr.open_array(url, mode="r", storage_options=options)
    assert (again[:] == values).all()
    assert len(fsspec.filesystem("mhddq").find(f"{url}/c")) == 100
    assert completed("of zarr") >= 200  # each chunk was written, and read


def test_dask(tmp_path):
    dataframe = pytest.importorskip("dask.dataframe", reason=f"dask {LACKING}")
    pandas = pytest.importorskip("pandas", reason=f"pandas {LACKING}")
    frame = pandas.DataFrame({"number": range(1000)})
    url = f"mhddq://{tmp_path.as_posix()}"
    options = {"queue": "of dask"}
    parts = dataframe.from_pandas(frame, npartitions=10)
    parts.to_csv(f"{url}/*.csv", index=False, storage_options=options)
    read = dataframe.read_csv(f"{url}/*.csv", storage_options=options)
    assert int(read["number"].sum().compute()) == sum(range(1000))
    assert len(list(tmp_path.iterdir())) == 10
    assert completed("of dask") > 0
