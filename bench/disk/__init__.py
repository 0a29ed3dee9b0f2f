"""The benchmark on a hard disk that is simulated down to its arm.

Root, Linux, /dev/fuse and loop devices; elsewhere it is skipped and says why. In a checkout with
the package installed, or by ``nox -s disk -- ARGUMENTS``::

    python -m bench.disk                        # the quick form: some rows, one round
    python -m bench.disk --full                 # every row, three rounds: an hour
    python -m bench.disk --rows reads,tree --sides queued,loop,"pool 32","cp -a" --rounds 1
    python -m bench.disk --anyway --rows reads-300   # on a machine that is busy otherwise
    python -m bench.disk --picture docs/disk.png --rows reads   # of the arm, a panel a side
    python -m bench.disk --run bash             # a shell on the filled, cold disk

It starts the disk (``device.py``, ``fuse.py``, ``model.py``), puts the files on it (``fill.py``),
calibrates, and fails where the disk is not what it should be. Then the sides (``sides.py``) take
turns at each row (``rows.py``), each on the disk as it was filled, to the last block, and with
cold caches (``run.py``). Two such benchmarks on one machine take turns by themselves.
"""
