"""The arguments of the console command."""

from __future__ import annotations

import argparse

import mhddq

SHELLS = ("bash", "zsh", "tcsh")
EPILOG = (
    "Exit status: 0; 1 something failed (each failure is named, the rest is done); 2 usage; "
    "130 interrupted."
)

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(
        prog="mhddq",
        description="Copies, moves and deletes files and directory trees, in order, by mhddq's "
        "queue: with progress, and so that Ctrl-C leaves nothing half-written.",
    )
    command.add_argument("--version", action="version", version=f"mhddq {mhddq.__version__}")
    commands = command.add_subparsers(dest="command", metavar="COMMAND")
    _add_transfer(commands, "copy", "copy files and trees")
    _add_transfer(commands, "move", "move files and trees, also to another file system")
    _add_delete(commands)
    _add_info(commands)
    _add_demo(commands)
    completion = commands.add_parser(
        "completion",
        help="print the completions for a shell",
        description="Prints what a shell needs to complete mhddq's arguments. It needs shtab: "
        "pip install 'mhddq[cli]'.",
    )
    completion.add_argument("shell", choices=SHELLS)
    return command


def _add_transfer(commands: Commands, name: str, text: str) -> None:
    made = commands.add_parser(name, help=text, description=f"{text.capitalize()}.", epilog=EPILOG)
    made.add_argument("sources", metavar="SRC", nargs="+", help="a file, or a directory")
    made.add_argument(
        "destination", metavar="DST", help="the new name, or a directory to put everything into"
    )
    needed = "directories, too" if name == "copy" else "accepted, and not needed"
    made.add_argument("-r", "--recursive", action="store_true", help=needed)
    existing = made.add_mutually_exclusive_group()
    for choice, wanted in (
        ("replace", "replace files that exist; by default that is a failure"),
        ("skip", "leave alone what exists; by default that is a failure"),
    ):
        option = "--replace" if choice == "replace" else "--skip-existing"
        existing.add_argument(
            option, dest="existing", action="store_const", const=choice, help=wanted
        )
    if name == "copy":
        made.add_argument(
            "--verify", action="store_true", help="read both back afterwards, and compare them"
        )
    _add_common(made)


def _add_delete(commands: Commands) -> None:
    text = "delete files and trees"
    made = commands.add_parser(
        "delete",
        help=text,
        description="Deletes files and trees, for good. Of a link, the link itself.",
        epilog=EPILOG,
    )
    made.add_argument("paths", metavar="PATH", nargs="+", help="a file, or a directory")
    made.add_argument("-r", "--recursive", action="store_true", help="directories, too")
    _add_common(made)


def _add_common(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--background", action="store_true", help="ask the system to serve other programs first"
    )
    made.add_argument(
        "-n", "--dry-run", action="store_true", help="say what would be done, and do nothing"
    )
    shown = made.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="an event a line, for programs")
    shown.add_argument("-q", "--quiet", action="store_true", help="show nothing but failures")


def _add_info(commands: Commands) -> None:
    made = commands.add_parser(
        "info",
        help="say what is known of the place of a file",
        description="Says what a bug report needs: the file system and the device of PATH, whether "
        "it rotates, what reading ahead will do, the settings in force, the versions.",
    )
    made.add_argument("path", metavar="PATH", nargs="?", default=".", help="by default: here")
    made.add_argument("--json", action="store_true", help="as JSON")


def _add_demo(commands: Commands) -> None:
    made = commands.add_parser(
        "demo",
        help="run operations on real files and show what happened",
        description="Runs operations on real files and shows what happened: in a temporary "
        "directory, or, with DIR, on a copy of that tree, which is compared and deleted again.",
    )
    made.add_argument("directory", metavar="DIR", nargs="?", help="a directory to copy")
