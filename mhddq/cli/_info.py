"""``mhddq info [PATH]``: what a bug report needs, of the place of PATH and of this installation.

A fact that cannot be found out is "unknown"; none is guessed.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
import sysconfig

import mhddq
from mhddq import _core, _settings
from mhddq.cli._words import shown, size_of

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing import Any

UNKNOWN = "unknown"
FICLONE = 0x40049409


def info(path: str, as_json: bool) -> int:
    st = os.stat(path)
    facts = {"path": os.path.realpath(path), **place(path, st), **settings(), **versions()}
    if as_json:
        print(json.dumps(facts))
        return 0
    for name, value in facts.items():
        label = name if name.startswith("MHDDQ_") else name.replace("_", " ")
        print(f"{label:<24} {worded(name, value)}")
    return 0


def worded(name: str, value: Any) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in ("free", "size"):
        return size_of(value)
    return shown(str(value))


# ---- the place --------------------------------------------------------------------------------


def place(path: str, st: os.stat_result) -> dict[str, Any]:
    folder = path if os.path.isdir(path) else os.path.dirname(path) or "."
    mount = mounted_at(os.path.realpath(path), st.st_dev)
    usage = usage_of(folder)
    rotating = rotates(path, st.st_dev)
    return {
        "file_system": mount.get("type"),
        "mounted_at": mount.get("at"),
        "mount_options": mount.get("options"),
        "device": mount.get("source"),
        "device_number": f"{os.major(st.st_dev)}:{os.minor(st.st_dev)}"
        if hasattr(os, "major")
        else str(st.st_dev),
        "device_model": model_of(st.st_dev),
        "size": usage and usage["total"],
        "free": usage and usage["free"],
        "rotating": rotating,
        "reflink": reflinks(folder),
        "reading_ahead": reading_ahead(rotating),
    }


def usage_of(folder: str) -> Any:
    with mhddq.Queue("info") as queue:
        try:
            return queue.futures.disk_usage(folder).result()._asdict()
        except (OSError, AttributeError):
            return None


def unescaped(text: str) -> str:
    """As /proc writes names: spaces and the like in octal."""
    for octal, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        text = text.replace(octal, character)
    return text


def mounted_at(path: str, device: int) -> dict[str, str]:
    """The mount with that device that is the nearest above the path; of several, the last."""
    found: dict[str, str] = {}
    try:
        with open("/proc/self/mountinfo", errors="surrogateescape") as lines:
            for line in lines:
                before, _, after = line.partition(" - ")
                fields, more = before.split(), after.split()
                at = unescaped(fields[4])
                below = path == at or path.startswith(at.rstrip("/") + "/")
                if below and len(at) >= len(found.get("at", "")):
                    source = unescaped(more[1])
                    found = {"type": more[0], "source": source, "at": at, "options": fields[5]}
    except (OSError, IndexError):
        return {}
    return found


def model_of(device: int) -> str | None:
    """Of the disk, also where the device is a partition of it."""
    if not hasattr(os, "major"):
        return None
    at = f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"
    for model in (f"{at}/device/model", f"{at}/../device/model"):
        try:
            with open(model, errors="replace") as file:
                return file.read().strip()
        except OSError:
            continue
    return None


def rotates(path: str, device: int) -> bool | None:
    if sys.platform == "win32":  # it is not asked there
        return None
    return _core.rotates(path, device)


def reading_ahead(rotating: bool | None) -> str:
    """What the queue will do here, see docs/hard-disk.md."""
    try:
        files = _settings.read_settings()["lookahead"]
    except ValueError as error:
        return f"off: {error}"
    if sys.platform == "win32":
        return "off: not on Windows"
    if files == 0:
        return "off: MHDDQ_LOOKAHEAD=0"
    if not rotating:
        return "off: the device is not reported to rotate"
    return f"on: up to {files:,} files ahead, once the first reads have shown that the disk is slow"


def reflinks(folder: str) -> bool | None:
    """Whether two files can share blocks. It is tried, with two files that have no name."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    import fcntl  # noqa: PLC0415 - not on Windows

    opened = []
    try:
        for _ in range(2):
            opened.append(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600))
        os.write(opened[0], bytes(4096))
        fcntl.ioctl(opened[1], FICLONE, opened[0])
    except OSError as error:
        # No right to write here, or no file without a name: it was not tried.
        return False if len(opened) == 2 and error.errno != errno.ENOSPC else None
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return True


# ---- the installation -------------------------------------------------------------------------


def settings() -> dict[str, Any]:
    """Those in force, by the variable that sets each."""
    try:
        in_force = _settings.read_settings()
    except ValueError as error:
        return {"settings": f"refused: {error}"}
    return {_settings.SETTINGS[name][0]: value for name, value in in_force.items()}


def versions() -> dict[str, Any]:
    return {
        "mhddq": mhddq.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "c_library": " ".join(platform.libc_ver()).strip() or None,
        "processors": os.cpu_count(),
        "rich": version_of("rich"),
    }


def version_of(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
