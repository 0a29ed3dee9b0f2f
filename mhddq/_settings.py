"""Settings from the environment, read when the queue starts.

Guarantee: a value that is no whole number in range is a ValueError that names the variable, the
value and the range; nothing is rounded into range silently.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Mapping
from typing import NamedTuple

# The value is named whole, unless it is absurdly long.
_shown = reprlib.Repr()
_shown.maxstring = 200


class Setting(NamedTuple):
    variable: str
    default: int
    lowest: int
    highest: int


SETTINGS: dict[str, Setting] = {
    "ring_size": Setting("MHDDQ_RING_SIZE", 4096, 1, 1048576),
    "buffer_bytes": Setting("MHDDQ_BUFFER_BYTES", 67108864, 65536, 2**40),
    "lookahead": Setting("MHDDQ_LOOKAHEAD", 16, 0, 4096),
    "spin_us": Setting("MHDDQ_SPIN_US", 50, 0, 1000),
}


def _read(setting: Setting, environment: Mapping[str, str]) -> int:
    text = environment.get(setting.variable)
    if text is None:
        return setting.default
    # Plain digits only: int() would take '1_000', ' 5 ' and digits of other scripts. The length
    # keeps a value of a million digits from being converted just to be refused.
    if text.isascii() and text.isdigit() and len(text) <= 20:
        value = int(text)
        if setting.lowest <= value <= setting.highest:
            return value
    raise ValueError(
        f"{setting.variable}={_shown.repr(text)}: must be a whole number "
        f"from {setting.lowest} to {setting.highest}"
    )


def read_settings(environment: Mapping[str, str] | None = None) -> dict[str, int]:
    """The settings in force, by name; the ring's size rounded up to a power of two."""
    found = os.environ if environment is None else environment
    values = {name: _read(setting, found) for name, setting in SETTINGS.items()}
    values["ring_size"] = 1 << (values["ring_size"] - 1).bit_length()
    return values
