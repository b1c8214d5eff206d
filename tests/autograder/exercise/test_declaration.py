"""What an author of a lab declares, and what is refused at once."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from autograder.errors import AuthoringError
from autograder.exercise import HiddenProbes, Lab, fill_parameters
from autograder.exercise.comparison import at_most


def same(x: Any) -> Any:
    return x


def make_lab() -> Lab:
    return Lab(7, "demo", "Demo")


def test_an_exercise_is_named_by_its_topic_and_its_name() -> None:
    lab = make_lab()
    exercise = lab.exercise("same", points=2, reference=same)
    assert (exercise.id, exercise.name, lab.folder) == ("demo.same", "same", "07_demo")
    assert list(lab) == [exercise]


@pytest.mark.parametrize("points", [0, -1, 0.5, 1.5, float("nan")])
def test_points_that_are_no_whole_number_from_one_on_are_refused(points: Any) -> None:
    with pytest.raises(AuthoringError, match=r"`demo\.same` is worth .* give a whole number"):
        make_lab().exercise("same", points=points, reference=same)


def test_a_second_exercise_of_a_name_is_refused() -> None:
    lab = make_lab()
    lab.exercise("same", points=1, reference=same)
    with pytest.raises(AuthoringError, match=r"There are two exercises `demo\.same`; rename one"):
        lab.exercise("same", points=1, reference=same)


def test_a_probe_without_a_docstring_is_refused() -> None:
    exercise = make_lab().exercise("same", points=1, reference=same)

    def silent(implementation: Any, generator: Any) -> Any:
        return implementation(1)

    with pytest.raises(AuthoringError, match="probe `silent` has no docstring"):
        exercise.probe(silent)
    with pytest.raises(AuthoringError, match="probe `silent` has no docstring"):
        HiddenProbes("demo").probe("same")(silent)


def test_the_first_line_of_a_probes_docstring_is_what_the_student_reads() -> None:
    exercise, rule = make_lab().exercise("same", points=1, reference=same), at_most(2)

    @exercise.probe_with(rule)
    def probe(implementation: Any, generator: Any) -> Any:
        """
        The number 1.

        Not shown.
        """
        return implementation(1)

    (made,) = exercise.probes
    assert (made.name, made.tried, made.compare, made.hidden) == (
        "probe",
        "The number 1.",
        rule,
        False,
    )


def test_hidden_probes_are_kept_by_exercise_and_marked() -> None:
    hidden = HiddenProbes("demo")

    @hidden.probe("same")
    def probe(implementation: Any, generator: Any) -> Any:
        """The number 2."""
        return implementation(2)

    (made,) = hidden.probes["demo.same"]
    assert made.hidden


def test_a_probe_draws_the_same_for_the_same_seed_and_other_numbers_for_another() -> None:
    exercise = make_lab().exercise("same", points=1, reference=0)
    (probe,) = exercise.probes

    def drawn(exercise_id: str, seed: int) -> list[float]:
        return torch.rand(3, generator=probe.generator(exercise_id, seed)).tolist()

    assert drawn("demo.same", 5) == drawn("demo.same", 5)
    assert len({tuple(drawn(name, seed)) for name in ("a", "b") for seed in (1, 2)}) == 4
    assert drawn("demo.same", 2**62) != drawn("demo.same", 2**61)


class Net(nn.Module):
    def __init__(self, extra: bool) -> None:
        super().__init__()
        if extra:
            self.note = nn.Dropout(0.1)
        first, second = nn.Linear(3, 2), nn.Linear(2, 2, bias=False)
        # The order in which parameters are made is the author's own affair.
        if extra:
            self.second, self.first = second, first
        else:
            self.first, self.second = first, second


def test_modules_whose_parameters_have_equal_names_get_equal_weights() -> None:
    one, two = Net(extra=False), Net(extra=True)
    shapes = [fill_parameters(net, torch.Generator().manual_seed(3)) for net in (one, two)]
    assert (
        shapes[0]
        == shapes[1]
        == {"first.bias": [2], "first.weight": [2, 3], "second.weight": [2, 2]}
    )
    for name, parameter in one.named_parameters():
        assert torch.equal(parameter, two.get_parameter(name))
    fill_parameters(two, torch.Generator().manual_seed(4))
    assert not torch.equal(one.first.weight, two.first.weight)
