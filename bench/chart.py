"""The chart: operations per second of every side, and every figure over its target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.report import Line

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


def standing(axes: Any, lines: list[Line]) -> None:
    names, values, colours = [], [], []
    for line in reversed(lines):
        if line.figure is None or not line.against.target:
            continue
        bound = line.against.least if line.against.most is None else line.against.most
        ratio = line.figure.median / (bound or 1)
        if line.against.least is None:  # less is better
            ratio = 1 / ratio
        elif line.against.most is not None:  # a band: how far inside its nearer edge
            figure = line.figure.median
            ratio = min(figure / line.against.least, line.against.most / figure)
        names.append(f"{line.row.title.replace('`', '')}  ·  {line.opponent}")
        values.append(ratio)
        colours.append(REACHED if line.verdict == "reached" else MISSED)
    bars = axes.barh(names, values, color=colours)
    axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(min([0.5, *values]) / 1.2, 2 * max([2, *values]))
    axes.set_title("Figure over target: 1 and beyond is reached", fontsize=10)


def draw(target: Path, lines: list[Line], costs: dict[str, dict[str, Any]]) -> str:
    """Draws what there is. Returns the reason where it cannot."""
    try:
        import matplotlib  # noqa: PLC0415 - the table and the JSON do without it
    except ImportError as error:
        return str(error)
    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    titles = {"exists": "file_exists", "read": "file_read 4 KiB", "write": "file_write 4 KiB"}
    shown = [name for name in titles if name in costs]
    targets = sum(1 for line in lines if line.figure and line.against.target)
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
    standing(axes[-1][0], lines)
    for axis in axes[:, 0]:
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, dpi=110)
    return ""
