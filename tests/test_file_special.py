"""FIFOs, sockets and devices: a clear error, and never a hang."""

from __future__ import annotations

import os

import pytest
from helpers import fails, succeeds

import mhddq

pytestmark = pytest.mark.usefixtures("here")


def assert_reported_clearly(text: str, name: str):
    assert text.startswith("[Errno ")
    assert text.endswith(f": {name!r}")


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", ["fifo", "socket"])
def test_a_fifo_or_socket_is_a_clear_error_for_reads_and_writes(name):
    assert_reported_clearly(fails(mhddq.file_read, name), name)
    assert_reported_clearly(fails(mhddq.file_write, "x", name), name)


@pytest.mark.usefixtures("intact")
def test_a_fifo_with_a_reader_is_a_clear_error_too():
    reader = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert_reported_clearly(fails(mhddq.file_write, "x", "fifo"), "fifo")
        assert_reported_clearly(fails(mhddq.file_read, "fifo"), "fifo")
        assert os.read(reader, 10) == b""
    finally:
        os.close(reader)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", ["fifo", "socket", "/dev/zero", "/dev/null"])
def test_what_is_no_regular_file_is_not_copied(name):
    assert_reported_clearly(fails(mhddq.file_copy, name, "new"), name)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_devices_are_not_read(name):
    assert_reported_clearly(fails(mhddq.file_read, name, True), name)


def test_a_character_device_is_written_to():
    succeeds(mhddq.file_write, "text", os.devnull)
    succeeds(mhddq.file_write, b"bytes", os.devnull, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_device_is_a_failure():
    text = fails(mhddq.file_write, "x", "/dev/full")
    assert text.startswith("[Errno 28] No space left on device")
