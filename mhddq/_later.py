"""Modules that are loaded later, when they are first needed.

Guarantees
  - A public module of the package is one object from the package's import on. Something of it is
    looked at: then it is loaded, once, and is a plain module from then on.
  - The package's own namespace has no ``__getattr__``: with one, CPython 3.11 looks up each
    attribute of it anew, four times as slowly.
"""

from __future__ import annotations

import os
import sys

from mhddq._core import ReentrantLock

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any
else:
    ModuleType = type(sys)  # without importing types

# Held while modules are imported by mhddq itself, and while a process forks: a child that was
# forked on another thread meanwhile would wait for those modules for ever. The thread that holds
# it may fork.
importing = ReentrantLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=importing.acquire,
        after_in_parent=importing.release,
        after_in_child=importing.release,
    )


class _Later(ModuleType):
    """Has its name and nothing else until it is loaded. Where loading fails it is as before."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        vars(self).clear()
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        _load(self)
        return ModuleType.__getattribute__(self, name)

    def __dir__(self) -> Iterable[str]:
        _load(self)
        return ModuleType.__dir__(self)


def later(name: str) -> ModuleType:
    """Returns: the module ``mhddq.name``."""
    name = f"mhddq.{name}"
    if name not in sys.modules:
        sys.modules[name] = _Later(name)
    return sys.modules[name]


def _load(module: _Later) -> None:
    """Threads: any. One that finds it being loaded waits, unless it is the one that does it."""
    importing.acquire()
    try:
        # With a spec it is being loaded, further up on this thread.
        if type(module) is _Later and "__spec__" not in vars(module):
            try:
                _execute(module)
            except BaseException:
                module.__init__(module.__name__)  # type: ignore[misc]
                raise
            module.__class__ = ModuleType  # type: ignore[assignment]
    finally:
        importing.release()


def _execute(module: _Later) -> None:
    import importlib.util  # noqa: PLC0415 - only where it is used

    spec = _spec_of(module.__name__)
    vars(module).update(vars(importlib.util.module_from_spec(spec)))
    assert spec.loader is not None
    spec.loader.exec_module(module)


def _spec_of(name: str) -> ModuleSpec:
    """As importlib.util.find_spec(), which asks the module itself where there is one."""
    path = sys.modules["mhddq"].__path__
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path)
        if spec is not None:
            return spec
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)
