"""Lab 05: Attention. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    5,
    "attention",
    "Attention",
    {
        "embed": 1,
        "sinusoidal_positions": 2,
        "score_spread": 1,
        "scaled_dot_product_attention": 3,
        "last_word_effect": 1,
        "causal_mask": 1,
        "even_share": 1,
        "split_heads": 2,
        "score_count": 1,
        "MultiHeadAttention": 4,
        "layer_norm": 2,
        "network_share": 1,
        "feed_forward": 2,
        "TransformerBlock": 3,
    },
    stops=("even_share",),
)
