"""Writes an index of the pictures in a directory and all below it: name, size, width and height.

    python photo_index.py DIRECTORY INDEX.json

PNG and JPEG files are found by a walk, and their headers are read; while one batch is parsed, the
next is read. The index is saved whole: a reader sees the old one or the new one.
"""

import argparse
import json
import os
import struct
import sys

from mhddq import futures

HEAD = 256 * 1024  # bytes of a picture in which its width and height stand


def dimensions(data):
    """(width, height), or None if the data is neither PNG nor JPEG."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        return struct.unpack_from(">II", data, 16)
    at = 2
    while data.startswith(b"\xff\xd8") and at + 9 <= len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):  # a frame's header
            return struct.unpack_from(">HH", data, at + 5)[::-1]
        at += 2 + length
    return None


def index(top):
    """(pictures, problems): a list of dicts, and one of exceptions."""
    found, problems = [], []

    def take(entries, reads):
        for entry, read in zip(entries, reads, strict=True):
            try:
                size = dimensions(read.result())
            except OSError as error:
                problems.append(error)
                continue
            if size:
                name, length = os.path.relpath(entry["path"], top), entry["stat"].st_size
                found.append({"name": name, "bytes": length, "width": size[0], "height": size[1]})

    before = ([], [])
    # At most two batches of heads are in memory: 32 MiB.
    for batch in futures.directory_walk(top, stat=True, batch=64, on_error="continue"):
        pictures = [entry for entry in batch if is_picture(entry)]
        reads = [futures.file_read(p["path"], binary=True, length=HEAD) for p in pictures]
        take(*before)
        before = (pictures, reads)
    take(*before)
    return found, problems


def is_picture(entry):
    return entry["type"] == "file" and entry["path"].lower().endswith((".png", ".jpg", ".jpeg"))


def main():
    parser = argparse.ArgumentParser(description="Writes an index of pictures as JSON.")
    parser.add_argument("directory")
    parser.add_argument("index")
    arguments = parser.parse_args()
    try:
        found, problems = index(arguments.directory)
        found.sort(key=lambda picture: picture["name"])
        futures.file_replace(json.dumps(found, indent=1) + "\n", arguments.index).result()
    except OSError as error:
        sys.exit(str(error))
    print(len(found), "pictures", *problems, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
