"""Saving, in each style: a whole new version in place of the old one, or the old one as it was.

    python save.py FILENAME TEXT

It saves the text three times, and then renames and creates files as one operation.
"""

import argparse
import asyncio
import sys

import mhddq
from mhddq import aio, futures


def saved(args):
    print("callback:", "saved" if args["result"] else args["output"]["exception"])


async def save(filename, text):
    await aio.file_replace(text, filename)
    print("await: saved")

    async with aio.oplist(on_error="stop") as todo:  # nothing runs in between
        todo.path_rename(filename, f"{filename}.old")
        todo.file_write(text, filename)
        size = todo.path_stat(f"{filename}.old")
    print("list: the old one has", size.result().st_size, "bytes")


def main():
    parser = argparse.ArgumentParser(description="Saves a text in each style.")
    parser.add_argument("filename")
    parser.add_argument("text")
    arguments = parser.parse_args()
    filename, text = arguments.filename, arguments.text + "\n"
    mhddq.file_replace(saved, text, filename)
    try:
        futures.file_replace(text, filename).result(timeout=60)
        print("future: saved")
        asyncio.run(save(filename, text))
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
