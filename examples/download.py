"""Downloads a file in chunks that are written in order, and goes on where it was interrupted.

    python download.py URL FILENAME

Each chunk is a file in FILENAME.parts, and gets its name when it is whole. So the next run knows
what is there, and asks the server for the rest. In the end the chunks are joined.
"""

import argparse
import queue
import sys
import threading
import urllib.request

import mhddq

CHUNK = 1 << 20  # bytes
AHEAD = 8  # chunks that may wait for the disk


def ask(function, *arguments):  # runs one operation and waits for it: its output
    heard = queue.SimpleQueue()
    args = heard.get() if function(heard.put, *arguments) else {"result": False, "output": {}}
    if not args["result"]:
        raise OSError(args["output"].get("exception", "the queue has been shut down"))
    return args["output"]


def fetch(url, parts, start):
    """Writes the chunks from number `start` on: how many there are then."""
    room, failures = threading.Semaphore(AHEAD), []

    def written(args):
        if not args["result"]:
            return renamed(args)
        new = args["params"]["filename"]  # a list would rename it even if only half is written
        return mhddq.file_rename(renamed, new, new.removesuffix(".new"))

    def renamed(args):
        if not args["result"]:
            failures.append(args["output"]["exception"])
        room.release()

    request = urllib.request.Request(url, headers={"Range": f"bytes={start * CHUNK}-"})
    with urllib.request.urlopen(request, timeout=60) as response:
        number = start if response.status == 206 else 0  # 200: the server begins at the start
        while not failures and (chunk := response.read(CHUNK)):
            room.acquire()
            mhddq.file_write(written, chunk, f"{parts}/{number:06d}.new", True)
            number += 1
        if response.length:  # read() does not say so
            failures.append(f"the connection ended {response.length:,} bytes early")
    for _ in range(AHEAD):
        room.acquire()  # until all have been written
    if failures:
        raise OSError(failures[0])
    return number


def download(url, filename):
    parts = f"{filename}.parts"
    mhddq.directory_create(lambda args: None, parts)  # or it is there from the last time
    names = {entry["name"] for entry in ask(mhddq.directory_contents, parts)["contents"]}
    have = next(n for n in range(len(names) + 1) if f"{n:06d}" not in names)
    count = fetch(url, parts, max(0, have - 1))  # the last one may be short: it comes again
    whole = b"".join(ask(mhddq.file_read, f"{parts}/{n:06d}", True)["data"] for n in range(count))
    ask(mhddq.file_write, whole, f"{parts}/whole", True)
    ask(mhddq.file_rename, f"{parts}/whole", filename)
    ask(mhddq.directory_delete, parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Downloads a file; run it again to go on.")
    parser.add_argument("url")
    parser.add_argument("filename")
    try:
        download(**vars(parser.parse_args()))
    except (OSError, KeyboardInterrupt) as error:
        sys.exit(f"{error or 'interrupted'}\nThe chunks are kept: run it again to go on.")
