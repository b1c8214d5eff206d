"""Lab 01: Foundations. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    1,
    "foundations",
    "Foundations",
    {
        "cosine_similarity": 2,
        "numerical_gradient": 2,
        "linear_gradients": 3,
        "softmax": 2,
        "entropy": 2,
        "kl_divergence": 2,
        "cross_entropy": 3,
        "bigram_probabilities": 3,
        "perplexity": 1,
    },
)
