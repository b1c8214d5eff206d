import base64
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from torch import nn

from llmlab.errors import ConfigurationError
from llmlab.foundations import SGD
from llmlab.widgets import DescentView
from llmlab.widgets.descent_view import (
    MAX_STEPS,
    OPTIMIZERS,
    SURFACES,
    contour_levels,
    descend,
)

every_surface = pytest.mark.parametrize("name", SURFACES)


def floats(data):
    return np.frombuffer(data, dtype=np.float32)


@every_surface
def test_the_gradient_is_zero_and_no_grid_point_is_lower_where_a_minimum_is_marked(name):
    surface = SURFACES[name]
    points = torch.tensor(surface.minima, dtype=torch.float64, requires_grad=True)
    losses = surface.loss(points)
    losses.sum().backward()
    assert points.grad.abs().max() < 1e-3
    assert losses.argmin() == 0
    assert surface.heights(400, 300).min() >= losses.min() - 1e-6


@every_surface
def test_the_grid_shows_the_loss_with_its_top_row_first(name):
    surface = SURFACES[name]
    left, right, bottom, top = surface.bounds
    heights = surface.heights(5, 3)
    assert heights.shape == (3, 5)
    corners = torch.tensor([[left, top], [right, top], [left, bottom], [right, bottom]])
    torch.testing.assert_close(heights[[0, 0, 2, 2], [0, 4, 0, 4]], surface.loss(corners))
    # A circle looks like one: the picture is 520 by 390.
    assert (right - left) / (top - bottom) == pytest.approx(520 / 390)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("SGD", lambda point: torch.optim.SGD([point], 0.02)),
        ("momentum", lambda point: torch.optim.SGD([point], 0.02, momentum=0.8)),
        ("Nesterov", lambda point: torch.optim.SGD([point], 0.02, momentum=0.8, nesterov=True)),
        ("Adam", lambda point: torch.optim.Adam([point], 0.02, betas=(0.8, 0.999))),
        (
            "AdamW",
            lambda point: torch.optim.AdamW([point], 0.02, betas=(0.8, 0.999), weight_decay=0.1),
        ),
    ],
)
def test_the_path_is_the_one_that_pytorchs_optimizer_takes(name, theirs):
    view = DescentView("ravine", name, learning_rate=0.02, momentum=0.8, steps=40)
    point = nn.Parameter(torch.tensor(SURFACES["ravine"].start, dtype=torch.float64))
    optimizer, expected, losses = theirs(point), [], []
    for _ in range(41):
        loss = SURFACES["ravine"].loss(point)
        expected.append(point.detach().clone())
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = floats(view.path).reshape(-1, 2)
    np.testing.assert_allclose(path, torch.stack(expected), atol=1e-5)
    np.testing.assert_allclose(floats(view.losses), losses, rtol=1e-4)


def test_every_optimizer_gets_down_every_surface():
    for surface in SURFACES:
        for optimizer in OPTIMIZERS:
            rate = 0.0005 if surface == "Rosenbrock" else 0.05
            losses = floats(DescentView(surface, optimizer, learning_rate=rate, steps=100).losses)
            assert losses[-1] < losses[0], (surface, optimizer)


def test_nesterov_without_momentum_is_plain_descent():
    views = [DescentView("bowl", name, momentum=0.0) for name in ("Nesterov", "SGD")]
    assert views[0].path == views[1].path


def test_the_status_says_the_loss_after_so_many_steps():
    view = DescentView("bowl", "SGD", learning_rate=1.0, steps=1, start=(2.0, 1.0))
    assert view.status == "Loss after 1 step: 0, at (0.00, 0.00)."


def test_a_rate_that_is_too_large_is_said_to_diverge_and_the_path_ends_there():
    view = DescentView("ravine", "SGD", learning_rate=1.0, steps=300)
    losses = floats(view.losses)
    assert len(losses) < 20
    assert losses[-1] > 1e6 >= losses[-2]
    assert view.status.startswith(f"It diverged: after {len(losses) - 1} steps the loss is")
    assert "smaller learning rate" in view.status
    assert ElementTree.fromstring(view._svg()) is not None


def test_a_loss_that_is_no_number_is_a_divergence():
    def broken(points):
        return points.sum(dim=-1) * torch.nan

    path, losses = descend(broken, (1.0, 1.0), lambda parameters: SGD(parameters, 0.1), 10)
    assert path.shape == (1, 2)
    assert losses.isnan().all()


