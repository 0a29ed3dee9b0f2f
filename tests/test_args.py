"""args are plain dicts, made as if for this one call: a callback may keep and change them, whatever
other callbacks do with theirs."""

from __future__ import annotations

import copy
import gc
import subprocess
import sys
import threading
import weakref

import pytest
from helpers import DEADLINE, FREE_THREADED

import mhddq

# What a callback may do with its args. What it returns is kept.


class Mapped(dict):  # type: ignore[type-arg]
    """Not a plain dict."""


def put_self_inside(args):
    args["self"] = args


def alias(args):
    args["output"] = args["params"]


def reorder(args):
    args["action"] = args.pop("action")


def reorder_inside(args):
    args["params"]["callback"] = args["params"].pop("callback")


def fill_up(args):
    for each in (args, args["params"], args["output"]):
        each.update({number: str(number) for number in range(100)})


def fill_and_empty(args):
    for each in (args, args["params"], args["output"]):
        keys = list(each)
        each.update({f"more {number}": None for number in range(40)})
        for key in list(each):
            if key not in keys:
                del each[key]


def replace_keys(args):
    """By others of the same text."""
    for each in (args, args["params"], args["output"]):
        for key, value in list(each.items()):
            del each[key]
            each["".join(list(key))] = value


DEEDS = {
    "nothing": lambda args: None,
    "keep args": lambda args: args,
    "keep params": lambda args: args["params"],
    "keep output": lambda args: args["output"],
    "keep what output has": lambda args: list(args["output"].values()),
    "keep an iterator": lambda args: iter(args["params"].items()),
    "keep a view": lambda args: args["output"].keys(),
    "keep the frame": lambda args: sys._getframe(),  # which has args
    "keep in a closure": lambda args: lambda: args,
    "keep a copy": lambda args: copy.deepcopy({**args, "params": None}),
    "keep and change": lambda args: args.update(extra=1) or args,
    "keep params, empty args": lambda args: (args["params"], args.clear())[0],
    "keep output, replace it": lambda args: (args["output"], args.update(output={}))[0],
    "empty args": lambda args: args.clear(),
    "empty params": lambda args: args["params"].clear(),
    "empty output": lambda args: args["output"].clear(),
    "add": lambda args: args.update(extra=[args["params"]]),
    "add inside": lambda args: args["params"].update(extra=args),
    "add a number": lambda args: args["output"].update({1: 2}),
    "remove": lambda args: args.pop("result"),
    "remove inside": lambda args: args["params"].pop("callback"),
    "replace action": lambda args: args.update(action=None),
    "replace result": lambda args: args.update(result="no"),
    "replace params": lambda args: args.update(params=None),
    "replace params by a copy": lambda args: args.update(params=dict(args["params"])),
    "replace params by a subclass": lambda args: args.update(params=Mapped(args["params"])),
    "replace output by a subclass": lambda args: args.update(output=Mapped(args["output"])),
    "replace a value": lambda args: args["params"].update(filename=b"other"),
    "replace the callback": lambda args: args["params"].update(callback=None),
    "replace what output has": lambda args: args["output"].update(dict.fromkeys(args["output"])),
    "put self inside": put_self_inside,
    "alias": alias,
    "reorder": reorder,
    "reorder inside": reorder_inside,
    "fill up": fill_up,
    "fill and empty": fill_and_empty,
    "replace keys": replace_keys,
}


def shown(what):
    """A value that must not change any more, as far as it can be seen."""
    if isinstance(what, dict):
        return [
            type(what),
            [(key, shown(value)) for key, value in what.items() if value is not what],
        ]
    if callable(what):
        return repr(what)
    return [type(what), what] if isinstance(what, (list, str, bytes, bool)) else [type(what)]


