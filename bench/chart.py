"""The chart: operations per second of every side, and every figure divided by its target.

``python -m bench.chart FIGURES.json CHART.png`` draws it again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OURS, REACHED, MISSED, OTHER = "#1f6f8b", "#4c9f70", "#c8553d", "#b8bfc6"


def rates(axes: Any, title: str, costs: dict[str, Any]) -> None:
    sides = sorted(
        ((1 / each["cost"], name) for name, each in costs.items() if each.get("cost")),
    )
    colours = [OURS if name == "mhddq" else OTHER for _, name in sides]
    bars = axes.barh([name for _, name in sides], [rate for rate, _ in sides], color=colours)
    axes.bar_label(bars, [f"{rate / 1000:,.0f} k" for rate, _ in sides], padding=3, fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(right=5 * sides[-1][0])
    axes.set_title(f"{title}: operations per second", fontsize=10)


def over_target(line: dict[str, Any]) -> float | None:
    """1: exactly reached. None: there is no figure, or no target."""
    if line["figure"] is None or line["least"] is line["most"] is None:
        return None
    figure, least, most = line["figure"]["median"], line["least"], line["most"]
    edges = [figure / least] if least is not None else []
    edges += [most / figure] if most is not None else []
    return min(edges)  # of a range, the nearer edge


def standing(axes: Any, lines: list[dict[str, Any]]) -> None:
    names, values, colours = [], [], []
    for line in reversed(lines):
        ratio = over_target(line)
        if ratio is not None:
            names.append(f"{line['work'].replace('`', '')}  ·  {line['against']}")
            values.append(ratio)
            colours.append(REACHED if line["verdict"] == "reached" else MISSED)
    bars = axes.barh(names, values, color=colours)
    axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlim(0, 1.1 * max([1.5, *values]))
    axes.margins(y=0.01)
    axes.set_title("Figure over target: 1 and beyond is reached", fontsize=10)


def draw(target: Path, data: dict[str, Any]) -> str:
    """Draws the rows that were measured. Returns the reason if it cannot, else an empty string."""
    try:
        import matplotlib  # noqa: PLC0415 - the table and the JSON do not need it
    except ImportError as error:
        return str(error)
    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    titles = {"exists": "file_exists", "read": "file_read 4 KiB", "write": "file_write 4 KiB"}
    costs = data["sides"]
    shown = [name for name in titles if name in costs]
    targets = sum(1 for line in data["figures"] if over_target(line) is not None)
    heights = [2.8] * len(shown) + [max(1.5, 0.24 * targets)]
    figure, axes = pyplot.subplots(
        len(heights),
        1,
        figsize=(10, sum(heights) + 0.6 * len(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for place, name in enumerate(shown):
        rates(axes[place][0], titles[name], costs[name])
    standing(axes[-1][0], data["figures"])
    for axis in axes[:, 0]:
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, dpi=90)
    return ""


if __name__ == "__main__":
    sys.exit(draw(Path(sys.argv[2]), json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
