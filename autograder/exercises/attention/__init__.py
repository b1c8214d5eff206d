"""Lab 05: Attention. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    5,
    "attention",
    "Attention",
    {
        "embed": 1,
        "sinusoidal_positions": 2,
        "scaled_dot_product_attention": 3,
        "causal_mask": 1,
        "split_heads": 2,
        "MultiHeadAttention": 4,
        "layer_norm": 2,
        "TransformerBlock": 3,
    },
)
