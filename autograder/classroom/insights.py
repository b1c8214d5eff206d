"""What a class understood and misunderstood in a lab, drawn from the runs that grading keeps.

The figures are those of classical item analysis. An exercise's difficulty is the mean share of its points that
the class earns, so a high number is an easy exercise; for exercises that are right or wrong it is the pass rate
(Crocker and Algina, 'Introduction to Classical and Modern Test Theory', 1986, chapter 14). Its discrimination is
the corrected item-total correlation: Pearson's correlation between the points of the exercise and the points of
all the others, so that the exercise is not compared with itself; for right or wrong it is the corrected
point-biserial correlation (Nunnally and Bernstein, 'Psychometric Theory', 1994, chapter 8).
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import NothingGraded
from autograder.exercise import Lab, register
from autograder.grading import Run, Violation, load_history
from autograder.judging.judge import Verdict
from autograder.reading import Finding

_LATE = "` did not finish within "  # how the judge says it


@dataclass(frozen=True)
class ExerciseInsight:
    """How the class stands in one exercise, by the latest submission of each student.

    Attributes:
        id: The exercise's id.
        possible: What it is worth.
        right: How many have it right.
        wrong: How many have it wrong.
        unwritten: How many have not written it.
        first: How many had it right in their first submission.
        points: The mean of the points earned.
        difficulty: The mean share of the points earned, from 0 (nobody) to 1 (everybody).
        discrimination: The corrected item-total correlation, from -1 to 1; None where all earn the same, in the
            exercise or in all others together.
        timeouts: How many students' code ran out of time in it.
        unexplained: How many wrong answers behave like no misconception that is known.
        commonest: What was said most often about those, and how often.
    """

    id: str
    possible: int
    right: int
    wrong: int
    unwritten: int
    first: int
    points: float
    difficulty: float
    discrimination: float | None
    timeouts: int
    unexplained: int
    commonest: tuple[str, int] | None


@dataclass(frozen=True)
class MisconceptionInsight:
    """Who holds a misconception.

    Attributes:
        exercise: The exercise in whose answers it shows.
        name: Its name.
        sentence: What those who hold it were told.
        students: Who holds it still, by their latest submission.
        overcome: How many held it in an earlier submission, and no more.
    """

    exercise: str
    name: str
    sentence: str
    students: tuple[str, ...]
    overcome: int


@dataclass(frozen=True)
class Insights:
    """All that the instructor's page shows of one lab.

    Attributes:
        lab: The lab's folder.
        title: Its title.
        graded: The latest run of each student whose submission was graded.
        ungraded: The latest run of the others.
        submissions: How many submissions each student handed in that reached grading.
        exercises: In the order of the lab.
        misconceptions: The most widely held first.
        violations: Of the latest runs, with the student.
        flagged: What a reading of the latest submissions found for a person to look at, with the student.
        waiting: The students some of whose points a person gives, by the latest submission.
    """

    lab: str
    title: str
    graded: tuple[Run, ...]
    ungraded: tuple[Run, ...]
    submissions: dict[str, int]
    exercises: tuple[ExerciseInsight, ...]
    misconceptions: tuple[MisconceptionInsight, ...]
    violations: tuple[tuple[str, Violation], ...]
    flagged: tuple[tuple[str, Finding], ...] = ()
    waiting: frozenset[str] = frozenset()

    @property
    def possible(self) -> int:
        """What the exercises are worth in all; what a person grades is not among them."""
        return sum(exercise.possible for exercise in self.exercises)


def gather(course: Path, lab: str) -> Insights:
    """Draw the insights of one lab from its runs; see `read_history` for what it raises."""
    known, history = read_history(course, lab)
    return summarize(known.folder, known.title, history)


def read_history(course: Path, lab: str) -> tuple[Lab, dict[str, tuple[Run, ...]]]:
    """Read each student's runs of one lab.

    Args:
        course: The course folder.
        lab: The lab, as `05_attention` or `attention`.

    Returns:
        The lab, and each student's runs, oldest first.

    Raises:
        UnknownLab: There is no such lab.
        NothingGraded: The folder is no course, or no submission of the lab has been graded in it.
        DamagedRun: A file of the runs cannot be used.
    """
    known = register.load(lab)
    if not (course / "nbgrader_config.py").is_file():
        raise NothingGraded(
            f"{course} is no course folder: it has no nbgrader_config.py. Give the one that `autograder "
            "init` made, as --course PATH."
        )
    history = load_history(course, known.folder)
    if not history:
        raise NothingGraded(
            f"No submission of {known.folder} has been graded in {course.resolve()} yet; run `autograder grade "
            f"{known.folder}` first."
        )
    return known, history


def summarize(lab: str, title: str, history: Mapping[str, Sequence[Run]]) -> Insights:
    """Draw insights from each student's runs, oldest first."""
    latest = [history[student][-1] for student in sorted(history)]
    graded = tuple(run for run in latest if run.outcome == "graded")
    ids = list(dict.fromkeys(verdict.exercise for run in graded for verdict in run.verdicts))
    return Insights(
        lab,
        title,
        graded,
        tuple(run for run in latest if run.outcome != "graded"),
        {run.student: len(history[run.student]) for run in latest},
        tuple(_exercise(exercise_id, graded, history) for exercise_id in ids),
        _misconceptions(ids, graded, history),
        tuple((run.student, violation) for run in latest for violation in run.violations),
        tuple((run.student, finding) for run in latest for finding in run.flagged),
        frozenset(run.student for run in latest if run.held),
    )


