"""TokenizerView: a typed text as its tokens, and how they grew, merge by merge.

The text is cut in the kernel, by the tokenizer that was given: a learner's own as well as the library's. Outside
a live notebook a static picture stands in the widget's place.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import traitlets

from llmlab.errors import ConfigurationError
from llmlab.widgets.still import StillWidget

_FILLS = ("#d5e6f9", "#fde3d0", "#d6ecd7", "#f6d5d5")
# More tokens than this would slow a page down and teach nothing.
DRAWN = 600
_LOST = re.compile("[\udc80-\udcff]+")


@runtime_checkable
class SpellsBytes(Protocol):
    """A tokenizer that knows the bytes of each token, as `ByteLevelBPE` does and a learner's own."""

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids."""

    def token_bytes(self, token_id: int) -> bytes:
        """Give the bytes that an id stands for."""


@runtime_checkable
class WritesTokens(Protocol):
    """A tokenizer that knows how its vocabulary writes each token, as all of `llmlab.tokenization` do."""

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids."""

    def id_to_token(self, token_id: int) -> str:
        """Give the token of an id."""


def label(data: bytes) -> str:
    """Write a token so that all of it can be seen.

    Blanks and line ends get a sign, what has no sign gets its code point, and bytes that are only a
    part of a character are given as bytes: `⟨E2 82⟩`.
    """
    signs = {" ": "␣", "\n": "⏎", "\t": "⇥"}
    text = data.decode("utf-8", "surrogateescape")
    text = "".join(signs.get(character) or _seen(character) for character in text)
    if text and unicodedata.category(text[0]) in ("Mn", "Me"):
        text = "◌" + text
    return _LOST.sub(lambda lost: f"⟨{_hexadecimal(lost[0])}⟩", text) or "∅"


def is_part(data: bytes) -> bool:
    """Tell whether a token begins or ends in the middle of a character."""
    return bool(_LOST.search(data.decode("utf-8", "surrogateescape")))


