"""Builds a CPython that nobody packages, from Debian's copy of its source, and prints where it is.

    python tools/build_python.py freethreaded      no GIL
    python tools/build_python.py debug             with a GIL, Py_DEBUG's assertions on
    python tools/build_python.py tsan              no GIL, Py_DEBUG, under ThreadSanitizer (clang)

What is built stays in a cache folder ($XDG_CACHE_HOME or ~/.cache, then mhddq), outside the
repository; a second call finds it there. A build takes two to three minutes of two cores.

The source is the pristine archive of Debian's package, not the patched tree: its patches are
meant for Debian's own layout. apt fetches and verifies it, with lists of its own, so the machine's
sources are neither used nor changed. Elsewhere: MHDDQ_PYTHON_SOURCE names an archive of CPython's
source, as python.org has it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE, SUITE = "python3.13", "trixie"

# With the test modules: one of them makes memory short.
LEAN = ("--without-ensurepip",)

# ThreadSanitizer's own run would stop the build at CPython's known races.
QUIET_TSAN = "report_bugs=0 detect_deadlocks=0"

VARIANTS: dict[str, dict[str, str]] = {
    "freethreaded": {"options": "--disable-gil CFLAGS='-O2 -g0'"},
    "debug": {"options": "--with-pydebug CFLAGS='-O1 -g1'"},
    "tsan": {
        "options": "--disable-gil --with-pydebug --with-thread-sanitizer CFLAGS='-O1 -g1'",
        "CC": "clang",
    },
}


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "mhddq"


def clang() -> str:
    """The newest clang that is here: older runtimes know less of what newer code does."""
    for version in range(30, 13, -1):
        if shutil.which(f"clang-{version}"):
            return f"clang-{version}"
    return "clang"


def fetched(folder: Path) -> Path:
    """CPython's source archive, in `folder`."""
    if "MHDDQ_PYTHON_SOURCE" in os.environ:
        return Path(os.environ["MHDDQ_PYTHON_SOURCE"])
    apt = folder / "apt"
    for part in ("parts", "lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True)
    (apt / "parts" / "source.sources").write_text(
        "Types: deb-src\nURIs: http://deb.debian.org/debian\n"
        f"Suites: {SUITE}\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    configuration = apt / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::SourceList "/dev/null";\nDir::Etc::SourceParts "{apt}/parts";\n'
        f'Dir::State::Lists "{apt}/lists";\nDir::Cache "{apt}/cache";\n'
        'APT::Sandbox::User "root";\n'  # else it wants to give our folder to a user of its own
    )
    environment = {**os.environ, "APT_CONFIG": str(configuration)}
    for command in ("update", f"source --download-only --tar-only {PACKAGE}"):
        said = ["apt-get", "-q", *command.split()]
        subprocess.run(said, check=True, env=environment, cwd=folder, stdout=sys.stderr)
    return next(folder.glob("*.orig.tar.*"))


def build(variant: str, target: Path) -> None:
    """Configures, makes, installs. `target` appears when it is complete."""
    recipe = VARIANTS[variant]
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mhddq-python-") as scratch:
        folder = Path(scratch)
        with tarfile.open(fetched(folder)) as archive:
            # Not all Pythons that run this have the filter's parameter.
            archive.extractall(folder / "source", **safely())
        (source,) = (folder / "source").iterdir()
        environment = {**os.environ, "TSAN_OPTIONS": QUIET_TSAN}
        if recipe.get("CC"):
            environment["CC"] = clang()
        unfinished = target.with_name(f"{target.name}.{os.getpid()}")
        # The prefix is final: an installed Python knows its own place by looking around.
        steps = [
            ["./configure", "-q", f"--prefix={target}", *LEAN, *shlex.split(recipe["options"])],
            ["make", "-s", f"-j{os.cpu_count()}"],
            # Modules are compiled when they are imported: all of them at once take longer than
            # the build under ThreadSanitizer.
            ["make", "-s", "install", f"DESTDIR={unfinished}", "COMPILEALL_OPTS=-q -r0"],
        ]
        for step in steps:
            subprocess.run(step, check=True, cwd=source, env=environment, stdout=sys.stderr)
        # What CPython knows of its own races; nothing there is ours.
        known = source / "Tools" / "tsan" / "suppressions_free_threading.txt"
        shutil.copy(known, unfinished / target.relative_to("/"))
        (unfinished / target.relative_to("/")).rename(target)
        shutil.rmtree(unfinished)


def safely() -> dict[str, str]:
    return {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variant", choices=sorted(VARIANTS))
    variant: str = parser.parse_args().variant
    target = cache() / f"{PACKAGE}-{variant}"
    if not target.exists():
        build(variant, target)
    print(target / "bin" / "python3")


if __name__ == "__main__":
    main()
