"""The byte budget: reads against slow callbacks, lists, directories."""

from __future__ import annotations

import pytest
from programs import ended

# ---- the byte budget ---------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["singles", "list", "nested", "text"])
def test_reads_against_slow_callbacks_stay_within_the_budget(shape):
    """The files hold ten times the budget. Each callback notes how many bytes are undelivered."""
    end = ended(
        """
        shape, FILES, SIZE = sys.argv[1], 64, 160000
        for n in range(FILES):
            with open(f"{n}", "wb") as file:
                file.write(bytes([65 + n % 26]) * SIZE)
        samples, wrong, order = [], [], []
        def collect(args):
            name, data = args["params"]["filename"], args["output"]["data"]
            last = len(order) + 1 == FILES
            until(lambda: last or mhddq.stats()["undelivered_bytes"] > SIZE, "reading ahead")
            samples.append(mhddq.stats()["undelivered_bytes"])
            order.append(int(name))
            letter = chr(65 + int(name) % 26)
            if data != (letter * SIZE if shape == "text" else letter.encode() * SIZE):
                wrong.append(name)
            time.sleep(0.002)
        outer = mhddq.create_empty_oplist()
        inner = mhddq.create_empty_oplist()
        for n in range(FILES):
            if shape == "list":
                mhddq.oplist_file_read(outer, collect, f"{n}", True)
            elif shape == "nested":
                mhddq.oplist_file_read(inner, collect, f"{n}", True)
            else:
                mhddq.file_read(collect, f"{n}", shape != "text")
        mhddq.embed_oplist(outer, inner)
        if shape in ("list", "nested"):
            must(mhddq.enqueue_oplist(outer) is True)
        mhddq.shutdown()
        report(samples=samples, wrong=wrong, order=order, left=mhddq.stats()["undelivered_bytes"])
        """,
        shape,
        env={"MHDDQ_BUFFER_BYTES": "1000000"},
    )
    assert end["order"] == list(range(64))
    assert end["wrong"] == []
    assert max(end["samples"]) <= 1000000
    assert max(end["samples"]) >= 160000  # bytes are counted, and a read ran ahead of its callback
    assert sorted(end["samples"])[32] > 160000
    assert end["left"] == 0


def test_a_read_larger_than_the_budget_runs_alone_and_works():
    end = ended(
        """
        with open("large", "wb") as file:
            file.write(bytes(3000000))
        with open("small", "wb") as file:
            file.write(bytes(20000))
        rows = []
        def collect(args):
            rows.append([args["params"]["filename"], len(args["output"]["data"]),
                         mhddq.stats()["undelivered_bytes"]])
        for n in range(8):
            mhddq.file_read(collect, "large", True)
            mhddq.file_read(collect, "small", True)
            mhddq.file_read(collect, "small")
        mhddq.shutdown()
        report(rows=rows)
        """,
        env={"MHDDQ_BUFFER_BYTES": "65536"},
    )
    assert [row[:2] for row in end["rows"]] == [
        ["large", 3000000],
        ["small", 20000],
        ["small", 20000],
    ] * 8
    for name, length, undelivered in end["rows"]:
        if name == "large":
            assert length <= undelivered <= length + 65536
        else:
            assert undelivered <= 65536 or undelivered <= 3000000 + 65536


def test_directory_entries_count_too():
    end = ended(
        """
        os.mkdir("d")
        for n in range(400):
            open("d/" + f"{n:04d}" + "x" * 200, "w").close()
        samples, lengths = [], []
        def collect(args):
            samples.append(mhddq.stats()["undelivered_bytes"])
            lengths.append(len(args["output"]["contents"]))
            time.sleep(0.002)
        for n in range(40):
            mhddq.directory_contents(collect, "d")
        mhddq.shutdown()
        report(samples=samples, lengths=lengths, left=mhddq.stats()["undelivered_bytes"])
        """,
        env={"MHDDQ_BUFFER_BYTES": "300000"},
    )
    assert end["lengths"] == [400] * 40
    assert 400 * 200 <= max(end["samples"]) <= 300000
    assert end["left"] == 0


def test_a_blocked_callback_does_not_hide_what_came_before_the_budget_s_wait():
    """Before the I/O thread waits for the budget, it publishes all earlier completions and wakes
    the callback thread. Operations behind the one that waits do not overtake it."""
    end = ended(
        """
        for name in "ab":
            with open(name, "wb") as file:
                file.write(bytes(60000))
        order, seen = [], threading.Event()
        def first(args):
            order.append("first")
            must(mhddq.file_exists(lambda args: order.append("own"), ".") is True)
            order.append(mhddq.stats()["completed"])
        mhddq.file_exists(lambda args: order.append("zero"), ".")
        mhddq.file_read(first, "a", True)
        mhddq.file_read(lambda args: order.append("second"), "b", True)
        mhddq.file_exists(lambda args: order.append("third"), ".")
        rest()
        rest()
        report(order=order)
        """,
        env={"MHDDQ_BUFFER_BYTES": "65536"},
    )
    assert end["order"][:2] == ["zero", "first"]
    assert end["order"][2] in (2, 3)
    rest = end["order"][3:]
    assert sorted(rest) == ["own", "second", "third"]
    assert rest.index("second") < rest.index("third")
