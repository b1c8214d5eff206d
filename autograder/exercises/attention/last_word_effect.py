"""`attention.last_word_effect`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.attention import LAB

exercise = LAB.exercise(
    "last_word_effect",
    reference="b",
    choices=("a", "b", "c", "d", "e"),
    matters="BERT (2018) reads in both directions like this, on purpose: it fills gaps, and does not write on. Read "
    "llmlab/model/attention.py.",
    hints=(
        "Without a mask, whom does each token look at?",
        "An output is an average over all values, so it changes when one of the values does.",
        "Ask for each of the six outputs whether the last word is among the tokens that it averages over.",
    ),
)

exercise.wrong_value(
    "itself_alone",
    "a",
    "You give the output of the last word alone. The other tokens look at it, too: nothing hides it from them yet. "
    "Reread 'No looking ahead'.",
)

exercise.wrong_value(
    "neighbors",
    "c",
    "You give the last word and its neighbor. Attention has no neighborhood: it compares each token with all of "
    "them. Reread 'No looking ahead'.",
)

exercise.wrong_value(
    "all_others",
    "d",
    "You give all outputs but the last. The last token looks at itself as well, and asks another question now. "
    "Reread 'No looking ahead'.",
)

exercise.wrong_value(
    "none",
    "e",
    "You say that nothing changes. The word's key and its value have changed, and others average over its value. "
    "Reread 'No looking ahead'.",
)
