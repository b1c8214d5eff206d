#!/usr/bin/env python3
"""Judge answers that readers of the labs wrote, and say how many were understood.

    python benchmarks/answers.py [--folder FOLDER] [--exercise PART] [--list named|placed|generic|passed|refused]

Run from the project's root. Each answer is of one kind:

- wrong: it should be refused, and told what is misunderstood;
- right: it should pass;
- equivalent: written as a wrong one, and right all the same by the text: not counted;
- arguable: right or wrong by what the text says; when the text settles it, it should say so: not counted.

A wrong answer is `named` (a fault's sentence, or two), `placed` (the verdict points at what is off: the line, how the
result relates to the right one, an error message in words, a call or change that is not allowed), `generic` (told that
it is wrong, and what was expected), or `passed` (by the public probes; `graded` says what the hidden ones find).
`named` and `placed` count sentences, not whether they are true: read them with --list.
"""

import argparse
import collections
import contextlib
import io
import json
import linecache
import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from autograder.exercise import Probe, register  # noqa: E402
from autograder.exercise.private import private_files, read_private  # noqa: E402
from autograder.judging.judge import judge  # noqa: E402
from autograder.notebook.checking import verdict_on  # noqa: E402
from autograder.student.answers import collect  # noqa: E402

# Some answers use what a learner would have imported in a cell of their own.
HELP = {
    "data": "from itertools import combinations, islice\nimport unicodedata\nfrom collections import Counter\n",
    "distributed": "import json, math\n",
}
GRADED_SEEDS = (7, 48151, 3)
# What a verdict says by itself, and what was found out.
NAMED, PLACED = ("fault", "pair"), ("known", "message", "relation", "place")


def imports_of(topic: str) -> str:
    """Give the first cell of a lab, which imports what its answers use."""
    notebook = json.loads(next((ROOT / "labs").glob(f"*_{topic}/*.ipynb")).read_text("utf-8"))
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    return HELP.get(topic, "") + "".join(first["source"])


def define(number: int, parts: list[str]) -> dict[str, Any]:
    """Run the cells of one answer, as a notebook would, and return its names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for index, source in enumerate(parts):
            name = f"<answer {number}.{index}>"
            linecache.cache[name] = (len(source), None, source.splitlines(True), name)
            exec(compile(source, name, "exec"), names)  # noqa: S102 - the readers' answers
    return {name: value for name, value in names.items() if not name.startswith("__")}


def hidden_probes(exercise_id: str) -> list[Probe]:
    """Read the hidden probes of an exercise."""
    lab = register.load_of(exercise_id)
    path = private_files(ROOT / "solutions" / lab.folder / "private", lab).get(exercise_id)
    return read_private(path.read_text("utf-8")).probes if path else []


def judged(exercise_id: str, names: dict[str, Any]) -> tuple[str, str, str]:
    """Check an answer as a learner would, and as grading does where the check is passed.

    Returns:
        Its status, how that was found, and what the learner reads.
    """
    exercise = register.find(exercise_id)
    verdict = verdict_on(exercise, names)
    text = " | ".join(filter(None, [verdict.sentence, verdict.place]))
    if not verdict.passed:
        if verdict.reason in NAMED:
            return "named", verdict.reason, text
        placed = verdict.reason in PLACED or bool(verdict.place)
        return ("placed" if placed else "generic"), verdict.reason, text
    hidden = hidden_probes(exercise_id)
    for seed in GRADED_SEEDS if hidden else ():
        probes = [*exercise.probes, *hidden]
        if not judge(exercise, probes, collect(exercise, names, seed, hidden), seed).passed:
            return "passed, refused when graded", "", text
    return "passed", "", text


def main() -> None:
    """Judge all answers of a folder and print a row an exercise, and the sum."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "tests" / "answers")
    parser.add_argument("--exercise", default="")
    parser.add_argument("--list", default="")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    totals: collections.Counter[tuple[str, str]] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    table: dict[str, collections.Counter[tuple[str, str]]] = collections.defaultdict(
        collections.Counter
    )
    for path in sorted(options.folder.glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        for number, answer in enumerate(content["answers"]):
            if options.exercise not in answer["exercise"]:
                continue
            prelude = content["preludes"].get(answer["prelude"], "")
            try:
                names = define(number, [imports_of(path.stem), prelude, answer["code"]])
                status, reason, sentence = judged(answer["exercise"], names)
            except Exception as error:
                # A measurement goes on, and the row says what happened.
                status, reason, sentence = "error", "", repr(error)[:200]
            kind = answer["kind"]
            totals[kind, status] += 1
            table[answer["exercise"]][kind, status] += 1
            reasons[reason] += kind == "wrong"
            if options.list and listed(options.list, kind, status):
                print(
                    f"{answer['exercise']} | {kind} | {answer['label']} | {status} | {reason}\n    {sentence}"
                )
    show(totals, reasons, table)


def listed(wanted: str, kind: str, status: str) -> bool:
    """Say whether an answer is of those to print; `refused` are right ones that did not pass."""
    if wanted == "refused":
        return kind == "right" and status != "passed"
    if wanted == "passed":
        return kind == "wrong" and status.startswith("passed")
    return kind == "wrong" and status.startswith(wanted)


def show(
    totals: "collections.Counter[tuple[str, str]]",
    reasons: "collections.Counter[str]",
    table: "dict[str, collections.Counter[tuple[str, str]]]",
) -> None:
    """Print a row an exercise, how reasons were found, and the sum."""
    for exercise, counts in sorted(table.items()):
        wrong, told, let, right, fine = sums(counts)
        print(
            f"{exercise:45} told {told:3} of {wrong:3}   wrongly passed {let:2}   "
            f"right accepted {fine:2} of {right:2}"
        )
    wrong, told, let, right, fine = sums(totals)
    found = ", ".join(f"{name or 'passed'} {count}" for name, count in reasons.most_common())
    print(
        f"of the wrong answers: {found}; errors {sum(n for (_, s), n in totals.items() if s == 'error')}"
    )
    print(
        f"told {told} of {wrong} ({told / max(1, wrong):.0%}); wrongly passed in public {let}, of these also graded "
        f"{totals['wrong', 'passed']}; right accepted {fine} of {right}"
    )


def sums(counts: "collections.Counter[tuple[str, str]]") -> tuple[int, int, int, int, int]:
    """Count the wrong answers, those told and those let pass, the right ones and those accepted."""
    wrong = sum(count for (kind, _), count in counts.items() if kind == "wrong")
    told = counts["wrong", "named"] + counts["wrong", "placed"]
    let = sum(
        n for (kind, status), n in counts.items() if kind == "wrong" and status.startswith("passed")
    )
    right = sum(count for (kind, _), count in counts.items() if kind == "right")
    return wrong, told, let, right, counts["right", "passed"]


if __name__ == "__main__":
    main()
