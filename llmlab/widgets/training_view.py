"""TrainingView: a run while it runs. Loss, learning rate and gradient norm of each step, and what the model writes.

Numbers are sent as float32 bytes, a few times a second at most, so that looking costs the run next to nothing.
Outside a live notebook a static picture stands in the widget's place.
"""

from __future__ import annotations

import html
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import traitlets

from llmlab.errors import ConfigurationError
from llmlab.training.loop import Step
from llmlab.widgets.still import StillWidget

# Seconds between two messages to the browser.
PAUSE = 0.25
_WIDTH, _LEFT, _GAP = 640, 58, 30
# What is drawn, from top to bottom: the trait, its caption, and the height of its panel.
PANELS = (
    ("losses", "loss (nats a token)", 190),
    ("rates", "learning rate", 62),
    ("norms", "gradient norm", 80),
)
_POINTS = 400


class TrainingView(StillWidget):
    """Curves of a run, drawn while it runs, and texts that the model writes on the way.

    Show it before the run begins, and let the run pass through `follow`.

    Args:
        total_steps: How many steps the run will take, for the axis; 0 if nobody knows.
        smoothing: How much of the curve's running mean is kept from step to step, from 0 to 0.99.
        title: Stands above the picture.

    Raises:
        ConfigurationError: A number is out of its range.
    """

    _esm = Path(__file__).with_suffix(".js")

    title = traitlets.Unicode().tag(sync=True)
    total_steps = traitlets.Int(0).tag(sync=True)
    smoothing = traitlets.Float(0.8).tag(sync=True)
    first_step = traitlets.Int(0).tag(sync=True)
    losses = traitlets.Bytes().tag(sync=True)
    rates = traitlets.Bytes().tag(sync=True)
    norms = traitlets.Bytes().tag(sync=True)
    # Held-out losses as pairs of a step and a loss.
    validation = traitlets.Bytes().tag(sync=True)
    samples = traitlets.List(traitlets.Tuple(traitlets.Int(), traitlets.Unicode())).tag(sync=True)
    status = traitlets.Unicode("No step yet.").tag(sync=True)

    def __init__(
        self, total_steps: int = 0, *, smoothing: float = 0.8, title: str = "Training"
    ) -> None:
        if total_steps < 0:
            raise ConfigurationError(f"total_steps is {total_steps}; give a number of at least 0.")
        if not 0 <= smoothing <= 0.99:
            raise ConfigurationError(f"smoothing is {smoothing}; give a number from 0 to 0.99.")
        super().__init__(title=title, total_steps=total_steps, smoothing=smoothing)
        self._steps: list[Step] = []
        self._held_out: list[tuple[int, float]] = []
        self._sent = -math.inf

    def follow(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Let the steps of a run pass, and draw each.

        When the run ends, or breaks, all that was seen is drawn.
        """
        try:
            for step in steps:
                self.add(step)
                yield step
        finally:
            self.send()

    def add(self, step: Step) -> None:
        """Take in one step."""
        self._steps.append(step)
        if time.monotonic() - self._sent >= PAUSE:
            self.send()

    def add_validation(self, step: int, loss: float) -> None:
        """Take in the loss on held-out text."""
        self._held_out.append((step, loss))
        self.send()

    def add_sample(self, step: int, text: str) -> None:
        """Take in a text that the model has written after a step."""
        self.samples = [*self.samples, (step, text)]

    def send(self) -> None:
        """Send what was taken in to the browser."""
        self._sent = time.monotonic()
        if not self._steps:
            return
        columns = np.array(
            [(one.loss, one.learning_rate, one.gradient_norm) for one in self._steps], np.float32
        )
        # One message for all that changes, so that no picture mixes two moments.
        with self.hold_sync():
            self.first_step = self._steps[0].number
            for name, column in zip(("losses", "rates", "norms"), columns.T, strict=True):
                setattr(self, name, column.tobytes())
            self.validation = np.array(self._held_out, np.float32).tobytes()
            self.status = self._outcome()

    def _outcome(self) -> str:
        last = self._steps[-1]
        of = f" of {self.total_steps}" if self.total_steps else ""
        held_out = f", on held-out text {self._held_out[-1][1]:.3f}" if self._held_out else ""
        return (
            f"Step {last.number + 1}{of}: loss {last.loss:.3f}{held_out}, learning rate "
            f"{last.learning_rate:.2g}, gradient norm {last.gradient_norm:.2f}."
        )

    def _text(self) -> str:
        first = f" It began with a loss of {self._steps[0].loss:.3f}." if self._steps else ""
        wrote = (
            f" After step {self.samples[-1][0]} it wrote: {self.samples[-1][1]}"
            if self.samples
            else ""
        )
        return f"{self.title}: {self.status}{first}{wrote}"

    def _svg(self) -> str:
        """Draw the three curves below each other."""
        parts, top = [], 8
        for name, caption, height in PANELS:
            values = np.frombuffer(getattr(self, name), np.float32)
            parts.append(self._panel(values, name, caption, top, height))
            top += height + _GAP
        steps = f'<text x="{_WIDTH - 4}" y="{top - 8}" text-anchor="end">step</text>'
        status = f'<text x="2" y="{top + 14}">{html.escape(self.status)}</text>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top + 24}" '
            'font-family="sans-serif" font-size="12" fill="#212121">'
            f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}{steps}{status}</svg>'
        )

    def _panel(self, values: np.ndarray, name: str, caption: str, top: int, height: int) -> str:
        frame = (
            f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH - _LEFT - 4}" height="{height}" fill="none" '
            f'stroke="#bdbdbd"/><text x="{_WIDTH - 12}" y="{top + 14}" text-anchor="end">{caption}</text>'
        )
        known = values[np.isfinite(values)]
        if not len(known):
            return frame
        low, high = float(known.min()), float(known.max())
        span = high - low or 1.0
        end = max(self.total_steps, self.first_step + len(values)) - 1

        def place(step: int, value: float) -> str:
            x = _LEFT + step / max(1, end) * (_WIDTH - _LEFT - 4)
            return f"{x:.1f},{top + height - 4 - (value - low) / span * (height - 8):.1f}"

        def curve(series: Sequence[float], style: str) -> str:
            skip = max(1, len(series) // _POINTS)
            points = [
                place(self.first_step + step, series[step])
                for step in range(0, len(series), skip)
                if math.isfinite(series[step])
            ]
            return f'<polyline points="{" ".join(points)}" fill="none" {style}/>'

        raw = curve(values.tolist(), 'stroke="#90a4ae" stroke-width="1"')
        smooth = curve(
            smoothed(values.tolist(), self.smoothing), 'stroke="#bf360c" stroke-width="2"'
        )
        marks = "".join(
            f'<path d="M{place(step, min(max(loss, low), high))}m-5 -5l10 10m0 -10l-10 10" '
            'stroke="#212121" stroke-width="2" fill="none"/>'
            for step, loss in (self._held_out if name == "losses" else [])
        )
        limits = "".join(
            f'<text x="{_LEFT - 6}" y="{y}" text-anchor="end">{number:.3g}</text>'
            for number, y in ((high, top + 12), (low, top + height))
        )
        return frame + raw + smooth + marks + limits


def smoothed(values: Sequence[float], share: float) -> list[float]:
    """Give the running mean of a series, corrected for its start as Adam's are (Kingma & Ba, 2014).

    Args:
        values: The series; what is no finite number is left out of the mean.
        share: How much of the mean is kept from value to value, from 0 to below 1.
    """
    mean, weight, found = 0.0, 0.0, []
    for value in values:
        if math.isfinite(value):
            mean = share * mean + (1 - share) * value
            weight = share * weight + (1 - share)
        found.append(mean / weight if weight else math.nan)
    return found
