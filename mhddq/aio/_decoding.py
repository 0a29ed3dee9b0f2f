"""Text out of bytes: decoding piece by piece, and the way back from a character to its byte.

A place in a text is a cookie, the same as io's: a whole number, in which the place of a byte, the
decoder's flags there, and what is to be decoded and skipped behind it stand side by side. It is the
place of the byte alone wherever that suffices.
"""

from __future__ import annotations

import codecs
import io
import locale
import sys
from collections import deque
from functools import lru_cache
from typing import Any, NamedTuple


class Text(NamedTuple):
    """How bytes are text."""

    encoding: str
    errors: str
    newline: str | None
    is_stateless: bool  # pieces that end between characters are encoded one by one

    @classmethod
    def checked(cls, encoding: str | None, errors: str | None, newline: str | None) -> Text:
        if not (encoding is errors is newline is None):
            _must_be_names(encoding=encoding, errors=errors, newline=newline)
        if newline not in (None, "", "\n", "\r", "\r\n"):
            raise ValueError(f"illegal newline value: {newline!r}")
        encoding = io.text_encoding(encoding, 3)
        if encoding == "locale":
            encoding = _locale_encoding()
        return _text(encoding, errors, newline)

    @classmethod
    def of_names(cls, encoding: str, errors: str | None, newline: str | None) -> Text:
        found = codecs.lookup(encoding)
        if not getattr(found, "_is_text_encoding", True):
            raise LookupError(f"{encoding!r} is not a text encoding; use codecs.open()")
        return cls(encoding, errors or "strict", newline, found.name in _STATELESS)


def _must_be_names(**given: object) -> None:
    for what, value in given.items():
        if value is not None and not isinstance(value, str):
            kind = type(value).__name__
            raise TypeError(f"open() argument {what!r} must be str or None, not {kind}")


_STATELESS = {"utf-8", "ascii", "iso8859-1"}
_text = lru_cache(Text.of_names)


def _locale_encoding() -> str:
    if sys.version_info >= (3, 11):
        return locale.getencoding()
    return locale.getpreferredencoding(False)


_BITS = (64, 32, 32, 32, 8)  # of the parts of a cookie; then what is left of the flags


class Cookie(NamedTuple):
    start: int  # where to begin decoding
    flags: int = 0  # the decoder's state there, without bytes
    feed: int = 0  # bytes to be decoded behind it
    skip: int = 0  # characters of those to be passed over
    at_end: int = 0  # whether the decoder is to be given the end of the file with them

    def packed(self) -> int:
        number, place = 0, 0
        for value, bits in zip((*self, self.flags >> 32), (*_BITS, None), strict=True):
            number |= (value & ((1 << bits) - 1) if bits else value) << place
            place += bits or 0
        return number

    @classmethod
    def unpacked(cls, number: int) -> Cookie:
        values = []
        for bits in _BITS:
            values.append(number & ((1 << bits) - 1))
            number >>= bits
        start, flags, feed, skip, at_end = values
        return cls(start, flags | number << 32, feed, skip, at_end)


class Piece(NamedTuple):
    """What was given to the decoder at once."""

    first: int  # characters decoded before it
    start: int  # the place of its first byte
    flags: int  # the decoder's state before it
    data: bytes  # with the bytes that the decoder had kept before


class Decoding:
    """A decoder, with what is needed to find back.

    The characters are numbered from the last reset. Pieces are kept from the one on that holds the
    first unread character.
    """

    def __init__(self, encoding: str, errors: str, newline: str | None) -> None:
        self._encoding, self._errors, self._newline = encoding, errors, newline
        self.decoder = self._make()
        self.decoded = 0
        self.pieces: deque[Piece] = deque()

    def _make(self) -> Any:
        decoder: Any = codecs.getincrementaldecoder(self._encoding)(self._errors)
        if not self._newline:  # None and ""
            return io.IncrementalNewlineDecoder(decoder, translate=self._newline is None)
        return decoder

    @property
    def newlines(self) -> str | tuple[str, ...] | None:
        return getattr(self.decoder, "newlines", None)

    def reset(self, cookie: Cookie = Cookie(0)) -> None:  # noqa: B008 - immutable
        self.pieces.clear()
        self.decoded = 0
        if cookie.flags:
            self.pieces.append(Piece(0, cookie.start, cookie.flags, b""))
        if cookie.start == 0 and cookie.flags == 0:
            self.decoder.reset()
        else:
            self.decoder.setstate((b"", cookie.flags))

    def feed(self, data: bytes, place: int, unread: int, *, at_end: bool = False) -> str:
        """Decodes bytes.

        place: of their first one, in the file. unread: characters that were not taken yet.
        """
        kept, flags = self.decoder.getstate()
        if unread:
            self._let_go(unread)
        else:
            self.pieces.clear()
        try:
            text: str = self.decoder.decode(data, at_end)
        except UnicodeError:
            self.decoder.setstate((kept, flags))
            raise
        self.pieces.append(Piece(self.decoded, place - len(kept), flags, kept + data))
        self.decoded += len(text)
        return text

    def _let_go(self, unread: int) -> None:
        """Of the pieces all of whose characters have been taken."""
        taken = self.decoded - unread
        while len(self.pieces) > 1 and self.pieces[1].first <= taken:
            self.pieces.popleft()

    def locate(self, unread: int) -> Cookie | None:
        """The place of the first unread character. None: that of the next byte."""
        self._let_go(unread)
        if not self.pieces:
            return None
        piece = self.pieces[0]
        skip = self.decoded - unread - piece.first
        if not skip:
            return Cookie(piece.start, piece.flags)
        return _Search(self._make(), piece).find(skip)


class _Search:
    """Where in a piece a number of characters ends."""

    def __init__(self, decoder: Any, piece: Piece) -> None:
        self._decoder, self._piece = decoder, piece

    def _after(self, size: int) -> tuple[int, bool, int]:
        """Characters in the first bytes; whether the decoder kept none of the bytes; its flags."""
        self._decoder.setstate((b"", self._piece.flags))
        count = len(self._decoder.decode(self._piece.data[:size]))
        kept, flags = self._decoder.getstate()
        return count, not kept, flags

    def find(self, skip: int) -> Cookie:
        """The last place before which no byte is kept and not too many characters are; then how
        many bytes on there are enough of them."""
        data = self._piece.data
        low, high = 0, len(data)  # the first place with enough characters is in ]low, high]
        while high - low > 1:
            middle = (low + high) // 2
            if self._after(middle)[0] >= skip:
                high = middle
            else:
                low = middle
        enough = self._after(high)[0] >= skip
        size, count, flags = high, *self._after(high)[::2]
        while size:
            count, clean, flags = self._after(size)
            if clean and count <= skip:
                break
            size -= 1
        else:
            count, flags = 0, self._piece.flags
        start = self._piece.start + size
        if count == skip:
            return Cookie(start, flags)
        return Cookie(start, flags, high - size, skip - count, not enough)
