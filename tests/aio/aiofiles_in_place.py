"""A plugin for aiofiles' own test-suite: what it imports as aiofiles is mhddq.aio.

The suite looks into aiofiles in two places: `_file`, the plain file inside a file, and `_obj`, the
file that an opening has opened. Both are answered here, by the file itself.
"""

from __future__ import annotations

import sys
from types import ModuleType

from mhddq import aio
from mhddq.aio import os, ospath, tempfile
from mhddq.aio._file import File
from mhddq.aio._opening import Opening

threadpool = ModuleType("aiofiles.threadpool")
threadpool.open = aio.open

sys.modules["aiofiles"] = aio
sys.modules["aiofiles.os"] = os
sys.modules["aiofiles.ospath"] = ospath
sys.modules["aiofiles.tempfile"] = tempfile
sys.modules["aiofiles.threadpool"] = threadpool
aio.os, aio.ospath, aio.tempfile, aio.threadpool = os, ospath, tempfile, threadpool

File._file = property(lambda self: self)
Opening._obj = property(lambda self: self._opened)
