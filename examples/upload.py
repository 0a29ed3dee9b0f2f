"""A server that takes uploads. A file shows up under its name when it is whole, or not at all: also
when the client goes away, the disk is full, or the power fails.

    python upload.py DIRECTORY [--port PORT]        needs starlette and uvicorn
    curl -T film.mp4 http://127.0.0.1:8000/film.mp4
"""

import argparse
import pathlib

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mhddq import aio


def application(directory):
    async def upload(request: Request) -> JSONResponse:
        name = request.path_params["name"]
        if name.startswith(".") or "\\" in name:  # the route takes no slash
            raise HTTPException(400, "not a name for a file")
        target = directory / name
        try:
            async with aio.open(target, "xb", atomic=True) as file:
                async for chunk in request.stream():
                    await file.write(chunk)
        except FileExistsError:
            raise HTTPException(409, f"{name} is there already") from None
        except ClientDisconnect:
            raise HTTPException(400, "the client went away") from None  # nothing is left
        return JSONResponse({"size": (await aio.path_stat(target)).st_size}, 201)

    async def index(request: Request) -> JSONResponse:
        entries = await aio.directory_contents(directory)
        return JSONResponse([e["name"] for e in entries if not e["name"].startswith(".")])

    return Starlette(routes=[Route("/", index), Route("/{name}", upload, methods=["PUT"])])


def main():
    parser = argparse.ArgumentParser(description="Takes uploads into a directory.")
    parser.add_argument("directory", type=pathlib.Path, help="it must exist")
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free")
    arguments = parser.parse_args()
    app = application(arguments.directory)
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="info", access_log=False)


if __name__ == "__main__":
    main()
