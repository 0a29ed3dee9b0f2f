"""Children of multiprocessing, and descriptors that stay open across exec."""

from __future__ import annotations

import pytest
from programs import ended

pytestmark = pytest.mark.posix("forks")


MULTIPROCESSING = """
    import multiprocessing
    def work(tag, ending):
        for n in range(200):
            assert mhddq.file_create(None, f"{tag}-{n}") is True
        fileops = mhddq.create_empty_oplist()
        for n in range(50):
            mhddq.oplist_file_write(fileops, None, "listed", f"{tag}-list{n}")
        assert mhddq.enqueue_oplist(fileops) is True
        if ending == "exit":
            sys.exit(3)
        if ending == "raise":
            sys.stderr = None
            raise ValueError("in the child")
        if ending == "close":
            mhddq.shutdown()
    def main():
        context = multiprocessing.get_context(sys.argv[1])
        if sys.argv[2] == "used":
            for n in range(100):
                mhddq.file_create(None, f"parent-{n}")
        endings = ["end", "exit", "raise", "close"]
        processes = [context.Process(target=work, args=(ending, ending)) for ending in endings]
        for process in processes:
            process.start()
        for process in processes:
            process.join(DEADLINE)
            must(process.exitcode is not None, "end of a process")
        report(codes=[process.exitcode for process in processes])
    if __name__ == "__main__":
        main()
"""


@pytest.mark.parametrize("used", ["used", "unused"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_that_simply_end(method, used):
    end = ended(MULTIPROCESSING, method, used)
    assert end["codes"] == [0, 3, 1, 0]
    wanted = {f"{tag}-{n}" for tag in ("end", "exit", "raise", "close") for n in range(200)} | {
        f"{tag}-list{n}" for tag in ("end", "exit", "raise", "close") for n in range(50)
    }
    if used == "used":
        wanted |= {f"parent-{n}" for n in range(100)}
    assert set(end.files) == wanted


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_whose_workers_use_the_queue(method):
    """close() and join() end the workers without killing them, so their queues are drained."""
    end = ended(
        """
    import multiprocessing
    def work(n):
        done = threading.Event()
        mhddq.file_create(None, f"behind-{n}")
        mhddq.file_create(lambda args: done.set(), f"{n}")
        return done.wait(20)
    if __name__ == "__main__":
        rest()
        with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
            good = pool.map(work, range(40))
            pool.close()
            pool.join()
        report(good=all(good))
    """,
        method,
    )
    assert end["good"] is True
    assert set(end.files) == {f"{n}" for n in range(40)} | {f"behind-{n}" for n in range(40)}


def test_a_first_use_in_a_child_s_own_threads():
    """The child uses the queue from threads that are joined before its end."""
    end = ended(
        """
    import multiprocessing
    def work():
        in_threads(4, lambda n: [mhddq.file_create(None, f"{n}-{i}") for i in range(50)])
    if __name__ == "__main__":
        mhddq.file_create(None, "parent")
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join(DEADLINE)
        report(code=process.exitcode)
    """
    )
    assert end["code"] == 0
    assert set(end.files) == {"parent", *(f"{n}-{i}" for n in range(4) for i in range(50))}


# A loop of all operations that open descriptors: reads, writes, copies, listings, trees.
OPENING = """
    os.makedirs("tree/a/b/c")
    for n in range(30):
        with open(f"tree/a/b/{n}", "wb") as file:
            file.write(bytes(20_000))
    failures, over = [], threading.Event()
    def collect(args):
        if not args["result"]:
            failures.append(args["output"])
    def work():
        while not over.is_set():
            fileops = mhddq.create_empty_oplist()
            for n in range(10):
                mhddq.oplist_file_read(fileops, collect, f"tree/a/b/{n}", True)
                mhddq.oplist_file_write(fileops, collect, bytes(50_000), f"w{n}", True)
                mhddq.oplist_file_copy(fileops, collect, f"tree/a/b/{n}", f"c{n}")
                mhddq.oplist_file_delete(fileops, collect, f"c{n}")
                mhddq.oplist_directory_contents(fileops, collect, "tree/a/b")
            mhddq.oplist_directory_copy(fileops, collect, "tree", "tree2")
            mhddq.oplist_directory_move(fileops, collect, "tree2", "tree3")
            mhddq.oplist_directory_delete(fileops, collect, "tree3")
            must(mhddq.enqueue_oplist(fileops) is True)
    def descriptors():
        found = os.listdir("/proc/self/fd")     # the listing's own descriptor is closed by now
        return {fd for fd in found if os.path.lexists(f"/proc/self/fd/{fd}")}
    before = descriptors()
    worker = threading.Thread(target=work)
    worker.start()
"""


def test_no_descriptor_of_ours_is_left_open_across_exec():
    """Programs that are started with close_fds=False inherit none, and each descriptor that the
    process has at any moment is marked as closed on exec."""
    end = ended(
        OPENING
        + """
    import subprocess
    inherited, open_to_all = [], []
    def check():
        seen = 0
        for fd in descriptors() - before:
            try:
                with open(f"/proc/self/fdinfo/{fd}") as file:
                    flags = int(next(line for line in file if line.startswith("flags:"))[6:], 8)
                name = os.readlink(f"/proc/self/fd/{fd}")
            except FileNotFoundError:
                continue        # closed meanwhile
            seen += 1
            if not flags & os.O_CLOEXEC:
                open_to_all.append(name)
        return seen
    checked = 0
    for n in range(40):
        found = subprocess.run(["ls", "/proc/self/fd"], close_fds=False, capture_output=True)
        inherited.append(sorted(map(int, found.stdout.split())))
        for _ in range(50):
            checked += check()
    over.set()
    worker.join(DEADLINE)
    mhddq.shutdown()
    left = descriptors() - before
    report(inherited=inherited, checked=checked, open_to_all=open_to_all, failures=failures[:3],
           left=sorted(left))
    """,
        env={"MHDDQ_RING_SIZE": "2"},
    )
    assert end["failures"] == []
    assert end["checked"] > 100
    assert end["open_to_all"] == []
    # 3 is the descriptor of the listing itself.
    assert set(map(tuple, end["inherited"])) == {(0, 1, 2, 3)}
    assert end["left"] == []
