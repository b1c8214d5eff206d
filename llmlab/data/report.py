"""What each step of a pipeline changed and removed, why, and what that looked like."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLES = 3
_LENGTH = 160


@dataclass
class StepReport:
    """What one step did.

    Attributes:
        name: The step's.
        seen: How many documents came to it.
        changed: How many it changed and kept.
        removed: How many it removed.
        reasons: How many it removed for each reason.
        samples: For each reason, the beginnings of a few documents that it removed.
    """

    name: str
    seen: int = 0
    changed: int = 0
    removed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=dict)

    def remove(self, text: str, reason: str) -> None:
        """Count a document that was removed, and keep its beginning as a sample."""
        self.removed += 1
        self.reasons[reason] += 1
        kept = self.samples.setdefault(reason, [])
        if len(kept) < SAMPLES:
            kept.append(" ".join(text[: 2 * _LENGTH].split())[:_LENGTH])


class Report:
    """What a whole pipeline did; it fills while documents go through.

    Args:
        names: The steps in their order.

    Attributes:
        steps: One report a step.
        documents_in: How many documents came in.
        documents_out: How many came out.
        characters_in: How long they were together.
        characters_out: How long those that came out are together.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.steps = [StepReport(name) for name in names]
        self.documents_in = self.documents_out = 0
        self.characters_in = self.characters_out = 0

    def add(self, batch: Mapping[str, Sequence[Any]]) -> None:
        """Count a batch of rows as the pipeline marks them.

        Args:
            batch: Columns `text`, `length` (of the text as it came in), `changed` (names of steps),
                `removed_by` (the name of a step, or nothing) and `reason`.
        """
        columns = ("text", "length", "changed", "removed_by", "reason")
        for text, length, changed, removed_by, reason in zip(
            *(batch[name] for name in columns), strict=True
        ):
            self.documents_in += 1
            self.characters_in += length
            for step in self.steps:
                step.seen += 1
                if step.name == removed_by:
                    step.remove(text, reason)
                    break
                step.changed += step.name in changed
            else:
                self.documents_out += 1
                self.characters_out += len(text)

    def remove_later(self, name: str, text: str, reason: str) -> None:
        """Count a document as removed by a step that looks at the whole corpus, after it was added."""
        self.documents_out -= 1
        self.characters_out -= len(text)
        at = [step.name for step in self.steps].index(name)
        self.steps[at].remove(text, reason)
        for step in self.steps[at + 1 :]:
            step.seen -= 1

    def merge(self, other: Report) -> None:
        """Add what the same steps did to other documents."""
        self.documents_in += other.documents_in
        self.documents_out += other.documents_out
        self.characters_in += other.characters_in
        self.characters_out += other.characters_out
        for mine, theirs in zip(self.steps, other.steps, strict=True):
            mine.seen += theirs.seen
            mine.changed += theirs.changed
            mine.removed += theirs.removed
            mine.reasons += theirs.reasons
            for reason, samples in theirs.samples.items():
                kept = mine.samples.setdefault(reason, [])
                kept += samples[: SAMPLES - len(kept)]

    def __str__(self) -> str:
        width = max((len(step.name) for step in self.steps), default=4)
        lines = [f"{'step':{width}}  {'seen':>9}  {'changed':>9}  {'removed':>9}  why"]
        for step in self.steps:
            why = ", ".join(f"{reason} ({n:,})" for reason, n in step.reasons.most_common(3))
            lines.append(
                f"{step.name:{width}}  {step.seen:>9,}  {step.changed:>9,}  {step.removed:>9,}  {why}"
            )
        return "\n".join([*lines, self.summary()])

    def summary(self) -> str:
        """Say in one sentence what came in and what came out."""
        share = self.characters_out / max(1, self.characters_in)
        return (
            f"{self.documents_out:,} of {self.documents_in:,} documents are kept, and {share:.0%} of "
            f"{self.characters_in:,} characters."
        )

    def _repr_html_(self) -> str:
        rows = ""
        for step in self.steps:
            why = ""
            for reason, count in step.reasons.most_common():
                texts = "".join(
                    f"<li><code>{html.escape(sample)}</code></li>"
                    for sample in step.samples.get(reason, ())
                )
                why += (
                    f"<details><summary>{html.escape(reason)}: {count:,}</summary><ul>{texts}</ul>"
                    "</details>"
                )
            rows += (
                f"<tr><td>{html.escape(step.name)}</td><td>{step.seen:,}</td>"
                f"<td>{step.changed:,}</td><td>{step.removed:,}</td>"
                f'<td style="text-align:left">{why}</td></tr>'
            )
        return (
            "<table><tr><th>step</th><th>seen</th><th>changed</th><th>removed</th>"
            f"<th>why, with samples</th></tr>{rows}</table><p>{html.escape(self.summary())}</p>"
        )

    def save(self, path: Path) -> None:
        """Write it to a JSON file."""
        content = {
            "documents_in": self.documents_in,
            "documents_out": self.documents_out,
            "characters_in": self.characters_in,
            "characters_out": self.characters_out,
            "steps": [vars(step) for step in self.steps],
        }
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
