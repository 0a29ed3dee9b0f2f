"""A few thousand of the bad inputs that fuzzing.py describes; ``nox -s fuzz`` takes a million."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import fuzzing
import pytest
from helpers import settle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.posix("outcomes are reckoned by POSIX' rules for names")


class Drawn:
    """Draws by hypothesis, which reduces a failing input to a small one."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def number(self, low: int, high: int) -> int:
        return self._data.draw(st.integers(low, high))

    def data(self, most: int) -> bytes:
        return self._data.draw(st.binary(max_size=most))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_few_inputs_have_their_documented_outcomes(data):
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="mhddq-fuzz-") as top:
        try:
            fuzz = fuzzing.Fuzz(Path(top))
            for _ in range(data.draw(st.integers(1, 8))):
                fuzz.take(Drawn(data))
            fuzz.compare()
        finally:
            settle()
            os.chdir(before)


def test_thousands_of_inputs_by_chance(tally):
    inputs = fuzzing.run(10_000, seed=int.from_bytes(os.urandom(6), "big"))
    assert inputs == 10_000
    tally("fuzz", "inputs", inputs)


def test_an_undocumented_outcome_is_found(monkeypatch):
    monkeypatch.setattr(fuzzing, "refusal", lambda name: None)
    with pytest.raises(fuzzing.Wrong, match="of seed 0"):
        fuzzing.run(2000, seed=0)
