"""Forks: the parent goes on as if nothing had happened, the child begins afresh."""

from __future__ import annotations

import sysconfig

import pytest
from helpers import ends_well
from programs import ended

pytestmark = pytest.mark.posix("forks")

# What every child tries: a fresh, open, unstarted queue that works and ends.
CHILD = """\
    parent, strays = os.getpid(), []
    def of_the_parent(args):
        '''A callback that only the parent may run.'''
        if os.getpid() != parent:
            os.close(os.open("stray", os.O_CREAT | os.O_WRONLY))
        heard.append(args)
    heard = []
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


def forks_under_load(forks: int, ring_size: str, timeout: float) -> None:
    """From the main thread, with producers that keep the ring full."""
    end = ended(
        CHILD
        + """
    failed, over, counts = [], threading.Event(), [0] * 3
    def produce(n):
        while not over.is_set():
            must(mhddq.file_create(of_the_parent, f"p{n}-{counts[n]}") is True)
            counts[n] += 1
            mhddq.file_delete(of_the_parent, f"p{n}-{counts[n] - 1}")
    threads = [threading.Thread(target=produce, args=(n,)) for n in range(3)]
    rest()
    for thread in threads:
        thread.start()
    for n in range(int(sys.argv[1])):
        if not forked(lambda: fresh(n)):
            failed.append(n)
            break
    over.set()
    for thread in threads:
        thread.join(DEADLINE)
        must(not thread.is_alive(), "end of a producer")
    mhddq.shutdown()
    tell(failed=failed, heard=len(heard), good=all(a["result"] for a in heard), counts=counts,
         counted=mhddq.stats())
    """,
        str(forks),
        env={"MHDDQ_RING_SIZE": ring_size},
        timeout=timeout,
    )
    assert end["failed"] == []
    assert end["good"] is True
    assert end["heard"] == 2 * sum(end["counts"]) == end["counted"]["accepted"] - 1
    assert set(end.files) == children(range(forks))


@pytest.mark.parametrize("ring_size", ["1", "4", "4096"])
def test_forks_of_the_main_thread_under_load(ring_size):
    forks_under_load(17, ring_size, 30)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_forks_under_load(tally):
    forks_under_load(1000, "4", 500)
    tally("forks", "of the main thread", 1000)


def forks_of_producers(each: int, every: int, timeout: float) -> None:
    """Three threads enqueue; at every few operations they fork."""
    end = ended(
        CHILD
        + """
    EACH, EVERY = int(sys.argv[1]), int(sys.argv[2])
    failed = []
    def produce(n):
        for i in range(EACH):
            must(mhddq.file_create(of_the_parent, f"p{n}-{i}") is True)
            if i % EVERY == n and not forked(lambda: fresh(f"{n}.{i}")):
                failed.append([n, i])
    in_threads(3, produce)
    mhddq.shutdown()
    tell(failed=failed, heard=len(heard), good=all(a["result"] for a in heard))
    """,
        str(each),
        str(every),
        env={"MHDDQ_RING_SIZE": "8"},
        timeout=timeout,
    )
    assert end["failed"] == []
    assert end["good"] is True
    assert end["heard"] == 3 * each
    tags = [f"{n}.{i}" for n in range(3) for i in range(each) if i % every == n]
    parents = {f"p{n}-{i}" for n in range(3) for i in range(each)}
    assert set(end.files) == parents | children(tags)


def test_forks_of_producers():
    forks_of_producers(60, 6, 30)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_forks_of_producers(tally):
    forks_of_producers(1000, 3, 800)
    tally("forks", "of producers", 1000)


def forks_inside_callbacks(forks: int, ring_size: str, timeout: float) -> None:
    """With operations before and behind; each child begins afresh, inside the callback. The last
    third of them in a list."""
    end = ended(
        CHILD
        + """
    FORKS, SINGLES = int(sys.argv[1]), int(sys.argv[1]) * 2 // 3
    failed, order = [], []
    def forks(n, args):
        order.append(n)
        if not forked(lambda: fresh(n)):
            failed.append(n)
    fileops = mhddq.create_empty_oplist()
    for n in range(SINGLES):
        mhddq.file_create(of_the_parent, f"p{n}")
        mhddq.file_exists(functools.partial(forks, n), ".")
    for n in range(SINGLES, FORKS):
        mhddq.oplist_file_create(fileops, of_the_parent, f"p{n}")
        mhddq.oplist_file_exists(fileops, functools.partial(forks, n), ".")
    mhddq.enqueue_oplist(fileops)
    mhddq.shutdown()
    tell(failed=failed, order=order, heard=len(heard), good=all(a["result"] for a in heard))
    """,
        str(forks),
        env={"MHDDQ_RING_SIZE": ring_size},
        timeout=timeout,
    )
    assert end["failed"] == []
    assert end["order"] == list(range(forks))
    assert end["heard"] == forks
    assert end["good"] is True
    assert set(end.files) == {f"p{n}" for n in range(forks)} | children(range(forks))


@pytest.mark.parametrize("ring_size", ["1", "3", "4096"])
def test_forks_inside_callbacks(ring_size):
    forks_inside_callbacks(15, ring_size, 30)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_forks_inside_callbacks(tally):
    forks_inside_callbacks(1000, "4", 800)
    tally("forks", "inside callbacks", 1000)


@pytest.mark.skipif(
    "musl" in str(sysconfig.get_config_var("SOABI")),
    reason="musl: a child's thread that has forked and ends lets no other one start or end",
)
@pytest.mark.parametrize("ending", ["return", "raise ValueError('of the child')"])
def test_a_child_of_a_callback_that_just_goes_on_drains_and_ends(ending):
    """It returns from the callback: no other callback of the parent's runs, its own work is done,
    the process ends."""
    end = ended(
        CHILD
        + f"""
    children = []
    def forks(args):
        pid = os.fork()
        if pid:
            children.append(pid)
            return
        for n in range(50):
            mhddq.file_create(None, f"child-{{n}}")
        {ending}
    for n in range(20):
        mhddq.file_create(of_the_parent, f"a{{n}}")
    mhddq.file_exists(forks, ".")
    for n in range(20):
        mhddq.file_create(of_the_parent, f"b{{n}}")
    mhddq.shutdown()
    good = [ended_well(pid) for pid in children]
    tell(good=good, heard=len(heard))
    """,
        quiet="raise" not in ending,
    )
    assert end["good"] == [True]
    assert end["heard"] == 40
    assert ("ValueError: of the child" in end.stderr) is ("raise" in ending)
    assert set(end.files) == {
        *(f"a{n}" for n in range(20)),
        *(f"b{n}" for n in range(20)),
        *(f"child-{n}" for n in range(50)),
    }


def test_a_child_of_the_main_thread_that_just_ends_drains():
    """sys.exit and the end of the script run atexit in a child of os.fork too."""
    end = ended(
        CHILD
        + """
    for n in range(100):
        mhddq.file_create(of_the_parent, f"p{n}")
    pid = os.fork()
    if pid == 0:
        for n in range(100):
            mhddq.file_create(None, f"child-{n}")
        sys.exit(0)
    tell(good=ended_well(pid))
    """
    )
    assert end["good"] is True
    assert set(end.files) == {f"{kind}{n}" for kind in ("p", "child-") for n in range(100)}


def test_children_of_children():
    end = ended(
        CHILD
        + """
    mhddq.file_create(of_the_parent, "p")
    def generation(n):
        good = mhddq.file_create(None, f"g{n}") is True
        if n < 8:
            good = good and forked(lambda: generation(n + 1))
        mhddq.shutdown()
        return good and mhddq.stats()["completed"] == 1
    tell(good=forked(lambda: generation(0)))
    """
    )
    assert end["good"] is True
    assert set(end.files) == {"p", *(f"g{n}" for n in range(9))}


def test_a_child_of_a_closed_parent_is_open():
    """Also of one that gave up, and of one whose shutdown is under way."""
    end = ended(
        CHILD
        + """
    gate = Gate()
    gate.shut()
    closer = threading.Thread(target=mhddq.shutdown)
    closer.start()
    until(lambda: mhddq.file_exists(None, ".") is False, "closing")
    during = forked(lambda: fresh("during"))
    sys.stderr = None
    mhddq.shutdown(timeout=0)
    timed_out = forked(lambda: fresh("timed-out"))
    def exits():
        mhddq.file_create(None, "at-exit")
        sys.exit(0)                 # its exit hook drains, whatever the parent gave up
    gave_up = os.fork() or exits()
    gave_up = ended_well(gave_up)
    gate.opened.set()
    closer.join(DEADLINE)
    after = forked(lambda: fresh("after"))
    tell(during=during, after=after, timed_out=timed_out, gave_up=gave_up,
         state=mhddq.is_shutdown())
    """,
        quiet=False,
    )
    assert end["during"] is True
    assert end["timed_out"] is True
    assert end["gave_up"] is True
    assert end["after"] is True
    assert end["state"] is True
    assert set(end.files) == children(["during", "timed-out", "after"]) | {"at-exit"}


def test_a_child_reads_the_settings_anew():
    end = ended(
        CHILD
        + """
    rest()
    def child():
        os.environ["MHDDQ_RING_SIZE"] = "32"
        mhddq.file_exists(None, ".")
        size = mhddq.stats()["ring_size"]
        mhddq.shutdown()
        return size == 32
    def wrong():
        os.environ["MHDDQ_RING_SIZE"] = "garbage"
        try:
            mhddq.file_exists(None, ".")
        except ValueError:
            return mhddq.stats()["accepted"] == 0
    tell(good=forked(child), wrong=forked(wrong), mine=mhddq.stats()["ring_size"])
    """,
        env={"MHDDQ_RING_SIZE": "8"},
    )
    assert end["good"] is True
    assert end["wrong"] is True
    assert end["mine"] == 8


def test_what_the_parent_lent_is_given_back_in_the_child():
    """A bytearray can be resized in the child, of single operations and of lists; not yet in the
    parent. Views that are the child's own stay lent."""
    end = ended(
        CHILD
        + """
    gate = Gate()
    gate.shut()
    single, listed = bytearray(b"single"), bytearray(b"listed")
    mhddq.file_write(None, single, "single", True)
    fileops, outer = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
    mhddq.oplist_file_write(fileops, None, listed, "listed", True)
    mhddq.embed_oplist(outer, fileops)
    mhddq.embed_oplist(outer, fileops)
    mhddq.enqueue_oplist(outer)
    def resizes():
        for data in (single, listed):
            data.extend(b" and the child")
            data.clear()
        mine, answers = bytearray(b"mine"), []
        def callback(args):
            try:
                mine.append(1)
            except BufferError:
                answers.append("held")
        mhddq.file_write(callback, mine, "mine", True)
        mhddq.shutdown()
        mine.append(1)
        return answers == ["held"]
    child = forked(resizes)
    held = []
    for data in (single, listed):
        try:
            data.append(1)
        except BufferError:
            held.append("held")
    gate.opened.set()
    mhddq.shutdown()
    single.append(1)
    outer = fileops = None
    listed.append(1)
    tell(child=child, held=held)
    """
    )
    assert end["child"] is True
    assert end["held"] == ["held", "held"]
    assert end.files == {"single": b"single", "listed": b"listed", "mine": b"mine"}


