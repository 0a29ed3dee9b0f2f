"""A queue that has nothing to do costs neither CPU time nor wake-ups. These tests have to wait."""

from __future__ import annotations

import contextlib

import pytest
from programs import Ended, ended, running

pytestmark = pytest.mark.posix("reads /proc")

WATCH = """
    import resource
    def measure():
        '''Context switches and CPU time of each other thread, and the CPU time of the process.'''
        switches, spent = {}, {}
        me = str(threading.get_native_id())
        for task in os.listdir("/proc/self/task"):
            if task == me:
                continue
            with open(f"/proc/self/task/{task}/status") as file:
                for line in file:
                    if "ctxt_switches" in line:
                        switches[task] = switches.get(task, 0) + int(line.split()[1])
            try:
                with open(f"/proc/self/task/{task}/schedstat") as file:
                    spent[task] = int(file.read().split()[0])
            except FileNotFoundError:
                pass
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return switches, spent, usage.ru_utime + usage.ru_stime
    def settled(but=None):
        '''Returns once all threads sleep, except this one and the thread `but`.'''
        def asleep(task):
            try:
                with open(f"/proc/self/task/{task}/stat") as file:
                    return file.read().rpartition(")")[2].split()[0] == "S"
            except (FileNotFoundError, ProcessLookupError):
                return False        # a thread that has just ended
        busy = str(threading.get_native_id()), but
        calm = 0
        while calm < 10:
            calm = calm + 1 if all(asleep(t) for t in os.listdir("/proc/self/task")
                                   if t not in busy) else 0
            time.sleep(0.005)
    def watch(seconds):
        settled()
        measure()
        before = measure()
        time.sleep(seconds)
        after = measure()
        report(threads=len(before[0]), switches=[after[0][t] - before[0][t] for t in before[0]],
               spent=[after[1][t] - before[1][t] for t in before[1]],
               cpu=after[2] - before[2], same=list(before[0]) == list(after[0]))
"""

LOADS = {
    "one small operation": "rest()",
    "large reads and lists": """
    with open("file", "wb") as file:
        file.write(bytes(1 << 20))
    fileops = mhddq.create_empty_oplist()
    for n in range(60):
        mhddq.file_read(lambda args: None, "file", True)
        mhddq.oplist_file_read(fileops, lambda args: None, "file", True)
    mhddq.enqueue_oplist(fileops)
    mhddq.enqueue_oplist(fileops)
    rest()
""",
    "many small ones from many threads": """
    in_threads(8, lambda n: [mhddq.file_exists(lambda args: None, ".") for i in range(500)])
    rest()
""",
    "a callback that is busy elsewhere": """
    gate = Gate()
    gate.shut()
    for n in range(10):
        mhddq.file_exists(gate, ".")
""",
}


@pytest.fixture(scope="module")
def idle() -> dict[str, Ended]:
    """Under each load, the end of a program that was watched for two seconds: all at the same time,
    since waiting is what they do."""
    with contextlib.ExitStack() as programs:
        under_way = {}
        for load, source in LOADS.items():
            after = "    gate.opened.set()\n" if "busy" in load else ""
            watched = f"{WATCH}\n    {source.strip()}\n    watch(2)\n{after}"
            under_way[load] = programs.enter_context(running(watched))
        return {load: program.end() for load, program in under_way.items()}


@pytest.mark.parametrize("load", LOADS)
def test_two_idle_seconds_cost_nothing(load, idle):
    end = idle[load]
    assert (end.status, end.stderr) == (0, "")
    # Five threads of a scout sleep, too, once a file lay on a disk that is reported to rotate.
    assert end["threads"] in (3, 8)
    assert end["same"] is True
    assert not any(end["switches"])
    assert not any(end["spent"])
    # This is the time of the measuring itself, which a busy machine makes longer. Where the kernel
    # reports each thread's own time, the line above has checked that.
    assert end["cpu"] < 0.05


def test_a_queue_that_waits_for_its_callbacks_bytes_sleeps():
    """The I/O thread waits for the budget without polling."""
    end = ended(
        WATCH
        + """
    with open("file", "wb") as file:
        file.write(bytes(60000))
    gate = Gate()
    mhddq.file_read(gate, "file", True)
    mhddq.file_read(gate, "file", True)
    must(gate.entered.wait(DEADLINE))
    watch(2)
    gate.opened.set()
    """,
        env={"MHDDQ_BUFFER_BYTES": "65536"},
    )
    assert end["threads"] in (3, 8)
    assert not any(end["switches"])
    assert end["cpu"] < 0.05


def test_spinning_ends_in_sleep():
    end = ended(WATCH + "\n    rest()\n    watch(2)\n", env={"MHDDQ_SPIN_US": "1000"})
    assert not any(end["switches"])
    assert end["cpu"] < 0.05


def test_a_waiting_call_checks_for_signals_at_most_twenty_times_a_second():
    """A Python thread that waits for a slot, or for the end, may wake up for that; no other thread
    does."""
    end = ended(
        WATCH
        + """
    gate = Gate()
    gate.shut()
    waiter = threading.Thread(target=mhddq.file_exists, args=(None, "."))
    waiter.start()
    waits(waiter)
    waiting = str(waiter.native_id)
    settled(waiting)    # which wakes up again and again
    began, before = time.monotonic(), measure()
    time.sleep(2)
    after = measure()
    report(waiter=after[0][waiting] - before[0][waiting], seconds=time.monotonic() - began,
           others=[after[0][t] - before[0][t] for t in before[0] if t != waiting],
           cpu=after[2] - before[2])
    gate.opened.set()
    waiter.join(DEADLINE)
    """,
        env={"MHDDQ_RING_SIZE": "1"},
    )
    assert end["waiter"] <= 2 * 20 * end["seconds"] + 4  # a wake-up may cost one for the GIL, too
    assert not any(end["others"])
    assert end["cpu"] < 0.2
