"""Imported before everything else: refuses environments that mhddq cannot run in, and explains what
to do.

It is for a process's main interpreter. Its queue belongs to the process: two I/O threads, one
callback thread, one end. In a subinterpreter the extension would be refused as well, by some
Pythons only, and in other words; and where a subinterpreter came first, the main one would be
refused.
"""

from __future__ import annotations

import _thread
import sys


def _is_main() -> bool:
    if hasattr(_thread, "_is_main_interpreter"):  # from 3.12 on
        return bool(_thread._is_main_interpreter())
    try:
        interpreters = __import__("_xxsubinterpreters")
    except ImportError:  # a Python that has no subinterpreters
        return True
    return bool(interpreters.get_current() == interpreters.get_main())


if not _is_main():
    raise ImportError("mhddq can only be imported in the main interpreter, not in a subinterpreter")

try:
    import mhddq._core  # noqa: F401
except ModuleNotFoundError as _error:
    if _error.name != "mhddq._core":
        raise
    _folder = __file__.rpartition("_surroundings")[0].rstrip("/\\") or "."
    raise ImportError(
        f"mhddq's compiled core for Python {sys.version_info[0]}.{sys.version_info[1]} is not in "
        f"{_folder}. If that is mhddq's source tree, install it (python3 -m venv .venv && "
        ".venv/bin/pip install .), then start the Python of that environment (.venv/bin/python) in "
        "another folder. Else install mhddq anew, with the Python that is to use it."
    ) from None
