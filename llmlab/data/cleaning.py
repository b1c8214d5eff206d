"""Cleaning: a page of the web becomes the text that its author wrote.

What is repaired here is the same for every page; whether a page is any good is asked later, by
`llmlab.data.filters`.
"""

from __future__ import annotations

import re

from llmlab.tokenization.normalization import nfc

# Control characters, the soft hyphen, the zero-width space and the byte order mark. The joiners stay:
# Persian and emoji need them.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\ufeff]")
_LINE_ENDS = re.compile("\r\n?|\x85|\u2028|\u2029")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_LINE_ENDS = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")


def repair_encoding(text: str) -> str:
    """Undo what a wrong guess of the encoding has done: `schÃ¶n` becomes `schön` again.

    The work is done by `ftfy` (Speer, 2019), told to leave quotation marks as they are.
    """
    import ftfy

    config = ftfy.TextFixerConfig(uncurl_quotes=False, normalization=None, explain=False)
    return ftfy.fix_text(text, config)


def normalize_text(text: str) -> str:
    """Give a text one way of writing what looks the same.

    Letters are composed (NFC), invisible characters go, every run of spaces becomes one plain space,
    lines lose the spaces at their ends, and at most one empty line stands between paragraphs. So the
    indentation of source code is lost: this is for prose.
    """
    text = _LINE_ENDS.sub("\n", nfc(text))
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text))
    text = _EMPTY_LINES.sub("\n\n", _AROUND_LINE_ENDS.sub("\n", text))
    return text.strip()


_HTML = re.compile(r"<(!doctype html|html|head|body|div|p|table|article)\b", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Tell whether a text is the source of a web page, by how it begins."""
    return _HTML.search(text, 0, 2_000) is not None


def extract_html(html: str) -> str | None:
    """Take the main text out of a web page, and leave menus, advertisements and comments behind.

    The work is done by `trafilatura` (Barbaresi, 2021).

    Returns:
        The text, or None where there is none.
    """
    import trafilatura

    return trafilatura.extract(html, include_comments=False, include_tables=True)


# Lines that are on every page of a site, and tell nothing about the page.
_BOILERPLATE = re.compile(
    r"""all\ rights\ reserved | ^\s*(copyright|©|\(c\)) | terms\ of\ (use|service)
    | (privacy|cookie)\ policy | (uses?|use\ of|accept)\ (all\ )?cookies | enable\ javascript
    | ^\W*(skip\ to\ (main\ )?content|back\ to\ top|read\ more|sign\ (in|up)|log\ in|subscribe
          |share\ (this|on)\b.*|click\ here.*|leave\ a\ (comment|reply)|advertisement)\W*$
    | ^[^.!?|]{0,40}(\ [|»›·•]\ [^.!?|]{0,40}){2,}$""",
    re.IGNORECASE | re.VERBOSE,
)


def strip_boilerplate(text: str) -> str:
    """Drop the lines that stand on every page: menus, cookie notices, copyright, calls to share.

    Only short lines are dropped, so that an article *about* cookies keeps its sentences.
    """
    lines = [line for line in text.split("\n") if len(line) > 150 or not _BOILERPLATE.search(line)]
    return "\n".join(lines).strip()
