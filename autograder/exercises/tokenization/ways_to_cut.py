"""`tokenization.ways_to_cut`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.tokenization import LAB

exercise = LAB.exercise(
    "ways_to_cut",
    reference=8,
    hints=(
        "Where can a cut be made? Between which letters?",
        "There are three places between four letters, and at each of them you cut or you do not.",
        "Two possibilities at each of three places: multiply them.",
    ),
    matters=(
        "A word of 21 letters has over a million cuts, so SentencePiece (2018), which T5 uses, finds the best by "
        "Viterbi's search. Read llmlab/tokenization/unigram.py."
    ),
)

exercise.wrong_value(
    "one_more_place",
    16,
    "You have one place too many. A word of four letters can be cut between its letters, and not at its edges. Reread "
    "'All the ways to cut a word'.",
)

exercise.wrong_value(
    "number_of_letters",
    4,
    "You count the letters. Each place between two of them can be cut or not, "
    "whatever the others are. Reread 'All the ways to cut a word'.",
)

exercise.wrong_value(
    "number_of_places",
    3,
    "You count the places between letters. At each of them you cut or do not, whatever happens at the others. Reread "
    "'All the ways to cut a word'.",
)

exercise.wrong_value(
    "sums",
    6,
    "You add two possibilities for each of three places. Choices that are free of each other are multiplied. Reread "
    "'All the ways to cut a word'.",
)

exercise.wrong_value(
    "uncut_left_out",
    7,
    "You left one way out, such as the word in one piece or the word in single letters. Reread 'All the ways to cut a "
    "word'.",
)

exercise.wrong_value(
    "number_of_pieces",
    10,
    "You count the pieces that stand in the word. A cut is a row of pieces that make up the whole of it. Reread 'All "
    "the ways to cut a word'.",
)

exercise.wrong_value(
    "orders",
    24,
    "You count the orders of four letters. The letters stay where they are; only the cuts change. Reread 'All the "
    "ways to cut a word'.",
)
