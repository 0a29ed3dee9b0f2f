"""A short window that copies a directory: a bar and a Cancel button. After Cancel nothing is left.

    python copy_dialog.py SOURCE COPY

copy_window.py is the longer one, with texts and a button to start.
"""

import argparse
import tkinter
from tkinter import messagebox, ttk

import mhddq


class CopyDialog:
    def __init__(self, source, copy):
        self.root = tkinter.Tk()
        self.root.title(f"Copying {source}")
        self.bar = ttk.Progressbar(self.root, length=360)
        self.bar.pack(padx=16, pady=16)
        self.control = mhddq.Control(self.show)
        self.button = ttk.Button(self.root, text="Cancel", command=self.control.cancel)
        self.button.pack(pady=(0, 16))
        self.root.protocol("WM_DELETE_WINDOW", self.control.cancel)

        self.disk = mhddq.Queue("copy").port()  # what it calls, it calls in this thread
        self.disk.directory_copy(self.finished, source, copy, control=self.control)
        self.serve()

    def serve(self):
        self.disk.deliver()
        self.root.after(20, self.serve)

    def show(self, done, total):
        self.bar.config(value=done, maximum=total or 1)

    def finished(self, args):
        if not args["result"] and not self.control.cancelled:
            messagebox.showerror("Copy", args["output"]["exception"])
        self.root.destroy()


def main():
    parser = argparse.ArgumentParser(description="Copies a directory, with a bar and Cancel.")
    parser.add_argument("source", help="the directory to copy")
    parser.add_argument("copy", help="the directory to create; it must not exist yet")
    CopyDialog(**vars(parser.parse_args())).root.mainloop()


if __name__ == "__main__":
    main()
