"""The examples that have a window, each on a virtual screen."""

import subprocess
import sys

from example_runs import DEADLINE, EXAMPLES, make_tree, needs, png, screen
from helpers import tree_of


def on_a_screen(program, folder):
    """What a program prints that drives an example from inside, in this folder."""
    with screen() as environment:
        ended = subprocess.run(
            [sys.executable, "-c", program, str(EXAMPLES)],
            cwd=folder,
            env={**environment, "PYGAME_HIDE_SUPPORT_PROMPT": "1", "SDL_AUDIODRIVER": "dummy"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


# ---- copy_window ----

MEASURED = """
import sys, time, tkinter
sys.path.insert(0, sys.argv[1])
import copy_window, mhddq

root = tkinter.Tk()
window = copy_window.CopyWindow(root, "tree", "copy")
frames = []

def frame():
    if window.began is not None:
        frames.append(time.monotonic())
    elif frames:
        root.destroy()
        return
    root.after(5, frame)

root.after(0, frame)
root.after(50, window.button.invoke)  # as a click does
root.mainloop()
gaps = sorted(late - early for early, late in zip(frames, frames[1:])) or [0]
print(len(frames), gaps[len(gaps) // 2], gaps[-1], window.disk.queue.stats()["failed"])
"""

CANCELLED = """
import os, sys, tkinter
sys.path.insert(0, sys.argv[1])
import copy_window

root = tkinter.Tk()
window = copy_window.CopyWindow(root, "tree", "copy")
states = []

def look():
    states.append(window.status["text"])
    if window.began is None and len(states) > 1:
        root.destroy()
        return
    root.after(5, look)

def click_both():
    window.button.invoke()
    window.cancel.invoke()
    look()

root.after(50, click_both)
root.mainloop()
print(states[-1])
print(sorted(os.listdir(".")))
"""


def test_a_window_goes_on_while_a_tree_is_copied(tmp_path, tally):
    needs("copy_window.py")
    make_tree(tmp_path / "tree", 20, 200)
    out = on_a_screen(MEASURED, tmp_path)
    assert tree_of(tmp_path / "copy") == tree_of(tmp_path / "tree")
    frames, median, longest, failed = map(float, out.split())
    assert failed == 0
    # A window that waited for the disk would draw nothing between the click and the end: one frame.
    # The gaps depend on what else the machine does, so they are shown and not asserted on.
    assert frames > 10
    heading = "copy_window, while 4,000 files were copied"
    tally(heading, "frames", int(frames))
    tally(heading, "ms median gap", round(median * 1e3))
    tally(heading, "ms longest gap", round(longest * 1e3))


def test_a_window_cancels_its_copy(tmp_path):
    needs("copy_window.py")
    make_tree(tmp_path / "tree", 20, 200)
    out = on_a_screen(CANCELLED, tmp_path)
    assert out.splitlines() == ["Cancelled. Nothing of the copy is left.", "['tree']"]


# ---- copy_dialog ----

DIALOG = """
import os, sys
sys.path.insert(0, sys.argv[1])
import copy_dialog

dialog = copy_dialog.CopyDialog("tree", "copy")
if CANCEL:
    dialog.root.after(1, dialog.button.invoke)  # as a click does
dialog.root.mainloop()  # ends by itself
dialog.disk.queue.close()
print(dialog.control.cancelled)
print(sorted(os.listdir(".")))
"""


def test_a_dialog_copies_and_closes(tmp_path):
    needs("copy_dialog.py")
    make_tree(tmp_path / "tree", 5, 100)
    out = on_a_screen(DIALOG.replace("CANCEL", "False"), tmp_path)
    assert out.splitlines() == ["False", "['copy', 'tree']"]
    assert tree_of(tmp_path / "copy") == tree_of(tmp_path / "tree")


def test_a_dialog_that_is_cancelled_leaves_nothing(tmp_path):
    needs("copy_dialog.py")
    make_tree(tmp_path / "tree", 20, 400)
    out = on_a_screen(DIALOG.replace("CANCEL", "True"), tmp_path)
    assert out.splitlines() == ["True", "['tree']"]


# ---- assets ----

PLAYED = """
import sys, time
sys.path.insert(0, sys.argv[1])
import assets

game = assets.Game("pictures")
frames = []
until = time.monotonic() + 60
while len(game.pictures) < 30 and time.monotonic() < until:
    before = len(game.pictures)
    game.frame()
    frames.append(len(game.pictures) - before)
game.frame()
print(len(game.pictures), max(frames), game.problems)
print([game.screen.get_at((96 * (n % 10) + 5, 96 * (n // 10) + 5)).r for n in range(30)])
"""


def test_a_game_shows_its_pictures_as_they_arrive(tmp_path):
    needs("assets.py")
    (tmp_path / "pictures").mkdir()
    greys = [8 * n + 8 for n in range(30)]
    for number, grey in enumerate(greys):
        (tmp_path / "pictures" / f"{number:02d}.png").write_bytes(png(90, 90, grey))
    shown, colours = on_a_screen(PLAYED, tmp_path).splitlines()
    arrived, most_in_a_frame, problems = shown.split(" ", 2)
    assert (arrived, problems) == ("30", "[]")
    assert int(most_in_a_frame) <= 2
    assert colours == str(greys)  # each in its place, so they arrived in order
