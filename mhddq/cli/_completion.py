"""``mhddq completion SHELL``: what a shell needs to complete the arguments, made by shtab."""

from __future__ import annotations

import argparse

from mhddq.cli._arguments import parser

PLACES = ("sources", "destination", "paths", "path")


def completion(shell: str) -> int:
    try:
        import shtab  # noqa: PLC0415 - optional
    except ImportError:
        raise ValueError("shtab is not installed: pip install 'mhddq[cli]'") from None
    command = parser()
    for made in _parsers(command):
        for action in made._actions:
            if action.dest in PLACES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.dest == "directory":
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    print(shtab.complete(command, shell))
    return 0


def _parsers(command: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            return list(action.choices.values())
    return []