def test_a_fork_while_threads_wait_for_room():
    end = ended(
        CHILD
        + """
    gate = Gate()
    gate.shut()
    threads = [threading.Thread(target=mhddq.file_create, args=(of_the_parent, f"p{n}"))
               for n in range(4)]
    for thread in threads:
        thread.start()
        waits(thread)
    children = [forked(lambda: fresh(n)) for n in range(10)]
    gate.opened.set()
    for thread in threads:
        thread.join(DEADLINE)
        must(not thread.is_alive(), "room")
    mhddq.shutdown()
    tell(children=children, heard=len(heard))
    """,
        env={"MHDDQ_RING_SIZE": "1"},
    )
    assert end["children"] == [True] * 10
    assert end["heard"] == 4
    assert set(end.files) == {f"p{n}" for n in range(4)} | children(range(10))


@pytest.mark.parametrize("what", ["single", "list"])
def test_a_signal_handler_forks_inside_a_wait_for_room(what):
    """The call returns in both processes; each does the operation, from data that is still lent."""
    end = ended(
        CHILD
        + """
    what = sys.argv[1]
    gate = Gate()
    gate.shut()
    pids = []
    signal.signal(signal.SIGALRM, lambda number, frame: pids.append(os.fork()))
    me = threading.main_thread()
    def alarm():
        waits(me)
        signal.pthread_kill(me.ident, signal.SIGALRM)
        until(lambda: pids)
        gate.opened.set()
    thread = threading.Thread(target=alarm)
    thread.start()
    data = bytearray(b"x" * 100000)
    held = []
    def callback(args):
        try:
            data.append(1)
        except BufferError:
            held.append("held")
        held.append(args["result"])
    if what == "single":
        answer = mhddq.file_write(callback, data, "file", True)
    else:
        fileops = mhddq.create_empty_oplist()
        mhddq.oplist_file_write(fileops, callback, data, "file", True)
        answer = mhddq.enqueue_oplist(fileops)
    mhddq.shutdown()
    if pids == [0]:
        good = answer is True and held == ["held", True]
        if not good:
            os.write(2, f"child: {answer} {held}".encode())
        os._exit(0 if good else 3)
    tell(child=ended_well(pids[0]), answer=answer, held=held)
    """,
        what,
        env={"MHDDQ_RING_SIZE": "1"},
    )
    assert end["child"] is True
    assert end["answer"] is True
    assert end["held"] == ["held", True]
    assert end.files == {"file": b"x" * 100000}


def test_a_fork_inside_a_shutdown():
    """A signal handler forks while the main thread waits for the end: both come back."""
    end = ended(
        CHILD
        + """
    gate = Gate()
    gate.shut()
    mhddq.file_create(of_the_parent, "p")
    pids = []
    signal.signal(signal.SIGALRM, lambda number, frame: pids.append(os.fork()))
    me = threading.main_thread()
    def alarm():
        until(lambda: mhddq.file_exists(None, ".") is False, "closing")
        signal.pthread_kill(me.ident, signal.SIGALRM)
        until(lambda: pids)
        gate.opened.set()
    threading.Thread(target=alarm).start()
    mhddq.shutdown()
    state = mhddq.is_shutdown()
    if pids == [0]:
        os._exit(0 if state and not heard else 3)
    tell(child=ended_well(pids[0]), state=state, heard=len(heard))
    """
    )
    assert end["child"] is True
    assert end["state"] is True
    assert end["heard"] == 1


def test_a_fork_inside_the_first_start():
    end = ended(
        CHILD
        + """
    real, results = threading.Thread.start, []
    def start(thread):
        threading.Thread.start = real
        results.append(forked(lambda: fresh("early")))
        real(thread)
    threading.Thread.start = start
    mhddq.file_create(of_the_parent, "p")
    mhddq.shutdown()
    tell(results=results, heard=len(heard))
    """
    )
    assert end["results"] == [True]
    assert end["heard"] == 1
    assert set(end.files) == {"p"} | children(["early"])


