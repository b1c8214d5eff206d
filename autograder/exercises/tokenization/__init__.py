"""Lab 03: Tokenization. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    3,
    "tokenization",
    "Tokenization",
    {
        "byte_length": 1,
        "split_utf8": 2,
        "pair_counts": 2,
        "merge_pair": 2,
        "merged_length": 1,
        "train_bpe": 3,
        "encode_word": 3,
        "decode_ids": 1,
        "unseen_capitals": 1,
        "merge_scores": 2,
        "rare_pair": 1,
        "longest_match": 3,
        "ways_to_cut": 1,
        "viterbi": 3,
    },
    stops=("decode_ids",),
)
