"""ResidualView: what a model would say if it stopped after each layer (the logit lens; nostalgebraist, 2020).

Beside the likeliest token it shows the rank of the one that the model ends with, which falls long before it is the
likeliest. All of it is computed once and travels as bytes. Outside a live notebook a static picture stands in the
widget's place.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import traitlets
from jaxtyping import Float, Int
from torch import Tensor

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.model.lens import Stacked, logit_lens
from llmlab.widgets.attention_view import visible
from llmlab.widgets.still import StillWidget

# More columns would not fit a screen, and the lens takes time with each.
MAX_TOKENS = 64
GUESSES = 5
_CELL, _ROW, _GUTTER, _COLUMNS = 74, 18, 64, 8


class ResidualView(StillWidget):
    """A table with a row for each layer and a column for each token, and in each cell the likeliest next token.

    Args:
        model: A `Transformer`, or a model of your own with `blocks`, `norm` and `head`.
        ids: The tokens that it reads.
        label: Writes the token of an id, as a tokenizer's `lambda token: tokenizer.decode([token])`.
        place: The token that is looked at first; by default the last one.
        view: `guess` (the likeliest token after each layer) or `rank` (of the token said in the end).
        title: Stands above the table.

    Raises:
        ShapeError: The ids are not those of one text, or of a text with no tokens or more than 64.
        ConfigurationError: The place or the view does not exist, or the model gives NaN.
    """

    _esm = Path(__file__).with_suffix(".js")

    title = traitlets.Unicode().tag(sync=True)
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    vocabulary = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # Layers and the embedding below them, places, guesses a cell.
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    guesses = traitlets.Bytes().tag(sync=True)
    chances = traitlets.Bytes().tag(sync=True)
    ranks = traitlets.Bytes().tag(sync=True)
    vocabulary_size = traitlets.Int().tag(sync=True)
    view = traitlets.Enum(["guess", "rank"], "guess").tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        model: Stacked,
        ids: Int[Tensor, "length"],
        label: Callable[[int], str],
        *,
        place: int | None = None,
        view: str = "guess",
        title: str = "What the model would say after each layer",
    ) -> None:
        if ids.dim() != 1 or not 1 <= len(ids) <= MAX_TOKENS:
            raise ShapeError(
                f"The ids have the shape {tuple(ids.shape)}; give one text of 1 to {MAX_TOKENS} tokens."
            )
        chosen = len(ids) - 1 if place is None else place
        if not 0 <= chosen < len(ids):
            raise ConfigurationError(
                f"There is no place {chosen}; the text has the places 0 to {len(ids) - 1}."
            )
        if view not in ("guess", "rank"):
            raise ConfigurationError(f"There is no view {view!r}; choose 'guess' or 'rank'.")
        with torch.no_grad():
            said = model(ids[None])[0]
        final = said.argmax(dim=-1, keepdim=True)
        found = [_read(logits, final) for logits in logit_lens(model, ids)]
        chances, tokens, ranks = (torch.stack(part) for part in zip(*found, strict=True))
        if bool(chances.isnan().any()):
            raise ConfigurationError("The model gives NaN; look at its weights and masks.")
        used, places = tokens.unique(return_inverse=True)
        super().__init__(
            title=title,
            tokens=[visible(label(token)) for token in ids.tolist()],
            vocabulary=[visible(label(token)) for token in used.tolist()],
            shape=list(tokens.shape),
            guesses=places.numpy().astype(np.uint16).tobytes(),
            chances=(chances * 255).round().to(torch.uint8).numpy().tobytes(),
            ranks=ranks.numpy().astype(np.uint32).tobytes(),
            vocabulary_size=said.shape[-1],
            view=view,
            layer=len(tokens) - 1,
            place=chosen,
        )

    def guess(self, layer: int, place: int) -> list[tuple[str, float]]:
        """List the likeliest next tokens at one place after so many layers, with their probabilities."""
        at = (layer * self.shape[1] + place) * self.shape[2]
        cell = slice(at, at + self.shape[2])
        names = np.frombuffer(self.guesses, np.uint16)[cell].tolist()
        shares = np.frombuffer(self.chances, np.uint8)[cell].tolist()
        return [
            (self.vocabulary[name], share / 255) for name, share in zip(names, shares, strict=True)
        ]

    def rank(self, layer: int, place: int) -> int:
        """Say how far from the top the final token of a place stands after so many layers; 1 is the top."""
        return int(np.frombuffer(self.ranks, np.uint32)[layer * self.shape[1] + place])

    def settled(self, place: int) -> int:
        """Count the layers after which the likeliest token is the final one and stays so."""
        firsts = [self.guess(layer, place)[0][0] for layer in range(self.shape[0])]
        layer = len(firsts) - 1
        while layer and firsts[layer - 1] == firsts[-1]:
            layer -= 1
        return layer

    def _text(self) -> str:
        layers, last = self.shape[0] - 1, self.guess(self.shape[0] - 1, self.place)[0]
        steps = sorted({round(layers * quarter / 4) for quarter in range(5)})
        said = "; ".join(
            f"{step}: {self.guess(step, self.place)[0][0]} (rank of {last[0]}: {self.rank(step, self.place):,})"
            for step in steps
        )
        return (
            f"{self.title}: {layers} layers, {len(self.tokens)} tokens. At {self.tokens[self.place]} it ends with "
            f"{last[0]} ({last[1]:.2f}), and says so from layer {self.settled(self.place)} on. "
            f"After so many layers: {said}."
        )

    def _svg(self) -> str:
        """Draw the table from the last layer at the top to the embedding, and the ranks of the chosen place."""
        heights, length = self.shape[:2]
        # As many columns as fit, the chosen place among them.
        first = max(0, min(self.place - _COLUMNS // 2, length - _COLUMNS))
        columns = range(first, min(length, first + _COLUMNS))
        right = _GUTTER + len(columns) * _CELL
        final = _short(self.guess(heights - 1, self.place)[0][0])
        parts = [
            f'<text x="{_GUTTER + (column + 0.5) * _CELL:.0f}" y="14" font-weight="bold">'
            f"{html.escape(_short(self.tokens[place]))}</text>"
            for column, place in enumerate(columns)
        ]
        parts.append(
            f'<text x="{right + 8}" y="14" text-anchor="start" font-weight="bold">rank of '
            f"{html.escape(final)}</text>"
        )
        for row, layer in enumerate(reversed(range(heights))):
            y = 22 + row * _ROW
            name = f"layer {layer}" if layer else "embedding"
            parts.append(f'<text x="{_GUTTER - 6}" y="{y + 13}" text-anchor="end">{name}</text>')
            parts += [
                self._cell(layer, place, _GUTTER + column * _CELL, y)
                for column, place in enumerate(columns)
            ]
            parts.append(
                f'<text x="{right + 8}" y="{y + 12}" text-anchor="start">{self.rank(layer, self.place):,}</text>'
            )
        bottom = 22 + heights * _ROW
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{right + 130}" height="{bottom + 22}" '
            f'font-family="sans-serif" font-size="11" text-anchor="middle" fill="#212121">'
            f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}'
            f'<text x="4" y="{bottom + 14}" text-anchor="start">The darker, the surer; bold: the final '
            "token already.</text></svg>"
        )

    def _cell(self, layer: int, place: int, x: int, y: int) -> str:
        token, share = self.guess(layer, place)[0]
        bold = ' font-weight="bold"' if layer >= self.settled(place) else ""
        return (
            f'<rect x="{x}" y="{y}" width="{_CELL - 2}" height="{_ROW - 2}" fill="#1976d2" '
            f'fill-opacity="{0.06 + 0.5 * share:.2f}"/><text x="{x + _CELL / 2 - 1:.0f}" '
            f'y="{y + 12}"{bold}>{html.escape(_short(token))}</text>'
        )


def _short(token: str) -> str:
    return token if len(token) <= 10 else token[:9] + "…"


def _read(
    logits: Float[Tensor, "length vocabulary"], final: Int[Tensor, "length 1"]
) -> tuple[Float[Tensor, "length guess"], Int[Tensor, "length guess"], Int[Tensor, "length"]]:
    """Give the probabilities and ids of the likeliest tokens at each place, and the rank of the final one."""
    chances = logits.detach().to("cpu", torch.float32).softmax(dim=-1)
    best = chances.topk(min(GUESSES, chances.shape[-1]), dim=-1)
    ranks = 1 + (logits > logits.gather(-1, final)).sum(dim=-1)
    return best.values, best.indices, ranks.cpu()
