"""The installed mhddq: the operations that the seed does not have."""

from __future__ import annotations

import os
from functools import partial
from itertools import repeat

from sides.common import clock, countdown

import mhddq

VERSION = mhddq.__version__


def timed(function, *arguments, **keywords):
    def run(count):
        failed = mhddq.stats()["failed"]
        called, wait = countdown(count)
        call = partial(function, called, *arguments, **keywords)
        began = clock()
        for _ in repeat(None, count):
            call()
        took = wait() - began
        if mhddq.stats()["failed"] != failed:
            raise RuntimeError("an operation failed")
        return took

    return run


def stat(options):
    return timed(mhddq.path_stat, options.path)


def append(options):
    return timed(mhddq.file_append, bytes(options.piece), options.path, True)


def read_at(options):
    handle = mhddq.futures.file_open(options.path, "rb").result()
    return timed(mhddq.file_read, handle, True, offset=8192, length=4096)


def read_into(options):
    buffer = bytearray(options.size)
    if mhddq.futures.file_read_into(buffer, options.path).result() != options.size:
        raise RuntimeError("the file was not read completely")
    return timed(mhddq.file_read_into, buffer, options.path)


def replace(options):
    return timed(mhddq.file_replace, bytes(options.size), options.path, True)


def walk(options):
    def run(count):
        began = clock()
        for _ in repeat(None, count):
            entries = 0
            for batch in mhddq.futures.directory_walk(options.path, stat=True):
                for _ in batch:
                    entries += 1
        took = clock() - began
        if entries != options.entries:
            raise RuntimeError(f"{entries} entries instead of {options.entries}")
        return took

    return run


def log(options):
    line = "x" * 79 + "\n"

    def run(count):
        os.truncate(options.path, 0)
        append = mhddq.file_append
        began = clock()
        for _ in repeat(None, count):
            append(None, line, options.path)
        mhddq.default_queue().flush()
        took = clock() - began
        if os.path.getsize(options.path) != count * len(line):
            raise RuntimeError("not every line was written")
        return took

    return run
