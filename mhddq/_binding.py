"""From a row of the table in ``_ops.py`` to public functions, bound to the core by name.

Guarantees
  - mhddq is imported only if its table and its core have the same operations, and the core knows
    every flag and number that a parameter is named after.
"""

from __future__ import annotations

from mhddq import _core
from mhddq._queues import service

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from typing import Any, Literal, TypeAlias

    from typing_extensions import Buffer

    # What a parameter takes, as definitions are annotated.
    Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
    File: TypeAlias = Path | _core.Handle
    Handle: TypeAlias = _core.Handle
    Data: TypeAlias = str | Buffer
    Flag: TypeAlias = bool
    Number: TypeAlias = int
    Mode: TypeAlias = str
    OnError: TypeAlias = Literal["stop", "continue"]
    Resume: TypeAlias = _core.Resume
    Times: TypeAlias = tuple[float, float]
    Nanoseconds: TypeAlias = tuple[int, int]

# The annotations, and what the bridge calls them. A second Path is the second path. Flags and
# numbers are named as the core's are; a Number whose default is None may be None.
KINDS = {
    "Path": "path",
    "File": "file",
    "Handle": "handle",
    "Data": "data",
    "Flag": "flag",
    "Number": "number",
    "Mode": "mode",
    "OnError": "on_error",
    "Resume": "resume",
    "Times": "times",
    "Nanoseconds": "times",
    "Buffer": "buffer",
}

OPERATIONS: dict[str, Callable[..., None]] = {}  # the definitions
GIVES: dict[str, str] = {}  # what each gives: a word of _core.RESULT_KINDS
PUBLIC: dict[str, Callable[..., Any]] = {}  # the functions that users call, twins included
_faults: list[str] = []  # why the table cannot be bound

_CALLBACK = """\
callback: a callable that takes one argument, or None. It is called once, on the callback thread,
    after the operation, with a dict: 'action' (this function's name), 'result' (True, or False
    on failure), 'params' (what was passed, by name) and 'output'. With None nothing is called,
    and a failure is reported on stderr."""

_FAILURE = """\
On failure: output is {'exception': str}, the text that Python's own exception would have, such as
    "[Errno 2] No such file or directory: './a'"."""

_ENQUEUE = """\
Returns: True if it was accepted: it will run once, in its turn. False once shutdown has begun:
    nothing will happen. The call does not wait for the disk. It waits only while the ring is
    full (MHDDQ_RING_SIZE operations under way), and in a callback not even then.
Raises: TypeError for an argument of a wrong type; ValueError for a wrong setting in the
    environment, at the first operation. Nothing has been enqueued then.
Threads: any, callbacks and signal handlers included."""

_APPEND = """\
Returns: None. The operation runs, and its callback is called, each time the list is enqueued and
    its turn has come.
Raises: TypeError for an argument of a wrong type. Nothing has been added then.
Threads: any; several may fill one list."""


_CONTROL = """\
control: a Control, by which it is cancelled, paused and watched, or None."""

_FUTURE = """\
Returns: a Future of the value that output has; of None where that is empty. Of what writes, binary
    is None unless it is given: str is text, bytes-like data is bytes.
Raises: TypeError for an argument of a wrong type; RuntimeError if the queue is closed. Nothing has
    been enqueued then.
Threads: any, callbacks and signal handlers included."""

_FUTURE_OF_LIST = """\
Returns: a Future, as that of the operation in futures. It can be asked once the list is enqueued.
Raises: TypeError for an argument of a wrong type. Nothing has been added then.
Threads: any; several may fill one list."""

_OPERATION = """\
Returns: an Operation of the value that output has; of None where that is empty. Of what writes,
    binary is None unless it is given: str is text, bytes-like data is bytes. It is enqueued by the
    call, which never waits.
Raises: TypeError for an argument of a wrong type; RuntimeError if no event loop runs in the thread,
    or the queue is closed. Nothing has been enqueued then.
Threads: one in which an event loop runs: asyncio's (uvloop too), or trio's."""

_OPERATION_OF_LIST = """\
Returns: an Operation, as that of the operation in aio. It can be awaited once the list is enqueued.
Raises: TypeError for an argument of a wrong type. Nothing has been added then.
Threads: that of the event loop."""

# Of the methods: whether into a list, whether the list is an argument, what it returns.
_FUTURES = (_FUTURE, _FUTURE_OF_LIST)
_AWAITS = (_OPERATION, _OPERATION_OF_LIST)
_METHODS = ((False,), (True, False), (False, False, _FUTURES), (True, False, _FUTURES))


