"""`data.largest_share`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.data import LAB

exercise = LAB.exercise(
    "largest_share",
    reference=0.2,
    hints=(
        "How many harmless documents may go, all in all?",
        "Nothing says how these are divided between the groups. What is the worst that can happen?",
        "Let all the documents that may go be forum pages, and divide by the number of harmless forum pages.",
    ),
    matters="A limit on the whole says nothing about a small group: C4's list of bad words (2020) took 42 "
    "% of the documents in African American English and 6 % of those in white-aligned English (Dodge et "
    "al., 2021). Read llmlab/data/harm.py.",
)

exercise.wrong_value(
    "same_for_each",
    0.02,
    "You take the limit to hold for each group. It holds for all documents together, and a group may pay "
    "for the others. Reread 'Who pays for a filter'.",
)

exercise.wrong_value(
    "a_tenth",
    0.1,
    "You give the forum's share of all documents. Ask how many may go in all, and how many of those could "
    "be the forum's. Reread 'Who pays for a filter'.",
)

exercise.wrong_value(
    "the_count",
    200,
    "You give a number of documents. The question asks for a share of the harmless forum pages. Reread "
    "'Who pays for a filter'.",
)

exercise.wrong_value(
    "in_percent",
    20,
    "You give percent, or a number of documents. A share is a fraction between 0 and 1. Reread 'Who pays "
    "for a filter'.",
)

exercise.wrong_value(
    "all_of_them",
    1.0,
    "All of the forum's harmless pages would be 1,000, and that is more than the limit allows in all. "
    "Reread 'Who pays for a filter'.",
)
