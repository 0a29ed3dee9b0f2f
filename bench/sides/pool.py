"""concurrent.futures.ThreadPoolExecutor, with done-callbacks."""

from __future__ import annotations

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat

from sides.common import clock, countdown, in_flight
from sides.plain import read_file, write_file

VERSION = platform.python_version()


def timed(options, call, *arguments):
    pool = ThreadPoolExecutor(options.threads)

    def run(count):
        called, wait = countdown(count)
        submit = pool.submit
        began = clock()
        for _ in repeat(None, count):
            submit(call, *arguments).add_done_callback(called)
        return wait() - began

    return run


def exists(options):
    return timed(options, os.path.exists, options.path)


def read(options):
    return timed(options, read_file, options.path)


def write(options):
    return timed(options, write_file, options.path, bytes(options.size))


def futures_exists(options):
    return in_flight(partial(ThreadPoolExecutor(1).submit, os.path.exists, options.path))


def futures_read(options):
    return in_flight(partial(ThreadPoolExecutor(1).submit, read_file, options.path))
