"""The simplest use: one operation goes from Python through the queue and back."""

import threading

import mhddq


def test_file_exists_comes_back(tmp_path):
    (tmp_path / "there").touch()
    collected = []
    done = threading.Event()

    def callback(args):
        collected.append(args)
        if len(collected) == 2:
            done.set()

    there, missing = str(tmp_path / "there"), str(tmp_path / "missing")
    assert mhddq.file_exists(callback, there) is True
    assert mhddq.file_exists(callback=callback, filename=missing) is True
    assert done.wait(30)
    assert collected == [
        {
            "action": "file_exists",
            "result": True,
            "params": {"callback": callback, "filename": name},
            "output": {"exists": exists},
        }
        for name, exists in ((there, True), (missing, False))
    ]
