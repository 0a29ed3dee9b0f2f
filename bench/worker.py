"""One side in a process of its own: ``worker.py MODULE WORK OPTIONS``.

It reports that it is ready, or why it cannot be. Then, for each line with a number of operations,
it runs them and answers with the cost of one, in seconds. Both answers are a line of JSON.

It is started as a file, not as a module: so the folder on ``sys.path`` is this one, and ``mhddq``
is the installed package, not the sources beside ``bench``.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from types import SimpleNamespace


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not be read as an answer
    module, work, options = sys.argv[1:]
    try:
        side = importlib.import_module(f"sides.{module}")
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), file=answers)
        return
    run = getattr(side, work)(SimpleNamespace(**json.loads(options)))
    print(json.dumps({"ready": getattr(side, "VERSION", "")}), file=answers)
    for line in sys.stdin:
        count = int(line)
        measured = run(count)
        if not isinstance(measured, dict):
            measured = {"cost": measured / count}
        print(json.dumps(measured), file=answers)
    answers.flush()
    os._exit(0)  # the threads of a peer may never end


main()
