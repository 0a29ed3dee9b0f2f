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

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
nitpicky = True
myst_heading_anchors = 3
smartquotes_action = "D"  # dashes only: quotes in docstrings are those of Python literals
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings describe the types in words

html_theme = "furo"
html_title = f"mhddq {release}"
html_static_path = ["_static"]
html_css_files = ["mhddq.css"]
pygments_style = "default"  # its colours have enough contrast to be read
copybutton_selector = "div.highlight-python pre, div.highlight-pycon pre, div.highlight-sh pre"
copybutton_prompt_text = r">>> |\.\.\. "  # sessions are copied without prompts and output
copybutton_prompt_is_regexp = True

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


def parameters_of(obj):
    try:
        return inspect.signature(obj).parameters
    except ValueError:  # a compiled class or method that has no signature
        return ()


def converted(what, name, line, parameters):
    """A line of a docstring as reST: its kind, and the lines."""
    found = BLOCK.fullmatch(line)
    if not found:
        return ("text" if line and not line[0].isspace() else "more"), [line]
    label, text = found.groups()
    if parameters.issuperset(names := label.split(", ")):
        return "field", [f":param {','.join(names)}: {text}"]  # a blank would end the name
    if label == "Returns":
        return "field", [f":returns: {text}"]
    if label in LABELS or (what == "class" and label[0].isupper()):
        return "field", [f":{label}: {text}"]
    if label[0].islower():
        return "item", [", ".join(f"``{key}``" for key in names), f"    {text}"]
    raise ValueError(f"{name}: the docstring's '{label}:' is no parameter and no label")


def as_fields(app, what, name, obj, options, lines):  # noqa: PLR0913, PLR0917 - Sphinx calls it
    """Turns our docstrings, `name: what it is` with continuation lines indented, into reST.

    Parameters and labels become fields; anything else of that form becomes an item of a definition
    list. Docstrings are plain text, so a backslash in one is a backslash, no escape of reST.
    """
    short = name.rpartition(".")[2]
    if what == "method" and short in _binding.OPERATIONS:
        lines[:] = lines[:1]  # the rest is in the docstring of the function
        return
    if what not in {"function", "method", "class"}:
        return
    lines[:] = without_shared_parts(name.removeprefix("mhddq."), lines)
    lines[:] = [line.replace("\\", "\\\\") for line in lines]
    parameters = set(parameters_of(obj))
    fields = lines[:1]  # the summary
    before = "text"
    for line in lines[1:]:
        kind, made = converted(what, name, line, parameters)
        if kind not in {before, "more"} and fields[-1].strip():
            fields.append("")  # reST wants one between a list of fields, one of items, and text
        fields.extend(made)
        before = before if kind == "more" else kind
    lines[:] = fields


def setup(app):
    app.connect("autodoc-process-docstring", as_fields)
