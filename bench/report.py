"""How figures are shown: lines on the terminal, Markdown, JSON."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.absolute import Reading
from bench.harness import Figure
from bench.row import Against, Row


@dataclass(frozen=True)
class Line:
    """A row against one side."""

    row: Row
    against: Against
    figure: Figure | None
    missing: str = ""

    @property
    def opponent(self) -> str:
        return self.against.label or self.against.side.name

    @property
    def verdict(self) -> str:
        if self.figure is None:
            return f"no figure: {self.missing}"
        return self.against.verdict(self.figure.median)


def number(value: float) -> str:
    return (
        f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if value >= 20 else f"{value:.2f}"
    )


def cells(figure: Figure | None) -> list[str]:
    if figure is None:
        return ["", "", ""]
    span = f"{number(figure.least)} - {number(figure.greatest)}"
    return [number(figure.median), span, str(figure.rounds)]


def line_cells(line: Line, title: str) -> list[str]:
    return [title, line.opponent, *cells(line.figure), line.against.target, line.verdict]


def reading_cells(reading: Reading) -> list[str]:
    median, span, rounds = cells(reading.figure)
    target = "" if reading.most is None else f"≤ {reading.most:g}"
    verdict = f"no figure: {reading.missing}" if reading.missing else reading.verdict
    return [reading.title, f"{median} {reading.unit}".strip(), span, rounds, target, verdict]


LINE_HEAD = ["work", "against", "figure", "min - max", "rounds", "target", ""]
READING_HEAD = ["what", "figure", "min - max", "rounds", "target", ""]


def markdown_table(head: list[str], body: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def in_markdown(about: dict[str, str], lines: list[Line], readings: list[Reading]) -> str:
    parts = [f"- {name}: {value}" for name, value in about.items()]
    text = "\n".join(parts) + "\n"
    body, last = [], ""
    for line in lines:
        body.append(line_cells(line, line.row.title if line.row.name != last else ""))
        last = line.row.name
    if body:
        text += "\n" + markdown_table(LINE_HEAD, body)
    if readings:
        text += "\n" + markdown_table(READING_HEAD, [reading_cells(r) for r in readings])
    return text


def in_json(
    about: dict[str, str],
    lines: list[Line],
    readings: list[Reading],
    costs: dict[str, dict[str, Any]],
    seconds: dict[str, float],
) -> dict[str, Any]:
    return {
        "about": about,
        "figures": [
            {
                "row": line.row.name,
                "work": line.row.title,
                "against": line.opponent,
                "figure": line.figure and asdict(line.figure),
                "least": line.against.least,
                "most": line.against.most,
                "verdict": line.verdict,
            }
            for line in lines
        ],
        "absolute": [
            {
                "what": reading.title,
                "unit": reading.unit,
                "figure": reading.figure and asdict(reading.figure),
                "most": reading.most,
                "verdict": reading.verdict or reading.missing,
            }
            for reading in readings
        ],
        "sides": costs,
        "seconds": seconds,
    }


def revision(root: Path) -> str:
    """The revision of the checkout, with a plus if files differ from it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    head = os.environ.get("BENCH_REVISION") or git("rev-parse", "--short", "HEAD")
    changed = git("status", "--porcelain", "--", "mhddq", "csrc", "bench")
    return (head or "unknown") + ("+" if changed else "")


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def describe(root: Path, form: str, memory: str, disk: str) -> dict[str, str]:
    try:
        ours = version("mhddq")
    except PackageNotFoundError:
        ours = "not installed"
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=False)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "revision": f"{revision(root)} (mhddq {ours})",
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "form": form,
        "machine": f"{processor()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "Python": f"{platform.python_version()}, C floor by {compiler.stdout.splitlines()[0]}",
        "files": f"cached work on {memory}, trees on {disk}",
        "load average at the start": load,
    }
