"""In a subinterpreter the import fails with its reason, and the main one is not disturbed."""

from __future__ import annotations

import pytest
from helpers import ends_well

PROGRAM = """
import sys
kind, first = sys.argv[1:]
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

if first == "main":
    import mhddq
if sys.version_info >= (3, 13):
    sub = interpreters.create(kind)
else:
    sub = interpreters.create(isolated=kind == "isolated")
interpreters.run_string(sub, '''if True:
    try:
        import mhddq
    except ImportError as error:
        print("sub:", error, flush=True)
    ''')
interpreters.destroy(sub)
import mhddq
collected = []
mhddq.file_exists(collected.append, ".")
mhddq.shutdown()
print("main:", collected[0]["output"])
"""


@pytest.mark.parametrize("first", ["main", "sub"])
@pytest.mark.parametrize("kind", ["isolated", "legacy"])
def test_a_subinterpreter_is_refused_and_the_main_one_works(kind, first):
    assert ends_well(PROGRAM, kind, first) == (
        "sub: mhddq can only be imported in the main interpreter, not in a subinterpreter\n"
        "main: {'exists': False}\n"
    )
