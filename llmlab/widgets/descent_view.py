"""DescentView: the path of an optimizer down a loss surface, with its settings to play with.

The path is computed here, by the optimizers of `llmlab.foundations` or by one of your own, and sent as float32
bytes: what is seen is what was written. Outside a live notebook a static picture stands in the widget's place.
"""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor, nn

from llmlab.errors import ConfigurationError
from llmlab.foundations import SGD, Adam, AdamW
from llmlab.widgets.still import StillWidget

Points = Float[Tensor, "*points 2"]
Losses = Float[Tensor, "*points"]
# Makes an optimizer from the parameters, the learning rate and the momentum.
OptimizerMaker = Callable[[list[nn.Parameter], float, float], torch.optim.Optimizer]

MAX_STEPS = 300
WEIGHT_DECAY = 0.1
RATES = (1e-4, 10**0.5)
# A loss beyond this will not come back.
DIVERGED = 1e6
_BANDS = 12
_WIDTH, _HEIGHT = 520, 390


@dataclass(frozen=True)
class Surface:
    """A loss of two parameters, and the part of it that is worth a look.

    Attributes:
        loss: Gives the loss of each point.
        center: The middle of the picture.
        width: How much of the first parameter is shown; of the second it is three quarters of that.
        start: Where paths begin at first.
        minima: The lowest points; the first is the lowest of all.
    """

    loss: Callable[[Points], Losses]
    center: tuple[float, float]
    width: float
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Give the smallest and largest x, then the smallest and largest y."""
        (x, y), half = self.center, self.width / 2
        return x - half, x + half, y - 0.75 * half, y + 0.75 * half

    def heights(self, columns: int, rows: int) -> Float[Tensor, "rows columns"]:
        """Measure the loss on a grid over the picture; the first row is the top."""
        left, right, bottom, top = self.bounds
        x, y = torch.linspace(left, right, columns), torch.linspace(top, bottom, rows)
        return self.loss(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1))


def _bowl(points: Points) -> Losses:
    return points.square().sum(dim=-1) / 2


def _ravine(points: Points) -> Losses:
    x, y = points.unbind(-1)
    return (x.square() + 20 * y.square()) / 2


def _rosenbrock(points: Points) -> Losses:
    """Rosenbrock's valley (1960): easy to find, and hard to follow to its lowest point."""
    x, y = points.unbind(-1)
    return (1 - x).square() + 100 * (y - x.square()).square()


def _saddle(points: Points) -> Losses:
    x, y = points.unbind(-1)
    return (x.square() - y.square()) / 2 + y**4 / 8


def _two_valleys(points: Points) -> Losses:
    x, y = points.unbind(-1)
    return (x.square() - 1).square() + 0.3 * x + y.square()


SURFACES = {
    "bowl": Surface(_bowl, (0.0, 0.0), 8.0, (-3.2, 2.2), ((0.0, 0.0),)),
    "ravine": Surface(_ravine, (0.0, 0.0), 8.0, (-3.6, 1.2), ((0.0, 0.0),)),
    "Rosenbrock": Surface(_rosenbrock, (0.0, 0.75), 4.0, (-1.4, 1.8), ((1.0, 1.0),)),
    "saddle": Surface(_saddle, (0.0, 0.0), 8.0, (-3.2, 0.01), ((0.0, -(2**0.5)), (0.0, 2**0.5))),
    # The roots of the derivative, 4 x^3 - 4 x + 0.3.
    "two valleys": Surface(
        _two_valleys, (0.0, 0.0), 4.0, (1.8, 1.0), ((-1.0355, 0.0), (0.9601, 0.0))
    ),
}

OPTIMIZERS: dict[str, OptimizerMaker] = {
    "SGD": lambda parameters, rate, momentum: SGD(parameters, rate),
    "momentum": lambda parameters, rate, momentum: SGD(parameters, rate, momentum),
    "Nesterov": lambda parameters, rate, momentum: SGD(
        parameters, rate, momentum, nesterov=momentum > 0
    ),
    "Adam": lambda parameters, rate, momentum: Adam(parameters, rate, (momentum, 0.999)),
    "AdamW": lambda parameters, rate, momentum: AdamW(
        parameters, rate, (momentum, 0.999), weight_decay=WEIGHT_DECAY
    ),
}


def descend(
    loss: Callable[[Points], Losses],
    start: tuple[float, float],
    make: Callable[[list[nn.Parameter]], torch.optim.Optimizer],
    steps: int,
) -> tuple[Float[Tensor, "points 2"], Float[Tensor, "points"]]:
    """Let an optimizer walk down a loss.

    Args:
        loss: Gives the loss of a point.
        start: The first point.
        make: Makes the optimizer for a list of parameters.
        steps: How many steps it takes, unless the loss gets out of hand before.

    Returns:
        The points, the start first, and the loss at each. A path that diverged ends with the first point
        whose loss is above `DIVERGED` or no number.
    """
    point = nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = make([point])
    path: list[Tensor] = []
    losses: list[Tensor] = []
    for step in range(steps + 1):
        optimizer.zero_grad()
        value = loss(point)
        path.append(point.detach().clone())
        losses.append(value.detach())
        if step == steps or has_diverged(losses[-1].item()):
            break
        value.backward()
        optimizer.step()
    return torch.stack(path), torch.stack(losses)


