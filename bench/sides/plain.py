"""The plain Python call, on the caller's own thread, and on a second thread beside it."""

from __future__ import annotations

import os
import platform
import shutil
from itertools import repeat
from threading import Thread

from sides.common import clock, compute_beside

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


def large_kept(options):
    """Every other result is kept until the end of the round."""

    def run(count):
        kept = []
        began = clock()
        for number in range(count):
            data = read_unbuffered(options.path)
            if number % 2:
                kept.append(data)
        return clock() - began

    return run


def contents(options):
    return timed(list_directory, options.path)


def copy(options):
    return timed(shutil.copytree, options.source, options.path)


def delete(options):
    return timed(shutil.rmtree, options.path)


def busy(options):
    """The reads in a thread of the caller's own, while the caller computes."""

    def reads(count, times):
        for _ in repeat(None, count):
            read_unbuffered(options.path)
        times.append(clock())

    def run(count):
        times = []
        thread = Thread(target=reads, args=(count, times))

        def begin():
            times.append(clock())
            thread.start()

        loop = compute_beside(options.turns, begin, lambda: len(times) == 2)
        thread.join()
        return {"cost": (times[1] - times[0]) / count, "loop": loop}

    return run


def stat(options):
    return timed(os.stat, options.path)


def append_to(path, data):
    with open(path, "ab") as file:
        file.write(data)


def append(options):
    return timed(append_to, options.path, bytes(options.piece))


def read_at(options):
    descriptor = os.open(options.path, os.O_RDONLY)
    return timed(os.pread, descriptor, 4096, 8192)


def read_into_buffer(path, buffer):
    with open(path, "rb", buffering=0) as file:
        return file.readinto(buffer)


def read_into(options):
    return timed(read_into_buffer, options.path, bytearray(options.size))


def walk_with_stat(top):
    entries = 0
    for directory, directories, files in os.walk(top):
        for name in directories + files:
            os.lstat(os.path.join(directory, name))
            entries += 1
    return entries


def walk(options):
    return timed(walk_with_stat, options.path)


def read_lines(path, count):
    with open(path, encoding="utf-8") as file:
        for _ in file:
            count -= 1
            if not count:
                break


def lines(options):
    def run(count):
        began = clock()
        read_lines(options.path, count)
        return clock() - began

    return run
