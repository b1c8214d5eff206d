"""`tokenization.byte_length`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.tokenization import LAB

exercise = LAB.exercise(
    "byte_length",
    reference=11,
    hints=(
        "How many bytes does each character have? The table of patterns says it, by the code point.",
        "Letters of English and the blank have one byte each; ï is beyond 127, and the owl beyond 65,535.",
        "Five characters of one byte (n, a, v, e and the blank), one of two, and one of four: add them up.",
    ),
    matters=(
        "Web pages are sent and models of bytes are fed in UTF-8: what a text costs there is its bytes, not its "
        "letters. Read llmlab/tokenization/utf8.py."
    ),
)

exercise.wrong_value(
    "code_points",
    7,
    "You count code points, as `len` of a string does. UTF-8 writes some of them with more than one byte. Reread "
    "'Numbers become bytes'.",
)

exercise.wrong_value(
    "visible",
    6,
    "You count letters, and leave the blank out. Bytes are asked for, and the blank has one, too. Reread 'Numbers "
    "become bytes'.",
)

exercise.wrong_value(
    "two_each",
    14,
    "You give every character two bytes. ASCII has one each, and the owl has more than two. Reread 'Numbers become "
    "bytes'.",
)

exercise.wrong_value(
    "four_each",
    28,
    "You give every character four bytes. UTF-8 writes a character with as few as it needs. Reread 'Numbers become "
    "bytes'.",
)

exercise.wrong_value(
    "owl_of_two",
    9,
    "You give the owl two bytes. Its code point is 129,417: look for its row in the table. Reread 'Numbers become "
    "bytes'.",
)

exercise.wrong_value(
    "one_short",
    10,
    "You have one byte too few. Either the blank is missing, or ï has one byte with you, or the owl three. Reread "
    "'Numbers become bytes'.",
)

exercise.wrong_value(
    "accent_apart",
    12,
    "You have one byte too many. If you write ï as i and an accent, you are right about that spelling; here it is one "
    "code point. Reread 'Numbers become bytes'.",
)
