"""`tokenization.unseen_capitals`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.tokenization import LAB

exercise = LAB.exercise(
    "unseen_capitals",
    reference="b",
    choices=("a", "b", "c", "d"),
    hints=(
        "With which tokens does a byte pair encoding begin, before it has seen any text?",
        "All bytes are tokens from the beginning. What does encoding do with a word in which no pair was learned?",
        "Each capital is a byte with an id of its own, and no pair of capitals was learned: count what is left.",
    ),
    matters=(
        "Capitals cost more tokens in real vocabularies, too: there are far fewer merges for them. Read "
        "llmlab/tokenization/bpe.py."
    ),
)

exercise.wrong_value(
    "fails",
    "a",
    "You expect a failure. The 256 bytes are all tokens from the beginning, also those that no text of the training "
    "held. Reread 'Numbers become bytes'.",
)

exercise.wrong_value(
    "as_small",
    "c",
    "You expect capitals to be taken for small letters. They are other bytes, and other tokens; nothing is changed in "
    "the text. Reread 'The oldest merge first'.",
)

exercise.wrong_value(
    "unknown",
    "d",
    "You expect an 'unknown' token. Words that lack a token have one in WordPiece; byte pair encoding spells them in "
    "bytes. Reread 'Numbers become bytes'.",
)
