"""`data.contaminated_by`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.data import LAB
from autograder.exercises.data._shared import WORDS, different
from llmlab import data

exercise = LAB.exercise(
    "contaminated_by",
    reference=data.contaminated_by,
    matters="GPT-3's makers (2020) found that of three tests of reading more than 90 % of the examples shared runs of "
    "words with the training text. Read llmlab/data/decontamination.py.",
    hints=(
        "You have collected runs of words once before. What is different for a text that is shorter than "
        "a run?",
        "Two texts share a run when the sets of their runs have something in common.",
        "Make the set of runs of the text, with the words that `content_words` gives; then keep the index "
        "of each evaluation text whose set has a common element with it.",
    ),
)


def quotes(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Quote the beginning, the middle and the end of questions, and too little of them."""
    one = different(generator, 7, words)
    question, others = " ".join(one), ["How many are left?", "Who was it in the end?"]
    return [
        implementation(f"See {' '.join(one[:3])} here.", [*others, question], 3),
        implementation(f"See {' '.join(one[2:5])} here.", [question, *others], 3),
        implementation(" ".join(one[4:]), [*others, question], 3),
        implementation(f"See {' '.join(one[2:4])} here.", [question, *others], 3),
        implementation(f"{' '.join(one[:3])} or {' '.join(one[4:])}", [question], 3),
        implementation(
            f"{question} and how many are left, who was it in the end", [*others, question], 4
        ),
        implementation(question, [others[0], question, others[1], question], 5),
        implementation(f"a b {question} c", [" ".join(one[1:4]), " ".join(one[:2])], 3),
        implementation(question, [others[0], question, *others * 3, question], 3),
    ]


