"""Sphinx: `nox -s docs` builds these pages. The reference is read from the installed package."""

from __future__ import annotations

import inspect
import re

import mhddq
from mhddq import _binding

project = "mhddq"
author = "the mhddq authors"
copyright = "the mhddq authors, MPL-2.0"
version = release = mhddq.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
nitpicky = True
myst_heading_anchors = 3
smartquotes_action = "D"  # dashes only: quotes in docstrings are those of Python literals
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings describe the types in words

html_theme = "furo"
html_title = f"mhddq {release}"
html_static_path = ["_static"]
html_css_files = ["mhddq.css"]
pygments_style = "friendly"

# What a block of a docstring may begin with, apart from the names of parameters.
LABELS = {"Output", "On failure", "Returns", "Raises", "Threads"}
BLOCK = re.compile(r"([A-Z][a-z ]+|[a-z_]+(?:, [a-z_]+)*): +(\S.*)")


def without_shared_parts(name, lines):
    """Drops what the pages say once for all operations. A function that adds an operation to a list
    keeps its summary alone: the rest is in the docstring of the operation."""
    if name.startswith("oplist_"):
        return lines[:1]
    text = "\n".join(lines)
    if name in _binding.OPERATIONS:
        for shared in (_binding._CALLBACK, _binding._FAILURE, _binding._ENQUEUE):
            text = text.replace(shared + "\n", "")
    return text.split("\n")


def as_fields(app, what, name, obj, options, lines):  # noqa: PLR0913, PLR0917 - Sphinx calls it
    """Turns our docstrings, `name: what it is` with continuation lines indented, into reST.

    Parameters and labels become fields; anything else of that form becomes an item of a definition
    list. Docstrings are plain text, so a backslash in one is a backslash, no escape of reST.
    """
    if what != "function":
        return
    lines[:] = without_shared_parts(name.removeprefix("mhddq."), lines)
    lines[:] = [line.replace("\\", "\\\\") for line in lines]
    parameters = set(inspect.signature(obj).parameters)
    fields = lines[:1]  # the summary
    for line in lines[1:]:
        found = BLOCK.fullmatch(line)
        if not found:
            fields.append(line)
            continue
        label, text = found.groups()
        if label in parameters:
            fields.append(f":param {label}: {text}")
        elif label == "Returns":
            fields.append(f":returns: {text}")
        elif label in LABELS:
            fields.append(f":{label}: {text}")
        elif label[0].islower():
            names = ", ".join(f"``{key}``" for key in label.split(", "))
            fields.extend([names, f"    {text}"])
        else:
            raise ValueError(f"{name}: the docstring's '{label}:' is no parameter and no label")
    lines[:] = fields


def setup(app):
    app.connect("autodoc-process-docstring", as_fields)
