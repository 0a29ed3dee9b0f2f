"""Writes an index of the pictures in a directory and all below it: name, size, width and height.

    python photo_index.py DIRECTORY INDEX.json

PNG and JPEG files are read by mhddq, and their headers are parsed. Callbacks enqueue what comes
next: a listing leads to more listings and reads. A count of what is under way shows the end.
"""

import argparse
import json
import os
import struct
import sys
import threading

import mhddq


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


class Indexer:
    """Every method but `run` is called on the callback thread, so nothing here needs a lock."""

    def __init__(self, top):
        self.top, self.pictures, self.problems = top, [], []
        self.seen = {os.path.realpath(top)}  # a link may lead upwards
        self.under_way = 1
        self.done = threading.Event()

    def run(self):
        mhddq.directory_contents(self.was_listed, self.top)
        self.done.wait()

    def was_listed(self, args):
        for entry in args["output"].get("contents", []):
            path = os.path.join(args["params"]["dirname"], entry["name"])
            if entry["type"] == "directory" and os.path.realpath(path) not in self.seen:
                self.seen.add(os.path.realpath(path))
                self.under_way += mhddq.directory_contents(self.was_listed, path)
            elif entry["type"] == "file" and path.lower().endswith((".png", ".jpg", ".jpeg")):
                self.under_way += mhddq.file_read(self.was_read, path, binary=True)
        self.ended(args)

    def was_read(self, args):
        data = args["output"].get("data", b"")  # kept no longer than this call
        if size := dimensions(data):
            picture = {"name": os.path.relpath(args["params"]["filename"], self.top)}
            picture |= {"bytes": len(data), "width": size[0], "height": size[1]}
            self.pictures.append(picture)
        self.ended(args)

    def ended(self, args):
        if not args["result"]:
            self.problems.append(args["output"]["exception"])
        self.under_way -= 1
        if not self.under_way:
            self.done.set()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes an index of pictures as JSON.")
    parser.add_argument("directory")
    parser.add_argument("index")
    arguments = parser.parse_args()
    indexer = Indexer(arguments.directory)
    indexer.run()
    found = sorted(indexer.pictures, key=lambda picture: picture["name"])
    mhddq.file_write(None, data=json.dumps(found, indent=1) + "\n", filename=arguments.index)
    print(len(found), "pictures", *indexer.problems, sep="\n", file=sys.stderr)
