"""RingView: a ring all-reduce step by step, with what each rank holds of each chunk.

The states come from the ring itself: `ring_states` runs it on tensors whose numbers say which rank they are
from. Outside a live notebook a static picture stands in the widget's place.
"""

from __future__ import annotations

from pathlib import Path

import torch
import traitlets
from jaxtyping import Int
from torch import Tensor

from llmlab.errors import ConfigurationError
from llmlab.training import Communicator, ring_all_reduce, simulate
from llmlab.widgets.still import StillWidget

MAX_RANKS = 8
_CELL, _GAP, _LEFT, _TOP = 74, 6, 66, 24


def ring_states(world_size: int) -> Int[Tensor, "step rank chunk"]:
    """Say whose shares each rank holds of each chunk, before the ring and after each of its steps.

    Args:
        world_size: How many ranks there are.

    Returns:
        Sums of powers of two: bit `r` is set where the share of rank `r` is in. There are `2 (N - 1)` steps.
    """
    messages = simulate(_recorded, world_size)
    state = torch.tensor([1 << rank for rank in range(world_size)])[:, None].repeat(1, world_size)
    states = [state]
    for step in range(2 * (world_size - 1)):
        state = state.clone()
        for rank in range(world_size):
            # A chunk leaves a rank one step after it came, and the rank's own leaves first.
            chunk = (rank - step) % world_size
            following = (rank + 1) % world_size
            arrived = messages[rank][step]
            adds = step < world_size - 1
            state[following, chunk] = arrived + (state[following, chunk] if adds else 0)
        states.append(state)
    return torch.stack(states)


def _recorded(communicator: Communicator) -> list[int]:
    """Run the ring on shares that are powers of two, and keep what this rank sends."""
    sent: list[int] = []
    send = communicator.send

    def recording(tensor: Tensor, target: int) -> None:
        sent.append(int(tensor))
        send(tensor, target)

    communicator.send = recording  # type: ignore[method-assign]
    ring_all_reduce(communicator, torch.full((communicator.world_size,), 1 << communicator.rank))
    return sent


class RingView(StillWidget):
    """A ring all-reduce to be stepped through.

    Args:
        world_size: How many ranks there are, from 2 to 8.
        step: Which step is shown first, from 0 to `2 (world_size - 1)`; by default the end of the first round.
        title: Stands above the picture.

    Raises:
        ConfigurationError: There are too few or too many ranks, or there is no such step.
    """

    _esm = Path(__file__).with_suffix(".js")

    title = traitlets.Unicode().tag(sync=True)
    most = traitlets.Int(MAX_RANKS).tag(sync=True)
    world_size = traitlets.Int().tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    # One picture and one sentence a step; the first are those before the ring.
    pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    sentences = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self, world_size: int = 4, step: int | None = None, *, title: str = "Ring all-reduce"
    ) -> None:
        if not 2 <= world_size <= MAX_RANKS:
            raise ConfigurationError(
                f"A ring of {world_size} ranks cannot be drawn; give 2 to {MAX_RANKS}."
            )
        last = 2 * (world_size - 1)
        shown = world_size - 1 if step is None else step
        if not 0 <= shown <= last:
            raise ConfigurationError(
                f"There is no step {shown} in a ring of {world_size} ranks; give 0 to {last}."
            )
        super().__init__(title=title, world_size=world_size, step=shown)
        self._draw()
        self.observe(self._on_world_size, "world_size")

    def _on_world_size(self, change: object) -> None:
        # One message for all that changes, so that no picture meets another ring's sentence.
        with self.hold_sync():
            self.step = 0
            self._draw()

    def _draw(self) -> None:
        states = ring_states(self.world_size)
        steps = range(len(states))
        self.pictures = [self._picture(states, step) for step in steps]
        self.sentences = [self._sentence(step) for step in steps]

    def _sentence(self, step: int) -> str:
        size = self.world_size
        if step == 0:
            return f"Start: each of the {size} ranks holds its own share of {size} chunks."
        doing = "added" if step < size else "put in place"
        sent = f"each rank has sent {step} of {size} chunks"
        if step > size:
            sent = f"each rank has sent {step} chunks, {step / size:.3g} times its tensor"
        done = {
            size - 1: " Each rank has one finished chunk.",
            2 * size - 2: " All chunks are finished everywhere.",
        }
        return (
            f"Step {step} of {2 * size - 2}: what arrived in the framed cells was {doing}; {sent}."
            f"{done.get(step, '')}"
        )

    def _picture(self, states: Int[Tensor, "step rank chunk"], step: int) -> str:
        """Draw a row for each rank and a column for each chunk: one square for each share that is in."""
        size = self.world_size
        changed = states[step] != states[max(0, step - 1)]
        parts = []
        for chunk in range(size):
            x = _LEFT + chunk * (_CELL + _GAP) + _CELL / 2
            parts.append(f'<text x="{x}" y="16" text-anchor="middle">chunk {chunk}</text>')
        for rank in range(size):
            y = _TOP + rank * (_height(size) + _GAP)
            parts.append(f'<text x="2" y="{y + _height(size) / 2 + 4}">rank {rank}</text>')
            for chunk in range(size):
                cell = int(states[step, rank, chunk]), bool(changed[rank, chunk])
                parts.append(self._cell(_LEFT + chunk * (_CELL + _GAP), y, *cell))
        width = _LEFT + size * (_CELL + _GAP)
        height = _TOP + size * (_height(size) + _GAP)
        ink = "var(--jp-ui-font-color1, #212121)"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-size="12" '
            f'font-family="sans-serif" style="fill: {ink}">{"".join(parts)}</svg>'
        )

    def _cell(self, x: int, y: int, shares: int, arrived: bool) -> str:
        size = self.world_size
        finished = shares == (1 << size) - 1
        # Thin enough for squares to stand out from it in the dark theme too.
        shade = 0.25 if finished else 0
        frame = "var(--jp-warn-color1, #e65100)" if arrived else "var(--jp-border-color1, #bdbdbd)"
        square = min(14.0, (_CELL - 10) / min(size, 4))
        marks = []
        for rank in range(size):
            column, row = rank % 4, rank // 4
            left, top = x + 7 + column * (square + 2), y + 6 + row * (square + 2)
            inside = "var(--jp-ui-font-color1, #212121)" if shares >> rank & 1 else "none"
            marks.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{square - 2:.1f}" height="{square - 2:.1f}" '
                f'stroke="#757575" stroke-width="0.8" style="fill: {inside}"/>'
            )
        return (
            f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_height(size)}" rx="3" '
            f'stroke-width="{3 if arrived else 1}" fill-opacity="{shade}" '
            f'style="fill: var(--jp-brand-color1, #1976d2); stroke: {frame}"/>{"".join(marks)}'
        )

    def _text(self) -> str:
        return f"{self.title}. {self.sentences[self.step]}"

    def _svg(self) -> str:
        # A still picture has no page behind it that would follow the theme.
        start, rest = self.pictures[self.step].split(">", 1)
        return f'{start}><rect width="100%" height="100%" fill="#ffffff"/>{rest}'


def _height(world_size: int) -> int:
    """Give the height of a cell: its squares stand in rows of four."""
    return 26 if world_size <= 4 else 42
