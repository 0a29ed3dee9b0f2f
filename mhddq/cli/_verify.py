"""--verify: reads what was copied, and its copy, and compares them."""

from __future__ import annotations

import os
import stat

from mhddq.cli._lane import error_of, is_cancelled, step

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Iterator

    from mhddq.cli._lane import Step
    from mhddq.cli._plan import Item
    from mhddq.cli._work import Command

PIECE = 4 << 20  # bytes of a file that are compared at a time
AHEAD = 8  # reads in the queue


class Differs(Exception):
    """The copy is not what was copied."""


class Part:
    """A part of a file, to be read. pair: its place, and that of its copy. is_copy: of which."""

    __slots__ = ("is_copy", "pair")

    def __init__(self, pair: tuple[str, str], is_copy: bool) -> None:
        self.pair = pair
        self.is_copy = is_copy


def verify(command: Command) -> None:
    """Compares all that is done. What differs is a failure of the command."""
    lane, state = command.lane, command.state
    lane.renew()
    state.begin("verifying")
    command.files = 0
    verified = Verifier(command)
    lane.tick = verified.tick
    for part, args in lane.run(verified.parts(), AHEAD, verified.is_at):
        verified.compare(part, args["output"], error_of(args))


class Verifier:
    def __init__(self, command: Command) -> None:
        self.command = command
        self.compared = 0
        self.wrong: set[tuple[str, str]] = set()
        self._first: bytes | None = None

    def tick(self) -> None:
        state = self.command.state
        state.see(self.compared)
        state.files = self.command.files
        state.stopping = self.command.lane.stopped
        self.command.report.progress(state)

    def is_at(self, part: Part) -> None:
        self.command.state.name = part.pair[1]

    def parts(self) -> Iterator[tuple[Part, list[Step]]]:
        for item in self.command.done:
            try:
                yield from self.parts_of(item)
            except OSError as error:  # what was copied is gone, or cannot be read
                if is_cancelled(error):
                    raise
                self.differs((item.source, str(item.target)), error)

    def parts_of(self, item: Item) -> Iterator[tuple[Part, list[Step]]]:
        for source, target, size in self.files_of(item):
            for offset in range(0, size + 1, PIECE):
                for name in (source, target):
                    read = step("file_read", name, True, offset=offset, length=PIECE)
                    yield Part((source, target), name is target), [read]
            self.command.files += 1

    def files_of(self, item: Item) -> Iterator[tuple[str, str, int]]:
        """The regular files of an item, their copies, their sizes. The rest is compared here."""
        source, target = item.source, str(item.target)
        lane = self.command.lane
        if not item.is_tree:
            st = lane.ask("path_stat", source, follow_symlinks=item.files == 1)["stat"]
            if stat.S_ISREG(st.st_mode):
                yield source, target, st.st_size
            else:
                self.check(source, target, "link")
            return
        for entry in lane.walk(source, "continue"):
            path = entry["path"]
            copy = os.path.join(target, os.path.relpath(path, source))
            if entry["type"] == "file":
                yield path, copy, entry["stat"].st_size
            else:
                self.check(path, copy, entry["type"])

    def check(self, source: str, target: str, kind: str) -> None:
        """What is no file: a directory must be one, a link the same link."""
        ask = self.command.lane.ask
        try:
            if kind == "directory" and not ask("directory_exists", target)["exists"]:
                self.differs((source, target), Differs("there is no such directory in the copy"))
            elif kind == "link":
                texts = {ask("link_read", name)["target"] for name in (source, target)}
                if len(texts) > 1:
                    self.differs((source, target), Differs("the copy leads elsewhere"))
        except OSError as error:
            if is_cancelled(error):
                raise
            self.differs((source, target), error)

    def compare(self, part: Part, output: dict[str, bytes], error: BaseException | None) -> None:
        if error is not None:
            if not is_cancelled(error):
                self.differs(part.pair, error)
            self._first = None
            return
        data = output["data"]
        if not part.is_copy:
            self._first = data
            return
        if self._first is not None and data != self._first:
            self.differs(part.pair, Differs("its copy differs"))
        self._first = None
        self.compared += len(data)

    def differs(self, pair: tuple[str, str], error: BaseException) -> None:
        """Each pair is reported once."""
        if pair not in self.wrong:
            self.wrong.add(pair)
            self.command.failed(*pair, error)