def _verdict(run: Run, exercise_id: str) -> Verdict | None:
    return next((one for one in run.verdicts if one.exercise == exercise_id), None)


def _exercise(
    exercise_id: str, graded: Sequence[Run], history: Mapping[str, Sequence[Run]]
) -> ExerciseInsight:
    # A run that was graded before the exercise came into the lab says nothing about it.
    judged = [(run, one) for run in graded if (one := _verdict(run, exercise_id))]
    verdicts = [verdict for _, verdict in judged]
    standing = Counter(verdict.status for verdict in verdicts)
    unexplained = [
        one.sentence for one in verdicts if one.status == "wrong" and not one.misconception
    ]
    starts = [history[run.student][0] for run, _ in judged]
    firsts = [_verdict(start, exercise_id) for start in starts]
    late = [run.student for run, verdict in judged if _timed_out(run, verdict)]
    return ExerciseInsight(
        id=exercise_id,
        possible=verdicts[-1].possible,
        right=standing["passed"],
        wrong=standing["wrong"],
        unwritten=standing["unwritten"],
        first=sum(first is not None and first.passed for first in firsts),
        points=statistics.fmean(one.points for one in verdicts),
        difficulty=statistics.fmean(one.points / one.possible for one in verdicts),
        discrimination=discrimination(
            [one.points for one in verdicts], [run.points - one.points for run, one in judged]
        ),
        timeouts=len(late),
        unexplained=len(unexplained),
        commonest=next(iter(Counter(unexplained).most_common(1)), None),
    )


def _timed_out(run: Run, verdict: Verdict) -> bool:
    """Say whether an answer ran out of time: grading reports a cell by its number, and an answer by its verdict."""
    reported = any(
        violation.kind == "timeout" and violation.where == verdict.exercise
        for violation in run.violations
    )
    return reported or (verdict.status == "wrong" and _LATE in verdict.sentence)


def discrimination(item: Sequence[float], rest: Sequence[float]) -> float | None:
    """Compute the corrected item-total correlation of one exercise.

    Args:
        item: The points that each student earns in the exercise.
        rest: The points that each earns in all the other exercises.

    Returns:
        Pearson's correlation of the two, or None where one of them does not vary.
    """
    try:
        return statistics.correlation(item, rest)
    except statistics.StatisticsError:
        return None


def _misconceptions(
    ids: Sequence[str], graded: Sequence[Run], history: Mapping[str, Sequence[Run]]
) -> tuple[MisconceptionInsight, ...]:
    sentences: dict[tuple[str, str], str] = {}
    holders: dict[tuple[str, str], list[str]] = {}
    earlier: dict[tuple[str, str], set[str]] = {}
    for run in graded:
        for past in history[run.student]:
            for verdict in past.verdicts:
                if verdict.misconception:
                    key = (verdict.exercise, verdict.misconception)
                    sentences[key] = verdict.sentence
                    earlier.setdefault(key, set()).add(run.student)
                    if past is run:
                        holders.setdefault(key, []).append(run.student)
    found = [
        MisconceptionInsight(
            exercise,
            name,
            sentence,
            tuple(holders.get((exercise, name), ())),
            len(earlier[exercise, name].difference(holders.get((exercise, name), ()))),
        )
        for (exercise, name), sentence in sentences.items()
    ]
    place = {exercise: number for number, exercise in enumerate(ids)}
    found.sort(key=lambda one: place.get(one.exercise, len(place)))
    # The sort is stable: among equals the order of the lab remains.
    return tuple(sorted(found, key=lambda one: (-len(one.students), -one.overcome)))
