"""`learning.more_weights`: a question to be answered before anything is run, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.learning import LAB

exercise = LAB.exercise(
    "more_weights",
    reference=2000,
    hints=(
        "Which of the model's parts gets to see how long the context is?",
        "The table has a row for each letter, whatever the context is, and the output map sees the hidden layer only.",
        "Two more letters put two more vectors side by side, and each hidden unit has a weight for each of their "
        "numbers.",
    ),
    matters="The weight for each place is what does not scale: at 131,072 places, Llama 3.1's context (2024), "
    "attention needs no weight more than at 3. Read llmlab/foundations/neural.py.",
)

exercise.wrong_value(
    "one_vector",
    20,
    "The two vectors have that many numbers. Each of them meets every hidden unit, with a weight of its own. Reread "
    "'A neural language model'.",
)

exercise.wrong_value(
    "one_letter",
    1000,
    "That is for one letter more, and there are two. Reread 'A neural language model'.",
)

exercise.wrong_value(
    "hidden_alone",
    200,
    "How many numbers does each of the two letters bring, side by side? Reread 'Letters as vectors'.",
)

exercise.wrong_value(
    "all_of_five",
    5000,
    "That is all the weights between the vectors and the hidden layer. How many of them are there with three letters "
    "already? Reread 'A neural language model'.",
)

exercise.wrong_value(
    "table_too",
    2540,
    "The table has one row for each letter of the alphabet, however many places look into it. Reread 'Letters as "
    "vectors'.",
)

exercise.wrong_value(
    "output_too",
    7400,
    "The output map sees the hidden layer, and that is as wide as before. Reread 'A neural language model'.",
)

exercise.wrong_value(
    "biases_too",
    2200,
    "A hidden unit has one bias, however many numbers it reads. Reread 'A neural language model'.",
)

exercise.wrong_value(
    "like_a_table",
    27**5 - 27**3,
    "That is how a table of counts grows, with a row for each context. What grows here is a map that reads numbers "
    "side by side. Reread 'Letters as vectors'.",
)

exercise.wrong_value(
    "two",
    2,
    "There is more to each letter than its id: it brings a vector, and each hidden unit reads all of it. Reread "
    "'Letters as vectors'.",
)