def writing(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Quote in other capitals, with other signs and spaces."""
    one = different(generator, 5, words)
    question = " ".join(one)
    return [
        implementation(question.upper(), [question], 3),
        implementation(question, [question.title()], 3),
        implementation(", ".join(one), [f"{question}?"], 3),
        implementation(f"{one[0]} {one[1]}\n{one[2]}  {one[3]}!", [question], 4),
    ]


def orders(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Show the words of a question in another order, apart, or inside other words."""
    one = different(generator, 6, words)
    question = " ".join(one)
    return [
        implementation(" ".join(one[::-1]), [question], 3),
        implementation(f"{one[0]} {one[1]} x {one[2]} {one[3]} y {one[4]} {one[5]}", [question], 3),
        implementation(f"{one[1]} {one[0]} {one[2]} x {one[5]}", [question], 3),
        implementation("A cart of warts.", ["The art of war is old."], 3),
        implementation("art ofwar is", ["Art of waris old."], 3),
        implementation(f"{one[0]} {one[0]} {one[0]} {one[0]}", [question], 3),
        implementation(f"{one[0]} alone", [f"{one[0]} {one[0]} {one[0]} {one[1]}"], 3),
        implementation(f"{one[0]} {one[0]} {one[1]}", [f"{one[0]} {one[1]} {one[1]}"], 3),
        implementation("carting wartime now", ["my art war"], 3),
    ]


def short(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Give questions and pages with fewer words than a run, no questions, and the usual size of runs."""
    one = different(generator, 15, words)
    long = " ".join(one)
    return [
        implementation("what is it all about", ["What is it?", "is it"], 4),
        implementation("what is", ["what is it all about"], 3),
        implementation("", ["what is it", ""], 2),
        implementation("what is it", [], 2),
        implementation(" ".join(one[1:14]), ["nothing", long]),
        implementation(" ".join(one[1:13]), ["nothing", long]),
        implementation(f"{one[3]} alone", [long, one[3]], 1),
    ]


@exercise.probe
def a_quoted_question(implementation: Any, generator: Generator) -> Any:
    """Pages that quote a part of a question, several questions, and one word less than a run."""
    return quotes(implementation, generator, WORDS)


@exercise.probe
def other_capitals_and_signs(implementation: Any, generator: Generator) -> Any:
    """Pages that quote in other capitals, with other signs and spaces."""
    return writing(implementation, generator, WORDS)


@exercise.probe
def same_words_in_another_order(implementation: Any, generator: Generator) -> Any:
    """All words of a question in another order, apart, or inside other words."""
    return orders(implementation, generator, WORDS)


@exercise.probe
def few_words(implementation: Any, generator: Generator) -> Any:
    """Questions and pages with fewer words than a run, no questions, and runs of 13 and of 1."""
    return short(implementation, generator, WORDS)


_AGAIN = "Reread 'Do not train on the test'."
_WHOLE = (
    "A question is found only when the page has all of it. Pages quote parts, and a part is enough to "
    f"learn an answer by heart. {_AGAIN}"
)
_INDICES = f"The indices of the questions are asked for. {_AGAIN}"


def _words(on: Switches, text: str, is_page: bool) -> list[str]:
    if on("as_written"):
        return text.split()
    if on("only_small"):
        return text.lower().split()
    if on("capitals_kept"):
        return re.findall(r"\w+", text)
    if on("page_as_written") and is_page:
        return text.split()
    return text.split() if on("questions_as_written") and not is_page else data.content_words(text)


def _runs(on: Switches, words: Sequence[Any], size: int, is_page: bool) -> list[Any]:
    """List the runs of a page or a question, with their faults."""
    if on("runs_of_characters"):
        words = " ".join(words)
    size = 13 if on("always_thirteen") else size
    size = max(1, size + on("one_word_more") - on("one_word_less"))
    last = len(words) - size
    if on("last_run_missing") or (on("last_of_page_missing") and is_page):
        last -= 1
    if on("last_of_question_missing") and not is_page:
        last -= 1
    if on("short_questions") or (on("cut_runs") and len(words)):
        last = max(0, last) if on("short_questions") else len(words) - 1
    side = on("side_by_side") or (on("page_side_by_side") and is_page)
    side = side or (on("question_side_by_side") and not is_page)
    runs = [tuple(words[i : i + size]) for i in range(0, last + 1, size if side else 1)]
    if not is_page and on("first_run_only"):
        runs = runs[:1]
    if not is_page and on("last_run_only"):
        runs = runs[-1:]
    if on("order_forgotten"):
        return [frozenset(run) for run in runs]
    if on("order_of_run_forgotten"):
        return [tuple(sorted(run)) for run in runs]
    return ["".join(run) for run in runs] if on("joined_without_blank") else runs


def _shares(on: Switches, text: str, question: str, size: int) -> bool:
    """Say whether a page contaminates a question, with the faults of comparing."""
    page, asked = _words(on, text, True), _words(on, question, False)
    if on("whole_question"):
        return len(asked) >= size and " ".join(asked) in " ".join(page)
    if on("whole_text"):
        return " ".join(asked) in " ".join(page)
    if on("enough_words"):
        return len({*page} & {*asked}) >= size
    if on("words_counted"):
        return sum(word in page for word in asked) >= size
    if on("shared_word"):
        return bool({*page} & {*asked})
    if on("inside_words"):
        runs = (" ".join(asked[i : i + size]) for i in range(len(asked) - size + 1))
        return any(run in " ".join(page) for run in runs)
    own, other = _runs(on, page, size, True), _runs(on, asked, size, False)
    if on("all_runs"):
        return bool(other) and {*other} <= {*own}
    if on("same_runs"):
        return bool(other) and {*other} == {*own}
    if on("page_inside"):
        return bool(own) and {*own} <= {*other}
    if on("two_runs"):
        return len({*own} & {*other}) > 1
    if on("equal_places"):
        return any(a == b for a, b in zip(own, other, strict=False))
    return bool({*own} & {*other})


def _common(text: str, question: str, size: int) -> set[tuple[str, ...]]:
    words = data.content_words
    return data.ngrams(words(text), size) & data.ngrams(words(question), size)


@exercise.faults(
    whole_question=_WHOLE,
    all_runs=_WHOLE,
    whole_text="The whole question is looked for in the page, and a short one, or one without words, is found "
    f"wherever it stands. What counts is one run of `size` words. {_AGAIN}",
    same_runs="A question is found only when the page has nothing else. Pages quote parts of it, among other text. "
    f"{_AGAIN}",
    page_inside="A question is found only when all runs of the page are in it. Pages quote among other text: one "
    f"shared run is enough. {_AGAIN}",
    two_runs=f"Two shared runs are needed in your code. One is enough. {_AGAIN}",
    enough_words="Single words are compared, whatever their order. Long texts on one subject share many words without "
    f"having been copied: what counts is the run. {_AGAIN}",
    words_counted="Your code counts the words of the question that the page has, wherever they stand. What counts is "
    f"a run of words side by side. {_AGAIN}",
    shared_word=f"One shared word is enough in your code. What counts is a run of `size` words. {_AGAIN}",
    as_written="Words are compared with their capitals and punctuation. A question quoted in capitals, or before a "
    f"full stop, slips through. {_AGAIN}",
    only_small=f"Words are compared with their punctuation. A question quoted before a full stop slips through. "
    f"{_AGAIN}",
    capitals_kept=f"Words are compared with their capitals. A question quoted in capitals slips through. {_AGAIN}",
    page_as_written="The words of the page keep their capitals and punctuation, and those of the questions do not. "
    f"Both need the same treatment. {_AGAIN}",
    questions_as_written="The words of the questions keep their capitals and punctuation, and those of the page do "
    f"not. Both need the same treatment. {_AGAIN}",
    inside_words="Runs are looked for as text, so they are found inside other words: *art of war* stands in *cart of "
    f"warts*. Compare whole words. {_AGAIN}",
    runs_of_characters="Your runs are runs of characters. Nearly all texts share some of them. Runs of words are asked "
    f"for. {_AGAIN}",
    joined_without_blank="The words of a run are joined without anything between them, so *art of war* and *art ofwar "
    f"is* can be the same. {_AGAIN}",
    always_thirteen=f"Your runs have 13 words, whatever `size` says. {_AGAIN}",
    one_word_more=f"Your runs have one word more than `size` says: a run of exactly that many words is not found. "
    f"{_AGAIN}",
    one_word_less="A run of one word less is enough. The shorter the run, the more good pages go for sharing a common "
    f"phrase. {_AGAIN}",
    last_run_missing="The last run is missing in the page and in the questions. It ends with the last word. "
    f"{_AGAIN}",
    last_of_page_missing=f"The last run of the page is missing. It ends with the page's last word. {_AGAIN}",
    last_of_question_missing=f"The last run of each question is missing. It ends with the question's last word. "
    f"{_AGAIN}",
    short_questions="A text with fewer words than a run is compared as a run of its own. A question such as *What is "
    f"it?* says nothing about a page, so texts without a run of `size` words are left out. {_AGAIN}",
    cut_runs="Runs begin at the last words too, and are cut short there, so that two texts with the same last word "
    f"share one. A run has `size` words. {_AGAIN}",
    side_by_side="Each run begins where the one before it ended, so most quotations fall between them. A run begins at "
    f"each word. {_AGAIN}",
    page_side_by_side="The runs of the page stand side by side, so most quotations fall between them. A run begins at "
    f"each word. {_AGAIN}",
    question_side_by_side="The runs of a question stand side by side, so most quotations fall between them. A run "
    f"begins at each word. {_AGAIN}",
    first_run_only=f"Only the first run of each question is looked for. A page may quote any part of it. {_AGAIN}",
    last_run_only=f"Only the last run of each question is looked for. A page may quote any part of it. {_AGAIN}",
    order_forgotten="A run is a set of words in your code, without order. What counts is the run as it stands. "
    f"{_AGAIN}",
    order_of_run_forgotten="The words of a run are sorted in your code. What counts is the run as it stands. "
    f"{_AGAIN}",
    equal_places="Runs are compared place by place, the first with the first. A quotation may stand anywhere in the "
    f"page. {_AGAIN}",
    first_only="The search ends at the first question that is found. A page may quote several. "
    f"{_AGAIN}",
    last_only=f"Only the last question that is found is kept. A page may quote several. {_AGAIN}",
    first_question=f"Only the first question is looked at. Is the `return` inside the loop? {_AGAIN}",
    last_question_lost=f"The last question is not looked at. {_AGAIN}",
    clean_ones="Your indices are those of the questions that the page does not quote. Those that it quotes are asked "
    f"for. {_AGAIN}",
    the_questions=f"Your code returns the questions themselves. {_INDICES}",
    marks=f"Your code returns a mark, True or False, for each question. {_INDICES}",
    truth_value=f"Your code only says whether the page quotes any question. {_INDICES}",
    how_many=f"Your code returns how many questions the page quotes. {_INDICES}",
    first_index=f"Your code returns one index, and not a list. A page may quote several questions, or none. {_AGAIN}",
    as_a_set=f"Your code returns a set. A list in rising order is asked for. {_AGAIN}",
    from_one=f"Your indices count from 1. The first question has the index 0. {_AGAIN}",
    repeated="An index comes once for each run that is shared. A question is either found or not. "
    f"{_AGAIN}",
    equal_questions_once="Of equal questions only the first one's index is given. Each has an index of its own. "
    f"{_AGAIN}",
)
def searching(on: Switches) -> Any:
    """Look at each question, and return what is asked for or something else."""

    def contaminated_by(text: str, evaluation: Sequence[str], size: int = 13) -> Any:
        evaluation = evaluation[:1] if on("first_question") else evaluation
        evaluation = evaluation[:-1] if on("last_question_lost") else evaluation
        marks = [_shares(on, text, question, size) for question in evaluation]
        found = [index for index, mark in enumerate(marks) if mark]
        if on("clean_ones"):
            found = [index for index, mark in enumerate(marks) if not mark]
        if on("repeated"):
            return [i for i in found for _ in _common(text, evaluation[i], size)]
        if on("equal_questions_once"):
            return sorted({evaluation.index(evaluation[i]) for i in found})
        results = {
            "first_only": found[:1],
            "last_only": found[-1:],
            "the_questions": [evaluation[i] for i in found],
            "marks": marks,
            "truth_value": bool(found),
            "how_many": len(found),
            "first_index": found[0] if found else -1,
            "as_a_set": {*found},
            "from_one": [i + 1 for i in found],
        }
        return next((result for name, result in results.items() if on(name)), found)

    return contaminated_by