@pytest.mark.parametrize("then", ["os._exit(0 if heard.wait() and reported() else 3)", "return"])
@pytest.mark.parametrize("module", ["threading", "_weakrefset", "reprlib", "traceback"])
def test_a_fork_inside_the_first_operation_s_imports(module, then):
    """The first operation imports what it needs; in the middle of that a signal handler forks. The
    child uses the queue there and then, and its callback runs while the handler waits, reports of
    failures before it too; or it lets the handler return, and the interrupted operation is done in
    both."""
    ends_well(
        f"""
    import io, os, signal, sys, time
    import mhddq

    class Heard(list):
        def wait(self):
            end = time.monotonic() + 20
            while not self and time.monotonic() < end:
                time.sleep(0.001)
            return len(self) == 1 and self[0]["result"]

    class Finder:
        def find_spec(self, name, path, target=None):
            if name == "{module}":
                sys.meta_path.remove(self)
                signal.raise_signal(signal.SIGUSR1)

    def fail(args):
        raise LookupError

    def reported():
        said = sys.stderr.getvalue()
        return "file_delete(" in said and "LookupError" in said

    children, heard = [], Heard()
    def handler(number, frame):
        children.append(os.fork())
        if children == [0]:
            sys.stderr = io.StringIO()
            assert mhddq.file_delete(None, "missing") is True
            assert mhddq.file_exists(fail, ".") is True
            assert mhddq.file_create(heard.append, "of-the-child") is True
            {then}

    signal.signal(signal.SIGUSR1, handler)
    for name in ("{module}", "threading"):
        sys.modules.pop(name, None)     # where the interpreter's start has imported it already
    sys.meta_path.insert(0, Finder())
    mine = Heard()
    assert mhddq.file_exists(mine.append, ".") is True
    assert mine.wait(), mine
    mhddq.shutdown()
    if children == [0]:
        assert heard.wait() and reported()
    else:
        _, status = os.waitpid(children[0], 0)
        assert status == 0, status
        assert os.path.exists("of-the-child")
    """,
        env={"PYTHONWARNINGS": "ignore::DeprecationWarning"},  # fork, where there are threads
    )


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
        tell(codes=[process.exitcode for process in processes])
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
    """Its workers are ended by a sentinel (close and join), not killed: they drain."""
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
        tell(good=all(good))
    """,
        method,
    )
    assert end["good"] is True
    assert set(end.files) == {f"{n}" for n in range(40)} | {f"behind-{n}" for n in range(40)}


def test_a_first_use_in_a_child_s_own_threads():
    """The child of multiprocessing uses it from a thread that is joined before the end."""
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
        tell(code=process.exitcode)
    """
    )
    assert end["code"] == 0
    assert set(end.files) == {"parent", *(f"{n}-{i}" for n in range(4) for i in range(50))}


