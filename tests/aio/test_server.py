"""The server of examples/upload.py under load, with clients that go away in the middle: afterwards
there are the files of all uploads that were confirmed, byte for byte, and no others."""

from __future__ import annotations

import asyncio
import importlib.util
import random
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
uvicorn = pytest.importorskip("uvicorn")

ROOT = Path(__file__).parent.parent.parent
UPLOADS = 600
CLIENTS = 48
LARGEST = 400_000


def example(folder: Path) -> Any:
    path = ROOT / "examples" / "upload.py"
    if not path.exists():
        pytest.skip("the examples are not here")
    spec = importlib.util.spec_from_file_location("upload_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.application(folder)


def content(number: int) -> bytes:
    chance = random.Random(number)
    return chance.randbytes(chance.choice([0, 10, 8192, chance.randrange(LARGEST)]))


async def put(port: int, number: int, goes_after: int | None) -> str:
    """Uploads a file, and goes away after so many bytes. Returns the status line, or ''."""
    data = content(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"PUT /file-{number} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    try:
        for start in range(0, len(data), 16384):
            if goes_after is not None and start >= goes_after:
                break
            writer.write(data[start : start + 16384])
            await writer.drain()
        if goes_after is not None:
            writer.transport.abort()
            return ""
        return (await reader.readline()).decode().strip()
    finally:
        writer.close()
        try:  # noqa: SIM105 - contextlib's would be one import more
            await writer.wait_closed()
        except OSError:
            pass


async def load(port: int) -> dict[int, str]:
    chance = random.Random(7)
    todo = list(range(UPLOADS))
    answers: dict[int, str] = {}

    async def client() -> None:
        while todo:
            number = todo.pop()
            goes_after = chance.randrange(LARGEST) if chance.random() < 0.4 else None
            answers[number] = await put(port, number, goes_after)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return answers


async def serve_and_load(app: Any) -> dict[int, str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", http="h11")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        answers = await load(port)
        server.should_exit = True
        await serving  # which lets the requests under way end
    return answers


def runs() -> list[Callable[[Coroutine[Any, Any, Any]], Any]]:
    found: list[Any] = [asyncio.run]
    if "uvloop" in sys.modules or importlib.util.find_spec("uvloop"):
        import uvloop  # noqa: PLC0415 - where it is

        found.append(uvloop.run)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("run", runs(), ids=lambda run: run.__module__.partition(".")[0])
def test_uploads_are_whole_or_not_there(run: Any, tmp_path: Path, no_descriptor_left: None) -> None:
    answers = run(serve_and_load(example(tmp_path)))
    confirmed = {number for number, status in answers.items() if status}
    assert all(answers[number].split()[1] == "201" for number in confirmed)
    assert UPLOADS / 4 < len(confirmed) < UPLOADS
    there = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    # One that went away after its last byte may have been taken, too.
    for number in answers:
        name = f"file-{number}"
        if number in confirmed or name in there:
            assert there.pop(name) == content(number)
    assert there == {}
