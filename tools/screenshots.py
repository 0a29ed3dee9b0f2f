"""Pictures of the site's pages, wide and narrow, light and dark, and what does not fit on them.

    python tools/screenshots.py SITE OUT [PAGE ...]

SITE is what `nox -s docs` has built, OUT a folder for the pictures, PAGE a name such as
howto/saving.html or search.html?q=fsync; without one all pages are taken. Needs Chromium, which
reads commands from its debugging pipe. Ends with status 1 if a page is wider than its window.
"""

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WIDTHS = {"wide": 1280, "narrow": 390}  # CSS pixels
HEIGHT = 900
LONGEST = 6000  # of a picture; the rest of a longer page is not shown
COMMAND = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
COMMAND += ["--remote-debugging-pipe", "--allow-file-access-from-files", "--no-first-run"]

# What sticks out of the window, unless something around it scrolls or is off the screen on purpose.
OVERFLOW = """(() => {
  const scrolls = (e) => { for (let p = e; p && p !== document.body; p = p.parentElement)
    if (/auto|scroll|hidden/.test(getComputedStyle(p).overflowX)) return true; return false; };
  return [...document.querySelectorAll("article *")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && !scrolls(e);
  }).slice(0, 3).map((e) => e.tagName + ": " + e.textContent.trim().slice(0, 60));
})()"""


class Browser:
    """One Chromium with one page; `call` sends a command and waits for its answer."""

    def __init__(self, program: str, profile: str) -> None:
        ours, theirs = os.pipe(), os.pipe()  # commands to it, answers from it

        command = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'  # the numbers that Chromium asks for
        self.process = subprocess.Popen(
            ["sh", "-c", command, "sh", program, *COMMAND, f"--user-data-dir={profile}"],
            pass_fds=(ours[0], theirs[1]),
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self.commands, self.answers, self.received = ours[1], theirs[0], b""
        self.number, self.session = 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        self.call("Page.enable")

    def receive(self) -> dict:
        while b"\0" not in self.received:
            more = os.read(self.answers, 1 << 20)
            if not more:
                sys.exit("the browser has ended")
            self.received += more
        message, _, self.received = self.received.partition(b"\0")
        return json.loads(message)

    def call(self, method: str, **params: object) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while (answer := self.receive()).get("id") != self.number:
            pass
        if "error" in answer:
            sys.exit(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def evaluate(self, expression: str) -> object:
        params = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        return self.call("Runtime.evaluate", **params)["result"].get("value")

    def open(self, address: str, width: int, scheme: str) -> None:
        metrics = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call("Page.navigate", url=address)
        loaded = 'document.readyState === "complete" && location.href === ' + json.dumps(address)
        while not self.evaluate(loaded):
            time.sleep(0.05)

    def picture(self, path: Path, width: int) -> None:
        height = min(LONGEST, self.evaluate("document.documentElement.scrollHeight"))
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        params = {"clip": clip, "captureBeyondViewport": True}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **params)["data"]))


def address(site: Path, page: str) -> str:
    """Of a page; it may have a query, as search.html?q=fsync has."""
    name, mark, query = page.partition("?")
    return (site / name).as_uri() + mark + query


def main() -> int:
    parser = argparse.ArgumentParser(description="Takes pictures of the site's pages.")
    parser.add_argument("site", type=Path, help="the built site, for example build/docs")
    parser.add_argument("out", type=Path, help="the folder for the pictures")
    parser.add_argument("pages", nargs="*", help="names of pages; without them all")
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        parser.error("there is no Chromium here")
    site = arguments.site.resolve()
    made = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    pages = arguments.pages or sorted(name for name in made if not name.startswith("_"))
    for page in pages:
        if page.partition("?")[0] not in made:
            parser.error(f"there is no page {page}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    wrong = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            for page in pages:
                for size, width in WIDTHS.items():
                    for scheme in ("light", "dark"):
                        browser.open(address(site, page), width, scheme)
                        name = re.sub(r"\W+", "-", page.replace(".html", ""))
                        browser.picture(arguments.out / f"{name}-{size}-{scheme}.png", width)
                    for text in browser.evaluate(OVERFLOW) or []:
                        print(f"{page}, {width} wide: does not fit: {text}")
                        wrong += 1
        finally:
            browser.process.terminate()
            browser.process.wait(10)
    print(f"{len(pages)} pages, {wrong} things that do not fit")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
