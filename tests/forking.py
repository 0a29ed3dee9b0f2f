"""The common beginning of programs that fork, and the files that their children leave."""

from __future__ import annotations

# Every child checks that it has a new queue, open and not yet started, which works and ends.
CHILD = """\
    parent, strays = os.getpid(), []
    def of_the_parent(args):
        '''A callback that only the parent may run.'''
        if os.getpid() != parent:
            os.close(os.open("stray", os.O_CREAT | os.O_WRONLY))
        collected.append(args)
    collected = []
    def fresh(tag):
        counted = mhddq.stats()
        mine = []
        good = [mhddq.is_shutdown() is False, counted["accepted"] == 0, counted["callbacks"] == 0,
                counted["ring_size"] == 0]
        for n in range(5):
            good.append(mhddq.file_create(mine.append, f"child-{tag}-{n}") is True)
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_write(fileops, mine.append, bytearray(b"x"), f"child-{tag}-w", True)
        good.append(mhddq.enqueue_oplist(fileops) is True)
        mhddq.shutdown()
        good += [mhddq.is_shutdown() is True, mhddq.file_create(None, "late") is False]
        good += [len(mine) == 6, all(args["result"] for args in mine)]
        good += [mhddq.stats()["accepted"] == 6, not os.path.exists("stray")]
        if not all(good):
            os.write(2, f"child {tag}: {good} {mine}".encode())
        return all(good)
"""


def children(tags) -> set[str]:
    return {f"child-{tag}-{n}" for tag in tags for n in (0, 1, 2, 3, 4, "w")}
