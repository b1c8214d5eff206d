"""What a learner calls in a notebook: `check`, `hint`, `progress`."""

from __future__ import annotations

import html
import os
import sys
import textwrap
import time
from collections.abc import Mapping
from typing import Any

from autograder.errors import AuthoringError, AutograderError, KeptSafe, UnknownExercise
from autograder.exercise import Exercise, Lab, register
from autograder.exercise.draws import PUBLIC_SEED
from autograder.judging.feedback import WIDTH, as_html, as_text, not_yet
from autograder.judging.judge import Verdict, judge
from autograder.notebook.attempts import record
from autograder.notebook.showing import PlainError, require_text, show
from autograder.reading import Finding, Weight, as_remarks, read_cells
from autograder.student.answers import collect
from autograder.student.explaining import is_open, place_in, with_place
from autograder.student.place import SECONDS

# What is left of it when other reasons were looked for is for the place in the code, and that at least.
_EXPLAINING_SECONDS, _LEAST_SECONDS = 2.3, 0.5


class CheckFailed(Exception):
    """An answer is not right yet. Shown without a traceback: the verdict says what there is to say."""

    def __init__(self, short: str, sentences: str) -> None:
        super().__init__(short)
        self.sentences = sentences

    def _render_traceback_(self) -> list[str]:
        """Give IPython what to print in place of a traceback: a short line, since the card says why.

        nbgrader's Validate shows no card, and what is printed here in its place.
        """
        return textwrap.wrap(f"CheckFailed: {self.sentences if _is_validating() else self}", WIDTH)


def _is_validating() -> bool:
    """Say whether nbgrader's Validate runs the notebook: it shows no card, and of a cell that passes nothing."""
    return os.environ.get("NBGRADER_EXECUTION") == "validate"


def _names() -> Mapping[str, Any]:
    """Find the names of the notebook, or of the module that called."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        names: Mapping[str, Any] = shell.user_ns
        return names
    return sys._getframe(2).f_globals


def verdict_on(exercise: Exercise, names: Mapping[str, Any]) -> Verdict:
    """Check one answer with the public probes, and say where the mistake is if nothing else is known of it."""
    evidence = collect(exercise, names, PUBLIC_SEED)
    end = time.monotonic() + _EXPLAINING_SECONDS
    verdict = judge(exercise, exercise.probes, evidence, PUBLIC_SEED)
    seconds = min(SECONDS, max(_LEAST_SECONDS, end - time.monotonic()))
    place = place_in(exercise, names, seconds) if is_open(verdict) else None
    return with_place(verdict, place.line, place.kind) if place else verdict


def check(exercise_id: str | None = None) -> None:
    """Check one answer, or all of the lab's answers so far, and say what is wrong.

    Args:
        exercise_id: As in `check("attention.causal_mask")`. Left out, all exercises of the lab whose
            answers are defined in the notebook are checked.

    Raises:
        CheckFailed: An answer is not right yet.
        AutograderError: There is no such exercise.
    """
    names = _names()
    try:
        if exercise_id is None:
            asked = _so_far(names)
        else:
            require_text("check", exercise_id)
            asked = [register.find(exercise_id)]
        verdicts = [verdict_on(exercise, names) for exercise in asked]
    except AutograderError as error:
        raise PlainError(str(error)) from None
    if exercise_id is None:
        # An exercise that is still ahead is no failure when one asks how things stand.
        verdicts = [verdict for verdict in verdicts if verdict.status != "unwritten"]
        if not verdicts:
            show("<p>Nothing to check yet.</p>", "Nothing to check yet.")
    unsaved = ""
    for verdict in verdicts:
        try:
            record(verdict)
        except KeptSafe as error:
            unsaved = str(error)
    markup = "".join(map(as_html, verdicts))
    if unsaved:
        markup += f"<p>{html.escape(unsaved)}</p>"
    show(markup, "\n\n".join([*map(as_text, verdicts), *filter(None, [unsaved])]))
    failed = [verdict for verdict in verdicts if not verdict.passed]
    told = [verdict.sentence for verdict in failed]
    withheld = False
    if _is_validating():
        # Whoever wrote it hears what grading will read before the teacher does.
        found = [one for one in _reading(asked) if one.weight is not Weight.NOTE]
        withheld = any(one.weight is Weight.WITHHOLD for one in found)
        told += [
            f"Your teacher will read of {remark}" for remark in dict.fromkeys(as_remarks(found))
        ]
    if failed or withheld:
        short = not_yet(failed) if failed else "A person will give these points."
        raise CheckFailed(short, " ".join(told)) from None


def _reading(asked: list[Exercise]) -> list[Finding]:
    """Read the cells that ran so far, as grading will."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return []
    # The first entry of IPython's history stands for no cell.
    cells = [str(text) for text in shell.history_manager.input_hist_raw[1:]]
    # All answers are read at the end, where one number stands for one exercise.
    return [found for one in asked for found in read_cells([*cells, ""], {len(cells): one})]


def _so_far(names: Mapping[str, Any]) -> list[Exercise]:
    """List the exercises of the lab that this notebook is of: the one most of whose names it defines."""

    def is_own(one: Exercise) -> bool:
        # A function of llmlab's is not the notebook's own; a right number or letter may well be ours too.
        return one.is_plain or names[one.name] is not one.reference

    def own(lab: Lab) -> list[Exercise]:
        defined = [f"{lab.topic}.{name}" for name in lab.order if name in names]
        try:
            return [one for one in map(lab.find, defined) if is_own(one)]
        except AuthoringError:
            # Another lab's fault is nothing to stop this one for; this one's is told by its own check.
            return []

    best = max((own(lab) for lab in register.labs()), key=len, default=[])
    if not best:
        raise UnknownExercise(
            "No answer is defined in this notebook yet; run the cells that define yours, or name "
            'one: check("attention.causal_mask").'
        )
    return best
