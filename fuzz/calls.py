"""Inputs chosen by what they reach: atheris on the Python layer and the bridge.

    python fuzz/calls.py [CORPUS] -runs=N      libFuzzer's options

tests/fuzzing.py defines the inputs and their permitted outcomes; here the choice is steered
by coverage: of the package's Python, and of the bridge and the core where they were compiled for it
(`nox -s fuzz` does). Each input is waited for and compared on its own, so a failure is its own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
with atheris.instrument_imports(include=["mhddq"]):
    import mhddq

import fuzzing


class Steered:
    """Draws by the fuzzer's bytes."""

    def __init__(self, provider: atheris.FuzzedDataProvider) -> None:
        self._provider = provider

    def number(self, low: int, high: int) -> int:
        return self._provider.ConsumeIntInRange(low, high)

    def data(self, most: int) -> bytes:
        return self._provider.ConsumeBytes(self._provider.ConsumeIntInRange(0, most))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mhddq-fuzz-", ignore_cleanup_errors=True) as top:
        fuzz = fuzzing.Fuzz(Path(top))
        fuzz.BATCH = 1

        def take(data: bytes) -> None:
            fuzz.take(Steered(atheris.FuzzedDataProvider(data)))

        atheris.Setup(sys.argv, take)
        atheris.Fuzz()
        mhddq.shutdown()


if __name__ == "__main__":
    main()
