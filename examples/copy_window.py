"""Copies a directory tree in a window, with a progress bar and a Cancel button.

    python copy_window.py SOURCE COPY

The copy is one operation of a queue of its own. The window has a port of that queue: what the port
calls, it calls in the window's thread, where tkinter may be used. After Cancel nothing of the copy
is left.
"""

import argparse
import time
import tkinter
from tkinter import ttk

import mhddq

SERVE_MS = 20  # how often the window asks for what is due


class CopyWindow:
    def __init__(self, root, source, copy):
        self.root, self.source, self.copy = root, source, copy
        self.disk = mhddq.Queue("copy").port()
        self.control = None
        self.began = None  # when the copy began; None: no copy is under way
        root.title("Copy a directory")
        frame = ttk.Frame(root, padding=16)
        frame.pack(fill="both", expand=True)
        ttk.Label(frame, text=f"From  {source}").pack(anchor="w")
        ttk.Label(frame, text=f"To  {copy}").pack(anchor="w")
        self.bar = ttk.Progressbar(frame, length=360)
        self.bar.pack(fill="x", pady=12)
        self.status = ttk.Label(frame, text="Ready.")
        self.status.pack(anchor="w", fill="x")
        self.cancel = ttk.Button(frame, text="Cancel", command=self.stop, state="disabled")
        self.cancel.pack(side="right")
        self.button = ttk.Button(frame, text="Copy", command=self.start)
        self.button.pack(side="right", padx=8)
        root.protocol("WM_DELETE_WINDOW", self.close)
        self.serve()

    def start(self):
        self.button.state(["disabled"])
        self.cancel.state(["!disabled"])
        self.began = time.monotonic()
        self.control = mhddq.Control(self.show)
        # Returns at once.
        self.disk.directory_copy(self.finished, self.source, self.copy, control=self.control)

    def serve(self):
        """Runs every 20 ms: calls show() and finished() where they are due."""
        self.disk.deliver()
        self.root.after(SERVE_MS, self.serve)

    def show(self, done, total):
        self.bar.config(value=done, maximum=total or 1)
        if total is None:
            self.status["text"] = "Measuring the tree."
        else:
            self.status["text"] = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"

    def finished(self, args):
        took, self.began = time.monotonic() - self.began, None
        self.cancel.state(["disabled"])
        self.button.state(["!disabled"])
        if args["result"]:
            self.status["text"] = f"Copied in {took:.1f} s."
        elif self.control.cancelled:
            self.status["text"] = "Cancelled. Nothing of the copy is left."
        else:
            self.status["text"] = f"Failed: {args['output']['exception']}"

    def stop(self):
        if self.control is not None:
            self.control.cancel()

    def close(self):
        """A copy under way is cancelled; the program ends when it has been undone."""
        self.stop()
        self.root.destroy()


def main():
    parser = argparse.ArgumentParser(description="Copies a directory in a responsive window.")
    parser.add_argument("source", help="the directory to copy")
    parser.add_argument("copy", help="the directory to create; it must not exist yet")
    arguments = parser.parse_args()
    root = tkinter.Tk()
    CopyWindow(root, arguments.source, arguments.copy)
    root.mainloop()


if __name__ == "__main__":
    main()
