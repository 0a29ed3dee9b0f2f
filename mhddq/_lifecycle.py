"""The default queue's life: ending it, asking whether it has ended, counting what it did."""

from __future__ import annotations

import time

from mhddq._core import end
from mhddq._queues import service

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from mhddq.types import Stats

_FOREVER = float("inf")


def shutdown(timeout: float | None = None) -> None:
    """Closes the queue and waits until everything that was accepted is done and called back.

    timeout: seconds to wait at most, int or float. None: as long as it takes. When the time is up
        the call returns and reports on stderr how many operations were left, and at which it is.
        They still go on while the process lives, but its exit does not wait for them any more.
    Returns: None. From the first call on nothing is accepted: operations return False, in callbacks
        too, where stats()["refused"] counts them. A second call waits for the first. On the
        callback thread, which cannot wait for itself, it closes the queue and returns. Once shut
        down, the queue cannot be started again in this process.
    Raises: TypeError if timeout is no number, ValueError if it is nan. What a signal handler raises
        meanwhile is raised when the wait is over; KeyboardInterrupt at once.
    Threads: any, any number of times.
    """
    end(service, _FOREVER if timeout is None else time.monotonic() + _seconds(timeout))


def _seconds(timeout: float) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds or None, not {timeout!r}")
    try:
        seconds = float(timeout)
    except OverflowError:  # an int of hundreds of digits
        seconds = _FOREVER if timeout > 0 else -_FOREVER
    if not -_FOREVER <= seconds <= _FOREVER:
        raise ValueError("timeout must be a number of seconds or None, not nan")
    return seconds


def is_shutdown() -> bool:
    """Returns whether the queue has been shut down and has come to rest.

    Returns: True once everything accepted is done, every callback has returned, and the I/O and
        callback threads have left their loops. False before, also before the first use.
    Threads: any. It does not wait.
    """
    return bool(service.stopped())


def stats() -> Stats:
    """Counts what the queue has done so far in this process. Cheap, and always on.

    Returns: a new dict. All figures are whole numbers and count since the queue's start; before it
        they are 0. They are read one by one, so they need not be of one moment.
    Threads: any. It takes no lock, and works after shutdown, too.

    The keys:

    accepted, completed, failed: operations, those inside oplists counted each. Failed ones are
        among the completed.
    cancelled, skipped: among the completed: those that were cancelled before they ran, or stopped;
        those that only query and were not run, because nothing waited for their end any more.
    callbacks, callback_errors: callbacks called; those that raised.
    refused: operations that callbacks enqueued in vain after shutdown() had been called.
    thread_operations: a list of two: operations run by each I/O thread.
    trades: times the baton was passed from one I/O thread to the other.
    parks, wakes: times a thread of the queue went to sleep (a caller waiting for a slot is not
        counted); wake-ups that were paid for.
    ring_size, ring_high_water, in_flight: slots for operations; the most that were in use at once;
        in use now. An oplist counts as one here.
    bytes_read, bytes_written: bytes read from files and written to them.
    undelivered_bytes: bytes of results that were not yet called back.
    unwritten_bytes: bytes of data that were handed in and are not yet called back.
    large_reads_copied, large_reads_uncopied: binary reads from 256 KiB up whose result was copied
        once; not at all.
    disk_overlaps: times both I/O threads were found at the disk at once: always 0.
    lookahead_files, lookahead_bytes, lookahead_windows: on disks that rotate: files that were read
        ahead, the bytes that were requested, and the sweeps over the disk in which it was done.
    lookahead_passed_over: files that were opened for this and found not worth it.
    retries: system calls made again because another program had the file open for a moment; only on
        Windows, where virus scanners and indexers do that.
    """
    return service.count()
