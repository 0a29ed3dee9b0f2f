"""Downloads a file, and goes on where an earlier run was interrupted.

    python download.py URL FILENAME

What has arrived is in FILENAME.part, which gets its final name when it is complete. The main thread
reads from the network while the queue writes. At most 8 MiB wait for the disk: the call after that
waits until there is room.
"""

import argparse
import collections
import os
import sys
import urllib.error
import urllib.request

import mhddq

CHUNK, WAITING = 1 << 20, 8 << 20  # bytes


def fetch(disk, file, url, start):
    """Writes what comes from byte `start` on. What is in the file afterwards has no hole."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"})
    try:
        response = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416 and error.headers["Content-Range"] == f"bytes */{start}":
            return  # it is all there
        raise
    with response:
        if response.status != 206:  # the server sends the whole file
            start = 0
            disk.file_truncate(file).result()
        writes = collections.deque()  # the offset and the future of each that may yet fail
        try:
            while not has_failed(writes) and (chunk := response.read(CHUNK)):
                writes.append((start, disk.file_write(chunk, file, offset=start)))
                start += len(chunk)
        finally:
            check(disk, file, writes)
        if response.length:  # read() does not report this
            raise OSError(f"the connection ended {response.length:,} bytes early")


def has_failed(writes):
    while writes and writes[0][1].done() and not writes[0][1].exception():
        writes.popleft()
    return bool(writes) and writes[0][1].done()


def check(disk, file, writes):
    for offset, write in writes:
        if error := write.exception():
            # Later chunks may have been written behind the one that is missing.
            disk.file_truncate(file, offset).result()
            raise error


def download(url, filename):
    part = f"{filename}.part"
    with mhddq.Queue("download", write_bytes=WAITING) as queue:
        disk = queue.futures
        have = os.path.exists(part)
        file = disk.file_open(part, "r+" if have else "x").result()
        try:
            fetch(disk, file, url, disk.path_stat(file).result().st_size)
        finally:
            closed = disk.file_close(file, sync=True)
        closed.result()
        disk.path_rename(part, filename).result()


def main():
    parser = argparse.ArgumentParser(description="Downloads a file; run it again to go on.")
    parser.add_argument("url")
    parser.add_argument("filename")
    try:
        download(**vars(parser.parse_args()))
    except (OSError, KeyboardInterrupt) as error:
        sys.exit(f"{error or 'interrupted'}\nWhat has arrived is kept: run it again to go on.")


if __name__ == "__main__":
    main()
