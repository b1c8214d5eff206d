"""Lab 03: Tokenization. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    3,
    "tokenization",
    "Tokenization",
    {
        "split_utf8": 2,
        "pair_counts": 2,
        "merge_pair": 2,
        "train_bpe": 3,
        "encode_word": 3,
        "decode_ids": 1,
        "merge_scores": 2,
        "longest_match": 3,
        "viterbi": 3,
    },
)
