"""The default queue, its end, and what happens to it at exit and fork.

Guarantees
  - Everything accepted is done before the interpreter goes, unless ``shutdown(timeout)`` gave up
    on it or Ctrl-C ends the wait: then the process ends with status 130 and says what was left.
  - A forked child starts with a fresh, open, unstarted queue; the parent's is not touched.
  - No lock is taken here: a signal handler or a finaliser may call anything at any moment.
"""

from __future__ import annotations

import atexit
import os
import sys
import time

from mhddq._callbacks import Hooks, say
from mhddq._core import Queue, at_exit

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from mhddq.types import Stats

# How often a thread that waits looks for signals: up to 20 times a second.
_LOOK_SECONDS = 0.05
_FOREVER = float("inf")


class _DefaultHooks(Hooks):
    def start_thread(self, queue: Queue) -> None:
        _drain_in_multiprocessing_child()
        super().start_thread(queue)


queue = Queue(_DefaultHooks())
_gave_up = False


def shutdown(timeout: float | None = None) -> None:
    """Closes the queue and waits until everything that was accepted is done and called back.

    timeout: seconds to wait at most, int or float. None: as long as it takes. When the time is up
        the call returns and says on stderr how many operations were left. They still go on while
        the process lives, but its exit does not wait for them any more.
    Returns: None. From the first call on nothing is accepted: operations return False. A second
        call waits for the first. On the callback thread, which cannot wait for itself, it closes
        the queue and returns. Once shut down, the queue cannot be started again in this process.
    Raises: TypeError if timeout is no number, ValueError if it is nan.
    Threads: any, any number of times.
    """
    global _gave_up  # noqa: PLW0603 - the exit hook's business
    deadline = _FOREVER if timeout is None else time.monotonic() + _seconds(timeout)
    while True:
        queue.close()  # at each turn: a signal handler may have forked, and this be the child
        if queue.on_callback_thread():
            return
        _ensure_deliveries(deadline)
        if queue.stopped(max(0.0, min(_LOOK_SECONDS, deadline - time.monotonic()))):
            return
        if time.monotonic() >= deadline:
            left = queue.pending()
            if left:  # else all is done, and the threads are just about to leave their loops
                _gave_up = True
                say(f"mhddq: shutdown timed out: {left} operations were left")
            return


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


def _ensure_deliveries(deadline: float) -> None:
    """Where operations were accepted but their callback thread could not be started (the system
    was out of threads, or of descriptors for an import), or is being started by this thread
    further down its stack, this thread delivers. Where nothing is left, too: a thread for that
    would only be in the way of an exit, and what it imports make the interpreter forget that
    Ctrl-C was why it ends."""
    try:
        ready = queue.pending() and queue.ensure_callback_thread()
    except (RuntimeError, MemoryError, ImportError, OSError):
        ready = False
    if not ready:
        queue.deliver(deadline)


def is_shutdown() -> bool:
    """Tells whether the queue has been shut down and has come to rest.

    Returns: True once everything accepted is done, every callback has returned, and the I/O and
        callback threads have left their loops. False before, also before the first use.
    Threads: any. It does not wait.
    """
    return bool(queue.stopped())


def stats() -> Stats:
    """Counts what the queue has done so far in this process. Cheap, and always on.

    Returns: a new dict. All figures are whole numbers and count since the queue's start; before it
        they are 0. They are read one by one, so they need not be of one moment.
    Threads: any. It takes no lock, and works after shutdown, too.

    The keys:

    accepted, completed, failed: operations, those inside oplists counted each. Failed ones are
        among the completed.
    callbacks, callback_errors: callbacks called; those that raised.
    thread_operations: a list of two: operations run by each I/O thread.
    trades: times the baton was passed from one I/O thread to the other.
    parks, wakes: times a thread of the queue went to sleep (a caller waiting for room is not
        counted); wake-ups that were paid for.
    ring_size, ring_high_water, in_flight: room for operations; the most that was in use at once;
        in use now. An oplist counts as one here.
    bytes_read, bytes_written: bytes read from files and written to them.
    undelivered_bytes: bytes of results that were not yet called back.
    large_reads_copied, large_reads_uncopied: binary reads from 256 KiB up whose result was copied
        once; not at all.
    disk_overlaps: times both I/O threads were found at the disk at once: always 0.
    hints: look-ahead hints given to the kernel.
    retries: system calls made again because somebody else had the file open for a moment; only on
        Windows, where virus scanners and indexers do that.
    """
    return queue.count()


def drain_at_exit() -> None:
    """What runs at every kind of exit."""
    at_exit(_drain, _interrupted)


def _drain() -> None:
    if not _gave_up:
        shutdown()


def _interrupted() -> None:
    say(f"mhddq: interrupted at exit: {queue.pending()} operations were left")
    # The process ends without the interpreter's help now; an unusable stdout must not stop it.
    try:  # noqa: SIM105 - as in say
        sys.stdout.flush()
    except Exception:  # noqa: BLE001, S110
        pass


def _drain_in_multiprocessing_child() -> None:
    """Children of multiprocessing leave without running atexit hooks before Python 3.13, and
    forget the finalisers they inherited: so it is registered anew where a queue starts."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing import util  # noqa: PLC0415 - not imported where it is not used

        util.Finalize(None, at_exit, args=(_drain, _interrupted), exitpriority=0)


def _after_fork_in_child() -> None:
    global _gave_up  # noqa: PLW0603
    _gave_up = False
    queue.after_fork()


atexit.register(at_exit, _drain, _interrupted)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
