"""What grading knows of an assignment: the released cells, and a seed that is drawn once and kept secret."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from autograder.errors import GradingError
from autograder.grading.assignment import course_seed, seed_file
from autograder.grading.gradebook import Course
from tests.autograder.grading.conftest import LAB, Classroom


def test_a_seed_is_drawn_once_a_course_and_lab(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    seeds = [course_seed(one, "a"), course_seed(one, "b"), course_seed(two, "a")]
    assert len(set(seeds)) == 3
    assert [course_seed(one, "a"), course_seed(one, "b"), course_seed(two, "a")] == seeds


def test_a_new_seed_is_drawn_for_that_lab_alone(tmp_path: Path) -> None:
    first, other = course_seed(tmp_path, "a"), course_seed(tmp_path, "b")
    fresh = course_seed(tmp_path, "a", new=True)
    assert fresh != first
    assert (course_seed(tmp_path, "a"), course_seed(tmp_path, "b")) == (fresh, other)


def test_only_the_grader_may_read_the_seed(tmp_path: Path) -> None:
    course_seed(tmp_path, "a")
    assert stat.S_IMODE(seed_file(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "[]", '{"a": "1"}', "{"])
def test_a_damaged_file_of_seeds_is_named_and_not_replaced(text: str, tmp_path: Path) -> None:
    course_seed(tmp_path, "a")
    seed_file(tmp_path).write_text(text)
    with pytest.raises(GradingError, match="is damaged"):
        course_seed(tmp_path, "b")
    assert seed_file(tmp_path).read_text() == text


def test_the_released_cells_are_known_in_order(room: Classroom) -> None:
    assignment = room.course.assignment(LAB.folder, "welcome")
    checks = [name for name, cell in assignment.cells.items() if cell.is_check]
    assert checks == ["welcome-average", "welcome-equal_share", "welcome-model_output"]
    assert list(assignment.fingerprints) == list(LAB.exercises)
    assert "welcome.average" in assignment.hidden
    assert "private.probe" in assignment.hidden["welcome.average"]
    assert "variant" not in assignment.hidden["welcome.average"]
    assert assignment.topic == "welcome"


def test_an_assignment_that_was_not_released_says_what_to_do(room: Classroom) -> None:
    with pytest.raises(GradingError, match="nbgrader generate_assignment 05_attention"):
        room.course.assignments("05_attention")


def test_a_folder_that_is_no_course_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="autograder init"):
        Course(tmp_path)
