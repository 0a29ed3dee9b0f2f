"""A log for Python's logging module that never makes the program wait for the disk.

    python log_writer.py DIRECTORY          logs what it reads from stdin, line by line

The log is a series of numbered files: 000001.log, 000002.log, ... The newest grows by being written
anew and renamed, so each file is complete at any moment. The oldest are deleted.
"""

import argparse
import atexit
import collections
import logging
import queue
import sys
import threading

import mhddq


class SegmentHandler(logging.Handler):
    """directory: where the log goes; it must exist and contain no older log. segment: characters
    after which the next file begins. keep: files kept. interval: seconds a line may wait."""

    def __init__(self, directory, segment=64 * 1024, keep=10, interval=0.5):
        super().__init__()
        self.directory, self.segment, self.keep = directory, segment, keep
        self.lines = collections.deque()  # not yet written
        self.text, self.number = "", 1  # of the newest file
        self.stop = threading.Event()
        self.writer = threading.Thread(target=self.write_on, args=(interval,), daemon=True)
        self.writer.start()
        # Registered after mhddq was imported, so it runs while the queue is open. The exit function
        # of logging itself may run too late.
        atexit.register(self.close)

    def emit(self, record):
        # logging holds a lock here, and a callback that logs takes it, too. So nothing is enqueued
        # here: with a full ring the two would wait for each other.
        self.lines.append(self.format(record) + "\n")

    def write_on(self, interval):
        while not self.stop.wait(interval):
            self.write()
        self.write()

    def write(self):
        """Runs on the writer's thread, which may wait for the disk."""
        while self.lines:
            while self.lines and len(self.text) < self.segment:
                self.text += self.lines.popleft()
            new, name = f"{self.directory}/new", f"{self.directory}/{self.number:06d}.log"
            results = queue.SimpleQueue()
            args = {"result": False, "output": {"exception": "the queue has been shut down"}}
            if mhddq.file_write(callback=results.put, data=self.text, filename=new):
                args = results.get()
            if args["result"]:
                mhddq.file_rename(None, new, name)  # a failure is reported on stderr
            else:
                print(f"log: could not write: {args['output']['exception']}", file=sys.stderr)
            if len(self.text) >= self.segment:
                if self.number >= self.keep:
                    oldest = self.number - self.keep + 1
                    mhddq.file_delete(None, f"{self.directory}/{oldest:06d}.log")
                self.text, self.number = "", self.number + 1

    def close(self):
        self.stop.set()
        self.writer.join()
        super().close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Logs the lines of stdin.")
    parser.add_argument("directory")
    handler = SegmentHandler(parser.parse_args().directory)
    logging.basicConfig(level="INFO", format="%(asctime)s %(message)s", handlers=[handler])
    for line in sys.stdin:
        logging.info("%s", line.rstrip("\n"))