class Recorder:
    """Callbacks that first look at their args, then do something with them."""

    def __init__(self):
        self.seen, self.kept, self.shown = [], [], []
        self.gate, self.last = threading.Event(), threading.Event()

    def held(self):
        """What is enqueued after this is delivered together, once the gate is opened."""
        inside = threading.Event()

        def wait(args):
            inside.set()
            self.gate.wait(DEADLINE)

        assert mhddq.file_exists(wait, ".")
        assert inside.wait(DEADLINE)

    def doing(self, deed):
        def callback(args):
            self.seen.append((args["action"], type(args), list(args), shown(args)))
            kept = deed(args)
            self.kept.append(kept)
            self.shown.append(shown(kept))

        return callback

    def run(self):
        assert mhddq.file_exists(lambda args: self.last.set(), ".")
        self.gate.set()
        assert self.last.wait(DEADLINE)


def params_of(callback, **others):
    return [dict, [("callback", repr(callback)), *((n, shown(v)) for n, v in others.items())]]


def wanted(action, params, output):
    """As shown() shows them."""
    return [
        dict,
        [
            ("action", [str, action]),
            ("result", [bool, True]),
            ("params", params),
            ("output", [dict, [(name, shown(value)) for name, value in output.items()]]),
        ],
    ]


READ = {"filename": "{}/file", "binary": True}

