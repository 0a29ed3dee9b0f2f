"""Imported before everything else: mhddq is for a process's main interpreter.

Its queue belongs to the process: two I/O threads, one callback thread, one end. In a subinterpreter
the extension would be refused as well, by some Pythons only, and in other words; and where a
subinterpreter came first, the main one would be refused.
"""

from __future__ import annotations

import _thread


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
