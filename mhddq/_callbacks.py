"""The Python side of a queue: the hooks that its core calls, see ``Hooks``.

Guarantees
  - A queue's callback thread is a native one, which ``threading`` shows as a daemon thread of the
    name mhddq-callback, with the queue's name behind where it is not the default one; whatever a
    callback raises, SystemExit and KeyboardInterrupt too, is reported and the thread goes on.
"""

from __future__ import annotations

import sys

from mhddq import _reports, _settings
from mhddq._core import start_native_thread
from mhddq._later import importing

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mhddq._core import Service

_half_way = False  # set by the thread that holds `importing`


def _be_listed(thread: Any, threading: Any) -> None:
    """Registers this thread with ``threading``, which does the same with the main thread, since it
    has not started that one either."""
    thread._set_ident()
    thread._set_native_id()
    # For join() and is_alive(), and a fork in a callback.
    if hasattr(thread, "_set_tstate_lock"):  # before Python 3.13
        thread._set_tstate_lock()
    else:
        thread._handle = threading._make_thread_handle(thread.ident)
    thread._started.set()
    with threading._active_limbo_lock:
        threading._active[thread.ident] = thread


class Hooks:
    """The Python side's part in all queues; called by the core."""

    def check_settings(self, given: Mapping[str, object]) -> dict[str, int]:
        return _settings.check_settings(given)

    def settings(self, given: Mapping[str, int]) -> dict[str, int]:
        return _settings.read_settings(given=given)

    # -- the callback thread --

    def start_thread(self, service: Service) -> None:
        self.prepare()
        start_native_thread(service)

    def prepare(self) -> None:
        """Imports what the callback thread needs, or the thread of a port."""
        global _half_way  # noqa: PLW0603
        importing.acquire()
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
            importing.release()

    def thread_begins(self, service: Service) -> None:
        """On the callback thread: makes it known to ``threading``."""
        if _half_way:
            return
        threading = sys.modules["threading"]
        name = "mhddq-callback" if service.is_default else f"mhddq-callback {service.name}"
        try:
            _be_listed(threading.Thread(name=name, daemon=True), threading)
        except Exception:  # noqa: BLE001 - a program's own threading; gevent's
            threading.current_thread().name = name  # of the dummy that it makes

    def thread_ends(self) -> None:
        """On the callback thread: undoes it."""
        threading = sys.modules["threading"]
        with threading._active_limbo_lock:
            thread = threading._active.pop(threading.get_ident(), None)
        if hasattr(thread, "_handle"):
            thread._handle._set_done()

    def child_ends(self) -> None:
        """On the callback thread, where a callback has forked and this is the child."""

    # -- reports --

    def callback_failed(self, args: dict[str, Any], exception: BaseException) -> None:
        _reports.callback_failed(args, exception)

    def failed_without_callback(self, args: dict[str, Any]) -> None:
        _reports.failed_without_callback(args)

    def list_callback_failed(self, exception: BaseException) -> None:
        _reports.list_callback_failed(exception)

    def progress_failed(self, exception: BaseException) -> None:
        _reports.progress_failed(exception)

    def failed_unasked(self, args: dict[str, Any], exception: BaseException) -> None:
        _reports.failed_unasked(args, exception)

    def report_leftover(self, path: str) -> None:
        _reports.leftover(path)

    def report_wait(self, service: Service) -> None:
        _reports.wait(service)

    def report_timeout(self, service: Service) -> None:
        _reports.timeout(service)

    def report_refusals(self, count: int, first: str) -> None:
        _reports.refusals(count, first)
