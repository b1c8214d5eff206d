"""The steps of a cleaning pipeline that look at one document at a time, in the order of their use.

A step gives back the text, changed or not, or says why the document has to go. It holds no state that
grows, so that any number of processes can run it side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from llmlab.data import cleaning, filters, personal
from llmlab.data.decontamination import Decontaminator
from llmlab.data.languages import language
from llmlab.data.quality import QualityClassifier


@dataclass(frozen=True)
class Removed:
    """Says that a document has to go, and why."""

    reason: str


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: For the report.
        apply: Gives the text, or `Removed`.
    """

    name: str
    apply: Callable[[str], str | Removed]


def _main_text(text: str) -> str | Removed:
    if not cleaning.is_html(text):
        return text
    found = cleaning.extract_html(text)
    return Removed("no main text") if found is None else found


def _boilerplate(text: str) -> str | Removed:
    return cleaning.strip_boilerplate(text) or Removed("nothing but boilerplate")


def _gopher(text: str) -> str | Removed:
    broken = filters.gopher_quality(text)
    return Removed(broken[0]) if broken else text


def _repetition(text: str) -> str | Removed:
    broken = filters.gopher_repetition(text)
    return Removed(broken[0]) if broken else text


def _c4(text: str) -> str | Removed:
    kept = filters.c4_lines(text)
    broken = filters.c4_page(kept)
    return Removed(broken[0]) if broken else kept


HTML = Step("main text of web pages", _main_text)
ENCODING = Step("encoding", cleaning.repair_encoding)
NORMALIZATION = Step("normalization", cleaning.normalize_text)
BOILERPLATE = Step("boilerplate", _boilerplate)
GOPHER = Step("Gopher's quality rules", _gopher)
REPETITION = Step("Gopher's repetition rules", _repetition)
C4 = Step("C4's rules", _c4)
PERSONAL = Step("personal data", personal.scrub_personal_data)


# Steps travel to other processes, so each is a function of this module with its settings filled in.


def _keep_languages(text: str, wanted: Sequence[str], least: float) -> str | Removed:
    code, probability = language(text)
    if code not in wanted:
        return Removed(f"language {code}")
    return text if probability >= least else Removed("no clear language")


def language_step(wanted: Sequence[str] = ("en",), least: float = 0.5) -> Step:
    """Make the step that keeps some languages.

    Args:
        wanted: Their codes of two letters.
        least: How probable the language must be.
    """
    return Step("language", partial(_keep_languages, wanted=wanted, least=least))


def _keep_quality(text: str, classifier: QualityClassifier, least: float) -> str | Removed:
    return text if classifier(text) >= least else Removed("low quality")


def quality_step(classifier: QualityClassifier, least: float = 0.5) -> Step:
    """Make the step that keeps what a classifier finds good enough."""
    return Step("quality classifier", partial(_keep_quality, classifier=classifier, least=least))


def _keep_unseen(text: str, decontaminator: Decontaminator) -> str | Removed:
    if decontaminator.find(text) is None:
        return text
    return Removed("shares words with an evaluation set")


def decontamination_step(decontaminator: Decontaminator) -> Step:
    """Make the step that drops documents which share a run of words with an evaluation set."""
    return Step("decontamination", partial(_keep_unseen, decontaminator=decontaminator))


def default_steps(
    *,
    languages: Sequence[str] = ("en",),
    classifier: QualityClassifier | None = None,
    evaluation: Iterable[str] = (),
) -> tuple[Step, ...]:
    """Put the steps together in their usual order: mend first, then choose, then protect.

    Args:
        languages: Those to keep.
        classifier: Judges quality; without one, rules alone do.
        evaluation: Texts of evaluation sets, which must not be learned; without any, nothing is
            looked for.
    """
    steps = [HTML, ENCODING, NORMALIZATION, BOILERPLATE, language_step(languages)]
    steps += [GOPHER, REPETITION, C4]
    if classifier is not None:
        steps.append(quality_step(classifier))
    decontaminator = Decontaminator(evaluation)
    if len(decontaminator):
        steps.append(decontamination_step(decontaminator))
    return (*steps, PERSONAL)


def apply_steps(batch: Mapping[str, Sequence[str]], steps: Sequence[Step]) -> dict[str, list[Any]]:
    """Send a batch of documents through the steps, and mark what happened to each.

    Args:
        batch: Has a column `text`.
        steps: In the order in which they are applied.

    Returns:
        The columns `text` (as it was when a step removed it), `length` (of the text as it came in),
        `changed`, `removed_by` and `reason`.
    """
    marked: dict[str, list[Any]] = {
        "text": [],
        "length": [],
        "changed": [],
        "removed_by": [],
        "reason": [],
    }
    for original in batch["text"]:
        text, changed, removed_by, reason = original, [], "", ""
        for step in steps:
            result = step.apply(text)
            if isinstance(result, Removed):
                removed_by, reason = step.name, result.reason
                break
            if result != text:
                changed.append(step.name)
                text = result
        row = (text, len(original), changed, removed_by, reason)
        for name, value in zip(marked, row, strict=True):
            marked[name].append(value)
    return marked
