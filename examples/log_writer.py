"""A log for Python's logging module that does not make the program wait for the disk.

    python log_writer.py DIRECTORY          logs what it reads from stdin, line by line

The log is a series of numbered files: 000001.log, 000002.log, ... The oldest are deleted. Lines
are appended in the order in which they were logged, by whichever threads.
"""

import argparse
import logging
import sys

import mhddq


class QueueHandler(logging.Handler):
    """directory: where the log goes; it must exist and contain no older log. segment: characters
    after which the next file begins. keep: files kept.

    A failure to write is reported on stderr, and the program goes on. The queue is the
    handler's own: a log on a slow disk holds up nothing else. Only when 4,096 lines wait does
    logging wait, too.
    """

    def __init__(self, directory, segment=64 * 1024, keep=10):
        super().__init__()
        self.directory, self.segment, self.keep = directory, segment, keep
        self.disk = mhddq.Queue("log")
        self.number, self.written = 1, 0  # of the newest file; characters in it

    def emit(self, record):
        # logging holds a lock here. No callback of this queue takes it, so enqueuing cannot
        # dead-lock: with a callback that logs, and a full ring, the two would wait for each other.
        try:
            line = self.format(record) + "\n"
        except Exception:  # noqa: BLE001 - a record whose arguments do not fit its text
            self.handleError(record)
            return
        if self.written >= self.segment:
            self.number, self.written = self.number + 1, 0
            if self.number > self.keep:
                self.disk.file_delete(None, self.path(self.number - self.keep))
        self.written += len(line)
        self.disk.file_append(None, line, self.path(self.number))

    def path(self, number):
        return f"{self.directory}/{number:06d}.log"

    def flush(self):
        """Returns when every line has been given to the operating system."""
        self.disk.flush()

    def close(self):
        """logging calls it at the end of the program, too."""
        self.disk.close()
        super().close()


def main():
    parser = argparse.ArgumentParser(description="Logs the lines of stdin.")
    parser.add_argument("directory")
    handler = QueueHandler(parser.parse_args().directory)
    logging.basicConfig(level="INFO", format="%(asctime)s %(message)s", handlers=[handler])
    for line in sys.stdin:
        logging.info("%s", line.rstrip("\n"))


if __name__ == "__main__":
    main()