def has_diverged(loss: float) -> bool:
    """Say whether a loss is so large, or so little of a number, that no step leads back."""
    return not abs(loss) <= DIVERGED


def contour_levels(heights: Float[Tensor, "rows columns"]) -> Float[Tensor, "level"]:
    """Choose the heights of contour lines, so that each surface shows as many, close about its lowest points."""
    shares = (torch.arange(1, _BANDS) / _BANDS) ** 1.5
    return torch.quantile(heights.flatten(), shares)


def _bytes(numbers: Tensor) -> bytes:
    return numbers.to(torch.float32).numpy().tobytes()


class DescentView(StillWidget):
    """An optimizer's path on a loss surface, to be played with.

    Args:
        surface: `bowl`, `ravine`, `Rosenbrock`, `saddle` or `two valleys`.
        optimizer: `SGD`, `momentum`, `Nesterov`, `Adam`, `AdamW` (with a weight decay of 0.1), or one of `own`.
        learning_rate: From 0.0001 to 3.16.
        momentum: What is kept of the last step, from 0 to 0.99; of Adam the first beta.
        steps: How many steps are taken, from 1 to 300.
        start: Where the path begins; by default a place that suits the surface.
        own: More optimizers by name: functions that make one from a list of parameters, the learning rate and
            the momentum.
        title: Stands above the picture.

    Raises:
        ConfigurationError: There is no such surface or optimizer, or a number is out of its range.
    """

    _esm = Path(__file__).with_suffix(".js")

    title = traitlets.Unicode().tag(sync=True)
    surfaces = traitlets.List(traitlets.Unicode(), list(SURFACES)).tag(sync=True)
    optimizers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    surface = traitlets.Enum(list(SURFACES), "bowl").tag(sync=True)
    optimizer = traitlets.Unicode("SGD").tag(sync=True)
    learning_rate = traitlets.Float(0.1).tag(sync=True)
    momentum = traitlets.Float(0.9).tag(sync=True)
    steps = traitlets.Int(50).tag(sync=True)
    start = traitlets.Tuple(traitlets.Float(), traitlets.Float()).tag(sync=True)
    # What is computed here: the surface on a grid, and the path with its losses.
    bounds = traitlets.Tuple(*[traitlets.Float()] * 4).tag(sync=True)
    columns = traitlets.Int(97).tag(sync=True)
    heights = traitlets.Bytes().tag(sync=True)
    levels = traitlets.Bytes().tag(sync=True)
    minima = traitlets.Bytes().tag(sync=True)
    path = traitlets.Bytes().tag(sync=True)
    losses = traitlets.Bytes().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        surface: str = "ravine",
        optimizer: str = "SGD",
        *,
        learning_rate: float = 0.05,
        momentum: float = 0.9,
        steps: int = 50,
        start: tuple[float, float] | None = None,
        own: Mapping[str, OptimizerMaker] | None = None,
        title: str = "Descent",
    ) -> None:
        self._makers = {**OPTIMIZERS, **(own or {})}
        for kind, name, known in (
            ("surface", surface, SURFACES),
            ("optimizer", optimizer, self._makers),
        ):
            if name not in known:
                raise ConfigurationError(
                    f"There is no {kind} {name!r}; choose from: {', '.join(known)}."
                )
        for name, number, low, high in (
            ("learning_rate", learning_rate, *RATES),
            ("momentum", momentum, 0.0, 0.99),
            ("steps", steps, 1, MAX_STEPS),
        ):
            if not low <= number <= high:
                raise ConfigurationError(
                    f"{name} is {number}; give a number from {low:.3g} to {high:.3g}."
                )
        begin = SURFACES[surface].start if start is None else start
        left, right, bottom, top = SURFACES[surface].bounds
        if not (left <= begin[0] <= right and bottom <= begin[1] <= top):
            raise ConfigurationError(
                f"The start {begin} lies outside the picture; give x from {left:g} to {right:g} and y from "
                f"{bottom:g} to {top:g}."
            )
        super().__init__(
            title=title,
            optimizers=list(self._makers),
            surface=surface,
            optimizer=optimizer,
            learning_rate=learning_rate,
            momentum=momentum,
            steps=steps,
            start=begin,
            bounds=SURFACES[surface].bounds,
        )
        self._lay()
        self._walk()
        self.observe(self._on_surface, "surface")
        self.observe(self._on_setting, ["optimizer", "learning_rate", "momentum", "steps", "start"])

    def _on_surface(self, change: object) -> None:
        # One message for all that changes, so that no picture mixes two surfaces.
        with self.hold_sync():
            self._lay()
            start = SURFACES[self.surface].start
            if self.start == start:
                self._walk()
            else:
                self.start = start

    def _on_setting(self, change: object) -> None:
        with self.hold_sync():
            self._walk()

    def _lay(self) -> None:
        """Measure the chosen surface."""
        surface = SURFACES[self.surface]
        heights = surface.heights(self.columns, self.columns * 3 // 4)
        self.bounds = surface.bounds
        self.heights, self.levels = _bytes(heights), _bytes(contour_levels(heights))
        self.minima = _bytes(torch.tensor(surface.minima))

    def _walk(self) -> None:
        """Compute the path and what is said about it."""
        make = self._makers[self.optimizer]
        surface = SURFACES[self.surface]
        trouble = ""

        def made(parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
            return make(parameters, self.learning_rate, self.momentum)

        try:
            path, losses = descend(surface.loss, self.start, made, self.steps)
        except Exception as error:
            # The learner's own optimizer may do anything, and the menu must stay alive.
            path = torch.tensor([self.start])
            losses = surface.loss(path)
            trouble = f"{type(error).__name__}: {error}".rstrip(": ")
        self.path, self.losses = _bytes(path), _bytes(losses)
        self.status = self._outcome(path, losses, trouble)

    def _outcome(
        self, path: Float[Tensor, "points 2"], losses: Float[Tensor, "points"], trouble: str
    ) -> str:
        taken, last = len(path) - 1, losses[-1].item()
        if trouble:
            return f"{self.optimizer} takes no step here: {trouble}."
        if has_diverged(last):
            return f"It diverged: after {_count(taken)} the loss is {_short(last)}. Try a smaller learning rate."
        (x, y), (left, right, bottom, top) = path[-1].tolist(), self.bounds
        outside = "" if left <= x <= right and bottom <= y <= top else ", outside the picture"
        return f"Loss after {_count(taken)}: {_short(last)}, at ({x:.2f}, {y:.2f}){outside}."

    def _text(self) -> str:
        return (
            f"{self.title}: {self.optimizer} on the surface '{self.surface}', learning rate "
            f"{self.learning_rate:.3g}, momentum {self.momentum:g}, from ({self.start[0]:.2f}, "
            f"{self.start[1]:.2f}). {self.status}"
        )

    def _svg(self) -> str:
        """Draw the surface in bands, and the path upon it."""
        left, right, bottom, top = self.bounds

        def place(x: float, y: float) -> tuple[float, float]:
            return (x - left) / (right - left) * _WIDTH, (top - y) / (top - bottom) * _HEIGHT

        # What lies far outside is cut at the picture's edge; a path of huge numbers draws nothing.
        reach = 10.0 * _WIDTH
        points = [
            place(x, y) for x, y in np.frombuffer(self.path, np.float32).reshape(-1, 2).tolist()
        ]
        points = [(x, y) for x, y in points if abs(x) < reach and abs(y) < reach]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in points)
        crosses = "".join(
            f'<path d="M{x - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12"/>'
            for x, y in (
                place(*minimum)
                for minimum in np.frombuffer(self.minima, np.float32).reshape(-1, 2).tolist()
            )
        )
        (x, y), (end_x, end_y) = points[0], points[-1]
        caption = html.escape(f"{self.optimizer} on '{self.surface}'. {self.status}")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT + 26}" '
            f'font-family="sans-serif" font-size="12" fill="#212121">'
            f'<rect width="100%" height="100%" fill="#ffffff"/>'
            f'<svg width="{_WIDTH}" height="{_HEIGHT}">{self._bands()}'
            f'<polyline points="{line}" fill="none" stroke="#bf360c" stroke-width="1.5"/>'
            f'<g fill="#bf360c">{dots}</g>'
            f'<g fill="none" stroke="#212121" stroke-width="2">{crosses}</g>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="#ffffff" stroke="#bf360c" stroke-width="2"/>'
            f'<circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="6" fill="#bf360c"/></svg>'
            f'<text x="2" y="{_HEIGHT + 17}">{caption}</text></svg>'
        )

    def _bands(self) -> str:
        """Draw the surface as an image: the higher the darker, in bands, with a line where two meet."""
        from PIL import Image

        surface = SURFACES[self.surface]
        levels = torch.from_numpy(np.frombuffer(self.levels, np.float32).copy())
        band = torch.bucketize(surface.heights(_WIDTH, _HEIGHT), levels)
        edge = torch.zeros_like(band, dtype=torch.bool)
        edge[:, 1:] |= band[:, 1:] != band[:, :-1]
        edge[1:] |= band[1:] != band[:-1]
        level = torch.where(edge, 2 * _BANDS - 1, band).to(torch.uint8)
        image = Image.fromarray(level.numpy()).convert("P")
        shares = [math.sqrt(i / _BANDS) for i in range(_BANDS)] + [1.6] * _BANDS
        colors = [
            (255 - int(100 * share), 255 - int(62 * share), 255 - int(30 * share))
            for share in shares
        ]
        image.putpalette([channel for color in colors for channel in color])
        buffer = io.BytesIO()
        image.save(buffer, format="png", optimize=True)
        data = base64.b64encode(buffer.getvalue()).decode()
        return f'<image width="{_WIDTH}" height="{_HEIGHT}" href="data:image/png;base64,{data}"/>'


def _count(steps: int) -> str:
    return f"{steps} step{'s' * (steps != 1)}"


def _short(loss: float) -> str:
    return f"{loss:.3g}" if math.isfinite(loss) else "no finite number"
