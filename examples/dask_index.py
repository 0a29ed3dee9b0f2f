"""Converts a data set of many small JSON files to CSV, on the workers of dask, and indexes it.

python dask_index.py SOURCE TARGET              needs dask, distributed, fsspec

Each worker process reads and writes a whole batch through a queue of its own, by fsspec. With
--plain the same is done by fsspec's plain local files, for comparison.
"""

import argparse
import csv
import hashlib
import io
import json
import posixpath
import time

import distributed
import fsspec

BATCH = 250  # files: enough that the queue, and the disk behind it, can look ahead
COLUMNS = ["name", "bytes", "sha256", "rows"]


def file_system(protocol):
    """In a worker as in the program itself: what is sent around is its name and its options."""
    options = {"queue": "data set"} if protocol == "mhddq" else {}
    return fsspec.filesystem(protocol, auto_mkdir=True, **options)


def as_csv(table):
    text = io.StringIO()
    writer = csv.DictWriter(text, table[0] if table else [])
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode()


def convert(names, protocol, source, target):
    """One task: the rows of the index for these files. Done twice, it does the same again."""
    fs = file_system(protocol)
    contents = fs.cat([posixpath.join(source, name) for name in names])
    converted, rows = {}, []
    for path, data in contents.items():
        name, table = posixpath.relpath(path, source), json.loads(data)
        converted[posixpath.join(target, posixpath.splitext(name)[0] + ".csv")] = as_csv(table)
        row = [name, len(data), hashlib.sha256(data).hexdigest(), len(table)]
        rows.append(dict(zip(COLUMNS, row, strict=True)))
    fs.pipe(converted)
    return rows


def index(client, protocol, source, target):
    """The number of files that were converted."""
    fs = file_system(protocol)
    source, target = (fs._strip_protocol(path) for path in (source, target))
    names = [posixpath.relpath(p, source) for p in fs.find(source) if p.endswith(".json")]
    batches = [names[at : at + BATCH] for at in range(0, len(names), BATCH)]
    tasks = client.map(convert, batches, protocol=protocol, source=source, target=target)
    rows = [row for batch in client.gather(tasks) for row in batch]
    with fs.transaction, fs.open(posixpath.join(target, "index.csv"), "wb") as file:
        file.write(as_csv(rows))
    return len(rows)


def main():
    parser = argparse.ArgumentParser(description="Converts JSON files to CSV, and indexes them.")
    parser.add_argument("source", help="a directory of JSON files: lists of objects")
    parser.add_argument("target", help="a directory; it is created if missing")
    parser.add_argument("--workers", type=int, default=2, help="processes on this machine (2)")
    parser.add_argument("--scheduler", help="the address of a cluster, in place of --workers")
    parser.add_argument("--plain", action="store_true", help="without a queue, for comparison")
    arguments = parser.parse_args()
    protocol = "file" if arguments.plain else "mhddq"
    cluster = arguments.scheduler or distributed.LocalCluster(
        n_workers=arguments.workers, threads_per_worker=2, dashboard_address=":0"
    )
    with distributed.Client(cluster) as client:
        client.wait_for_workers(1)
        began = time.perf_counter()
        count = index(client, protocol, arguments.source, arguments.target)
        print(f"{count} files in {time.perf_counter() - began:.2f} s, {protocol}://")
    if not arguments.scheduler:
        cluster.close()


if __name__ == "__main__":
    main()
