"""Applies a course's policy to what a reading of the source found: points may wait for a person, and none are taken.

It comes last, after results are kept: a course that changes its policy needs no second run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from nbformat import NotebookNode

from autograder.grading.engine import Result
from autograder.grading.submission import checks_of
from autograder.judging.execution import verdict_outputs
from autograder.judging.judge import Verdict
from autograder.reading import Finding, as_remarks


def with_policy(result: Result, notebook: NotebookNode, policy: Mapping[str, str]) -> Result:
    """Hold the points of a result that the policy leaves to a person.

    Args:
        result: What a run came to.
        notebook: The prepared notebook that was run.
        policy: What a finding leads to, by its weight: `ignore`, `flag` or `hold`.

    Returns:
        The result, in which the verdicts that are held say why, and the outputs of their checks that they are.
    """
    run = result.run
    exercises = {verdict.exercise for verdict in run.verdicts}
    held = {
        verdict.exercise: verdict
        for verdict in (_held(one, run.findings, exercises, policy) for one in run.verdicts)
        if verdict.held
    }
    if not held:
        return result
    outputs = list(result.outputs)
    for number, name in checks_of(notebook).items():
        if name in held:
            outputs[number] = [dict(one) for one in verdict_outputs(held[name])]
    verdicts = tuple(held.get(one.exercise, one) for one in run.verdicts)
    return Result(dataclasses.replace(run, verdicts=verdicts), outputs)


def _held(
    verdict: Verdict,
    findings: Collection[Finding],
    exercises: Collection[str],
    policy: Mapping[str, str],
) -> Verdict:
    for one in findings:
        # What is found in a cell or a file concerns every answer.
        concerned = one.where not in exercises or one.where == verdict.exercise
        if concerned and policy.get(one.weight) == "hold":
            (remark,) = as_remarks([one])
            return dataclasses.replace(verdict, points=0, held=remark)
    return verdict
