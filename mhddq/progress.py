"""What a Control calls, made of other libraries' bars: ``Control(progress.tqdm(bar))``. None of
them is imported here.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def tqdm(bar: Any) -> Callable[[int, int | None], object]:
    """Of a tqdm bar: its n and total follow. Close it yourself."""

    def show(done: int, total: int | None) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show


def rich(progress: Any, task: Any) -> Callable[[int, int | None], object]:
    """Of a task (its id) of a rich.progress.Progress."""

    def show(done: int, total: int | None) -> None:
        progress.update(task, completed=done, total=total)

    return show


def fsspec(callback: Any) -> Callable[[int, int | None], object]:
    """Of an fsspec callback: its size and value follow."""

    def show(done: int, total: int | None) -> None:
        if total is not None:
            callback.set_size(total)
        callback.absolute_update(done)

    return show
