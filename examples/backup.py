"""Copies directories, one after another, with one bar for all. After Ctrl-C only whole copies stay.

python backup.py SOURCE ... TARGET              needs tqdm
"""

import argparse
import pathlib
import sys

import tqdm

from mhddq import Control, futures, progress


def backup(sources, target):
    """The number of copies that failed. KeyboardInterrupt: the copy under way has been undone."""
    failed = 0
    with tqdm.tqdm(unit="B", unit_scale=True) as bar:
        control = Control(progress.tqdm(bar))
        copies = [futures.directory_copy(s, target / s.name, control=control) for s in sources]
        try:
            for source, copy in zip(sources, copies, strict=True):
                if error := copy.exception():
                    bar.write(f"{source}: {error}", file=sys.stderr)
                    failed += 1
        except KeyboardInterrupt:
            control.cancel()
            futures.flush()  # the copy that was running is undone when this returns
            raise
    return failed


def main():
    parser = argparse.ArgumentParser(description="Copies directories into a directory.")
    parser.add_argument("source", nargs="+", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path, help="a directory; it is created if missing")
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    try:
        sys.exit(min(1, backup([s.resolve() for s in arguments.source], arguments.target)))
    except KeyboardInterrupt:
        print("Interrupted. Copies that are there are whole.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