# Everything that opens descriptors, again and again: reads, writes, copies, listings, trees.
OPENING = """
    os.makedirs("tree/a/b/c")
    for n in range(30):
        with open(f"tree/a/b/{n}", "wb") as file:
            file.write(bytes(20_000))
    failures, over = [], threading.Event()
    def heard(args):
        if not args["result"]:
            failures.append(args["output"])
    def work():
        while not over.is_set():
            fileops = mhddq.create_empty_oplist()
            for n in range(10):
                mhddq.oplist_file_read(fileops, heard, f"tree/a/b/{n}", True)
                mhddq.oplist_file_write(fileops, heard, bytes(50_000), f"w{n}", True)
                mhddq.oplist_file_copy(fileops, heard, f"tree/a/b/{n}", f"c{n}")
                mhddq.oplist_file_delete(fileops, heard, f"c{n}")
                mhddq.oplist_directory_contents(fileops, heard, "tree/a/b")
            mhddq.oplist_directory_copy(fileops, heard, "tree", "tree2")
            mhddq.oplist_directory_move(fileops, heard, "tree2", "tree3")
            mhddq.oplist_directory_delete(fileops, heard, "tree3")
            must(mhddq.enqueue_oplist(fileops) is True)
    def descriptors():
        found = os.listdir("/proc/self/fd")     # that of the listing is gone by now
        return {fd for fd in found if os.path.lexists(f"/proc/self/fd/{fd}")}
    before = descriptors()
    worker = threading.Thread(target=work)
    worker.start()
"""


def test_no_descriptor_of_ours_is_left_open_across_exec():
    """Seen from outside, by programs started with close_fds=False; and from inside, where every
    descriptor that comes up is found to be closed on exec."""
    end = ended(
        OPENING
        + """
    import subprocess
    inherited, open_to_all = [], []
    def look():
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
    looks = 0
    for n in range(40):
        found = subprocess.run(["ls", "/proc/self/fd"], close_fds=False, capture_output=True)
        inherited.append(sorted(map(int, found.stdout.split())))
        for _ in range(50):
            looks += look()
    over.set()
    worker.join(DEADLINE)
    mhddq.shutdown()
    left = descriptors() - before
    tell(inherited=inherited, looks=looks, open_to_all=open_to_all, failures=failures[:3],
         left=sorted(left))
    """,
        env={"MHDDQ_RING_SIZE": "2"},
    )
    assert end["failures"] == []
    assert end["looks"] > 100
    assert end["open_to_all"] == []
    assert set(map(tuple, end["inherited"])) == {(0, 1, 2, 3)}  # 3 is that of the listing itself
    assert end["left"] == []
