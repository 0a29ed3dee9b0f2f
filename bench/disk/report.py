"""What is made of the seconds: figures beside their targets, on the terminal and as JSON."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from bench.disk.rows import Row, Target


@dataclass
class Measured:
    """`results`: of each side, a round after the other. `failed`: why a side has none."""

    results: dict[str, list[dict[str, Any]]]
    failed: dict[str, str]

    def fail(self, side: str, reason: str) -> None:
        self.failed[side] = reason
        del self.results[side]

    def seconds(self, side: str) -> list[float]:
        return [result["seconds"] for result in self.results[side]]

    def figure(self, target: Target) -> float | None:
        """None: one of its sides was left out or failed."""
        if not {target.ours, *target.against} <= self.results.keys():
            return None
        if not target.against:
            return statistics.median(result["fiftieth"] for result in self.results[target.ours])
        best = map(min, zip(*(self.seconds(side) for side in target.against), strict=True))
        mine = self.seconds(target.ours)
        return statistics.median(b / a for a, b in zip(mine, best, strict=True))


def show(row: Row, measured: Measured) -> None:
    print(f"\n{row.name}: {row.title}")
    for side in measured.results:
        times = measured.seconds(side)
        span = f"{min(times):.2f} - {max(times):.2f}" if len(times) > 1 else ""
        print(f"  {side:24}{statistics.median(times):8.2f} s  {span}".rstrip())
    for side, reason in measured.failed.items():
        print(f"  {side:24}  failed: {reason}")
    for target in row.targets:
        value = measured.figure(target)
        if value is not None:
            compared = f"{target.ours} : {target.opponent}"
            line = f"    {compared:42}{value:7.2f}  {target.aim:8} {target.verdict(value)}"
            print(line.rstrip(), flush=True)


def in_json(row: Row, measured: Measured) -> dict[str, Any]:
    figures = [(target, measured.figure(target)) for target in row.targets]
    return {
        "seconds": {side: measured.seconds(side) for side in measured.results},
        "failed": measured.failed,
        "figures": [
            {**asdict(target), "figure": value, "verdict": target.verdict(value)}
            for target, value in figures
            if value is not None
        ],
    }
