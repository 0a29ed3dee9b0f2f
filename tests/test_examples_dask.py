"""examples/dask_index.py: a LocalCluster of two worker processes converts a data set."""

from __future__ import annotations

import csv
import hashlib
import json
import re

import pytest
from example_runs import ran

FILES = 2000


@pytest.fixture
def data_set(tmp_path):
    """{name: its text}"""
    made = {}
    for n in range(FILES):
        name = f"{n % 7}/{n}.json"
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        made[name] = json.dumps([{"at": at, "value": at * n} for at in range(n % 5)])
        path.write_text(made[name], encoding="utf-8")
    (tmp_path / "data" / "notes.txt").write_text("not of the data set")
    return made


def test_a_data_set_is_converted_and_indexed(data_set, tmp_path, tally):
    """By the queues of the workers, and by plain files: the same, in times that are shown."""
    found = {}
    for option in ("", "--plain"):
        target = tmp_path / f"csv{option}"
        status, out, err = ran("dask_index.py", tmp_path / "data", target, *option.split())
        assert status == 0, err  # dask may warn about a machine that is busy
        counted, seconds, protocol = re.fullmatch(r"(\d+) files in (\S+) s, (\S+)\n", out).groups()
        assert int(counted) == FILES
        tally(f"{FILES} files by dask", f"ms {protocol}", round(float(seconds) * 1000))
        found[option] = {
            path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*.csv")
        }
    assert found[""] == found["--plain"]
    index = {
        row["name"]: row for row in csv.DictReader(found[""]["index.csv"].decode().split("\n"))
    }
    assert {name: row["sha256"] for name, row in index.items()} == {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in data_set.items()
    }
    assert index["4/4.json"]["rows"] == "4"
    assert found[""]["4/4.csv"].split() == [b"at,value", b"0,0", b"1,4", b"2,8", b"3,12"]
    assert len(found[""]) == FILES + 1
