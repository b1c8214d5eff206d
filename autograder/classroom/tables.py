"""Lays the insights out as tables, for the CSV files beside the instructor's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from autograder.classroom.insights import ExerciseInsight, Insights
from autograder.classroom.similarity import Pair
from autograder.classroom.spreadsheet import Cell

Table = list[list[Cell]]
_OF_EXERCISE = [one.name for one in fields(ExerciseInsight) if one.name != "commonest"]
_OF_VERDICT = ["exercise", "status", "points", "possible", "misconception", "sentence"]


def tables_of(insights: Insights, pairs: Sequence[Pair]) -> dict[str, Table]:
    """Lay out the tables: a name and the rows of each, the head first."""
    return {
        "exercises": _exercises(insights),
        "misconceptions": _misconceptions(insights),
        "students": _students(insights),
        "alike": _alike(pairs),
        "findings": _findings(insights),
    }


def _exercises(insights: Insights) -> Table:
    rows: Table = [[getattr(one, name) for name in _OF_EXERCISE] for one in insights.exercises]
    return [[*_OF_EXERCISE], *rows]


def _misconceptions(insights: Insights) -> Table:
    rows: Table = [["exercise", "misconception", "students", "share", "overcome", "sentence"]]
    for one in insights.misconceptions:
        count = len(one.students)
        share = count / len(insights.graded)
        rows.append([one.exercise, one.name, count, share, one.overcome, one.sentence])
    return rows


def _students(insights: Insights) -> Table:
    """Give a row to each verdict, and one to each submission that was not graded, with the reason."""
    rows: Table = [["student", "submissions", "outcome", *_OF_VERDICT]]
    for run in sorted((*insights.graded, *insights.ungraded), key=lambda run: run.student):
        about: list[Cell] = [run.student, insights.submissions[run.student], run.outcome]
        for verdict in run.verdicts:
            rows.append([*about, *(getattr(verdict, name) for name in _OF_VERDICT)])
        if run.outcome != "graded":
            rows.append([*about, *[None] * (len(_OF_VERDICT) - 1), run.reason])
    return rows


def _findings(insights: Insights) -> Table:
    rows: Table = [["student", "weight", "where", "line", "sentence", "code"]]
    for student, one in insights.flagged:
        rows.append([student, one.weight, one.where, one.line or None, one.sentence, one.code])
    return rows


def _alike(pairs: Sequence[Pair]) -> Table:
    rows: Table = [
        ["student", "other", "exercise", "share_of_student", "share_of_other", "characters"]
    ]
    for pair in pairs:
        for one in pair.answers:
            rows.append([*pair.students, one.exercise, *one.shares, one.characters])
    return rows
