"""Makes what students wrote safe to look at: in the feedback that they get, and in the instructor's formgrader.

Their notebooks hold HTML: in outputs, and in Markdown, where nbgrader's pages show it as it came. Here it is cleaned
by nh3 (bindings to Rust's ammonia): tags, attributes, styles and addresses on a list pass, and nothing else. A page of
feedback also carries a content-security policy that forbids scripts and addresses outside the page, so that what a
cleaner might miss is not run by the browser. See https://www.w3.org/TR/CSP3/.
"""

from __future__ import annotations

import contextlib
import pickle
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import nh3
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.filters.markdown import markdown2html
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from traitlets import Bool
from traitlets.config import Config

from autograder.classroom.formulas import ATTRIBUTES as FORMULA_ATTRIBUTES
from autograder.classroom.formulas import TAGS as FORMULA_TAGS
from autograder.errors import Abandoned, GradingError, TooCostly
from autograder.grading import options
from autograder.grading.apart import shared
from autograder.grading.submission import as_markdown

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'"
)
_META = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'

# Characters of code that a page of feedback shows.
MOST_CODE = 300_000

_TAGS = nh3.ALLOWED_TAGS | {"font", "progress", "section"}
_ATTRIBUTES = {
    tag: set(names)
    for tag, names in {
        **nh3.ALLOWED_ATTRIBUTES,
        "*": {"aria-hidden", "aria-label", "class", "id", "role", "style", "title"},
        "a": {"href", "name"},
        "img": {"src", "alt", "width", "height"},
        "progress": {"value", "max"},
        "div": {"data-status", "data-exercise"},
    }.items()
}
# Nothing here can lay one thing over another, or load anything.
_STYLES = {
    "border",
    "border-collapse",
    "border-left",
    "color",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "margin",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "opacity",
    "padding",
    "text-align",
    "text-decoration",
    "vertical-align",
    "white-space",
    "width",
}
# A picture is shown by `img` alone, where a browser runs no script of an SVG and loads nothing for it.
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*\Z")
_LINK = re.compile(r"(https?:|mailto:|#)", re.IGNORECASE)
_TOLD = ("attachments", "metadata", "nbgrader", "output_extension", "outputs")
# Pieces of an output that a browser does more with than show them, and that need no cleaning to be plain text.
_SHOWN = ("image/png", "image/jpeg", "image/gif", "text/html", "text/plain", "text/latex")


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if tag == "img" and _PICTURE.match(value) else None
    if name == "href":
        return value if _LINK.match(value.strip()) else None
    return value


def clean(markup: str, formulas: bool = False) -> str:
    """Leave of some HTML what can be looked at without harm.

    Args:
        markup: The HTML.
        formulas: Whether it holds formulas of ours, which were written after what students wrote had been cleaned.
    """
    attributes = _ATTRIBUTES
    if formulas:
        attributes = attributes | dict.fromkeys(FORMULA_TAGS, FORMULA_ATTRIBUTES)
    return nh3.clean(
        markup,
        tags=_TAGS | FORMULA_TAGS if formulas else _TAGS,
        attributes=attributes,
        attribute_filter=_attribute,
        url_schemes={"data", "http", "https", "mailto"},
        filter_style_properties=_STYLES,
        clean_content_tags={"script", "style"},
        link_rel="noopener noreferrer",
    )


class _Found(HTMLParser):
    """Lists what is in some HTML that `clean` would not let pass."""

    def __init__(self) -> None:
        super().__init__()
        self.harm = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = _ATTRIBUTES.get(tag, set()) | _ATTRIBUTES["*"]
        for name, value in attrs:
            if name not in known or _attribute(tag, name, value or "") is None:
                self.harm = True
            styles = (value or "").split(";") if name == "style" else []
            self.harm |= any(one.partition(":")[0].strip() not in _STYLES | {""} for one in styles)
        self.harm |= tag not in _TAGS

    def handle_decl(self, decl: str) -> None:
        self.harm = True

    def handle_pi(self, data: str) -> None:
        self.harm = True

    def handle_comment(self, data: str) -> None:
        self.harm = True


def is_harmless(markup: str) -> bool:
    """Say whether some HTML holds nothing but what `clean` lets pass."""
    found = _Found()
    found.feed(markup)
    # A tag that is not closed here would be by what comes after it in the page.
    left_open = re.search(r"<[a-z/!?]", found.rawdata, re.IGNORECASE)
    found.close()
    return not found.harm and not left_open


