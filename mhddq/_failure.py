"""Failures as callbacks are given them, and that of an operation that was cancelled."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing_extensions import Self


class Cancelled(OSError):
    """An operation was cancelled: it never ran, or it was stopped and undone (errno ECANCELED).

    It is the error of an operation that a Control, cancel() or a stopped list has cancelled. A
    callback gets its text: "[Errno 125] Operation canceled: './x'".
    """

    __module__ = "mhddq"


class FailureText(str):
    """What stands in ``args['output']['exception']``: the text of the exception that Python's own
    function would have raised, such as "[Errno 2] No such file or directory: './a'".

    It is a str and behaves as one. What is made of it, by slicing or concatenation, is a plain str.

    error: the exception itself: an OSError with its errno, filename and filename2, a
        UnicodeDecodeError (which holds all of the file's bytes), or what else it was.
    """

    __slots__ = ("error",)

    error: BaseException

    def __new__(cls, text: str, error: BaseException) -> Self:
        self = super().__new__(cls, text)
        self.error = error
        return self

    @classmethod
    def of(cls, error: BaseException) -> Self:
        return cls(str(error) or type(error).__name__, error)

    def __reduce__(self) -> tuple[type[Self], tuple[str, BaseException]]:
        return type(self), (str(self), self.error)
