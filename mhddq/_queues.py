"""Which queues there are, and what happens to them at exit and fork.

Guarantees
  - Everything accepted is done before the interpreter goes, and what callbacks enqueue meanwhile,
    unless ``shutdown(timeout)`` gave up on it or Ctrl-C ends the wait: then the process ends with
    status 130 and reports what was left.
  - A forked child starts with a fresh, open, unstarted queue; the parent's is not touched.
  - No lock is taken here: a signal handler or a finaliser may call anything at any moment.
"""

from __future__ import annotations

import atexit
import os
import sys

from mhddq import _reports
from mhddq._callbacks import Hooks
from mhddq._core import Queue, Service, after_fork, at_exit, serve_with, service_of, services


class _Hooks(Hooks):
    def start_thread(self, service: Service) -> None:
        _drain_in_multiprocessing_child()
        super().start_thread(service)

    def child_ends(self) -> None:
        at_exit(_interrupted, False)


serve_with(_Hooks())
_default = Queue("default")
service = service_of(_default)
service.is_default = True


def default_queue() -> Queue:
    """Returns: the queue of the module-level functions. shutdown() is its close(), stats() its
    stats(). Threads: any."""
    return _default


def _interrupted() -> None:
    running = services()
    _reports.interruption(running)
    for each in running:
        each.report_refusals()
    # The process ends without the interpreter's help now; an unusable stdout must not stop it.
    try:  # noqa: SIM105 - contextlib costs time to import
        sys.stdout.flush()
    except Exception:  # noqa: BLE001, S110
        pass


def _drain_in_multiprocessing_child() -> None:
    """Children of multiprocessing leave without running atexit hooks before Python 3.13, and
    forget the finalisers they inherited: so it is registered anew where a queue starts."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing import util  # noqa: PLC0415 - not imported where it is not used

        # There SystemExit is the child's status; from 3.13 on it would be printed.
        passes_on = sys.version_info < (3, 13)
        util.Finalize(None, at_exit, args=(_interrupted, passes_on), exitpriority=0)


atexit.register(at_exit, _interrupted, False)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
