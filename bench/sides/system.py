"""The system's own tools for trees; the start of their process is included."""

from __future__ import annotations

import platform
import subprocess

from sides.plain import timed

VERSION = platform.release()


def copy(options):
    return timed(subprocess.check_call, ["cp", "-a", options.source, options.path])


def delete(options):
    return timed(subprocess.check_call, ["rm", "-rf", options.path])