def _document(
    definition: Callable[..., None],
    in_oplist: bool,
    as_function: bool = True,
    ends: tuple[str, str] | None = None,
) -> str:
    """ends: how it is described what it returns, outside and inside of lists; None: a callback."""
    if not definition.__doc__:  # python -OO
        return ""
    summary, _, rest = _dedented(definition.__doc__).partition("\n\n")
    if in_oplist:
        summary = f"Adds to an oplist: {summary[0].lower()}{summary[1:]}"
    body = []
    if in_oplist and as_function:
        body.append("oplist: from create_empty_oplist(); the operation is added at its end.")
    if ends is None:
        body.append(_CALLBACK)
    body.append(rest)
    if not in_oplist:
        body.append(_CONTROL)
    if ends is not None:
        body.append(ends[in_oplist])
    else:
        body += [_FAILURE, _APPEND if in_oplist else _ENQUEUE]
    return summary + "\n\n" + "\n".join(body) + "\n"


def futures() -> dict[str, Callable[..., Any]]:
    """The functions of mhddq.futures."""
    return _functions("futures", _FUTURES)


def awaits() -> dict[str, Callable[..., Any]]:
    """The functions of mhddq.aio. Adds the methods of its classes, too."""
    for name, definition in OPERATIONS.items():
        documents = [_document(definition, into, False, _AWAITS) for into in (False, True)]
        _core.add_aio_methods(name, *documents)
    return _functions("aio", _AWAITS)


def _functions(style: str, ends: tuple[str, str]) -> dict[str, Callable[..., Any]]:
    return {
        name: _core.function(service, name, _document(definition, False, False, ends), name, style)
        for name, definition in OPERATIONS.items()
        if GIVES[name] != "entries"  # which are iterated
    }


def _dedented(docstring: str) -> str:
    """What inspect.cleandoc makes of it; inspect costs more to import than all of mhddq."""
    first, *others = docstring.rstrip().split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in others if line), default=0)
    return "\n".join([first, *(line[indent:] for line in others)])


def operation(gives: str, *, seed: bool = False) -> Callable[[Callable[..., None]], Any]:
    """Enters a definition into the table. What stands in its module is the public function."""

    def enter(definition: Callable[..., None]) -> Callable[..., Any]:
        name = definition.__name__
        OPERATIONS[name] = definition
        GIVES[name] = gives
        faults = list(_unknown(name, gives, parameters_of(definition)))
        if faults:
            _faults.extend(faults)
            return definition
        parameters = tuple(_core.Parameter(*p) for p in parameters_of(definition))
        _core.add_row(_core.Row(name, gives, parameters))
        for public, in_oplist in ((name, False), (f"oplist_{name}", True))[: 1 + seed]:
            document = _document(definition, in_oplist)
            style = "oplist" if in_oplist else ""
            PUBLIC[public] = _core.function(service, public, document, name, style)
        _core.add_methods(name, *(_document(definition, *style) for style in _METHODS))
        return PUBLIC[name]

    return enter


def parameters_of(definition: Any) -> list[tuple[str, str, bool, tuple[object, ...]]]:
    """Name, kind, whether it is keyword-only, and a tuple of the default, or an empty one.
    By hand: inspect costs more to import than all of mhddq."""
    code = definition.__code__
    positional = code.co_varnames[: code.co_argcount]
    keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    of_positional = definition.__defaults__ or ()
    defaults = dict(zip(reversed(positional), reversed(of_positional), strict=False))
    defaults |= definition.__kwdefaults__ or {}
    return [
        (
            name,
            kind_of(definition, name),
            name in keywords,
            (defaults[name],) if name in defaults else (),
        )
        for name in positional + keywords
    ]


def kind_of(definition: Any, parameter: str) -> str:
    annotation: str = definition.__annotations__.get(parameter, "").removesuffix(" | None")
    return KINDS.get(annotation, annotation)


def _unknown(name: str, gives: str, parameters: list[Any]) -> Iterator[str]:
    if name not in _core.OPERATIONS:
        yield f"the core (MHQ_OPS in csrc/op.h) has no operation '{name}'"
    if gives not in _core.RESULT_KINDS:
        yield f"'{name}' gives '{gives}', which the bridge (bridge/table.pxi) does not know"
    for parameter, kind, keyword_only, default in parameters:
        if kind not in _core.PARAMETER_KINDS:
            yield f"'{parameter}' of '{name}' is annotated with no kind of parameter"
        elif kind == "flag" and parameter not in _core.FLAGS:
            yield f"the core (MHQ_FLAGS in csrc/op.h) has no flag '{parameter}' ('{name}')"
        elif kind == "number" and parameter not in _core.NUMBERS:
            yield f"the core (MHQ_NUMBERS in csrc/op.h) has no number '{parameter}' ('{name}')"
        if keyword_only and not default:
            yield f"'{parameter}' of '{name}' is keyword-only and has no default"


def check() -> None:
    """Raises ImportError, with all that is wrong, unless the whole table is bound."""
    faults = [
        *_faults,
        *(
            f"the table (mhddq/_ops.py) has no operation '{name}'"
            for name in _core.OPERATIONS
            if name not in OPERATIONS
        ),
    ]
    if faults:
        raise ImportError(
            "mhddq's Python files and its compiled core are not of one build; install it anew:"
            + "".join(f"\n  {fault}" for fault in faults)
        )
