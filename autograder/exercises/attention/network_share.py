"""`attention.network_share`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.attention import LAB

exercise = LAB.exercise(
    "network_share",
    reference=2,
    matters="In Llama 3 70B (2024), whose network has three matrices and whose keys and values are few, four of "
    "five weights of a block stand in the network. Read llmlab/model/feed_forward.py.",
    hints=(
        "Count the numbers in the four maps of attention, and then those in the two matrices of the network.",
        "A map from d to d has d × d weights; one from d to 4d has 4d × d.",
        "Divide the weights of the two wide matrices together by those of the four square ones together.",
    ),
)

exercise.wrong_value(
    "equal",
    1,
    "You say that they have equally many. Did you count both matrices of the network, and the wide side of each? "
    "Reread 'A network for each token'.",
)

exercise.wrong_value(
    "width",
    4,
    "You give how much wider the middle of the network is. Its weights stand in two matrices, against four maps. "
    "Reread 'A network for each token'.",
)

exercise.wrong_value(
    "all_of_it",
    8,
    "You counted the network's weights against one map of attention. Attention has four of them. Reread 'A network "
    "for each token'.",
)

exercise.wrong_value(
    "upside_down",
    0.5,
    "You give attention's weights against the network's. It is asked the other way round. Reread 'A network for "
    "each token'.",
)

exercise.wrong_value(
    "three_maps",
    2.6666666666666665,
    "You counted three maps of attention. The output map is one, too. Reread 'A network for each token'.",
)

exercise.wrong_value(
    "share",
    0.6666666666666666,
    "You give the network's share of all weights of the block. Its weights against those of attention are asked "
    "for. Reread 'A network for each token'.",
)

exercise.wrong_value(
    "squares",
    16,
    "You squared the width of the middle. Each of the two matrices has one wide side and one narrow one. Reread 'A "
    "network for each token'.",
)
