"""The plain Python call, on the caller's own thread; and on a thread of its own beside it."""

from __future__ import annotations

import os
import platform
import shutil
from itertools import repeat
from threading import Thread

from sides.common import clock, compute

VERSION = platform.python_version()


def timed(call, *arguments):
    def run(count):
        began = clock()
        for _ in repeat(None, count):
            call(*arguments)
        return clock() - began

    return run


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def write_file(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read_unbuffered(path):
    with open(path, "rb", buffering=0) as file:
        return file.read()


def list_directory(path):
    with os.scandir(path) as entries:
        return [{"name": e.name, "type": "directory" if e.is_dir() else "file"} for e in entries]


def exists(options):
    return timed(os.path.exists, options.path)


def read(options):
    return timed(read_file, options.path)


def write(options):
    return timed(write_file, options.path, bytes(options.size))


def large(options):
    return timed(read_unbuffered, options.path)


def contents(options):
    return timed(list_directory, options.path)


def copy(options):
    return timed(shutil.copytree, options.source, options.path)


def delete(options):
    return timed(shutil.rmtree, options.path)


def busy(options):
    """The reads in a thread of the caller's own, while the caller computes."""

    def reads(count, ended):
        for _ in repeat(None, count):
            read_unbuffered(options.path)
        ended.append(clock())

    def run(count):
        ended = []
        thread = Thread(target=reads, args=(count, ended))
        began = clock()
        thread.start()
        loop = compute(options.turns, lambda: ended)
        thread.join()
        return {"cost": (ended[0] - began) / count, "loop": loop}

    return run
