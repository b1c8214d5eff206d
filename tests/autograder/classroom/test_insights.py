"""What the class understood, from a few runs made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.classroom.insights import discrimination, gather, summarize
from autograder.errors import DamagedRun, NothingGraded, UnknownLab
from autograder.exercise import register
from autograder.grading import Run, Violation, save_run
from autograder.grading.run import runs_folder
from autograder.judging.judge import judge
from autograder.probing.evidence import Evidence, Failure
from tests.autograder.classroom.runs import EMBED, LAB, MASK, right, run, unwritten, wrong

AHEAD = ("Your mask looks ahead.", "looks_ahead")
BLIND = ("Your mask is blind.", "blind")


def history(*runs: Run) -> dict[str, tuple[Run, ...]]:
    found: dict[str, tuple[Run, ...]] = {}
    for one in runs:
        found[one.student] = (*found.get(one.student, ()), one)
    return found


CLASS = history(
    run("ada", right(EMBED), wrong(MASK, *AHEAD)),
    run("ada", right(EMBED), right(MASK), submission="second"),
    run("bob", right(EMBED), wrong(MASK, *AHEAD)),
    run("cleo", right(EMBED), wrong(MASK, *BLIND)),
    run("dan", wrong(EMBED, "It raises."), wrong(MASK, *AHEAD)),
    run(
        "eve",
        wrong(EMBED, "It raises."),
        unwritten(MASK),
        violations=(
            Violation("timeout", EMBED, "It did not finish."),
            Violation("timeout", EMBED, "It did not finish again."),
            Violation("network", "cell 3", "It opened a connection."),
        ),
    ),
    run("fay", outcome="unreadable", reason="The notebook is empty."),
)


def test_each_student_counts_once_by_the_latest_submission() -> None:
    insights = summarize(LAB, "Attention", CLASS)
    assert [one.student for one in insights.graded] == ["ada", "bob", "cleo", "dan", "eve"]
    assert insights.submissions == {"ada": 2, "bob": 1, "cleo": 1, "dan": 1, "eve": 1, "fay": 1}
    mask = insights.exercises[1]
    assert (mask.right, mask.wrong, mask.unwritten, mask.first) == (1, 3, 1, 0)


def test_difficulty_is_the_mean_share_of_the_points() -> None:
    embed, mask = summarize(LAB, "Attention", CLASS).exercises
    assert (embed.id, embed.points, embed.difficulty) == (EMBED, 0.6, 0.6)
    assert (mask.id, mask.points, mask.difficulty) == (MASK, 0.4, 0.2)


def test_discrimination_leaves_the_exercise_itself_out_of_the_total() -> None:
    # Independent of each other, the two would still agree with a total that they are part of.
    item, rest = [1, 1, 0, 0], [2, 0, 2, 0]
    assert discrimination(item, rest) == 0
    # By hand: means 0.6 and 0.4, the products of the deviations sum to 0.8, the squares to 1.2 and 3.2.
    embed, _ = summarize(LAB, "Attention", CLASS).exercises
    assert embed.discrimination == pytest.approx(0.8 / (1.2 * 3.2) ** 0.5)


@pytest.mark.parametrize(("item", "rest"), [([1, 1], [0, 2]), ([0, 1], [2, 2]), ([1], [2])])
def test_what_does_not_vary_has_no_discrimination(item: list[float], rest: list[float]) -> None:
    assert discrimination(item, rest) is None


def test_misconceptions_are_ranked_by_how_many_hold_them_still() -> None:
    first, second = summarize(LAB, "Attention", CLASS).misconceptions
    assert (first.name, first.sentence, first.students) == (
        "looks_ahead",
        "Your mask looks ahead.",
        ("bob", "dan"),
    )
    assert first.overcome == 1
    assert (second.name, second.students, second.overcome) == ("blind", ("cleo",), 0)


def test_among_equally_held_misconceptions_the_order_of_the_lab_remains() -> None:
    late_first = history(
        run("ada", right(EMBED), wrong(MASK, *BLIND)),
        run("bob", wrong(EMBED, "No.", "no"), right(MASK)),
    )
    assert [one.exercise for one in summarize(LAB, "", late_first).misconceptions] == [EMBED, MASK]


def test_wrong_answers_without_a_known_misconception_are_counted_with_what_was_said() -> None:
    embed, mask = summarize(LAB, "Attention", CLASS).exercises
    assert (embed.unexplained, embed.commonest) == (2, ("It raises.", 2))
    assert (mask.unexplained, mask.commonest) == (0, None)


def test_a_student_is_counted_once_among_the_time_outs_of_an_exercise() -> None:
    insights = summarize(LAB, "Attention", CLASS)
    assert [one.timeouts for one in insights.exercises] == [1, 0]
    assert [student for student, _ in insights.violations] == ["eve"] * 3


def test_an_endless_loop_is_counted_by_what_the_judge_says_of_it() -> None:
    exercise = register.find(EMBED)
    late = [
        Evidence(probe.name, failure=Failure("timeout", "10 seconds")) for probe in exercise.probes
    ]
    verdict = judge(exercise, exercise.probes, late, seed=1)
    insights = summarize(LAB, "Attention", history(run("ada", verdict), run("bob", right(EMBED))))
    assert insights.exercises[0].timeouts == 1


def test_a_submission_that_was_not_graded_moves_no_figure_of_the_exercises() -> None:
    insights = summarize(LAB, "Attention", CLASS)
    without = summarize(LAB, "Attention", {name: CLASS[name] for name in CLASS if name != "fay"})
    assert [one.reason for one in insights.ungraded] == ["The notebook is empty."]
    assert insights.exercises == without.exercises


def test_a_run_from_before_an_exercise_came_into_the_lab_says_nothing_about_it() -> None:
    older = history(run("ada", right(EMBED)), run("bob", right(EMBED), right(MASK)))
    mask = summarize(LAB, "Attention", older).exercises[1]
    assert (mask.right, mask.wrong, mask.unwritten, mask.difficulty) == (1, 0, 0, 1)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "nbgrader_config.py").write_text("")
    return tmp_path


@pytest.mark.parametrize("name", ["05_attention", "attention"])
def test_insights_are_gathered_from_what_grading_kept(course: Path, name: str) -> None:
    for runs in CLASS.values():
        for one in runs:
            save_run(course, one)
    assert gather(course, name) == summarize(LAB, "Attention", CLASS)


def test_an_unknown_lab_is_said_with_the_nearest(course: Path) -> None:
    with pytest.raises(UnknownLab, match="did you mean `attention`"):
        gather(course, "attnetion")


def test_a_folder_that_is_no_course_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingGraded, match=r"no course folder.*--course"):
        gather(tmp_path / "nowhere", LAB)


def test_a_course_without_runs_says_what_to_do_first(course: Path) -> None:
    with pytest.raises(NothingGraded, match="run `autograder grade 05_attention` first"):
        gather(course, LAB)


def test_a_damaged_run_is_named(course: Path) -> None:
    save_run(course, run("ada", right(EMBED)))
    (file,) = runs_folder(course, LAB).iterdir()
    file.write_text("{")
    with pytest.raises(DamagedRun, match=r"ada\.json"):
        gather(course, LAB)
