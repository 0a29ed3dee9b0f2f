"""Runs the model: every scene in its whole state space, and mutants, each of which must be caught.

    python model/run.py            all
    python model/run.py --quick    the small scenes, and a few mutants
    python model/run.py NAME ...   scenes and mutants whose name begins so

Needs `spin` and a C compiler. Exit status 0: every scene was searched to its end without an error,
every mutant was caught, and the lines of the C code and of the model agree (labels.py).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import labels
from mutants import MODELS, MUTANTS, Mutant
from scenes import SCENES, Scene

HERE = Path(__file__).parent
DEPTH = 1_000_000
MEGABYTES = 7000


class Result(NamedTuple):
    error: str  # "" if the whole state space holds none
    states: int
    depth: int
    megabytes: float
    seconds: float


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text, re.MULTILINE)
    return float(found[1]) if found else 0


def judge(out: str, seconds: float) -> Result:
    """What pan's report says; a search that was cut short is an error, too."""
    error = ""
    if found := re.search(r"^pan:\d+: (.*) \(at depth", out, re.MULTILINE):
        error = found[1]
    elif "errors: 0" not in out:
        error = "pan made no report"
    elif "Search not completed" in out or "max search depth too small" in out:
        error = "not searched to the end"
    return Result(
        error,
        int(number(r"^ *(\d+(?:e\+\d+)?) states, stored", out)),
        int(number(r"depth reached (\d+)", out)),
        number(r"^ *([\d.]+)\s+total actual memory usage", out),
        seconds,
    )


def search(scene: Scene, model: str, optimise: str) -> Result:
    with tempfile.TemporaryDirectory(prefix="mhddq-model.") as name:
        work = Path(name)
        (work / scene.model).write_text(model)
        shutil.copy(HERE / "memory.pml", work)
        began = time.monotonic()

        def run(*command: str) -> str:
            done = subprocess.run(
                command,
                check=False,
                cwd=work,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if done.returncode and command[0] != "./pan":
                raise SystemExit(f"{' '.join(command)}:\n{done.stdout}")
            return done.stdout

        run("spin", "-a", *(f"-D{name}={value}" for name, value in scene.defines), scene.model)
        compiler = os.environ.get("CC", "cc")
        flags = ["-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=2048", f"-DMEMLIM={MEGABYTES}"]
        run(compiler, optimise, "-w", *flags, "-o", "pan", "pan.c")
        out = run("./pan", f"-m{DEPTH}", f"-w{26 if scene.large else 22}")
        return judge(out, time.monotonic() - began)


def line(name: str, scene: str, result: Result, verdict: str) -> None:
    print(
        f"{name:44} {scene:12} {result.states:>10} {result.depth:>7} {result.megabytes:>6.0f}"
        f" {result.seconds:>6.1f}  {verdict}",
        flush=True,
    )


def main() -> int:
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*")
    chosen = parser.parse_args()
    if shutil.which("spin") is None:
        print("spin is not here (Debian: apt-get install spin)", file=sys.stderr)
        return 2

    def wanted(item: Scene | Mutant) -> bool:
        if chosen.names:
            return any(item.name.startswith(name) for name in chosen.names)
        return item.quick or not chosen.quick

    failed = []
    differences, agreeing = labels.differences()
    for difference in differences:
        print(difference)
    print(f"lines of the C code that have theirs in the model: {agreeing}")
    if differences:
        failed.append("labels")

    print(f"\n{'':44} {'scene':12} {'states':>10} {'depth':>7} {'MB':>6} {'s':>6}")
    scenes = [scene for scene in SCENES.values() if wanted(scene)]
    for scene in scenes:
        result = search(scene, MODELS[scene.model], "-O2" if scene.large else "-O0")
        line("as it is", scene.name, result, result.error or "no error, whole state space")
        if result.error:
            failed.append(scene.name)
    mutants = [mutant for mutant in MUTANTS if wanted(mutant)]
    caught = 0
    for mutant in mutants:
        result = search(SCENES[mutant.scene], mutant.text, "-O0")
        # A full buffer is a limit of the model, not what the mutant is to be found by.
        nothing = ("", "not searched to the end", "pan made no report")
        missed = result.error in nothing or "buf[" in result.error
        verdict = f"NOT CAUGHT {result.error}" if missed else f"caught: {result.error}"
        line(mutant.name, mutant.scene, result, verdict)
        if missed:
            failed.append(mutant.name)
        caught += not missed
    print(
        f"\n{len(scenes)} scenes without an error"
        if not any(scene.name in failed for scene in scenes)
        else "\nscenes with errors",
        f"{caught} of {len(mutants)} mutants caught",
        f"failed: {', '.join(failed)}" if failed else "all as it should be",
        sep="; ",
    )
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
