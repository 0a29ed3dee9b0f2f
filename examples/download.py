"""Downloads a file in chunks that are written in order, and goes on where it was interrupted.

    python download.py URL FILENAME

Each chunk is a file in FILENAME.parts, and gets its final name when it is complete. So the next run
knows what is there, and requests the rest from the server. In the end the chunks are joined.
"""

import argparse
import queue
import sys
import threading
import urllib.request

import mhddq

CHUNK, AHEAD = 1 << 20, 8  # bytes in a chunk; chunks that may wait for the disk


def run(function, *arguments, **keywords):  # waits for the operation and returns its output
    results = queue.SimpleQueue()
    if not function(results.put, *arguments, **keywords):
        raise OSError("the queue has been shut down")
    if not (args := results.get())["result"]:
        raise OSError(args["output"]["exception"])
    return args["output"]


def fetch(url, parts, start):
    """Writes the chunks from number `start` on, and returns how many there are then."""
    waiting, failures = threading.Semaphore(AHEAD), []

    def was_written(args):
        if not args["result"]:
            return was_renamed(args)
        new = args["params"]["filename"]  # a list would rename it even if the write had failed
        return mhddq.file_rename(was_renamed, new, new.removesuffix(".new"))

    def was_renamed(args):
        if not args["result"]:
            failures.append(args["output"]["exception"])
        waiting.release()

    request = urllib.request.Request(url, headers={"Range": f"bytes={start * CHUNK}-"})
    with urllib.request.urlopen(request, timeout=60) as response:
        n = start if response.status == 206 else 0  # 200: the server sends the whole file
        while not failures and (chunk := response.read(CHUNK)):
            waiting.acquire()
            mhddq.file_write(was_written, data=chunk, filename=f"{parts}/{n:06d}.new", binary=True)
            n += 1
        if response.length:  # read() does not report this
            failures.append(f"the connection ended {response.length:,} bytes early")
    for _ in range(AHEAD):
        waiting.acquire()  # until all have been written
    if failures:
        raise OSError(failures[0])
    return n


def download(url, filename):
    parts = f"{filename}.parts"
    mhddq.directory_create(lambda args: None, parts)  # or it exists from the last run
    names = {entry["name"] for entry in run(mhddq.directory_contents, parts)["contents"]}
    have = next(n for n in range(len(names) + 1) if f"{n:06d}" not in names)
    count = fetch(url, parts, max(0, have - 1))  # the last one may be short: fetch it again
    data = b"".join(run(mhddq.file_read, f"{parts}/{n:06d}", True)["data"] for n in range(count))
    run(mhddq.file_write, data=data, filename=f"{parts}/joined", binary=True)
    run(mhddq.file_rename, f"{parts}/joined", filename)
    run(mhddq.directory_delete, parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Downloads a file; run it again to go on.")
    parser.add_argument("url")
    parser.add_argument("filename")
    try:
        download(**vars(parser.parse_args()))
    except (OSError, KeyboardInterrupt) as error:
        sys.exit(f"{error or 'interrupted'}\nThe chunks are kept: run it again to go on.")
