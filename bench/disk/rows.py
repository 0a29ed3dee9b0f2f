"""The table: what is measured on the simulated disk, against what, and the figure to reach.

A figure is the others' seconds over ours, of the same files in the same round; the median of the
rounds counts. Where several others are named, the fastest of them counts.
"""

from __future__ import annotations

from dataclasses import dataclass

POOLS = ("pool 4", "pool 16", "pool 32")
OFF = "queued, look-ahead 0"  # ours with MHDDQ_LOOKAHEAD=0


@dataclass(frozen=True)
class Target:
    """At least `least` times as fast as `against`; or `ours` has its 50th result by `most`."""

    ours: str
    against: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def opponent(self) -> str:
        if not self.against:
            return "50th result, seconds"
        return "best of pools" if self.against == POOLS else self.against[0]

    @property
    def aim(self) -> str:
        """Empty: there is none."""
        if self.most is not None:
            return f"<= {self.most:g} s"
        return "" if self.least is None else f">= {self.least:g}"

    def verdict(self, figure: float) -> str:
        if not self.aim:
            return ""
        missed = (self.least is not None and figure < self.least) or (
            self.most is not None and figure > self.most
        )
        return "missed" if missed else "reached"


@dataclass(frozen=True)
class Row:
    """`count`: how many files of `source` in the quick form, in the full one; None: all of it.
    `to`: where copies go: memory, the same disk, or the same disk through another mount."""

    name: str
    title: str
    work: str  # read, mixed (with writes), copy, tree (a copy of all of it) or move
    source: str
    sides: tuple[str, ...]
    targets: tuple[Target, ...]
    count: tuple[int, int] | None = None
    profile: str = "hdd"
    to: str = "memory"
    megabytes: int | None = None  # memory is limited to that
    scheduler: str = "none"
    warm: bool = False
    times: int = 1  # as many rounds as other rows: where they are short
    quick: bool = True  # in the quick form, unless it is named


READS = (
    Target("queued", ("loop",), 5.5),
    Target("oplist", ("loop",), 5.5),
    Target("queued", POOLS, 2.2),
    Target("oplist", POOLS, 2.2),
    Target("queued", most=3.0),
)
TREES = ("queued", "cp -a", "copytree", "tar")

ROWS = (
    Row(
        "reads",
        "reads of 2,000 files in random order",
        "read",
        "tree",
        ("queued", "oplist", "small lists", "loop", *POOLS, "floor"),
        (*READS, Target("small lists", ("loop",)), Target("queued", ("floor",))),
        (2000, 2000),
    ),
    Row(
        "reads-4000",
        "reads of 4,000 files",
        "read",
        "tree",
        ("queued", *POOLS),
        (Target("queued", POOLS, 2.6),),
        (4000, 4000),
        quick=False,
    ),
    Row(
        "reads-300",
        "reads of 300 files",
        "read",
        "tree",
        ("queued", *POOLS),
        (Target("queued", POOLS, 1.15),),
        (300, 300),
    ),
    Row(
        "pieces",
        "20 files of 4 MB in 64 extents",
        "read",
        "pieces",
        ("queued", "loop", *POOLS, "floor"),
        (Target("queued", POOLS, 1.3), Target("queued", ("floor",))),
    ),
    Row(
        "streams",
        "20 files of 20 MB",
        "read",
        "streams",
        ("queued", "loop", *POOLS, "floor"),
        (Target("queued", ("loop",), 1.3), Target("queued", POOLS)),
    ),
    Row(
        "mixed",
        "reads of 1,000 files, 500 writes between them, of which each hundredth is synced",
        "mixed",
        "tree",
        ("queued", OFF, "loop"),
        (Target("queued", ("loop",)), Target("queued", (OFF,))),
        (1000, 1000),
        to="disk",
    ),
    Row(
        "copies",
        "file_copy of 2,000 files to memory",
        "copy",
        "tree",
        ("queued", "oplist", "loop", *POOLS),
        (Target("queued", ("loop",), 5), Target("queued", POOLS)),
        (500, 2000),
    ),
    Row(
        "tree",
        "directory_copy of 6,000 files to memory",
        "tree",
        "tree",
        TREES,
        (
            Target("queued", ("cp -a",), 5),
            Target("queued", ("copytree",), 6),
            Target("queued", ("tar",)),
        ),
    ),
    Row(
        "tree-same",
        "directory_copy onto the same disk, synced",
        "tree",
        "tree",
        TREES,
        (Target("queued", ("cp -a",), 3), Target("queued", ("tar",))),
        to="disk",
        quick=False,
    ),
    Row(
        "move",
        "directory_move to memory",
        "move",
        "tree",
        ("queued", "mv", "shutil.move"),
        (Target("queued", ("mv",)), Target("queued", ("shutil.move",))),
        quick=False,
    ),
    Row(
        "move-same",
        "directory_move to another mount of the same disk, synced",
        "move",
        "tree",
        ("queued", "mv", "shutil.move"),
        (Target("queued", ("mv",)), Target("queued", ("shutil.move",))),
        to="second",
        quick=False,
    ),
    Row(
        "small",
        "directory_copy of 500 directories of 3 files",
        "tree",
        "small",
        TREES,
        (Target("queued", ("cp -a",), 6),),
    ),
    Row(
        "depth1",
        "without a command queue: reads of 2,000 files",
        "read",
        "tree",
        ("queued", "loop", *POOLS, "floor"),
        (Target("queued", ("loop",), 3.8),),
        (2000, 2000),
        profile="depth1",
        quick=False,
    ),
    Row(
        "memory-48",
        "memory limited to 48 MB: reads of 2,000 files",
        "read",
        "tree",
        ("queued", OFF, "pool 32"),
        (Target("queued", (OFF,), 0.95),),
        (2000, 2000),
        megabytes=48,
        quick=False,
    ),
    Row(
        "ssd",
        "SSD profile: reads of 2,000 files",
        "read",
        "tree",
        ("queued", OFF, "loop", *POOLS),
        (Target("queued", (OFF,), 0.98),),
        (2000, 2000),
        profile="ssd",
        times=5,
    ),
    Row(
        "network",
        "5 ms each, without order: reads of 2,000 files",
        "read",
        "tree",
        ("queued", OFF, "loop", *POOLS),
        (Target("queued", (OFF,), 0.98),),
        (500, 2000),
        profile="network",
        quick=False,
    ),
    Row(
        "warm",
        "warm cache: reads of 2,000 files",
        "read",
        "tree",
        ("queued", OFF, "loop"),
        (Target("queued", (OFF,), 0.98),),
        (2000, 2000),
        warm=True,
        times=7,
    ),
    Row(
        "mq-deadline",
        "scheduler mq-deadline: reads of 2,000 files",
        "read",
        "tree",
        ("queued", "loop", "pool 32"),
        (Target("queued", ("loop",)), Target("queued", ("pool 32",))),
        (2000, 2000),
        scheduler="mq-deadline",
        quick=False,
    ),
)
