"""``python -m bench.disk [--full] [--rows A,B] [--sides A,B] [--rounds N]``: see the package."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.disk import device, fill, picture, report, run
from bench.disk.device import ROOT, Disk
from bench.disk.report import Measured
from bench.disk.rows import ROWS, Row

RESULTS = ROOT / "bench" / "results"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.disk", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all rows, three rounds, all files")
    names = ", ".join(row.name for row in ROWS)
    parser.add_argument("--rows", metavar="ROW,...", help=names)
    parser.add_argument("--sides", metavar="SIDE,...", help="of each row only these")
    parser.add_argument("--rounds", type=int, metavar="N", help="in which sides take turns")
    parser.add_argument("--json", type=Path, metavar="FILE", help="another place for the JSON")
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="go on where calibration fails, as on a busy machine: for a look, not for figures",
    )
    parser.add_argument("--picture", type=Path, metavar="PNG", help="of the arm in the row reads")
    parser.add_argument(
        "--run", nargs=argparse.REMAINDER, metavar="COMMAND", help="on the filled disk, as hdd"
    )
    return parser.parse_args()


def chosen_rows(options: argparse.Namespace) -> list[Row]:
    if not options.rows:
        return [row for row in ROWS if options.full or row.quick]
    named = options.rows.split(",")
    unknown = set(named) - {row.name for row in ROWS}
    if unknown:
        sys.exit(f"there is no row {', '.join(sorted(unknown))}")
    return [row for row in ROWS if row.name in named]


def measure(disk: Disk, row: Row, sides: list[str], rounds: int, full: bool) -> Measured:
    """The sides take turns. One that fails is left out from there on."""
    measured = Measured({side: [] for side in sides}, {})
    for number in range(rounds):
        disk.restore()
        work = run.subset(disk, row, full, number)
        turn = number % len(sides)
        for side in sides[turn:] + sides[:turn]:
            if side in measured.failed:
                continue
            try:
                result = run.measure(disk, row, side, work)
            except run.Failed as reason:
                measured.fail(side, str(reason))
                continue
            measured.results[side].append(result)
            note = f"{row.name}, round {number + 1}: {side}: {result['seconds']:.2f} s"
            print(note, file=sys.stderr, flush=True)
    return measured


def main() -> int:
    options = parsed()
    reason = device.lacking()
    if reason:
        print(f"skipped: {reason}")
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # ends the disk, too
    began = time.monotonic()
    with device.started() as disk:
        fill.fill(disk)
        if options.run:
            disk.profile("hdd")
            device.drop_caches()
            return subprocess.run(options.run, cwd=disk.top, check=False).returncode
        with run.alone():
            calibration = device.calibrate(disk, disk.top / "large" / "00", options.anyway)
        for what, value in calibration.items():
            print(f"{what}: {value:.1f}")
        everything: dict[str, Any] = {"calibration": calibration, "rows": {}}
        for row in chosen_rows(options):
            wanted = options.sides.split(",") if options.sides else row.sides
            sides = [side for side in row.sides if side in wanted]
            rounds = (options.rounds or (3 if options.full else 1)) * row.times
            if not sides:
                continue
            measured = measure(disk, row, sides, rounds, options.full)
            report.show(row, measured)
            everything["rows"][row.name] = report.in_json(row, measured)
            if options.picture and row.name == "reads":
                logged = {side: each[0] for side, each in measured.results.items()}
                refused = picture.draw(options.picture, logged, row.title)
                print(f"no picture: {refused}" if refused else f"drawn: {options.picture}")
    RESULTS.mkdir(exist_ok=True)
    path = options.json or RESULTS / "disk.json"
    path.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"\n{time.monotonic() - began:.0f} s, load average {load}. Written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
