"""How the console command writes names, sizes, times and failures.

A name may hold line breaks, escape codes, characters that turn the direction of the text, and bytes
that are no text. `shown` makes of every name one harmless line.
"""

from __future__ import annotations

MIB = 1 << 20


def shown(name: str) -> str:
    """The name on one line: what a terminal would not show as it is stands there as an escape."""
    return name if name.isprintable() else "".join(map(_escaped, name))


def _escaped(character: str) -> str:
    code = ord(character)
    if character.isprintable():
        return character
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is no text
        return f"\\x{code - 0xDC00:02x}"
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if short:
        return short
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shortened(name: str, width: int) -> str:
    """The name, its middle left out where it is too long."""
    name = shown(name)
    if len(name) <= width:
        return name
    end = (width - 3) // 2
    return f"{name[: width - 3 - end]}...{name[len(name) - end :]}" if width > 3 else name[:width]


def counted(n: int, one: str, many: str | None = None) -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def size_of(n: float) -> str:
    for unit, name in ((1 << 40, "TiB"), (1 << 30, "GiB"), (MIB, "MiB"), (1 << 10, "KiB")):
        if n >= unit:
            return f"{n / unit:,.1f} {name}"
    return counted(int(n), "byte")


def time_of(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def clock_of(seconds: float) -> str:
    """As a clock shows it: hours, minutes, seconds."""
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def reason_of(error: BaseException, *known: str | None) -> str:
    """Why something failed, without the names that are known anyway."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error) or type(error).__name__
    names = [_text(name) for name in (error.filename, error.filename2) if name is not None]
    others = [shown(name) for name in names if name not in known]
    return ": ".join([error.strerror, *others])


def _text(name: object) -> str:
    return name if isinstance(name, str) else str(name)
