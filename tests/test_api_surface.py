"""The public functions are those of the promised table, of which this file has its own copy: names,
signatures, docstrings, type errors, and what a callback gets."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
import sys
import types
from pathlib import Path

import pytest
from helpers import Outcome, do, settle
from programs import ended

import mhddq

OPERATIONS = {
    "file_exists": ["filename"],
    "file_create": ["filename"],
    "file_delete": ["filename"],
    "file_rename": ["original_filename", "new_filename"],
    "file_move": ["source_filename", "destination_filename"],
    "file_copy": ["source_filename", "copy_filename"],
    "file_read": ["filename", ("binary", False)],
    "file_write": ["data", "filename", ("binary", False)],
    "directory_exists": ["dirname"],
    "directory_create": ["dirname"],
    "directory_delete": ["dirname"],
    "directory_contents": ["dirname"],
    "directory_rename": ["old_dirname", "new_dirname"],
    "directory_move": ["source_dirname", "destination_dirname"],
    "directory_copy": ["source_dirname", "copy_dirname"],
}

TABLE: dict[str, list[str | tuple[str, object]]] = {
    **{name: ["callback", *own] for name, own in OPERATIONS.items()},
    **{f"oplist_{name}": ["oplist", "callback", *own] for name, own in OPERATIONS.items()},
    "create_empty_oplist": [],
    "clear_oplist": ["oplist"],
    "embed_oplist": ["oplist", "sub_oplist"],
    "enqueue_oplist": ["oplist"],
    "shutdown": [],
    "is_shutdown": [],
}

QUEUED = [name for name in TABLE if name.removeprefix("oplist_") in OPERATIONS]


def names_of(name: str) -> list[str]:
    return [p if isinstance(p, str) else p[0] for p in TABLE[name]]


def required_of(name: str) -> list[str]:
    return [p for p in TABLE[name] if isinstance(p, str)]


# ---- names, signatures, docstrings ----


def test_the_table_has_36_names():
    assert len(TABLE) == 36


@pytest.mark.parametrize("name", TABLE)
def test_every_name_is_a_public_function_of_the_module(name):
    function = getattr(mhddq, name)
    assert callable(function)
    assert name in mhddq.__all__
    assert name in dir(mhddq)


def test_all_names_exist():
    assert sorted(mhddq.__all__) == list(mhddq.__all__)
    for name in mhddq.__all__:
        assert hasattr(mhddq, name)


@pytest.mark.parametrize("name", TABLE)
def test_parameters_lead_in_this_order_with_these_defaults(name):
    parameters = list(inspect.signature(getattr(mhddq, name)).parameters.values())
    promised = TABLE[name]
    assert [p.name for p in parameters[: len(promised)]] == names_of(name)
    for parameter, promise in zip(parameters, promised, strict=False):
        assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        default = inspect.Parameter.empty if isinstance(promise, str) else promise[1]
        assert parameter.default is default


@pytest.mark.parametrize("name", TABLE)
def test_further_parameters_are_optional(name):
    parameters = list(inspect.signature(getattr(mhddq, name)).parameters.values())
    for parameter in parameters[len(TABLE[name]) :]:
        assert parameter.default is not inspect.Parameter.empty


@pytest.mark.skipif(sys.flags.optimize > 1, reason="without docstrings")
@pytest.mark.parametrize("name", TABLE)
def test_every_docstring_names_every_parameter(name):
    function = getattr(mhddq, name)
    text = inspect.getdoc(function)
    assert text
    assert "--" not in text.splitlines()[0]
    for parameter in inspect.signature(function).parameters:
        assert parameter in text.replace("oplist_", ""), parameter


@pytest.mark.parametrize("name", TABLE)
def test_functions_know_their_names(name):
    function = getattr(mhddq, name)
    assert function.__name__ == name
    assert function.__qualname__ == name
    assert function.__module__.split(".")[0] == "mhddq"


@pytest.mark.parametrize("name", QUEUED)
def test_operations_belong_to_the_package(name):
    assert getattr(mhddq, name).__module__ == "mhddq"


@pytest.mark.parametrize("name", TABLE)
def test_functions_pickle_by_name(name):
    function = getattr(mhddq, name)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(function, protocol)) == function


@pytest.mark.parametrize("name", TABLE)
def test_functions_copy_as_themselves(name):
    function = getattr(mhddq, name)
    assert copy.copy(function) is function
    assert copy.deepcopy(function) is function


def test_the_package_has_a_version():
    assert type(mhddq.__version__) is str


# ---- the stub ----


@pytest.fixture(scope="module")
def stub() -> dict[str, ast.FunctionDef]:
    path = Path(mhddq.__file__).with_name("__init__.pyi")
    module = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    # Of the overloads of a function only the first is kept: it shows the defaults.
    return {node.name: node for node in reversed(functions)}


@pytest.mark.parametrize("name", TABLE)
def test_the_stub_agrees(stub, name):
    arguments = stub[name].args
    real = inspect.signature(getattr(mhddq, name)).parameters
    keywords = [p.name for p in real.values() if p.kind is p.KEYWORD_ONLY]
    assert [a.arg for a in arguments.args] == [n for n in real if n not in keywords]
    assert [a.arg for a in arguments.kwonlyargs] == keywords
    assert [arguments.posonlyargs, arguments.vararg] == [[], None]
    defaults = [p.default for p in real.values() if p.default is not inspect.Parameter.empty]
    in_stub = [*arguments.defaults, *arguments.kw_defaults]
    assert len(in_stub) == len(defaults)
    for written, default in zip(in_stub, defaults, strict=True):
        assert ast.literal_eval(written) in (default, ...)


@pytest.mark.parametrize("name", TABLE)
def test_the_stub_is_typed(stub, name):
    assert stub[name].returns is not None
    assert all(a.annotation is not None for a in stub[name].args.args)


@pytest.mark.parametrize("name", TABLE)
def test_the_stub_has_the_return_type(stub, name):
    nothing = name.startswith("oplist_") or name in {"clear_oplist", "embed_oplist", "shutdown"}
    expected = "None" if nothing else "Oplist" if name == "create_empty_oplist" else "bool"
    assert ast.unparse(stub[name].returns) == expected


def test_the_package_has_the_marker_of_typed_packages():
    assert Path(mhddq.__file__).with_name("py.typed").exists()


# ---- calling: by position, by keyword, wrongly ----


def own_arguments(name: str, directory: Path) -> dict[str, object]:
    """Harmless arguments of an operation; each is an object of its own."""
    arguments: dict[str, object] = {}
    for parameter in names_of(name.removeprefix("oplist_"))[1:]:
        if parameter == "data":
            arguments[parameter] = b"".join([b"some ", b"bytes"])
        elif parameter == "binary":
            arguments[parameter] = 1
        else:
            arguments[parameter] = str(directory / f"{parameter}-of-{name}")
    return arguments


def all_positional(function, arguments):
    return function(*arguments.values())


def all_keywords(function, arguments):
    return function(**arguments)


def keywords_reversed(function, arguments):
    return function(**dict(reversed(arguments.items())))


def last_by_keyword(function, arguments):
    *first, last = arguments
    return function(*(arguments[name] for name in first), **{last: arguments[last]})


def keywords_not_interned(function, arguments):
    return function(**{"".join(list(name)): value for name, value in arguments.items()})


CALLS = [all_positional, all_keywords, keywords_reversed, last_by_keyword, keywords_not_interned]


def assert_params_are_the_callers(args, action: str, given: dict[str, object]):
    assert args["action"] == action
    assert list(args["params"]) == list(given)
    for name, value in given.items():
        assert args["params"][name] is value


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_take_arguments_by_position_and_keyword(name, call, tmp_path, outcome):
    given = {"callback": outcome, **own_arguments(name, tmp_path)}
    assert call(getattr(mhddq, name), given) is True
    assert_params_are_the_callers(outcome.wait(1)[0], name, given)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_list_operations_take_arguments_by_position_and_keyword(name, call, tmp_path, outcome):
    oplist = mhddq.create_empty_oplist()
    given = {"callback": outcome, **own_arguments(name, tmp_path)}
    assert call(getattr(mhddq, f"oplist_{name}"), {"oplist": oplist, **given}) is None
    assert mhddq.enqueue_oplist(oplist=oplist) is True
    assert_params_are_the_callers(outcome.wait(1)[0], name, given)


@pytest.mark.parametrize("prefix", ["", "oplist_"])
@pytest.mark.parametrize("name", ["file_read", "file_write"])
def test_defaults_are_filled_in(name, prefix, tmp_path, outcome):
    given = {"callback": outcome, **own_arguments(name, tmp_path)}
    del given["binary"]
    oplist = mhddq.create_empty_oplist()
    getattr(mhddq, prefix + name)(*([oplist] if prefix else []), **given)
    mhddq.enqueue_oplist(oplist)
    given["binary"] = False
    assert_params_are_the_callers(outcome.wait(1)[0], name, given)


def test_lists_are_taken_by_keyword():
    outer = mhddq.create_empty_oplist()
    inner = mhddq.create_empty_oplist()
    assert mhddq.embed_oplist(oplist=outer, sub_oplist=inner) is None
    assert mhddq.enqueue_oplist(oplist=outer) is True
    assert mhddq.clear_oplist(oplist=outer) is None


@pytest.fixture
def nothing_enqueued():
    settle()
    before = mhddq.stats()["accepted"]
    yield
    settle()
    assert mhddq.stats()["accepted"] == before + 1


def valid(name: str, directory: Path) -> dict[str, object]:
    """Valid arguments for any function of the table."""
    lists = {n: mhddq.create_empty_oplist() for n in ("oplist", "sub_oplist")}
    own = own_arguments(name, directory) if name in QUEUED else {}
    return {n: lists.get(n, own.get(n)) for n in names_of(name)}


REQUIRED = [(name, parameter) for name in TABLE for parameter in required_of(name)]


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize(("name", "parameter"), REQUIRED)
def test_a_missing_argument_is_a_type_error(name, parameter, tmp_path):
    arguments = valid(name, tmp_path)
    del arguments[parameter]
    with pytest.raises(TypeError, match=name):
        getattr(mhddq, name)(**arguments)


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name]])
def test_no_arguments_at_all_is_a_type_error(name):
    with pytest.raises(TypeError, match=name):
        getattr(mhddq, name)()


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize("name", TABLE)
def test_an_unexpected_keyword_is_a_type_error(name, tmp_path):
    with pytest.raises(TypeError, match=r"unexpected keyword|takes no"):
        getattr(mhddq, name)(**valid(name, tmp_path), unheard_of=1)


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name]])
def test_a_duplicate_argument_is_a_type_error(name, tmp_path):
    arguments = valid(name, tmp_path)
    first = next(iter(arguments))
    with pytest.raises(TypeError, match=f"{name}|multiple"):
        getattr(mhddq, name)(*arguments.values(), **{first: arguments[first]})


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize("name", [name for name in TABLE if name != "shutdown"])
def test_too_many_arguments_are_a_type_error(name, tmp_path):
    with pytest.raises(TypeError, match=name):
        getattr(mhddq, name)(*valid(name, tmp_path).values(), 1, 2, 3)


# ---- wrong types ----


class NoPath:
    def __fspath__(self):
        return 1


class Failing:
    def __fspath__(self):
        raise KeyError("from __fspath__")


NO_PATHS = [None, 1, 1.5, True, object(), bytearray(b"x"), memoryview(b"x"), ["x"], NoPath()]
PATHS = [(n, p) for n in QUEUED for p in names_of(n) if p.endswith("name")]


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize(("name", "parameter"), PATHS)
def test_what_is_no_path_is_a_type_error(name, parameter, tmp_path):
    for wrong in NO_PATHS:
        named = "__fspath__" if isinstance(wrong, NoPath) else f"^{parameter} must be "
        with pytest.raises(TypeError, match=named):
            getattr(mhddq, name)(**valid(name, tmp_path) | {parameter: wrong})


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize("name", QUEUED)
def test_a_callback_that_cannot_be_called_is_a_type_error(name, tmp_path):
    for wrong in (1, "callback", object(), [print], False):
        with pytest.raises(TypeError, match="callback"):
            getattr(mhddq, name)(**valid(name, tmp_path) | {"callback": wrong})


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize("name", ["file_write", "oplist_file_write"])
@pytest.mark.parametrize("binary", [False, True])
def test_data_is_text_or_bytes_like(name, binary, tmp_path):
    for wrong in (None, 1, 1.5, object(), [1], {"a": 1}):
        arguments = valid(name, tmp_path) | {"data": wrong, "binary": binary}
        with pytest.raises(TypeError, match="data"):
            getattr(mhddq, name)(**arguments)


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize("name", [name for name in TABLE if name.startswith("oplist_")])
def test_an_oplist_is_an_oplist(name, tmp_path):
    for wrong in (None, 1, [], object()):
        with pytest.raises(TypeError, match="oplist"):
            getattr(mhddq, name)(**valid(name, tmp_path) | {"oplist": wrong})


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize(("name", "parameter"), PATHS)
def test_what_fspath_raises_comes_through(name, parameter, tmp_path):
    with pytest.raises(KeyError, match="from __fspath__"):
        getattr(mhddq, name)(**valid(name, tmp_path) | {parameter: Failing()})


@pytest.mark.usefixtures("nothing_enqueued")
@pytest.mark.parametrize("name", ["file_read", "file_write", "oplist_file_read"])
def test_binary_is_true_or_false(name, tmp_path):
    for wrong in (None, "a", "", "True", 2, -1, 1.0, [], object(), Failing()):
        with pytest.raises(TypeError, match="binary must be True or False"):
            getattr(mhddq, name)(**valid(name, tmp_path) | {"binary": wrong})


def test_a_refused_list_operation_leaves_no_trace_in_the_list(tmp_path):
    oplist = mhddq.create_empty_oplist()
    for name in (n for n in QUEUED if n.startswith("oplist_")):
        arguments = valid(name, tmp_path) | {"oplist": oplist, "callback": 1}
        with pytest.raises(TypeError):
            getattr(mhddq, name)(**arguments)
    assert len(oplist) == 0


# ---- args ----


def assert_plain(args, result: bool):
    assert type(args) is dict
    assert list(args) == ["action", "result", "params", "output"]
    assert type(args["action"]) is str
    assert args["result"] is result
    assert type(args["params"]) is dict
    assert type(args["output"]) is dict
    assert all(type(key) is str for part in ("params", "output") for key in args[part])


@pytest.fixture
def well(tmp_path: Path) -> dict[str, tuple[tuple[object, ...], dict[str, type]]]:
    """Arguments with which each operation succeeds, and the types of its output."""
    for name in ("old", "moved", "copied", "gone", "written"):
        (tmp_path / name).write_bytes(b"x")
    for name in ("d", "d-old", "d-moved", "d-gone"):
        (tmp_path / name).mkdir()
    at = {p.name: str(p) for p in tmp_path.iterdir()}
    new = {name: str(tmp_path / f"new-{name}") for name in "abcdefgh"}
    return {
        "file_exists": ((at["old"],), {"exists": bool}),
        "file_create": ((new["a"],), {}),
        "file_delete": ((at["gone"],), {}),
        "file_rename": ((at["old"], new["b"]), {}),
        "file_move": ((at["moved"], new["c"]), {}),
        "file_copy": ((at["copied"], new["d"]), {}),
        "file_read": ((at["copied"],), {"data": str}),
        "file_write": (("text", at["written"]), {}),
        "directory_exists": ((at["d"],), {"exists": bool}),
        "directory_create": ((new["e"],), {}),
        "directory_delete": ((at["d-gone"],), {}),
        "directory_contents": ((str(tmp_path),), {"contents": list}),
        "directory_rename": ((at["d-old"], new["f"]), {}),
        "directory_move": ((at["d-moved"], new["g"]), {}),
        "directory_copy": ((at["d"], new["h"]), {}),
    }


@pytest.mark.parametrize("name", OPERATIONS)
def test_args_of_a_success_are_plain(name, well):
    arguments, output = well[name]
    args = do(getattr(mhddq, name), *arguments)
    assert_plain(args, True)
    assert {key: type(value) for key, value in args["output"].items()} == output


@pytest.mark.parametrize("name", OPERATIONS)
def test_args_of_a_failure_are_plain(name, tmp_path):
    missing = [str(tmp_path / "no" / "such")] * len([p for p in names_of(name) if "name" in p])
    if name.endswith("exists"):
        pytest.skip("what does not exist is no failure here")
    data = ["text"] if name == "file_write" else []
    args = do(getattr(mhddq, name), *data, *missing)
    assert_plain(args, False)
    assert list(args["output"]) == ["exception"]
    text = args["output"]["exception"]
    assert isinstance(text, str)
    assert str(text) == str(text.error)


def test_contents_are_plain(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    contents = do(mhddq.directory_contents, str(tmp_path))["output"]["contents"]
    assert type(contents) is list
    for entry in contents:
        assert type(entry) is dict
        assert list(entry) == ["name", "type"]
        assert all(type(value) is str for value in entry.values())


def test_binary_data_is_plain_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    output = do(mhddq.file_read, str(tmp_path / "file"), True)["output"]
    assert type(output["data"]) is bytes


def test_args_are_not_shared_between_operations(tmp_path):
    first, second = (do(mhddq.file_exists, str(tmp_path)) for _ in range(2))
    for part in ("params", "output"):
        assert first[part] is not second[part]


def test_the_callback_in_params_is_the_callers_own(tmp_path):
    class Listener(Outcome):
        def collect(self, args):
            self(args)

    listener = Listener()
    method = listener.collect
    assert mhddq.file_exists(method, str(tmp_path))
    assert listener.wait(1)[0]["params"]["callback"] is method
    assert isinstance(method, types.MethodType)


def test_a_callback_of_none_is_accepted(tmp_path):
    assert mhddq.file_create(None, str(tmp_path / "made")) is True
    settle()
    assert (tmp_path / "made").exists()


# ---- lifecycle functions that leave the queue running ----


def test_a_running_queue_is_not_shut_down():
    settle()
    assert mhddq.is_shutdown() is False


def test_create_empty_oplist_makes_a_new_empty_list():
    first, second = mhddq.create_empty_oplist(), mhddq.create_empty_oplist()
    assert type(first) is mhddq.Oplist
    assert first is not second
    assert len(first) == 0


def test_stats_are_a_plain_dict_of_counters():
    counted = mhddq.stats()
    assert type(counted) is dict
    assert all(type(key) is str for key in counted)
    assert counted is not mhddq.stats()


def test_functions_outlive_a_reload_of_their_module():
    end = ended(
        """
        import importlib, mhddq._ops
        collected = []
        old = mhddq.file_exists
        importlib.reload(mhddq._ops)
        gc.collect()
        reused = [b"x" * n for n in range(100, 900) for _ in range(20)]
        must(old(collected.append, "."))
        mhddq.shutdown()
        report(name=old.__name__, collected=len(collected), reused=len(reused))
        """
    )
    assert end["name"] == "file_exists"
    assert end["collected"] == 1
