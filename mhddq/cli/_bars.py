"""Bars by rich, and which report a command gets. rich is imported when the first bar is due; where
it is missing, lines are shown.
"""

from __future__ import annotations

import os
import sys
import time

from mhddq.cli._report import QUIET_FOR, Json, Lines, Report, State, figures_of, fitting, percent_of
from mhddq.cli._words import shortened

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing import Any


class Bars(Lines):
    def __init__(self) -> None:
        super().__init__()
        self._due = time.monotonic() + QUIET_FOR
        self._has_rich: bool | None = None
        self._live: Any = None

    def progress(self, state: State) -> None:
        if time.monotonic() < self._due:
            return
        if self._has_rich is None:
            self._has_rich = is_there()
        if not self._has_rich:
            super().progress(state)
            return
        if self._live is None:
            self._live = live()
            self._live.start()
        self._live.update(bar(state, self._live.console.width), refresh=True)

    def clear(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        super().clear()


def report_for(quiet: bool, as_json: bool) -> Report:
    if as_json:
        return Json()
    if quiet or not sys.stdout.isatty():
        return Report()
    return Lines() if os.environ.get("TERM") == "dumb" else Bars()


def is_there() -> bool:
    try:
        import rich.live  # noqa: F401, PLC0415 - optional, and slow to import
    except ImportError:
        return False
    return True


def live() -> Any:
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = Console(file=sys.stdout, highlight=False)
    # stderr stays what it is: failures are written there when the bar is off the screen.
    return Live(
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def bar(state: State, width: int) -> Any:
    """Two lines: what is being done, to what, with a bar; and how far it is."""
    from rich.console import Group  # noqa: PLC0415
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    percent = percent_of(state)
    name = shortened(state.place, max(width - len(state.headline) - 26, 12))
    row = Table.grid(padding=(0, 2), expand=True)
    row.add_column(no_wrap=True)
    row.add_column(ratio=1)
    row.add_column(no_wrap=True)
    row.add_row(
        Text.assemble((state.headline, "bold"), " ", name),
        ProgressBar(
            total=state.total if percent else None,
            completed=state.done if percent else 0,
            pulse=not percent,
        ),
        percent,
    )
    return Group(row, Text("  " + fitting(figures_of(state), width - 3), no_wrap=True))
