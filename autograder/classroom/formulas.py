"""Writes formulas as MathML, which browsers show by themselves: no script, no network.

The pages that nbgrader makes leave formulas to MathJax, which would come from elsewhere, and which no page of ours may
run. See https://www.w3.org/TR/mathml-core/.
"""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from typing import Any

from latex2mathml.converter import convert_to_element
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

TAGS = {
    *(
        "math",
        "mfrac",
        "mi",
        "mn",
        "mo",
        "mover",
        "mroot",
        "mrow",
        "mspace",
        "msqrt",
        "mstyle",
        "msub",
    ),
    *(
        "msubsup",
        "msup",
        "mtable",
        "mtd",
        "mtext",
        "mtr",
        "munder",
        "munderover",
        "mpadded",
        "mphantom",
    ),
}
ATTRIBUTES = {
    *(
        "accent",
        "columnalign",
        "columnspan",
        "display",
        "displaystyle",
        "fence",
        "form",
        "height",
        "linethickness",
    ),
    *(
        "mathvariant",
        "maxsize",
        "minsize",
        "rowspacing",
        "scriptlevel",
        "separator",
        "stretchy",
        "width",
    ),
}
# Code comes first, so that a dollar in it begins no formula; then what a backslash makes an ordinary dollar.
_FORMULA = re.compile(
    r"^(?P<fence>```+|~~~+).*?^(?P=fence)|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)|\\\$"
    r"|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^\s$](?:[^$\n]*(?:\n(?!\s*\n)[^$\n]*)*[^\s$\\])?)\$(?!\d)",
    re.DOTALL | re.MULTILINE,
)
# Longer ones are no formulas, and a converter goes down by recursion.
_LONGEST = 2_000


def with_mathml(markdown: str) -> str:
    """Replace the formulas of a text in Markdown by MathML; what is none, or cannot be read, stays as it is."""

    def written(found: re.Match[str]) -> str:
        block, inline = found["block"], found["inline"]
        formula = block or inline
        if not formula or len(formula) > _LONGEST:
            return found[0]
        return mathml(formula, bool(block)) or found[0]

    return _FORMULA.sub(written, markdown)


def mathml(formula: str, block: bool) -> str:
    """Write one formula as MathML; empty where it cannot be read.

    Args:
        formula: What stands between the dollars, in LaTeX.
        block: Whether it stands by itself.
    """
    try:
        tree = convert_to_element(formula, display="block" if block else "inline")
        for one in tree.iter():
            if one.tag not in TAGS:
                return ""
            for name in set(one.attrib) - ATTRIBUTES:
                del one.attrib[name]
            # The converter writes characters as entities, which would be shown as they are.
            one.text = html.unescape(one.text) if one.text else one.text
        written = ET.tostring(tree, encoding="unicode")
    except Exception:  # it stumbles in many ways over what is no LaTeX
        return ""
    # In a cell of a table or in a list, a line that is broken would end it.
    return " ".join(written.split())


class Formulas(Preprocessor):
    """Writes the formulas of a notebook's Markdown as MathML; it comes after the text was cleaned."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Write those of one cell."""
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
        return cell, resources
