"""The benchmark: where mhddq stands beside plain calls, a bare C loop, and its peers.

``python -m bench`` runs it, ``nox -s bench`` with everything it needs. ``rows.py`` is the table:
what is measured, against whom, and the figure to reach.
"""
