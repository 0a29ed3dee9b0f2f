"""Records the command line at work, for the docs: python tools/record_command.py [OUT.svg]

It runs the commands in a pseudo-terminal, on files that it makes, keeps some of the pictures that
were on the screen, and has rich export them. Needs rich, and POSIX.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from commands import Terminal  # noqa: E402 - of the tests

OUT = ROOT / "docs" / "command_line.svg"
MIB = 1 << 20
WIDTH = 80
# The bar is there from the beginning, and a copy is slow enough to be seen.
SHOWN = "from mhddq.cli import _bars, _report; _bars.QUIET_FOR = _report.QUIET_FOR = 0"
# What stands between two pictures of a bar, and at the end of the last one.
BETWEEN = re.compile(r"\r\x1b\[2K(?:\x1b\[1A\x1b\[2K)+|\r\n\x1b\[\?25h(?:\r\x1b\[1A\x1b\[2K)+")
# Fonts from elsewhere are not wanted: a browser takes its own.
FORMAT = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def pictures(shown: str) -> list[str]:
    found = BETWEEN.split(shown.replace("\x1b[?25l", "").replace("^C", ""))
    return [picture.rstrip() for picture in found if picture.strip()]


def percent_of(picture: str) -> int:
    found = re.search(r"(\d+)%", picture)
    return int(found[1]) if found else -1


def middle(found: list[str], wanted: int) -> str:
    """The one whose bar is nearest to so many percent."""
    return min(found, key=lambda picture: abs(percent_of(picture) - wanted))


def run(
    folder: Path, *arguments: str, how: str = SHOWN, interrupt_after: bytes | None = None
) -> list[str]:
    with Terminal(*arguments, cwd=folder, statements=how) as terminal:
        if interrupt_after is not None:
            terminal.read_until(interrupt_after)
            terminal.interrupt()
        return pictures(terminal.end()[1])


def make_files(folder: Path) -> None:
    data = bytes(range(256)) * 4096
    for i in range(1200):
        place = folder / "photos" / f"{2015 + i % 10}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i:04}.jpg").write_bytes(data[: MIB // 3])
    with (folder / "film.mp4").open("wb") as file:
        for _ in range(1500):
            file.write(data)
    (folder / "notes.txt").write_text("notes")
    (folder / "backup").mkdir()


def record(folder: Path, console: Console) -> None:
    def say(command: str, shown: list[str], remark: str = "") -> None:
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold"), (remark, "dim")))
        for picture in shown:
            console.print(Text.from_ansi(picture.replace("\r\n", "\n")))
        console.print()

    tree = run(folder, "copy", "-r", "photos", "backup")
    say("mhddq copy -r photos backup", [middle(tree, 47), tree[-1]])
    film = run(folder, "copy", "film.mp4", "backup", interrupt_after=b"left")
    say("mhddq copy film.mp4 backup", [middle(film, 100), film[-1]], "      (Ctrl-C)")
    some = run(folder, "copy", "notes.txt", "thesis.pdf", "backup", how="")
    say("mhddq copy notes.txt thesis.pdf backup", ["\n".join(some)])


def main(arguments: list[str]) -> None:
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False
    )
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder))
        record(Path(folder), console)
    out = Path(arguments[0]) if arguments else OUT
    out.write_text(
        console.export_svg(title="mhddq", code_format=FORMAT, unique_id="mhddq"), encoding="utf-8"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
