"""The benchmark: where mhddq stands beside plain calls, a bare C loop, and its peers.

``python -m bench`` runs it; ``nox -s bench`` installs what it needs and runs it. ``rows.py`` is the
table: what is measured, against which side, and the figure to reach. ``NOTES.md`` is the notebook
of what was measured and tried.
"""
