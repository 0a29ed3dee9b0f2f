"""The Python side's part in a queue: what its core calls, see ``Hooks``.

Guarantees
  - The callback thread is a native one, which ``threading`` shows as a daemon thread of the name
    mhddq-callback; whatever a callback raises, SystemExit and KeyboardInterrupt too, is reported
    and the thread goes on.
"""

from __future__ import annotations

import os
import sys

from mhddq import _reports, _settings
from mhddq._core import ReentrantLock, start_native_thread

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from mhddq._core import Queue

# Held while modules are imported here, and while a process forks: a child that was forked on
# another thread meanwhile would wait for those modules for ever. The thread that holds it may fork.
_importing = ReentrantLock()
_half_way = False  # set by the thread that holds it
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_importing.acquire,
        after_in_parent=_importing.release,
        after_in_child=_importing.release,
    )


def _be_listed(thread: Any, threading: Any) -> None:
    """Makes this thread one of threading's, in the way that this does with the main thread, which
    it has not started either."""
    thread._set_ident()
    thread._set_native_id()
    if hasattr(thread, "_set_tstate_lock"):  # before Python 3.13, for join() and is_alive()
        thread._set_tstate_lock()
    thread._started.set()
    with threading._active_limbo_lock:
        threading._active[thread.ident] = thread


class Hooks:
    """The Python side's part in a queue; called by the core."""

    def settings(self) -> dict[str, int]:
        return _settings.read_settings()

    # -- the callback thread --

    def start_thread(self, queue: Queue) -> None:
        self._prepare()
        start_native_thread(queue)

    def _prepare(self) -> None:
        """Imports what the callback thread needs."""
        global _half_way  # noqa: PLW0603
        _importing.acquire()
        try:
            if _half_way:
                # A signal handler has forked in the middle of the imports below, on this thread,
                # and this is the child: what they have made so far cannot be used.
                return
            _half_way = True
            try:
                import threading  # noqa: F401, PLC0415 - a third of what mhddq itself costs

                _reports.import_modules()  # last: it may import more, and wait for these
            finally:
                _half_way = False
        finally:
            _importing.release()

    def thread_begins(self) -> None:
        """On the callback thread: makes it known to ``threading``."""
        if _half_way:
            return
        threading = sys.modules["threading"]
        try:
            _be_listed(threading.Thread(name="mhddq-callback", daemon=True), threading)
        except Exception:  # noqa: BLE001 - a program's own threading; gevent's
            threading.current_thread().name = "mhddq-callback"  # of the dummy that it makes

    def thread_ends(self) -> None:
        """On the callback thread: undoes it."""
        threading = sys.modules["threading"]
        with threading._active_limbo_lock:
            threading._active.pop(threading.get_ident(), None)

    def child_ends(self) -> None:
        """On the callback thread, where a callback has forked and this is the child."""

    # -- reports --

    def callback_failed(self, args: dict[str, Any], exception: BaseException) -> None:
        _reports.callback_failed(args, exception)

    def failed_without_callback(self, args: dict[str, Any]) -> None:
        _reports.failed_without_callback(args)

    def report_leftover(self, path: str) -> None:
        _reports.leftover(path)

    def report_wait(self, queue: Queue) -> None:
        _reports.wait(queue)

    def report_timeout(self, queue: Queue) -> None:
        _reports.timeout(queue)

    def report_refusals(self, count: int, first: str) -> None:
        _reports.refusals(count, first)
