"""Random histories, also of lists, compared with ``os`` and ``shutil`` on a twin directory:
model.py."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from helpers import Outcome
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from model import DATA, LINKS, NAMES, ONE_PATH, TARGETS, TEXTS, TWO_PATHS, WALK, World

names = st.sampled_from(NAMES)
operations = st.one_of(
    st.tuples(st.sampled_from(ONE_PATH), names),
    st.tuples(st.sampled_from(TWO_PATHS), names, names),
    st.tuples(st.just("file_read"), names, st.booleans()),
    st.tuples(st.just("file_append"), st.sampled_from(list(DATA)), names, st.just(True)),
    st.tuples(
        st.sampled_from(["file_write", "file_replace"]),
        st.sampled_from(list(DATA)),
        names,
        st.just(True),
    ),
    st.tuples(st.just("file_write"), st.sampled_from(TEXTS), names, st.just(False)),
)
lists = st.recursive(
    st.lists(operations, max_size=5), lambda inner: st.lists(operations | inner, max_size=4)
)


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.top = Path(tempfile.mkdtemp(prefix="mhddq-model-"))
        outcome = Outcome()
        self.world = World(self.top, outcome, outcome)

    @rule(operation=operations)
    def enqueue(self, operation):
        self.world.enqueue(operation)

    @rule(name=names)
    def walk(self, name):
        self.world.enqueue((WALK, name))

    @rule(entries=lists, times=st.integers(1, 2))
    def enqueue_list(self, entries, times):
        self.world.enqueue_list(entries, times)

    @rule(name=st.sampled_from(LINKS), leads_to=st.sampled_from(TARGETS))
    def link(self, name, leads_to):
        self.world.compare()
        self.world.link(name, leads_to)

    @rule(name=st.sampled_from(["d", "e", "d/e"]))
    def repair(self, name):
        """Makes directories, so that the other operations find some."""
        self.world.enqueue(("directory_create", name))
        self.world.enqueue(("file_write", "<line>", "e/a", True))

    @rule()
    def check(self):
        self.world.compare()

    def teardown(self):
        try:
            self.world.compare()
        finally:
            shutil.rmtree(self.top)


PROFILE = settings(
    max_examples=200,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.not_wine("has an error of its own where a file is listed as a directory")
def test_histories_are_those_of_os_and_shutil():
    run_state_machine_as_test(Histories, settings=PROFILE)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif("MHDDQ_TEST_LONG" not in os.environ, reason="only where MHDDQ_TEST_LONG is set")
def test_long_histories_are_those_of_os_and_shutil():
    long = settings(PROFILE, max_examples=2000, stateful_step_count=100, phases=Phase)
    run_state_machine_as_test(Histories, settings=long)
