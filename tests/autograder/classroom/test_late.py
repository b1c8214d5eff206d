"""The policy for late work, alone and in the place where nbgrader asks for it."""

from __future__ import annotations

import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import TraitError
from traitlets.config import Config

from autograder.classroom.late import DailyPenalty

DAY = 24 * 60 * 60


def test_within_the_tolerance_nothing_is_taken() -> None:
    policy = DailyPenalty(tolerance=15)
    assert policy.late_submission_penalty("ada", 20, 15 * 60) is None
    assert policy.late_submission_penalty("ada", 20, 15 * 60 + 1) == 2


@pytest.mark.parametrize(
    ("seconds", "penalty"), [(1, 2), (DAY, 2), (DAY + 1, 4), (4 * DAY, 8), (400 * DAY, 10)]
)
def test_each_day_that_has_begun_costs_its_share_up_to_the_most(
    seconds: float, penalty: float
) -> None:
    policy = DailyPenalty(percent_per_day=10, most_percent=50)
    assert policy.late_submission_penalty("ada", 20, seconds) == penalty


def test_nbgraders_own_methods_remain() -> None:
    assert DailyPenalty(penalty_method="zero").late_submission_penalty("ada", 20, DAY) == 20
    assert DailyPenalty(penalty_method="none").late_submission_penalty("ada", 20, DAY) is None


@pytest.mark.parametrize("setting", [{"percent_per_day": 101}, {"tolerance": -1}])
def test_a_setting_that_makes_no_sense_is_refused(setting: dict[str, float]) -> None:
    with pytest.raises(TraitError):
        DailyPenalty(**setting)


# nbgrader's own way of adding a submission makes SQLAlchemy warn.
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_nbgrader_takes_the_penalty_that_the_course_configures(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gradebook.db"
    due = datetime.datetime(2026, 11, 2, 12)
    hours = {"early": -1.0, "tolerated": 0.2, "late": 1.0, "later": 25.0}
    with Gradebook(url) as gradebook:
        gradebook.add_assignment("lab", duedate=due)
        gradebook.add_notebook("topic", "lab")
        gradebook.add_grade_cell("topic-answer", "topic", "lab", max_score=10, cell_type="code")
        for student, late in hours.items():
            gradebook.add_student(student)
            handed_in = due + datetime.timedelta(hours=late)
            gradebook.add_submission("lab", student, timestamp=handed_in)
            gradebook.find_grade("topic-answer", "topic", "lab", student).auto_score = 10
        gradebook.db.commit()
    config = Config()
    config.AssignLatePenalties.plugin_class = "autograder.classroom.late.DailyPenalty"
    config.DailyPenalty.tolerance = 15
    config.DailyPenalty.percent_per_day = 25
    for student in hours:
        names = {"notebook": "topic", "assignment": "lab", "student": student, "db_url": url}
        notebook = nbformat.v4.new_notebook()
        AssignLatePenalties(config=config).preprocess(notebook, {"nbgrader": names})
    with Gradebook(url) as gradebook:
        taken = {
            student: gradebook.find_submission_notebook(
                "topic", "lab", student
            ).late_submission_penalty
            for student in hours
        }
    assert taken == {"early": None, "tolerated": None, "late": 2.5, "later": 5}
