"""The picture: where the arm was over time, a panel a side.

``python -m bench.disk --picture docs/disk.png`` draws it from a round of the row ``reads``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.disk.model import MIB

OURS, OTHER = "#1f6f8b", "#8a9199"
PANELS = ("loop", "pool 32", "queued")
TITLES = {"queued": "mhddq, queued one by one", "loop": "a plain loop", "pool 32": "a pool of 32"}


def draw(target: Path, results: dict[str, dict[str, Any]], title: str) -> str:
    """`results`: of each side, with its log. Returns the reason where it cannot."""
    try:
        import matplotlib  # noqa: PLC0415 - the table does without it
    except ImportError as error:
        return str(error)
    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    sides = [side for side in PANELS if side in results]
    figure, axes = pyplot.subplots(
        1, len(sides), figsize=(11, 3.6), sharex=True, sharey=True, squeeze=False
    )
    every: list[float] = []
    for axis, side in zip(axes[0], sides, strict=True):
        log = results[side]["log"]
        began = log[0][0] if log else 0.0
        times = [entry[0] - began for entry in log]
        places = [entry[1] / MIB for entry in log]
        colour = OURS if side == "queued" else OTHER
        axis.plot(times, places, color=colour, linewidth=0.25, marker=".", markersize=1.6)
        seconds = results[side]["seconds"]
        axis.set_title(f"{TITLES[side]}: {seconds:.1f} s", fontsize=10)
        axis.set_xlabel("seconds", fontsize=9)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        # Without the rare far ways to the journal and the group descriptors.
        every += sorted(places)[len(places) // 100 : -(len(places) // 100) or None]
    axes[0][0].set_ylim(min(every) - 100, max(every) + 100)
    axes[0][0].set_ylabel("place of the arm, MiB", fontsize=9)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    figure.savefig(target, dpi=100)
    return ""
