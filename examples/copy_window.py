"""Copies a directory tree in a window that stays responsive meanwhile.

    python copy_window.py SOURCE COPY

The copy is one operation of the queue. Its callback runs on the callback thread, where tkinter must
not be used. So the callback only puts the result into a queue, which the window's timer empties.
"""

import argparse
import queue
import time
import tkinter
from tkinter import ttk

import mhddq

POLL_MS = 20  # how often the window checks for a result


class CopyWindow:
    def __init__(self, root, source, copy):
        self.root, self.source, self.copy = root, source, copy
        self.inbox = queue.SimpleQueue()
        self.began = None  # when the copy began; None: no copy is under way
        root.title("Copy a directory")
        frame = ttk.Frame(root, padding=16)
        frame.pack(fill="both", expand=True)
        ttk.Label(frame, text=f"From  {source}").pack(anchor="w")
        ttk.Label(frame, text=f"To  {copy}").pack(anchor="w")
        self.bar = ttk.Progressbar(frame, mode="indeterminate", length=360)
        self.bar.pack(fill="x", pady=12)
        self.status = ttk.Label(frame, text="Ready.")
        self.status.pack(anchor="w", fill="x")
        self.button = ttk.Button(frame, text="Copy", command=self.start)
        self.button.pack(anchor="e")
        root.protocol("WM_DELETE_WINDOW", self.close)
        self.poll()

    def start(self):
        self.button.state(["disabled"])
        self.bar.start(15)
        self.began = time.monotonic()
        # Returns at once.
        mhddq.directory_copy(self.inbox.put, source_dirname=self.source, copy_dirname=self.copy)

    def poll(self):
        """Runs every 20 ms, on the window's own thread."""
        if self.began is not None:
            self.status["text"] = f"Copying, {time.monotonic() - self.began:.1f} s"
        while not self.inbox.empty():
            self.finished(self.inbox.get())
        self.root.after(POLL_MS, self.poll)

    def finished(self, args):
        took, self.began = time.monotonic() - self.began, None
        self.bar.stop()
        self.button.state(["!disabled"])
        failed = None if args["result"] else args["output"]["exception"]
        self.status["text"] = f"Failed: {failed}" if failed else f"Copied in {took:.1f} s."

    def close(self):
        """The program finishes a copy under way before it ends; the window may close first."""
        self.root.destroy()


def main():
    parser = argparse.ArgumentParser(description="Copies a directory in a responsive window.")
    parser.add_argument("source", help="the directory to copy")
    parser.add_argument("copy", help="the directory to create; it must not exist yet")
    arguments = parser.parse_args()
    root = tkinter.Tk()
    CopyWindow(root, arguments.source, arguments.copy)
    root.mainloop()
    mhddq.shutdown()


if __name__ == "__main__":
    main()
