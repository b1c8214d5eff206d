"""AttentionView: which token attends to which, layer by layer and head by head.

The weights travel as one byte each, and of causal attention only the lower triangle: 12 layers of 12 heads over
128 tokens take 1.2 MB. Outside a live notebook a static picture stands in the widget's place.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import traitlets
from jaxtyping import Float, UInt8
from torch import Tensor

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.widgets.still import StillWidget

_GUTTER = 84.0


def _label(token: str) -> str:
    return html.escape(token if len(token) <= 10 else token[:9] + "…")


def _still(levels: UInt8[Tensor, "query key"], x: float, y: float, cell: float) -> str:
    """Draw weights as an image of one pixel each, enlarged: white is 0, dark blue is 1."""
    from PIL import Image

    image = Image.fromarray(levels.numpy()).convert("P")
    blues = [(255 - level, 255 - int(0.68 * level), 255 - int(0.4 * level)) for level in range(256)]
    image.putpalette([channel for color in blues for channel in color])
    buffer = io.BytesIO()
    image.save(buffer, format="png")
    data = base64.b64encode(buffer.getvalue()).decode()
    queries, keys = levels.shape
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{keys * cell:.1f}" height="{queries * cell:.1f}" '
        f'preserveAspectRatio="none" style="image-rendering:pixelated;outline:1px solid #bbbbbb" '
        f'href="data:image/png;base64,{data}"/>'
    )


def visible(token: str) -> str:
    """Write a token so that blanks and line ends can be seen."""
    return token.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥") or "∅"


def pack(weights: Float[Tensor, "layer head query key"], causal: bool) -> bytes:
    """Write weights between 0 and 1 as bytes 0 to 255, row by row; of causal ones, up to the diagonal."""
    levels = (weights * 255).round().clamp(0, 255).to(torch.uint8)
    if causal:
        rows, columns = torch.tril_indices(*levels.shape[-2:])
        levels = levels[..., rows, columns]
    return levels.numpy().tobytes()


def unpack(
    data: bytes, shape: Sequence[int], causal: bool
) -> UInt8[Tensor, "layer head query key"]:
    """Undo `pack`, to whole levels between 0 and 255."""
    flat = torch.from_numpy(np.frombuffer(data, dtype=np.uint8).copy())
    if not causal:
        return flat.reshape(*shape)
    levels = torch.zeros(*shape, dtype=torch.uint8)
    rows, columns = torch.tril_indices(shape[-2], shape[-1])
    levels[..., rows, columns] = flat.reshape(shape[0], shape[1], -1)
    return levels


class AttentionView(StillWidget):
    """A picture of attention weights to be played with.

    Args:
        tokens: The tokens of the sequence, in order.
        weights: (layers, heads, query, key), or without the first one or two: between 0 and 1, each
            row adding up to 1, or to 0 where everything was masked.
        layer: The layer shown first.
        head: The head shown first.
        view: `matrix` or `arcs`.
        title: Stands above the picture.

    Raises:
        ShapeError: The weights have a wrong number of dimensions, or do not fit the tokens.
        ConfigurationError: The weights are no attention weights, or layer, head or view do not exist.
    """

    _esm = Path(__file__).with_suffix(".js")

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    causal = traitlets.Bool().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    view = traitlets.Enum(["matrix", "arcs"], "matrix").tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    query = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        tokens: Sequence[str],
        weights: Float[Tensor, "*layers_and_heads query key"],
        *,
        layer: int = 0,
        head: int = 0,
        view: str = "matrix",
        title: str = "Attention",
    ) -> None:
        four = _checked(tokens, weights)
        layers, heads, queries, keys = four.shape
        for name, value, count in (("layer", layer, layers), ("head", head, heads)):
            if not 0 <= value < count:
                raise ConfigurationError(
                    f"There is no {name} {value}; the weights have {name}s 0 to {count - 1}."
                )
        if view not in ("matrix", "arcs"):
            raise ConfigurationError(f"There is no view {view!r}; choose 'matrix' or 'arcs'.")
        causal = queries == keys and not bool(four.triu(diagonal=1).any())
        super().__init__(
            tokens=[visible(token) for token in tokens],
            weights=pack(four, causal),
            shape=[layers, heads, queries, keys],
            causal=causal,
            title=title,
            view=view,
            layer=layer,
            head=head,
            query=queries - 1,
        )

    def _levels(self) -> UInt8[Tensor, "head query key"]:
        return unpack(self.weights, self.shape, self.causal)[self.layer]

    def _queries(self) -> list[str]:
        # With a cache there are fewer queries than keys, and they are the last tokens.
        return self.tokens[len(self.tokens) - self.shape[2] :]

    def strongest(self, count: int = 5) -> list[tuple[str, str, float]]:
        """List the strongest pairs of the chosen head: query, key and weight, not counting itself."""
        levels = self._levels()[self.head].float() / 255
        offset = self.shape[3] - self.shape[2]
        levels.diagonal(offset)[:] = 0
        values, places = levels.flatten().sort(descending=True, stable=True)
        queries = self._queries()
        return [
            (
                queries[int(place) // self.shape[3]],
                self.tokens[int(place) % self.shape[3]],
                float(value),
            )
            for value, place in zip(values[:count], places[:count], strict=True)
            if value > 0
        ]

    def _text(self) -> str:
        layers, heads, queries, keys = self.shape
        pairs = "; ".join(f"{q} → {k} {value:.2f}" for q, k, value in self.strongest())
        return (
            f"{self.title}: {queries} by {keys} tokens, {layers} layers, {heads} heads. "
            f"Layer {self.layer}, head {self.head}, strongest: {pairs or 'none but each token itself'}."
        )

    def _svg(self) -> str:
        """Draw the chosen head with its labels, and all heads of its layer small."""
        levels = self._levels()
        queries, keys = self.shape[2:]
        cell = min(26.0, 420 / keys)
        parts = [_still(levels[self.head], _GUTTER, _GUTTER, cell)]
        step = -(-12 // int(cell)) if cell >= 1 else 12
        for i, token in list(enumerate(self._queries()))[::step]:
            y = _GUTTER + (i + 0.7) * cell
            parts.append(
                f'<text x="{_GUTTER - 6}" y="{y:.0f}" text-anchor="end">{_label(token)}</text>'
            )
        for i, token in list(enumerate(self.tokens))[::step]:
            x = _GUTTER + (i + 0.7) * cell
            turn = f"translate({x:.0f} {_GUTTER - 6}) rotate(-60)"
            parts.append(f'<text transform="{turn}">{_label(token)}</text>')
        left = _GUTTER + keys * cell + 24
        small = 56.0
        for head, one in enumerate(levels[:12]):
            x, y = left + (head % 3) * (small + 10), 24 + (head // 3) * (small + 22)
            parts.append(_still(one, x, y, small / keys))
            parts.append(f'<text x="{x:.0f}" y="{y - 4:.0f}">head {head}</text>')
        shown = min(12, len(levels))
        width = left + min(shown, 3) * (small + 10)
        height = max(_GUTTER + queries * cell, 24 + -(-shown // 3) * (small + 22)) + 8
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'font-family="monospace" font-size="11" fill="#212121">'
            f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>'
        )


def _checked(tokens: Sequence[str], weights: Tensor) -> Float[Tensor, "layer head query key"]:
    """Bring weights to four dimensions, and make sure that they are attention weights of the tokens."""
    if not 2 <= weights.dim() <= 4:
        raise ShapeError(
            f"The weights have {weights.dim()} dimensions; give (layers, heads, query, key), or without the "
            "first one or two. Take one sequence out of a batch."
        )
    four = weights.detach().to("cpu", torch.float32)
    four = four.reshape((1,) * (4 - four.dim()) + tuple(four.shape))
    queries, keys = four.shape[-2:]
    if not four.numel():
        raise ShapeError("There are no weights to show; give at least one token and one head.")
    if keys != len(tokens) or queries > keys:
        raise ShapeError(
            f"There are {len(tokens)} tokens, and the weights are {queries} by {keys}; the last size must be "
            "the number of tokens, and there can be no more queries than that."
        )
    if bool(four.isnan().any()):
        raise ConfigurationError("The weights contain NaN; look for a row that is masked entirely.")
    if float(four.min()) < 0:
        raise ConfigurationError(
            f"The weights go down to {float(four.min()):.3g}; give what comes out of the softmax, not scores."
        )
    sums = four.sum(dim=-1)
    wrong = ((sums - 1).abs() > 0.02) & (sums.abs() > 0.02)
    if bool(wrong.any()):
        row = int(wrong.nonzero()[0][-1])
        raise ConfigurationError(
            f"The weights of query {row} add up to {float(sums[wrong][0]):.3g}, not to 1; give what comes out of "
            "the softmax over the keys."
        )
    return four
