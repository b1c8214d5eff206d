"""ResidualView: what a model would say if it stopped after each layer (the logit lens; nostalgebraist, 2020).

The guesses of all layers and places are computed once and travel as bytes: two for a token, one for its
probability. Outside a live notebook a static picture stands in the widget's place.
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
_CELL, _ROW, _GUTTER = 74, 18, 64


class ResidualView(StillWidget):
    """A table with a row for each layer and a column for each token, and in each cell the likeliest next token.

    Args:
        model: A `Transformer`, or a model of your own with `blocks`, `norm` and `head`.
        ids: The tokens that it reads.
        label: Writes the token of an id, as a tokenizer's `lambda token: tokenizer.decode([token])`.
        place: The token that is looked at first; by default the last one.
        title: Stands above the table.

    Raises:
        ShapeError: The ids are not those of one text, or of a text with no tokens or more than 64.
        ConfigurationError: The place does not exist, or the model gives NaN.
    """

    _esm = Path(__file__).with_suffix(".js")

    title = traitlets.Unicode().tag(sync=True)
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    vocabulary = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # Layers and the embedding below them, places, guesses a cell.
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    guesses = traitlets.Bytes().tag(sync=True)
    chances = traitlets.Bytes().tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        model: Stacked,
        ids: Int[Tensor, "length"],
        label: Callable[[int], str],
        *,
        place: int | None = None,
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
        found = [_likeliest(logits) for logits in logit_lens(model, ids)]
        chances = torch.stack([chance for chance, _ in found])
        tokens = torch.stack([token for _, token in found])
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
        said = "; ".join(f"{step}: {self.guess(step, self.place)[0][0]}" for step in steps)
        return (
            f"{self.title}: {layers} layers, {len(self.tokens)} tokens. At {self.tokens[self.place]} it ends with "
            f"{last[0]} ({last[1]:.2f}), and says so from layer {self.settled(self.place)} on. "
            f"After so many layers: {said}."
        )

    def _svg(self) -> str:
        """Draw the table from the last layer at the top to the embedding, with the newest tokens that fit."""
        heights, length = self.shape[:2]
        first = max(0, length - 9)
        columns = range(first, length)
        parts = [
            f'<text x="{_GUTTER + (column + 0.5) * _CELL:.0f}" y="14" font-weight="bold">'
            f"{html.escape(_short(self.tokens[place]))}</text>"
            for column, place in enumerate(columns)
        ]
        for row, layer in enumerate(reversed(range(heights))):
            y = 22 + row * _ROW
            name = f"layer {layer}" if layer else "embedding"
            parts.append(f'<text x="{_GUTTER - 6}" y="{y + 13}" text-anchor="end">{name}</text>')
            for column, place in enumerate(columns):
                token, share = self.guess(layer, place)[0]
                x = _GUTTER + column * _CELL
                bold = ' font-weight="bold"' if layer >= self.settled(place) else ""
                parts.append(
                    f'<rect x="{x}" y="{y}" width="{_CELL - 2}" height="{_ROW - 2}" fill="#1976d2" '
                    f'fill-opacity="{0.06 + 0.5 * share:.2f}"/><text x="{x + _CELL / 2 - 1:.0f}" '
                    f'y="{y + 12}"{bold}>{html.escape(_short(token))}</text>'
                )
        width, bottom = _GUTTER + len(columns) * _CELL, 22 + heights * _ROW
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom + 22}" '
            f'font-family="sans-serif" font-size="11" text-anchor="middle" fill="#212121">'
            f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}'
            f'<text x="4" y="{bottom + 14}" text-anchor="start">The darker, the surer; bold: the final '
            "token already.</text></svg>"
        )


def _short(token: str) -> str:
    return token if len(token) <= 10 else token[:9] + "…"


def _likeliest(
    logits: Float[Tensor, "length vocabulary"],
) -> tuple[Float[Tensor, "length guess"], Int[Tensor, "length guess"]]:
    """Give the probabilities and ids of the likeliest tokens at each place."""
    chances = logits.detach().to("cpu", torch.float32).softmax(dim=-1)
    best = chances.topk(min(GUESSES, chances.shape[-1]), dim=-1)
    return best.values, best.indices
