"""The benchmark's simulated disk: the arithmetic of its model, its queue, and a mounted one."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def load(name: str):
    """Imports a module of the checkout: its other folders are not on the path of the tests."""
    path = ROOT / "bench" / "disk" / f"{name}.py"
    if not path.exists():
        pytest.skip("the benchmark is not here", allow_module_level=True)
    found = importlib.util.spec_from_file_location(f"bench_disk_{name}", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


model = load("model")

KIB = 1024


def serve(disk, accesses):
    """Serves all accesses as they arrive; returns them in the order in which they ended."""
    ended = []
    for access in sorted(accesses, key=lambda each: each.arrived):
        ended += disk.finished(access.arrived)
        disk.add(access)
    return ended + disk.finished(math.inf)


def read(place, length=4 * KIB, at=0.0):
    return model.Access(int(place), length, False, at)


def test_a_seek_goes_by_the_square_root_of_the_distance():
    assert model.seek_seconds(0) == model.seek_seconds(model.TURN - 1) == 0
    assert model.seek_seconds(model.PLATTER) == pytest.approx(0.016)
    assert model.seek_seconds(model.PLATTER / 4) == pytest.approx(0.0008 + 0.0152 / 2)
    assert model.seek_seconds(model.TURN) == pytest.approx(0.0008, abs=0.0002)


def test_a_rotation_goes_by_the_clock():
    quarter = model.TURN / 4
    assert model.rotation_seconds(quarter, 0.0) == pytest.approx(model.REVOLUTION / 4)
    assert model.rotation_seconds(0, model.REVOLUTION / 4) == pytest.approx(model.REVOLUTION * 0.75)
    # The last read ends where the head is, whatever rounding makes of it.
    for number in range(1000):
        place = number * 4096.0
        assert model.rotation_seconds(place, place / model.RATE) < model.REVOLUTION / 2


def test_one_access_takes_seek_rotation_and_transfer():
    place = 1 << 30
    access = read(place, 64 * KIB, at=1.0)
    serve(model.Arm(), [access])
    seek = model.seek_seconds(place)
    arrived = 1.0 + seek
    rotation = model.rotation_seconds(place, arrived)
    assert access.done == pytest.approx(arrived + rotation + 64 * KIB / model.RATE)


def test_what_follows_in_offset_streams():
    disk, now = model.Arm(), 0.0
    for number in range(1000):
        access = read(number * 128 * KIB, 128 * KIB, now)
        assert serve(disk, [access]) == [access]
        now = access.done + 0.0001  # the host needs this time, and the drive's cache hides it
    assert 1000 * 128 * KIB / now == pytest.approx(model.RATE, rel=0.03)


def test_what_was_read_ahead_comes_from_the_cache_and_what_was_written_over_does_not():
    disk = model.Arm()
    first = read(0, 4 * KIB)
    serve(disk, [first])
    later = first.done + 1
    cached = read(128 * KIB, 4 * KIB, later)
    serve(disk, [cached])
    assert cached.done - later == pytest.approx(4 * KIB / model.BUS_RATE)
    far = read(1 << 30, 4 * KIB, later + 1)  # and the place that the arm has left is still cached
    again = read(64 * KIB, 4 * KIB, later + 2)
    serve(disk, [far, again])
    assert again.done - (later + 2) == pytest.approx(4 * KIB / model.BUS_RATE)
    written = model.Access(64 * KIB, 4 * KIB, True, later + 3)
    anew = read(64 * KIB, 4 * KIB, later + 4)
    serve(disk, [written, anew])
    assert anew.done - (later + 4) > 4 * KIB / model.BUS_RATE


def test_the_arm_takes_what_it_reaches_soonest():
    places = [(7 * number % 32) * (1 << 26) for number in range(32)]
    ended = serve(model.Arm(32), [read(place) for place in places])
    queued = ended[-1].done
    assert [access.offset for access in ended] != places
    ended = serve(model.Arm(1), [read(place) for place in places])
    assert [access.offset for access in ended] == places
    assert queued < 0.6 * ended[-1].done


def test_only_what_is_in_the_queue_can_be_taken():
    far = [read((1 + number) << 28) for number in range(32)]
    near = read(0)
    ended = serve(model.Arm(32), [*far, near])
    assert ended.index(near) >= 1  # the first to be taken was one of the 32
    disk = model.Arm(32)
    serve(disk, [*[read(place << 28) for place in range(40)]])
    assert disk.deepest == 40


def test_a_caller_that_looks_late_changes_no_time():
    def accesses():
        return [read(number * 7919 % 64 << 24, at=number * 0.001) for number in range(64)]

    prompt, late = accesses(), accesses()
    serve(model.Arm(), prompt)
    disk = model.Arm()
    for access in late:
        disk.add(access)
    disk.finished(math.inf)
    assert [access.done for access in late] == [access.done for access in prompt]


def test_where_places_do_not_matter_so_many_are_served_at_once():
    accesses = [read(number << 20) for number in range(64)]
    serve(model.Flat(100e-6, 32), accesses)
    assert sorted({round(access.done * 1e6) for access in accesses}) == [100, 200]


def test_every_access_of_the_arm_is_logged():
    disk = model.Arm()
    disk.log = []
    serve(disk, [read(0), read(1 << 30)])
    assert [entry[1:4] for entry in disk.log] == [(0, 4096, False), (1 << 30, 4096, False)]


MOUNTED = """
from bench.disk import device, fill
if reason := device.lacking():
    raise SystemExit(print("skipped:", reason))
with device.started() as disk:
    fill.fill(disk)
    device.calibrate(disk, disk.top / "large" / "00")
    file = disk.top / "tree" / "a new one"
    file.touch()
    disk.restore()
    assert not file.exists()
    print(disk.base, disk.name, disk.server.process.pid)
"""


@pytest.mark.slow
def test_a_mounted_disk_is_filled_calibrated_and_gone_afterwards():
    # It runs in a process of its own, since it gets mounts of its own.
    command = [sys.executable, "-c", MOUNTED]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    if done.stdout.startswith("skipped"):
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stderr
    base, device, server = done.stdout.split()
    assert not Path(base).exists()
    backing = Path(f"/sys/block/{device}/loop/backing_file")
    assert not backing.exists() or base not in backing.read_text()
    assert not Path(f"/proc/{server}").exists()
