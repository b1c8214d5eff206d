"""What a verdict says of an answer that failed: sentences that a person would say."""

from __future__ import annotations

from autograder.exercise.comparison import describe
from autograder.exercise.declaration import Exercise
from autograder.probing.evidence import Evidence, Failure, Returned

NO_RETURN = "None: is a `return` missing?"


def ended(text: str) -> str:
    """End a text with a full stop, unless it ends like a sentence already."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def plain_sentence(exercise: Exercise, seen: Evidence) -> str:
    """Say what is wrong with a plain answer."""
    if exercise.choices and seen.value not in exercise.choices:
        choices = ", ".join(repr(choice) for choice in exercise.choices)
        return (
            f"`{exercise.name}` is {describe(seen.value)}, which is none of the choices: {choices}."
        )
    if type(seen.value) is not type(exercise.reference) and not (
        isinstance(seen.value, (int, float)) and isinstance(exercise.reference, (int, float))
    ):
        kind = type(exercise.reference).__name__
        return f"`{exercise.name}` is of type `{type(seen.value).__name__}`, and `{kind}` was expected."
    return f"`{exercise.name}` is not the answer yet."


def outline_mismatch(expected: tuple[Returned, ...], got: tuple[Returned, ...]) -> str:
    """Say how the first call returned something of another kind or shape; empty if none did."""
    for wanted, found in zip(expected, got, strict=False):
        if wanted.kind != found.kind:
            if found.kind == "None":
                # Where None is right for other inputs, a `return` is not what is missing.
                may_be = any(one.kind == "None" for one in expected)
                return (
                    f"returns None, and `{wanted.kind}` was expected"
                    if may_be
                    else f"returns {NO_RETURN}"
                )
            if "tensor" in (wanted.kind, found.kind):
                names = {"tensor": "a tensor"}
                kinds = [names.get(one.kind, f"`{one.kind}`") for one in (found, wanted)]
                return f"returns {kinds[0]}, and {kinds[1]} was expected"
            continue
        if wanted.device != found.device:
            return (
                f"returns a tensor on device `{found.device}`, and `{wanted.device}` was expected"
            )
        if wanted.shape != found.shape:
            return f"returns a tensor of shape {found.shape}, and {wanted.shape} was expected"
        if found.has_nan and not wanted.has_nan:
            return "returns NaN (not a number) where numbers were expected"
    return ""


def _owner(exercise: Exercise) -> str:
    home = str(getattr(exercise.reference, "__module__", "llmlab"))
    if home.split(".")[0] in ("autograder", "llmlab"):
        return "llmlab's own"
    return f"`{home}.{exercise.reference.__qualname__}`, which is there already"


def failure_sentence(exercise: Exercise, failure: Failure) -> str:
    """Say why a probe came to no result."""
    name = exercise.name
    sentences = {
        "missing": failure.message,
        "not_callable": failure.message,
        "unwritten": _unwritten_sentence(name, failure.message),
        "reference": f"`{name}` is {_owner(exercise)}; write yours in the cell above.",
        "signature": ended(failure.message),
        "raised": ended(f"`{name}` raises {failure.message}"),
        "forbidden": f"`{name}` calls `{failure.message}`, which this exercise asks you to do without.",
        "mutated": _mutated_sentence(name, failure.message),
        "timeout": f"`{name}` did not finish within {failure.message}: is there a loop without an end?",
        "exit": f"`{name}` ends the Python process instead of returning.",
        "not_plain": (
            f"`{name}` {'is' if exercise.is_plain else 'returns'} {failure.message}, which cannot be "
            "compared."
        ),
        "no_evidence": (
            f"`{name}` could not be tried: the notebook's Python handed over no result. Does the notebook "
            "change `display`, or a part of the autograder?"
        ),
        "probe": ended(f"What `{name}` returns cannot be used: {failure.message}"),
    }
    return sentences.get(failure.kind) or f"`{name}` failed."


def _mutated_sentence(name: str, message: str) -> str:
    kind, _, argument = message.partition(" ")
    return (
        f"`{name}` changes its input `{argument}` in place; the caller still needs it. "
        f"Work on a new {kind}."
    )


def _unwritten_sentence(name: str, raised_in: str) -> str:
    if not raised_in or name in raised_in.split("."):
        return f"`{name}` is not written yet."
    return f"`{name}` calls your `{raised_in}`, which is not written yet."
