"""Lab 01: Foundations. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    1,
    "foundations",
    "Foundations",
    {
        "four_rows": 1,
        "cosine_similarity": 2,
        "numerical_gradient": 2,
        "calls_needed": 1,
        "linear_gradients": 3,
        "softmax": 2,
        "average_bits": 1,
        "entropy": 2,
        "warmer": 1,
        "kl_divergence": 2,
        "cross_entropy": 3,
        "bigram_probabilities": 3,
        "longer_text": 1,
        "perplexity": 1,
    },
    stops=("softmax",),
)
