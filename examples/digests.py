"""Prints the SHA-256 of every file below a directory. While one is hashed the disk reads the next.

python digests.py DIRECTORY                     needs trio
"""

import argparse
import hashlib
import sys

import trio

from mhddq import aio


async def digests(top):
    async for batch in aio.directory_walk(top, batch=64):  # at most 64 files are held at once
        files = [entry["path"] for entry in batch if entry["type"] == "file"]
        reads = [aio.file_read(path, binary=True) for path in files]  # all are in the queue now
        for path, read in zip(files, reads, strict=True):
            try:
                print(hashlib.sha256(await read).hexdigest(), path)
            except OSError as error:
                print(error, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="Prints the SHA-256 of every file below.")
    parser.add_argument("directory")
    try:
        trio.run(digests, parser.parse_args().directory)
    except OSError as error:  # the directory itself
        sys.exit(str(error))


if __name__ == "__main__":
    main()