class Sanitize(Preprocessor):
    """Cleans the outputs and the Markdown of a notebook, before an instructor or a student opens it."""

    enabled = Bool(True, help="Whether to use it.").tag(config=True)

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Clean one cell."""
        if cell.cell_type == "code":
            for output in cell.outputs:
                if "data" in output:
                    output.data = _shown(output.data)
                output.metadata = NotebookNode()
                if output.output_type not in ("display_data", "execute_result"):
                    del output["metadata"]
        elif cell.cell_type == "markdown":
            source = _with_pictures(cell.source, cell.pop("attachments", {}))
            forms = (source, _without_tags(source), as_markdown(source))
            cell.source = next(filter(_can_be_shown, forms), "")
        else:
            # A raw cell goes into a page as it is.
            cell.source = _without_tags(cell.source)
        return cell, resources


def _with_pictures(source: str, attachments: dict[str, dict[str, str]]) -> str:
    """Put the pictures that are attached to a cell into its text, and no other attachment."""

    def address(found: re.Match[str]) -> str:
        for kind, data in attachments.get(unquote(found[1]), {}).items():
            whole = f"data:{kind};base64,{data}"
            if _PICTURE.match(whole):
                return re.sub(r"\s", "", whole)
        return "#missing"

    return re.sub(r"attachment:([^\s)\]>\"']+)", address, source)


def _without_tags(source: str) -> str:
    return source.replace("&", "&amp;").replace("<", "&lt;")


def _can_be_shown(source: str) -> bool:
    try:
        return is_harmless(markdown2html(source))
    except Exception:  # a renderer stumbles in many ways, and would again when the page is made
        return False


def _shown(data: dict[str, Any]) -> NotebookNode:
    kept = NotebookNode({kind: data[kind] for kind in _SHOWN if kind in data})
    for kind in ("text/html", "text/latex"):
        if kind in kept:
            kept[kind] = clean(str(kept[kind]))
    return kept


class FeedbackPage(HTMLExporter):
    """Writes nbgrader's page of feedback, cleaned, with a content-security policy.

    Each page is made in a child with limits on time and memory (`c.Judge.reading`): a notebook that is too much for
    them has a page that says so, and the others have theirs.
    """

    def from_filename(
        self, filename: str, resources: Any = None, **kwargs: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Write a file's notebook as a page; a page of one sentence where that is too much."""
        apart = shared(options.Judge(config=self.config).budget())
        steps = [(type(one), one.enabled) for one in self._preprocessors]
        recipe = _Recipe(type(self), _portable(self.config), steps)
        path, given = Path(filename).absolute(), dict(resources or {})
        try:
            page, told = apart.do(_page_of_file, recipe, str(path), given)
        except TooCostly as error:
            reason = f"Making a page of it {error}."
            self.log.warning("%s has a page of one sentence. %s", filename, reason)
            page, told = apart.do(_page_of_sentence, recipe, path.stem, reason, given)
        except Abandoned as error:
            raise GradingError(f"Making a page of {filename} {error}.") from error
        return page, given | told

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kwargs: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Write one notebook as a page."""
        page, resources = super().from_notebook_node(_cut(nb), resources, **kwargs)
        return safe_page(page), resources


@dataclass(frozen=True)
class _Recipe:
    """What another process needs to make an exporter as this one is."""

    kind: type[HTMLExporter]
    config: Config
    steps: list[tuple[type[Any], bool]]

    def exporter(self) -> Any:
        exporter: Any = self.kind(config=self.config)
        exporter._preprocessors = []
        for step, enabled in self.steps:
            exporter.register_preprocessor(step, enabled=enabled)
        return exporter


def _portable(config: Config) -> Config:
    """Leave out what cannot be copied to another process, as a hook that is written in the configuration."""
    kept = Config()
    for name, section in config.items():
        with contextlib.suppress(Exception):
            pickle.dumps(section)
            kept[name] = section
    return kept


def _page_of_file(
    recipe: _Recipe, path: str, resources: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    page, told = HTMLExporter.from_filename(recipe.exporter(), path, resources)
    return page, _told(told)


def _page_of_sentence(
    recipe: _Recipe, name: str, reason: str, resources: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    text = f"**This page cannot show the notebook.** {as_markdown(reason)} The points stand."
    notebook = new_notebook(cells=[new_markdown_cell(text, id="not-shown")])
    about = {"metadata": ResourcesDict(name=name, path="")} | resources
    page, told = recipe.exporter().from_notebook_node(notebook, about)
    return page, _told(told)


def _told(resources: dict[str, Any]) -> dict[str, Any]:
    """Keep of an exporter's resources what nbgrader writes a file by; templates hold functions."""
    return {name: resources[name] for name in _TOLD if name in resources}


def _cut(notebook: NotebookNode) -> NotebookNode:
    """Leave code out that is more than a person reads: to color megabytes would keep all others waiting."""
    left = MOST_CODE
    cut = nbformat.from_dict(notebook)
    for cell in cut.cells:
        if cell.cell_type == "code" and len(cell.source) > left:
            cell.source = f"{cell.source[:left]}\n# … the rest of this cell is left out here"
        left = max(0, left - len(cell.source) if cell.cell_type == "code" else left)
    return cut


def safe_page(page: str) -> str:
    """Clean a page that nbgrader's template made.

    Its head holds nothing of a student's; of it the styles are kept, and the scripts, which would come from
    elsewhere, are not.
    """
    head, _, body = page.partition("<body>")
    head = re.sub(r"<script\b.*?</script\s*>", "", head, flags=re.DOTALL | re.IGNORECASE)
    head = re.sub(r"<head>", lambda found: f"{found[0]}\n{_META}", head, count=1)
    return f"{head}<body>\n{clean(body, formulas=True)}\n</body>\n</html>\n"
