"""Settings from the environment, read when a queue starts, and those that a queue is made with.

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
    "write_bytes": ("MHDDQ_WRITE_BYTES", 268435456, 65536, 2**40),
    "lookahead": ("MHDDQ_LOOKAHEAD", 4096, 0, 4096),
    "lookahead_bytes": ("MHDDQ_LOOKAHEAD_BYTES", 1073741824, 1048576, 2**40),
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
    # The full value is shown, unless it is absurdly long.
    shown = repr(text if len(text) <= 200 else f"{text[:100]}...{text[-97:]}")
    raise ValueError(f"{variable}={shown}: must be a whole number from {lowest} to {highest}")


def check_settings(given: Mapping[str, object]) -> dict[str, int]:
    """Of those that a queue is made with, by name, the ones that are not None."""
    checked = {}
    for name, value in given.items():
        if value is None:
            continue
        _, _, lowest, highest = SETTINGS[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be int or None, not {type(value).__name__!r}")
        if not lowest <= value <= highest:
            shown = repr(value) if abs(value) < 10**30 else "a number of many digits"
            raise ValueError(f"{name}={shown}: must be a whole number from {lowest} to {highest}")
        checked[name] = int(value)
    return checked


def read_settings(
    environment: Mapping[str, str] | None = None, given: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The settings in force, by name; the ring's size rounded up to a power of two.

    given: those that the queue was made with, which count before the environment.
    """
    found = os.environ if environment is None else environment
    given = given or {}
    values = {
        name: given[name] if name in given else _read(setting, found)
        for name, setting in SETTINGS.items()
    }
    values["ring_size"] = 1 << (values["ring_size"] - 1).bit_length()
    return values
