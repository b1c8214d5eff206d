"""SamplingView: how temperature and filters change which token comes next, on a distribution of a real model.

The probabilities are computed here, by `llmlab.model.Sampling`, and sent as float32 bytes: what is seen is what
`generate` draws from. Outside a live notebook a static picture stands in the widget's place.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.model import Sampling
from llmlab.widgets.attention_view import visible
from llmlab.widgets.still import StillWidget

# What the sliders reach; a filter at its first number is off.
RANGES = {
    "temperature": (0.0, 3.0),
    "top_k": (0, 50),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 0.5),
}
MAX_ROWS = 40
_REMEMBERED = 60
_ROW, _LABELS, _BARS = 20, 130, 420


class SamplingView(StillWidget):
    """The likeliest next tokens as bars, before and after temperature and filters, and tokens drawn from them.

    Args:
        logits: What a model gives for one place of a text.
        label: Writes the token of an id, as a tokenizer's `lambda token: tokenizer.decode([token])`.
        prompt: The text before, shown above the bars.
        temperature: From 0, which always takes the likeliest token, to 3.
        top_k: Keep this many of the likeliest tokens, up to 50; 0 for no such filter.
        top_p: Keep the likeliest tokens that have this much probability together; 1 for no such filter.
        min_p: Keep tokens at least this many times as likely as the likeliest, up to 0.5; 0 for no such filter.
        rows: How many tokens are shown.
        seed: Draws the tokens.
        title: Stands above the picture.

    Raises:
        ShapeError: The logits are not those of one place.
        ConfigurationError: The logits hold NaN or rule every token out, or a number is out of its range.
    """

    _esm = Path(__file__).with_suffix(".js")

    title = traitlets.Unicode().tag(sync=True)
    prompt = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    others = traitlets.Int().tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    top_k = traitlets.Int(0).tag(sync=True)
    top_p = traitlets.Float(1.0).tag(sync=True)
    min_p = traitlets.Float(0.0).tag(sync=True)
    # How many tokens the learner has asked for in all.
    draws = traitlets.Int(0).tag(sync=True)
    # What is computed here: of each row and of all others together, the probability and how often it was drawn.
    before = traitlets.Bytes().tag(sync=True)
    after = traitlets.Bytes().tag(sync=True)
    counts = traitlets.Bytes().tag(sync=True)
    drawn = traitlets.List(traitlets.Unicode()).tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        logits: Float[Tensor, "vocabulary"],
        label: Callable[[int], str],
        prompt: str = "",
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        rows: int = 20,
        seed: int = 0,
        title: str = "The next token",
    ) -> None:
        self._logits = _checked(logits)
        settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
        for name, number in settings.items():
            low, high = RANGES[name]
            if not low <= number <= high:
                raise ConfigurationError(
                    f"{name} is {number}; give a number from {low:g} to {high:g}."
                )
        if not 1 <= rows <= MAX_ROWS:
            raise ConfigurationError(f"rows is {rows}; give a number from 1 to {MAX_ROWS}.")
        order = self._logits.argsort(descending=True, stable=True)
        self._shown = order[:rows]
        self._label = label
        self._generator = torch.Generator().manual_seed(seed)
        self._tally: Counter[int] = Counter()
        self._original = self._logits.softmax(dim=-1)
        super().__init__(
            title=title,
            prompt=prompt,
            labels=[visible(label(token)) for token in self._shown.tolist()],
            others=max(0, len(self._logits) - rows),
            before=self._rows(self._original),
            **settings,
        )
        self._compute()
        self.observe(self._on_setting, list(settings))
        self.observe(self._on_draw, "draws")

    def _on_setting(self, change: object) -> None:
        # One message for all that changes, so that no picture mixes two settings.
        with self.hold_sync():
            self._tally.clear()
            self.drawn = []
            self._compute()

    def _on_draw(self, change: traitlets.Bunch) -> None:
        wanted = min(max(0, change["new"] - change["old"]), 1000)
        if not wanted:
            return
        tokens = torch.multinomial(
            self._chances, wanted, replacement=True, generator=self._generator
        ).tolist()
        with self.hold_sync():
            self._tally.update(tokens)
            newest = [visible(self._label(token)) for token in tokens[-_REMEMBERED:]]
            self.drawn = [*self.drawn, *newest][-_REMEMBERED:]
            self.counts = self._counted()

    def _compute(self) -> None:
        """Let the settings work on the logits, and say what they leave."""
        sampling = Sampling(
            self.temperature,
            self.top_k or None,
            # A filter that keeps no probability at all still keeps the likeliest token.
            max(self.top_p, 1e-9) if self.top_p < 1 else None,
            self.min_p or None,
        )
        self._chances = sampling.probabilities(self._logits)
        self.after, self.counts = self._rows(self._chances), self._counted()
        kept = self._chances > 0
        had = self._original[kept].sum().item()
        alike = torch.special.entr(self._chances).sum().exp().item()
        noun = "token" if len(self._logits) == 1 else "tokens"
        self.status = (
            f"{int(kept.sum()):,} of {len(self._logits):,} {noun} can come next; the model itself gave them {had:.1%}; "
            f"the choice is as open as one of {alike:,.1f} equal tokens."
        )

    def _rows(self, probabilities: Float[Tensor, "vocabulary"]) -> bytes:
        """Pack the probabilities of the tokens shown, and behind them what all others have together."""
        shown = probabilities[self._shown]
        rest = (1 - shown.sum()).clamp(min=0)
        # Rounding leaves a trace where nothing is.
        rest = torch.where(rest < 1e-6, 0.0, rest)
        return torch.cat([shown, rest[None]]).to(torch.float32).numpy().tobytes()

    def _counted(self) -> bytes:
        counts = [self._tally[token] for token in self._shown.tolist()]
        return np.array([*counts, self._tally.total() - sum(counts)], dtype=np.uint32).tobytes()

    def _settings(self) -> str:
        parts = [f"temperature {self.temperature:.2f}"]
        parts += [f"top-k {self.top_k}"] * (self.top_k > 0)
        parts += [f"top-p {self.top_p:.2f}"] * (self.top_p < 1)
        parts += [f"min-p {self.min_p:.2f}"] * (self.min_p > 0)
        return ", ".join(parts)

    def _text(self) -> str:
        after = np.frombuffer(self.after, np.float32)[:-1].tolist()
        likeliest = ", ".join(
            f"{label} {share:.1%}"
            for label, share in zip(self.labels, after, strict=True)
            if share > 0
        )
        prompt = f" after “{self.prompt}”" if self.prompt else ""
        return f"{self.title}{prompt}, {self._settings()}: {likeliest}. {self.status}"

    def _svg(self) -> str:
        """Draw a bar for each token, and above each a thin one for what it had at temperature 1."""
        before, after = (
            np.frombuffer(data, np.float32).tolist() for data in (self.before, self.after)
        )
        # All others together can have more than any token; they get no bar, or it would dwarf the rest.
        scale = _BARS / max(*before[:-1], *after[:-1])
        names = self.labels
        parts = [
            f'<text x="8" y="16" font-weight="bold">{html.escape(_short(self.prompt, 90))}</text>',
            f'<text x="8" y="34">{html.escape(self._settings())}; thin bars: temperature 1, no filter</text>',
        ]
        for row, (name, was, now) in enumerate(zip(names, before[:-1], after[:-1], strict=True)):
            y = 44 + row * _ROW
            parts.append(
                f'<text x="{_LABELS - 8}" y="{y + 13}" text-anchor="end">{html.escape(_short(name, 16))}</text>'
                f'<rect x="{_LABELS}" y="{y + 1}" width="{was * scale:.1f}" height="3" fill="#9e9e9e"/>'
                f'<rect x="{_LABELS}" y="{y + 5}" width="{now * scale:.1f}" height="10" fill="#1565c0"/>'
                f'<text x="{_LABELS + max(was, now) * scale + 6:.1f}" y="{y + 13}">'
                f"{_percent(now) if now else 'ruled out' if was else ''}</text>"
            )
        rest = f"all {self.others:,} others together: {_percent(after[-1]) if after[-1] else 'ruled out'}"
        lines = [rest] * (self.others > 0) + [f"{line}." for line in self.status[:-1].split("; ")]
        bottom = 44 + len(names) * _ROW
        parts += [
            f'<text x="8" y="{bottom + 14 + 16 * number}">{html.escape(line)}</text>'
            for number, line in enumerate(lines)
        ]
        height = bottom + 16 * len(lines) + 8
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABELS + _BARS + 90}" height="{height}" '
            f'font-family="sans-serif" font-size="12" fill="#212121">'
            f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>'
        )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else "…" + text[1 - length :]


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else f"{share:.0e}".replace("e-0", "e-")


def _checked(logits: Tensor) -> Float[Tensor, "vocabulary"]:
    if logits.dim() != 1 or not len(logits):
        raise ShapeError(
            f"The logits have the shape {tuple(logits.shape)}; give those of one place, as logits[0, -1]."
        )
    numbers = logits.detach().to("cpu", torch.float32)
    if bool(numbers.isnan().any()) or not bool(numbers.isfinite().any()):
        raise ConfigurationError(
            "The logits hold NaN or rule every token out; look at the model's weights and masks."
        )
    return numbers