def _seen(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Zl", "Zp", "Zs")
    return f"⟨U+{ord(character):04X}⟩" if hidden else character


def _hexadecimal(escaped: str) -> str:
    return " ".join(f"{ord(character) - 0xDC00:02X}" for character in escaped)


class TokenizerView(StillWidget):
    """A text to be typed, cut into tokens, with a slider through the merges of a BPE.

    Args:
        tokenizer: Anything with `encode(text)`, and `token_bytes(token_id)` or
            `id_to_token(token_id)`. If it has `merges` too, as `ByteLevelBPE` or `train_bpe` gives
            them, a slider goes through them.
        text: The text shown first.
        stage: How many merges are applied at first; all of them by default.
        title: Stands above the text.

    Raises:
        ConfigurationError: The tokenizer lacks a method, or there are fewer merges than `stage`.
    """

    _esm = Path(__file__).with_suffix(".js")

    title = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    stage = traitlets.Int(0).tag(sync=True)
    stages = traitlets.Int(0).tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        tokenizer: object,
        text: str = "The tokenizer tokenizes untokenizable texts.",
        *,
        stage: int | None = None,
        title: str = "Tokens",
    ) -> None:
        if not isinstance(tokenizer, (SpellsBytes, WritesTokens)):
            raise ConfigurationError(
                f"TokenizerView cannot use a `{type(tokenizer).__name__}`; give something with the methods "
                "`encode` and `id_to_token`, or `encode` and `token_bytes`."
            )
        self._tokenizer = tokenizer
        merges = _merges_of(tokenizer)
        self._made = [made for _, made in merges]
        # A token that two merges make counts as the first one's.
        self._parts = {made: pair for pair, made in reversed(merges)}
        numbered = reversed(list(enumerate(self._made, start=1)))
        self._number = {made: number for number, made in numbered}
        self._check_order()
        self._text_cut = text
        self._ids = list(tokenizer.encode(text))
        stages = len(merges)
        super().__init__(
            title=title, text=text, stage=stages if stage is None else stage, stages=stages
        )
        self.shown = self._drawing()
        self.observe(self._refresh, ["text", "stage"])

    def _check_order(self) -> None:
        for made, pair in self._parts.items():
            if any(self._number.get(part, 0) >= self._number[made] for part in pair):
                raise ConfigurationError(
                    f"Merge {self._number[made]} of the tokenizer is made of a token that no earlier merge makes; "
                    "give the merges in the order in which they were learned."
                )

    @traitlets.validate("stage")
    def _stage_exists(self, proposal: Any) -> int:
        stage: int = proposal["value"]
        if not 0 <= stage <= self.stages:
            raise ConfigurationError(
                f"There is no stage {stage}; with {self.stages} merges the stages are 0 to {self.stages}."
            )
        return stage

    def _refresh(self, change: object) -> None:
        """Cut and draw anew; an error of the tokenizer, which can be a learner's, is shown instead."""
        try:
            if self._text_cut != self.text:
                self._ids = list(self._tokenizer.encode(self.text))
                self._text_cut = self.text
            self.shown = self._drawing()
        except Exception as error:
            self.shown = {"wrong": f"The tokenizer raised {type(error).__name__}: {error}"}

    def _unfold(self, token: int) -> Iterator[int]:
        """Undo the merges of a token that come after the stage.

        Merges are applied in the order in which they were learned, so what a text looked like after the
        first few of them can be read off its tokens.
        """
        if self._number.get(token, 0) <= self.stage:
            yield token
            return
        for part in self._parts[token]:
            yield from self._unfold(part)

    def tokens(self) -> list[int]:
        """Give the ids of the text at the stage that is shown."""
        return [part for token in self._ids for part in self._unfold(token)]

    def _changes(self) -> list[int]:
        """List the stages at which the tokens of this text change."""
        found: set[int] = set()
        waiting = list(self._ids)
        while waiting:
            token = waiting.pop()
            if token in self._number and self._number[token] not in found:
                found.add(self._number[token])
                waiting += self._parts[token]
        return sorted(found)

    def _label(self, token: int) -> str:
        return label(_bytes_of(self._tokenizer, token))

    def _merge(self, number: int) -> str:
        left, right = self._parts[self._made[number - 1]]
        return f"{self._label(left)} + {self._label(right)} → {self._label(self._made[number - 1])}"

    def _next(self) -> str:
        """Say which merge came last, and which comes next."""
        last = f"Merge {self.stage:,}: {self._merge(self.stage)}. " if self.stage else ""
        if self.stage == self.stages:
            return f"{last}No merge is left."
        return f"{last}Next, merge {self.stage + 1:,}: {self._merge(self.stage + 1)}."

    def _counts(self, tokens: int) -> str:
        size = len(self.text.encode("utf-8", "replace"))
        rate = f"{size / tokens:.2f} bytes per token" if tokens else "nothing to cut"
        names = (("character", len(self.text)), ("byte", size), ("token", tokens))
        counts = [f"{number:,} {name}{'s' * (number != 1)}" for name, number in names]
        return f"{', '.join(counts)}: {rate}."

    def _drawing(self) -> dict[str, Any]:
        """Put together what the page draws, so that it arrives in one message."""
        ids = self.tokens()
        counts = self._counts(len(ids))
        if len(ids) > DRAWN:
            counts += f" The first {DRAWN} tokens are drawn."
        return {
            "counts": counts,
            "next": self._next() if self.stages else "",
            "changes": self._changes(),
            "tokens": [self._token(token) for token in ids[:DRAWN]],
        }

    def _token(self, token: int) -> dict[str, Any]:
        data = _bytes_of(self._tokenizer, token)
        number = self._number.get(token, 0)
        return {
            "label": label(data),
            "id": token,
            "bytes": data.hex(" ").upper(),
            "part": is_part(data),
            "new": bool(number) and number == self.stage < self.stages,
            "ends": data.endswith(b"\n"),
            "made": " + ".join(map(self._label, self._parts[token])) if number else "",
        }

    def _text(self) -> str:
        tokens = self.shown.get("tokens", [])
        names = " | ".join(token["label"] for token in tokens)
        stage = f" After {self.stage:,} of {self.stages:,} merges." if self.stages else ""
        return f"{self.title}: {names or 'none'}. {self.shown.get('counts', '')}{stage}"

    def _svg(self) -> str:
        """Draw the tokens in lines, each in a box with its id below."""
        x, y, width = 8.0, 30.0, 720.0
        title = html.escape(self.title)
        parts = [f'<text x="8" y="18" text-anchor="start" font-weight="bold">{title}</text>']
        for i, token in enumerate(self.shown.get("tokens", [])):
            size = 10 + max(8.0 * _cells(token["label"]), 6.6 * len(str(token["id"])))
            if x + size > width and x > 8:
                x, y = 8.0, y + 46
            dashes = ' stroke-dasharray="3 2"' if token["part"] else ""
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="38" rx="3" '
                f'fill="{_FILLS[i % len(_FILLS)]}" stroke="#616161"{dashes}/>'
                f'<text x="{x + size / 2:.1f}" y="{y + 17:.1f}">{html.escape(token["label"])}</text>'
                f'<text x="{x + size / 2:.1f}" y="{y + 32:.1f}" font-size="11">{token["id"]}</text>'
            )
            x += size + 3
            if token["ends"]:
                x, y = 8.0, y + 46
        counts = html.escape(self.shown.get("counts", self.shown.get("wrong", "")))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{y + 76:.0f}" '
            'font-family="monospace" font-size="13" text-anchor="middle" fill="#212121">'
            f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}'
            f'<text x="8" y="{y + 62:.0f}" text-anchor="start" font-family="sans-serif">{counts}</text></svg>'
        )


def _bytes_of(tokenizer: SpellsBytes | WritesTokens, token: int) -> bytes:
    if isinstance(tokenizer, SpellsBytes):
        return tokenizer.token_bytes(token)
    return tokenizer.id_to_token(token).encode()


def _merges_of(tokenizer: Any) -> list[tuple[tuple[int, int], int]]:
    """List the merges as pairs of ids, each with the id that it makes, in the order learned."""
    merges = getattr(tokenizer, "merges", ())
    if isinstance(merges, Mapping):
        return list(merges.items())
    triples = ((left, right, left + right) for left, right in merges)
    ids = (map(tokenizer.token_to_id, triple) for triple in triples)
    return [((left, right), made) for left, right, made in ids]


def _cells(text: str) -> int:
    """Count the columns that a text takes in a font of equal widths: some characters take two."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide
