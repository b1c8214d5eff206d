"""What an author of a lab declares, and what is refused at once."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from autograder.errors import AuthoringError
from autograder.exercise import Lab, Private, Switches, fill_parameters
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
        Private().probe(silent)


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


def test_hidden_probes_are_marked_and_two_of_one_name_are_refused() -> None:
    private = Private()

    @private.probe
    def two(implementation: Any, generator: Any) -> Any:
        """The number 2."""
        return implementation(2)

    (made,) = private.probes
    assert made.hidden
    with pytest.raises(AuthoringError, match="There are two hidden probes `two`; rename one"):
        private.probe(two)


def test_two_public_probes_of_one_name_are_refused() -> None:
    exercise = make_lab().exercise("same", points=1, reference=same)

    def two(implementation: Any, generator: Any) -> Any:
        """The number 2."""
        return implementation(2)

    exercise.probe(two)
    with pytest.raises(AuthoringError, match=r"`demo\.same` has two probes of the name `two`"):
        exercise.probe(two)


def test_two_faults_of_one_name_are_refused() -> None:
    exercise = make_lab().exercise("same", points=1, reference=same)
    exercise.misconception("Your code adds one.")(lambda x: x + 1)
    with pytest.raises(AuthoringError, match=r"`demo\.same` has two faults of the name `<lambda>`"):
        exercise.misconception("Your code adds two.")(lambda x: x + 2)


def test_a_fault_is_a_switch_of_one_program() -> None:
    exercise = make_lab().exercise("same", points=1, reference=same)

    @exercise.faults(adds_one="Your code adds one.", doubles="Your code doubles.")
    def faulty(on: Switches) -> Any:
        return lambda x: (2 * x if on("doubles") else x) + on("adds_one")

    (program,) = exercise.programs
    assert [one.implementation(5) for one in exercise.misconceptions] == [6, 10]
    assert program.build()(5) == 5
    assert program.build("adds_one", "doubles")(5) == 11
    switches = program.switches("doubles")
    program.builder(switches)(5)
    assert switches.asked == {"adds_one", "doubles"}


def test_a_switch_that_was_not_declared_is_told() -> None:
    exercise = make_lab().exercise("same", points=1, reference=same)
    with pytest.raises(
        AuthoringError, match="asks for `double`, which is none of its faults: doubles"
    ):
        exercise.faults(doubles="Your code doubles.")(lambda on: on("double"))


@pytest.mark.parametrize("what", ["hints", "forbidden", "choices"])
def test_a_bare_text_in_the_place_of_a_tuple_is_refused(what: str) -> None:
    given: Any = {what: "torch.sum"}
    with pytest.raises(AuthoringError, match=rf"The {what} of `demo\.same` are a bare `str`"):
        make_lab().exercise("same", points=1, reference=same, **given)


@pytest.mark.parametrize("points", [0, True, "1", 1.0])
def test_points_in_a_labs_order_are_whole_numbers(points: Any) -> None:
    with pytest.raises(AuthoringError, match=r"`demo\.same` is worth"):
        Lab(7, "demo", "Demo", {"same": points})


def test_an_exercise_that_is_not_in_its_labs_order_is_refused() -> None:
    with pytest.raises(AuthoringError, match="`same` is not in the order of lab `demo`"):
        Lab(7, "demo", "Demo", {"other": 1}).exercise("same", reference=same)


def test_a_place_to_stop_is_after_an_exercise_of_the_lab() -> None:
    with pytest.raises(AuthoringError, match="a place to stop after `other`"):
        Lab(7, "demo", "Demo", {"same": 1}, stops=("other",))


def test_a_list_of_points_needs_no_exercise() -> None:
    lab = Lab(7, "demo", "Demo", {"nowhere": 2, "else": 1})
    assert lab.points == {"demo.nowhere": 2, "demo.else": 1}
    with pytest.raises(AuthoringError, match="cannot be imported"):
        lab.find("demo.nowhere")


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
