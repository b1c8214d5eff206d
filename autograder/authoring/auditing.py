"""Reviews and audits exercises, and prints what is to be mended: the command `autograder audit`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from autograder.authoring.audit import (
    Equivalent,
    Work,
    audit_all,
    reference_answer,
    show_audit,
    variant_answer,
)
from autograder.authoring.review import review_lab
from autograder.errors import AuthoringError
from autograder.exercise import Lab, register
from autograder.exercise.private import Private, private_files, read_private
from autograder.student.edits import Kind


def audit_and_show(what: str, solutions: Path, *, mutants: bool) -> bool:
    """Review exercises, try their mutants, and print what is to be mended.

    Args:
        what: A lab, an exercise's id, or empty for all labs.
        solutions: The folder of the labs' sources.
        mutants: Whether to try mutants too.

    Returns:
        Whether there is nothing to mend.

    Raises:
        AutograderError: There is no such lab or exercise.
    """
    # A line number between colons is no emoji.
    console = Console(emoji=False)
    is_exercise = "." in what
    if is_exercise:
        labs = [register.load_of(register.find(what).id)]
    else:
        labs = [register.load(what)] if what else register.labs()
    problems = 0
    for reason in register.broken().values() if not what else ():
        console.print(escape(reason))
        problems += 1
    for lab in labs:
        with console.status(f"Reviewing {lab.folder} …"):
            for name, found in review_lab(lab, solutions):
                if not is_exercise or name == what:
                    problems += len(found)
                    for sentence in found:
                        console.print(escape(sentence))
    if mutants:
        works = [one for lab in labs for one in _works(lab, solutions, what if is_exercise else "")]
        for audit in audit_all(works, console):
            show_audit(audit, console)
            problems += not audit.is_clean
    console.print(f"{problems} to mend." if problems else "Nothing to mend.")
    return problems == 0


def _works(lab: Lab, solutions: Path, only: str) -> Iterator[Work]:
    """Prepare the mutation of each code exercise of a lab."""
    files = private_files(solutions / lab.folder / "private", lab)
    for exercise in lab:
        path = files.get(exercise.id)
        if exercise.is_plain or path is None or (only and exercise.id != only):
            continue
        text = path.read_text("utf-8")
        private = read_private(text)
        answers = [variant_answer(one, text, path) for one in private.variants]
        with contextlib.suppress(AuthoringError):
            # A reference that is a method of a larger class is not to be had; then the variants are tried alone.
            answers.insert(0, reference_answer(exercise))
        yield Work(exercise, answers, private.probes, _equivalents(private, path))


def _equivalents(private: Private, path: Path) -> tuple[Equivalent, ...]:
    found = []
    for line, kind, reason in private.equivalents:
        if kind is not None and kind not in Kind.__members__:
            raise AuthoringError(
                f"{path} names the kind `{kind}`, which is none of {', '.join(Kind.__members__)}."
            )
        found.append(Equivalent(line, Kind[kind] if kind else None, reason))
    return tuple(found)