# What is given by position and by keyword, the params, the output. Behind a space: which case.
OPERATIONS = {
    "file_exists": (("missing",), {}, {"filename": "missing"}, {"exists": False}),
    "directory_exists": (("{}",), {}, {"dirname": "{}"}, {"exists": True}),
    "file_read": (("{}/file", True), {}, READ, {"data": b"abc"}),
    "file_read part": (
        ("{}/file", True),
        {"length": 1, "offset": 1},
        {**READ, "length": 1, "offset": 1},
        {"data": b"b"},
    ),
    "file_read rest": (("{}/file", True), {"offset": 2}, {**READ, "offset": 2}, {"data": b"c"}),
    "file_write": (
        (b"abc", "{}/new", True),
        {},
        {"data": b"abc", "filename": "{}/new", "binary": True},
        {},
    ),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("operation", [*OPERATIONS, "all"])
def test_a_callback_may_do_anything_with_its_args(tmp_path, operation, deed):
    """Before and behind it are callbacks of others that do nothing. All are delivered together."""
    (tmp_path / "file").write_bytes(b"abc")
    recorder = Recorder()
    recorder.held()
    promised = []
    for turn in range(30):
        callback = recorder.doing(DEEDS[deed if turn % 3 == 1 else "nothing"])
        case = list(OPERATIONS)[turn % len(OPERATIONS)] if operation == "all" else operation
        name = case.split()[0]
        values, keywords, params, output = OPERATIONS[case]
        values, params = filled(values, tmp_path), filled(params, tmp_path)
        assert getattr(mhddq, name)(callback, *values, **keywords)
        promised.append(
            (
                name,
                dict,
                ["action", "result", "params", "output"],
                wanted(name, params_of(callback, **params), output),
            )
        )
    recorder.run()
    assert recorder.seen == promised
    assert [shown(kept) for kept in recorder.kept] == recorder.shown


def filled(values, folder):
    """With the folder in each place for it."""
    if isinstance(values, dict):
        return dict(zip(values, filled(tuple(values.values()), folder), strict=True))
    return tuple(v.format(folder) if isinstance(v, str) else v for v in values)


@pytest.mark.skipif(FREE_THREADED, reason="what another thread frees, its maker finalises, later")
def test_what_an_operation_was_given_is_let_go_before_the_next_callback(tmp_path):
    class Path:
        def __fspath__(self):
            return str(tmp_path)

    recorder = Recorder()
    recorder.held()
    given, alive, last = [], [], weakref.WeakSet()

    def look(_):
        alive.append([reference() is not None for reference in given[: len(alive)]])

    for turn in range(20):
        path = Path()
        given.append(weakref.ref(path))
        last.add(path)
        if turn % 3 != 2:
            assert mhddq.file_exists(look, path)
            continue
        future = mhddq.futures.file_exists(path)  # what is called by it is no callback of args
        future.add_done_callback(look)
        del future
    del path
    recorder.run()
    assert len(alive) == 20
    assert not any(map(any, alive))
    assert not last


def test_what_a_read_gave_is_let_go_before_the_next_callback(tmp_path):
    (tmp_path / "file").write_bytes(bytes(100))
    recorder = Recorder()
    recorder.held()
    counts = []

    def callback(args):
        data = args["output"]["data"]
        counts.append(sys.getrefcount(data))
        args["output"]["data"] = None

    for _ in range(10):
        assert mhddq.file_read(callback, str(tmp_path / "file"), True)
    recorder.run()
    assert counts == [3] * 10  # of the variable, the dict and the call


def test_a_dict_that_the_collector_has_shown_is_not_changed():
    """Between two callbacks a finaliser may get hold of any object."""
    recorder = Recorder()
    recorder.held()
    found = []

    class Path(str):
        __slots__ = ()

        def __del__(self):
            for each in gc.get_objects():
                if type(each) is not dict or list(each) != ["action", "result", "params", "output"]:
                    continue
                params = each["params"]  # of a TypedDict's annotations it is something else
                if type(params) is dict and type(params.get("filename")) is Path:
                    found.append((each, shown(each)))

    def callback(args):
        pass

    for number in range(10):
        assert mhddq.file_exists(callback, Path(number))
    recorder.run()
    assert [shown(each) for each, _ in found] == [before for _, before in found]


def test_callbacks_of_failures_and_futures_between(tmp_path):
    recorder = Recorder()
    recorder.held()
    failed, futures = [], []

    def failing(args):
        failed.append((list(args), args["result"], list(args["output"]), list(args["params"])))

    promised = []
    for _ in range(10):
        callback = recorder.doing(DEEDS["nothing"])
        assert mhddq.file_exists(callback, "missing")
        promised.append(
            (
                "file_exists",
                dict,
                ["action", "result", "params", "output"],
                wanted("file_exists", params_of(callback, filename="missing"), {"exists": False}),
            )
        )
        assert mhddq.file_read(failing, str(tmp_path))
        futures.append(mhddq.futures.file_exists("missing"))
        assert mhddq.file_exists(None, "missing")
    recorder.run()
    assert recorder.seen == promised
    assert (
        failed
        == [
            (
                ["action", "result", "params", "output"],
                False,
                ["exception"],
                ["callback", "filename", "binary"],
            )
        ]
        * 10
    )
    assert [future.result() for future in futures] == [False] * 10


def test_ports_and_lists_and_deliveries_inside_of_a_callback():
    queue = mhddq.Queue("args")
    port = queue.port()
    recorder = Recorder()
    inner = []

    def outer(args):
        before = shown(args)
        inner.append(port.deliver(limit=2))
        recorder.seen.append(before == shown(args))

    fileops = mhddq.create_empty_oplist()
    for number in range(50):
        fileops.file_exists(outer if number % 10 == 0 else inner.append, str(number))
    assert port.enqueue_oplist(fileops)
    for number in range(50, 100):
        assert port.file_exists(outer if number % 10 == 0 else inner.append, str(number))
    while port.pending:
        port.deliver(timeout=DEADLINE)
    queue.close()
    assert recorder.seen == [True] * 10
    kept = [args for args in inner if isinstance(args, dict)]
    assert [args["params"]["filename"] for args in kept] == [
        str(number) for number in range(100) if number % 10
    ]
    assert len({id(args) for args in kept}) == 90


PROGRAM = """
import gc, threading
import mhddq
gate, inside, last = threading.Event(), threading.Event(), threading.Event()
def wait(args):
    inside.set()
    gate.wait(60)
made = set()
def callback(args):
    made.add((id(args), id(args["params"]), id(args["output"])))
mhddq.file_exists(wait, ".")
inside.wait(60)
for number in range(200):
    mhddq.file_exists(callback, str(number))
while mhddq.stats()["completed"] < 201:
    pass
gate.set()
mhddq.shutdown()
gc.collect()
print(len(made))
"""


@pytest.mark.parametrize("options", [(), ("-X", "tracemalloc"), ("-X", "dev")])
def test_in_every_mode_of_python_all_are_called(tmp_path, options):
    shown = subprocess.check_output(
        [sys.executable, *options, "-c", PROGRAM], cwd=tmp_path, text=True, timeout=DEADLINE
    )
    assert int(shown) >= 1
