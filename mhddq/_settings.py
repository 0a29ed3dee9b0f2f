"""Settings from the environment, read when the queue starts.

Guarantee: a value that is no whole number in range is a ValueError that names the variable, the
value and the range; nothing is rounded into range silently.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping

# The variable, its default, the lowest and the highest value.
SETTINGS: dict[str, tuple[str, int, int, int]] = {
    "ring_size": ("MHDDQ_RING_SIZE", 4096, 1, 1048576),
    "buffer_bytes": ("MHDDQ_BUFFER_BYTES", 67108864, 65536, 2**40),
    "lookahead": ("MHDDQ_LOOKAHEAD", 2048, 0, 4096),
    "lookahead_bytes": ("MHDDQ_LOOKAHEAD_BYTES", 268435456, 1048576, 2**40),
    "spin_us": ("MHDDQ_SPIN_US", 100, 0, 1000),
}


def _read(setting: tuple[str, int, int, int], environment: Mapping[str, str]) -> int:
    variable, default, lowest, highest = setting
    text = environment.get(variable)
    if text is None:
        return default
    # Plain digits only: int() would take '1_000', ' 5 ' and digits of other scripts. The length
    # keeps a value of a million digits from being converted just to be refused.
    if text.isascii() and text.isdigit() and len(text) <= 20:
        value = int(text)
        if lowest <= value <= highest:
            return value
    # The value is named whole, unless it is absurdly long.
    shown = repr(text if len(text) <= 200 else f"{text[:100]}...{text[-97:]}")
    raise ValueError(f"{variable}={shown}: must be a whole number from {lowest} to {highest}")


def read_settings(environment: Mapping[str, str] | None = None) -> dict[str, int]:
    """The settings in force, by name; the ring's size rounded up to a power of two."""
    found = os.environ if environment is None else environment
    values = {name: _read(setting, found) for name, setting in SETTINGS.items()}
    values["ring_size"] = 1 << (values["ring_size"] - 1).bit_length()
    return values
