"""The console command in a pseudo-terminal: its bars, and Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess

import pytest
from commands import AT_ONCE, HELD, Terminal, command_line, environment
from helpers import DEADLINE

pytestmark = pytest.mark.posix("a pseudo-terminal")

NO_RICH = "sys.modules['rich'] = sys.modules['rich.live'] = None"
STYLES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def big(tmp_path):
    """48 MiB without a hole: three slices."""
    path = tmp_path / "big"
    with path.open("wb") as file:
        for _ in range(48):
            file.write(bytes(range(256)) * 4096)
    return path


def plain(shown):
    """Without colours."""
    return STYLES.sub("", shown)


def test_a_bar_is_shown_and_goes_and_a_summary_stays(tmp_path, big):
    pytest.importorskip("rich")
    with Terminal("copy", big, "copy", cwd=tmp_path, statements=AT_ONCE) as terminal:
        status, shown = terminal.end()
    assert status == 0
    assert "\x1b[?25l" in shown  # the cursor is hidden meanwhile
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert "of 48.0 MiB" in shown
    assert re.fullmatch(
        r"copied 1 file, 48.0 MiB in [\d.]+ m?s", plain(shown).split("\x1b[2K")[-1].strip()
    )


def test_without_rich_a_line_is_shown(tmp_path, big):
    program = f"{AT_ONCE}\n{NO_RICH}"
    with Terminal("copy", big, "copy", cwd=tmp_path, statements=program) as terminal:
        status, shown = terminal.end()
    assert status == 0
    assert "\x1b" not in shown
    assert re.search(r"\r(measuring|copying) .*", shown)
    assert "copied 1 file, 48.0 MiB in" in shown


def test_a_dumb_terminal_gets_lines(tmp_path, big):
    with Terminal("copy", big, "copy", cwd=tmp_path, statements=HELD, TERM="dumb") as terminal:
        terminal.read_until(b" MiB of 48.0")
        terminal.interrupt()
        status, shown = terminal.end()
    assert status == 130
    assert "\x1b" not in shown
    assert f"not copied: {big} (stopped, and undone)" in shown


def test_what_is_done_at_once_shows_no_bar_and_does_not_import_rich(tmp_path):
    (tmp_path / "small").write_text("small")
    program = "import atexit; atexit.register(lambda: print('rich' in sys.modules))"
    with Terminal("copy", "small", "copy", cwd=tmp_path, statements=program) as terminal:
        status, shown = terminal.end()
    assert status == 0
    assert "\x1b" not in shown
    assert shown.splitlines()[0].startswith("copied 1 file, 5 bytes in")
    assert shown.splitlines()[-1] == "False"


def test_a_tree_is_measured_and_the_bar_says_so(tmp_path):
    pytest.importorskip("rich")
    for i in range(3000):
        (tmp_path / "tree" / f"{i % 10}").mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / f"{i % 10}" / f"{i}").touch()
    program = AT_ONCE
    with Terminal("copy", "-r", "tree", "copy", cwd=tmp_path, statements=program) as terminal:
        status, shown = terminal.end()
    assert status == 0
    assert re.search(r"measuring tree .*?\n  [\d,]+ found", plain(shown), re.DOTALL)
    assert "copied 3,000 files in" in shown


@pytest.mark.parametrize("program", [HELD, f"{HELD}\n{NO_RICH}"], ids=["rich", "no rich"])
def test_the_entry_of_a_tree_that_is_copied_is_named(tmp_path, big, program):
    (tmp_path / "tree" / "below").mkdir(parents=True)
    big.rename(tmp_path / "tree" / "below" / "\x1blarge")
    with Terminal("copy", "-r", "tree", "copy", cwd=tmp_path, statements=program) as terminal:
        terminal.read_until(b"tree: \\x1blarge")
        terminal.interrupt()
        status, _ = terminal.end()
    assert status == 130


@pytest.mark.parametrize("program", [HELD, f"{HELD}\n{NO_RICH}"], ids=["rich", "no rich"])
def test_ctrl_c_stops_a_copy_in_the_middle_and_undoes_it(tmp_path, big, program):
    (tmp_path / "into").mkdir()
    (tmp_path / "other").write_text("other")
    (tmp_path / "first").write_text("first")
    arguments = ("copy", "first", "big", "other", "into")
    with Terminal(*arguments, cwd=tmp_path, statements=program) as terminal:
        terminal.read_until(b" MiB of 48.0")
        terminal.interrupt()
        status, shown = terminal.end()
    assert status == 130
    assert "mhddq copy: interrupted\r\n  copied: 1 of 3\r\n" in shown
    assert "  not copied: big (stopped, and undone)\r\n" in shown
    assert "  not copied: other (not begun)\r\n" in shown
    assert os.listdir(tmp_path / "into") == ["first"]
    if "\x1b[?25l" in shown:
        assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_ctrl_c_twice_ends_it_at_once(tmp_path, big):
    program = f"{HELD}\n_work.Lane.stop = lambda self: print('waits', flush=True)"
    with Terminal("copy", big, "copy", cwd=tmp_path, statements=program) as terminal:
        terminal.read_until(b" MiB of 48.0")
        terminal.interrupt()
        terminal.read_until(b"waits")
        terminal.interrupt()
        status, shown = terminal.end()
    assert status == 130
    assert shown.endswith("mhddq: ended at once; an unfinished copy may be beside its target\r\n")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_without_a_terminal(tmp_path, big, number, status):
    """Events are as good as a bar for knowing when it is in the middle."""
    program = HELD
    with subprocess.Popen(
        command_line("copy", "--json", big, "copy", statements=program),
        env=environment(),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            if json.loads(line).get("done"):
                break
        process.send_signal(number)
        last = json.loads(process.stdout.read().splitlines()[-1])
        errors = process.stderr.read()
        ended = process.wait(DEADLINE)
    assert errors == ""
    assert (last["event"], last["status"], last["done"]) == ("end", status, 0)
    assert ended == status
    assert last["not_done"] == [str(big)]
    assert os.listdir(tmp_path) == ["big"]


def test_a_failure_beside_a_bar_is_a_line_of_its_own(tmp_path, big):
    arguments = ("copy", "none\x1b[31m\n", "big", "copies")
    (tmp_path / "copies").mkdir()
    with Terminal(*arguments, cwd=tmp_path, statements=AT_ONCE) as terminal:
        status, shown = terminal.end()
    assert status == 1
    assert "mhddq copy: none\\x1b[31m\\n: No such file or directory\r\n" in shown
    assert "; 1 failed" in shown
