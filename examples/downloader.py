"""Downloads a file in ranges, several at a time, each to its place. It shows up when it is whole.

    python downloader.py URL FILENAME               needs httpx

download.py is the other way: one range after another, and it goes on after an interruption.
"""

import argparse
import sys

import anyio
import httpx

from mhddq import aio

RANGE = 8 << 20  # bytes
AT_ONCE = 4  # ranges in memory


async def download(url, filename):
    async with httpx.AsyncClient() as client, aio.open(filename, "wb", atomic=True) as file:
        head = (await client.head(url)).raise_for_status()
        size = int(head.headers["content-length"])
        room = anyio.Semaphore(AT_ONCE)

        async def fetch(start):
            async with room:
                headers = {"Range": f"bytes={start}-{min(start + RANGE, size) - 1}"}
                response = (await client.get(url, headers=headers)).raise_for_status()
                if response.status_code != 206 or len(response.content) != min(RANGE, size - start):
                    raise OSError(f"{url}: the server did not send the range that it was asked for")
                await aio.file_write(response.content, file, offset=start)

        async with anyio.create_task_group() as tasks:
            for start in range(0, size, RANGE):
                tasks.start_soon(fetch, start)


def first(error):
    """anyio raises a group, because several ranges may fail."""
    while inner := getattr(error, "exceptions", None):
        error = inner[0]
    return error


def main():
    parser = argparse.ArgumentParser(description="Downloads a file in several ranges at a time.")
    parser.add_argument("url")
    parser.add_argument("filename")
    arguments = parser.parse_args()
    try:
        anyio.run(download, arguments.url, arguments.filename)
    except Exception as error:
        if not isinstance(first(error), (OSError, httpx.HTTPError)):
            raise
        sys.exit(str(first(error)))


if __name__ == "__main__":
    main()
