"""What a row of the benchmark is: its work, its sides, and the figures to reach.

A figure is throughput relative to the named side: its cost per operation divided by ours. So more
is better, and 1 is a draw. If a row has `inverse`, the figure is ours divided by theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True)
class Side:
    """`share`: the part of the row's operations that a slow side does, in the quick form and in the
    full form; costs are compared per operation."""

    name: str
    module: str  # in bench/sides, or "floor"
    share: tuple[float, float] = (1, 1)
    options: dict[str, Any] = field(default_factory=dict)
    work: str = ""  # if it differs from the row's
    polls: bool = False


@dataclass(frozen=True)
class Against:
    """`least`, `most`: the bounds of the target; with neither the figure is for comparison."""

    side: Side
    least: float | None = None
    most: float | None = None
    ours: str = "cost"
    theirs: str = "cost"
    inverse: bool = False
    label: str = ""

    @property
    def target(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        if self.least is not None:
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if self.most is not None else ""

    def verdict(self, figure: float) -> str:
        if not self.target:
            return ""
        shown = round(figure, 2)
        low = self.least is not None and shown < self.least
        high = self.most is not None and shown > self.most
        return "missed" if low or high else "reached"


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    work: str
    against: list[Against]
    count: tuple[int, int]  # operations a round: quick, full
    rounds: tuple[int, int] = (5, 11)
    options: dict[str, Any] = field(default_factory=dict)
    place: str = "memory"  # or "disk"
    file: int | tuple[int, int] | None = None  # the size of the file at options.path
    line: int = 0  # the file has lines of so many bytes
    tree: str = ""  # "source": copied from; "target": deleted; "many", "wide": listed
    ours: Side = Side("mhddq", "ours")
