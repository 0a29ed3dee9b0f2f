"""logging's own way off the thread: a QueueHandler, a QueueListener and its FileHandler."""

from __future__ import annotations

import logging
import os
import platform
from itertools import repeat
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue

from sides.common import clock

VERSION = platform.python_version()


def log(options):
    line = "x" * 79
    queue = SimpleQueue()
    logger = logging.getLogger("bench")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(QueueHandler(queue))

    def run(count):
        handler = logging.FileHandler(options.path, "w")
        listener = QueueListener(queue, handler)
        began = clock()
        listener.start()
        for _ in repeat(None, count):
            logger.info(line)
        listener.stop()
        took = clock() - began
        handler.close()
        if os.path.getsize(options.path) != count * (len(line) + 1):
            raise RuntimeError("not every line was written")
        return took

    return run
