import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from llmlab.errors import ConfigurationError
from llmlab.training import Step
from llmlab.widgets import TrainingView
from llmlab.widgets.training_view import smoothed

MIME = "application/vnd.jupyter.widget-view+json"


def run(count, first=0):
    for number in range(first, first + count):
        yield Step(number, 5.0 / (1 + number), 0.01 * number, 1.0 + number % 2)


def floats(data):
    return np.frombuffer(data, dtype=np.float32)


def test_a_run_passes_through_unchanged_and_is_drawn_to_its_end():
    view = TrainingView(total_steps=40)
    assert list(view.follow(run(40))) == list(run(40))
    np.testing.assert_allclose(floats(view.losses), [5.0 / (1 + n) for n in range(40)], rtol=1e-6)
    np.testing.assert_allclose(floats(view.rates), [0.01 * n for n in range(40)], rtol=1e-6)
    np.testing.assert_allclose(floats(view.norms), [1.0 + n % 2 for n in range(40)])
    assert view.status.startswith(
        "Step 40 of 40: loss 0.125, learning rate 0.39, gradient norm 2.00"
    )


def test_a_run_that_breaks_is_drawn_up_to_there():
    def breaks():
        yield from run(3)
        raise ArithmeticError

    view = TrainingView()
    with pytest.raises(ArithmeticError):
        list(view.follow(breaks()))
    assert len(floats(view.losses)) == 3
    assert view.status.startswith("Step 3: ")


def test_the_browser_is_told_a_few_times_a_second_and_not_after_each_step(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("llmlab.widgets.training_view.time.monotonic", lambda: now[0])
    view, seen = TrainingView(), []
    view.observe(lambda change: seen.append(len(floats(change.new))), "losses")
    for step in run(10):
        now[0] += 0.1
        view.add(step)
    assert seen == [1, 4, 7, 10]


def test_a_resumed_run_begins_where_it_goes_on():
    view = TrainingView(total_steps=100)
    list(view.follow(run(5, first=60)))
    assert view.first_step == 60
    assert view.status.startswith("Step 65 of 100")


def test_samples_and_held_out_losses_are_kept_with_their_steps():
    view = TrainingView()
    list(view.follow(run(10)))
    view.add_validation(5, 2.5)
    view.add_validation(10, 1.5)
    view.add_sample(10, "Once upon a time")
    assert floats(view.validation).reshape(-1, 2).tolist() == [[5.0, 2.5], [10.0, 1.5]]
    assert view.samples == [(10, "Once upon a time")]
    assert "on held-out text 1.500" in view.status


def test_a_saved_page_shows_a_picture_and_says_what_it_shows():
    view = TrainingView(total_steps=20, title="A <run>")
    list(view.follow(run(20)))
    view.add_validation(20, 0.3)
    view.add_sample(20, "It & she wrote.")
    data, _ = view._repr_mimebundle_()
    assert data["text/plain"].startswith("A <run>: Step 20 of 20: loss 0.250")
    assert data["text/plain"].endswith("After step 20 it wrote: It & she wrote.")
    assert "&lt;run&gt;" in data["text/html"]
    assert MIME in data
    picture = ElementTree.fromstring(view._svg())
    lines = [one for one in picture.iter() if one.tag.endswith("polyline")]
    assert len(lines) == 6
    # The loss falls, and what is low on paper has a large y.
    heights = [float(point.split(",")[1]) for point in lines[0].get("points").split()]
    assert heights == sorted(heights)
    assert view._svg().count("l10 10") == 1


def test_an_empty_view_and_one_of_a_single_step_can_be_drawn():
    view = TrainingView()
    assert "No step yet." in view._svg()
    list(view.follow(run(1)))
    ElementTree.fromstring(view._svg())


def test_numbers_that_are_none_leave_a_gap():
    view = TrainingView()
    steps = [*run(3), Step(3, math.nan, 0.1, math.inf), *run(2, first=4)]
    list(view.follow(steps))
    assert not re.search("nan|inf", view._svg().replace(view.status, ""))


def test_a_long_run_is_drawn_with_few_points():
    view = TrainingView()
    list(view.follow(run(20_000)))
    assert len(view._svg()) < 100_000


def test_the_running_mean_of_a_constant_is_that_constant_from_the_first_value_on():
    assert smoothed([2.0] * 5, 0.9) == pytest.approx([2.0] * 5)
    assert smoothed([1.0, 3.0], 0.5) == pytest.approx([1.0, 7 / 3])
    assert smoothed([1.0, math.nan, 1.0], 0.5)[1] == 1.0
    assert smoothed([4.0, 1.0, 9.0], 0.0) == [4.0, 1.0, 9.0]


@pytest.mark.parametrize("wrong", [{"total_steps": -1}, {"smoothing": 1.0}, {"smoothing": -0.1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        TrainingView(**wrong)
