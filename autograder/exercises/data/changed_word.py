"""`data.changed_word`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.data import LAB

exercise = LAB.exercise(
    "changed_word",
    reference=91 / 101,
    hints=(
        "How many shingles of five words does each text have?",
        "In how many shingles does the changed word stand?",
        "Each text has 96 shingles, and five of them hold the changed word. What both have goes above the "
        "line; what at least one has goes below.",
    ),
    matters="With shingles of 5 words, as in FineWeb (2024), one changed word in a hundred lowers the "
    "resemblance by a tenth. Read llmlab/data/duplicates.py.",
)

exercise.wrong_value(
    "one_shingle",
    95 / 97,
    "Either you compare words, or you let the changed word spoil one shingle. What is compared is "
    "shingles; they overlap, and a word stands in several of them. Reread 'Nearly the same text'.",
)

exercise.wrong_value(
    "share_of_words",
    0.99,
    "You compare words. What is compared is shingles, and a word stands in several of them. Reread "
    "'Nearly the same text'.",
)

exercise.wrong_value(
    "words_as_sets",
    99 / 101,
    "Either you compare words, or you let the changed word spoil one shingle. What is compared is "
    "shingles; they overlap, and a word stands in several of them. Reread 'Nearly the same text'.",
)

exercise.wrong_value(
    "over_one_text",
    91 / 96,
    "You divide by the shingles of one text. The union also has those that only the other one has. Reread "
    "'Nearly the same text'.",
)

exercise.wrong_value(
    "over_both",
    91 / 192,
    "You divide by the two sizes added up. What stands in both sets belongs to the union once. Reread "
    "'Nearly the same text'.",
)

exercise.wrong_value(
    "a_hundred_shingles",
    95 / 105,
    "Either you count 100 shingles in 100 words, or you let them stand side by side. One begins at each "
    "word, and the last one ends with the last word. Reread 'Nearly the same text'.",
)

exercise.wrong_value(
    "ninety_five_shingles",
    90 / 100,
    "You count 95 shingles in 100 words. Try it with six words: how many runs of five are there? Reread "
    "'Nearly the same text'.",
)

exercise.wrong_value(
    "in_percent",
    91,
    "You give percent, or a number of shingles. The resemblance is a fraction between 0 and 1. Reread "
    "'Nearly the same text'.",
)