def test_a_path_that_ends_outside_the_picture_says_so():
    view = DescentView("bowl", "SGD", learning_rate=3.0, steps=1)
    assert "outside the picture" in view.status


def test_a_change_of_a_setting_walks_anew():
    view = DescentView("ravine", "SGD", learning_rate=0.05)
    for name, value in (
        ("learning_rate", 0.01),
        ("optimizer", "momentum"),
        ("momentum", 0.5),
        ("steps", 7),
        ("start", (1.0, 1.0)),
    ):
        before = view.path
        setattr(view, name, value)
        assert view.path != before, name
    assert floats(view.path).size == 16
    assert floats(view.path)[:2].tolist() == [1.0, 1.0]


def test_a_change_of_the_surface_begins_at_its_own_start():
    view = DescentView("ravine", "SGD", start=(1.0, 1.0))
    for name in ("two valleys", "Rosenbrock", "ravine"):
        view.surface = name
        surface = SURFACES[name]
        assert view.start == surface.start
        assert view.bounds == surface.bounds
        assert floats(view.path)[:2].tolist() == pytest.approx(surface.start)
        assert floats(view.minima).size == 2 * len(surface.minima)
        rows = floats(view.heights).reshape(-1, view.columns)
        np.testing.assert_allclose(rows, surface.heights(*rows.shape[::-1]), rtol=1e-5)


@every_surface
def test_contour_lines_rise_and_leave_something_on_either_side(name):
    heights = SURFACES[name].heights(97, 72)
    levels = contour_levels(heights)
    assert (levels.diff() > 0).all()
    assert heights.min() < levels[0]
    assert levels[-1] < heights.max()


def test_an_optimizer_of_your_own_stands_in_the_menu_and_walks():
    class Mine(torch.optim.Optimizer):
        def __init__(self, parameters, rate):
            super().__init__(parameters, {"lr": rate})

        @torch.no_grad()
        def step(self):
            for parameter in self.param_groups[0]["params"]:
                parameter -= self.param_groups[0]["lr"] * parameter.grad

    own = {"mine": lambda parameters, rate, momentum: Mine(parameters, rate)}
    view = DescentView("bowl", "mine", own=own)
    assert view.optimizers == [*OPTIMIZERS, "mine"]
    assert view.path == DescentView("bowl", "SGD").path


def test_an_optimizer_of_your_own_that_fails_is_told_and_leaves_the_menu_alive():
    def unwritten(parameters, rate, momentum):
        raise NotImplementedError

    view = DescentView("bowl", "mine", own={"mine": unwritten})
    assert view.status == "mine takes no step here: NotImplementedError."
    assert floats(view.path).tolist() == pytest.approx(SURFACES["bowl"].start)
    view.optimizer = "SGD"
    assert view.status.startswith("Loss after 50 steps")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"surface": "hill"}, "There is no surface 'hill'; choose from: bowl, ravine"),
        ({"optimizer": "Lion"}, "There is no optimizer 'Lion'; choose from: SGD, momentum"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; give a number from 0.0001 to 3.16"),
        ({"momentum": 1.0}, "momentum is 1.0; give a number from 0 to 0.99"),
        ({"steps": MAX_STEPS + 1}, "steps is 301; give a number from 1 to 300"),
        (
            {"start": (0.0, 5.0)},
            r"start \(0.0, 5.0\) lies outside the picture; give x from -4 to 4",
        ),
    ],
)
def test_what_cannot_be_shown_is_told_in_one_sentence(settings, said):
    with pytest.raises(ConfigurationError, match=said):
        DescentView(**settings)


def test_a_saved_page_shows_a_picture_and_a_text_in_its_place():
    view = DescentView("saddle", "momentum", title="Two <b> ways")
    bundle, _ = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    text = bundle["text/plain"]
    assert "momentum on the surface 'saddle', learning rate 0.05, momentum 0.9" in text
    assert view.status in text
    assert "Two &lt;b&gt; ways" in bundle["text/html"]
    svg = base64.b64decode(re.search(r"base64,([^\"]+)", bundle["text/html"])[1])
    drawing = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    line = drawing.find(f".//{space}polyline").get("points").split()
    assert len(line) == 51
    assert len(svg) < 60_000
