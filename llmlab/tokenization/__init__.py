"""From text to token ids and back, in the order in which a lab builds it."""

# ruff: noqa: RUF022 - the chapter's order, not the alphabet's

from llmlab.tokenization.bpe import (
    byte_characters,
    decode_ids,
    encode_word,
    merge_pair,
    most_frequent_pair,
    pair_counts,
    token_bytes,
    train_bpe,
)
from llmlab.tokenization.interface import Tokenizer
from llmlab.tokenization.normalization import (
    clean,
    compose,
    lowercase,
    nfc,
    nfd,
    nfkc,
    space_out_chinese,
    strip_accents,
)
from llmlab.tokenization.pretokenization import (
    GPT2_PATTERN,
    GPT4_PATTERN,
    METASPACE,
    count_words,
    split_at_punctuation,
    split_by_metaspace,
    split_by_pattern,
)
from llmlab.tokenization.unigram import (
    UNKNOWN_SCORE,
    backward,
    expected_counts,
    forward,
    n_best,
    sample,
    viterbi,
)
from llmlab.tokenization.wordpiece import (
    join_pieces,
    longest_match,
    merge_pieces,
    merge_scores,
    split_characters,
    train_wordpiece,
)

__all__ = [
    # before tokens: normalization and words
    "nfc",
    "nfd",
    "nfkc",
    "lowercase",
    "strip_accents",
    "clean",
    "space_out_chinese",
    "compose",
    "GPT2_PATTERN",
    "GPT4_PATTERN",
    "METASPACE",
    "split_by_pattern",
    "split_at_punctuation",
    "split_by_metaspace",
    "count_words",
    # byte pair encoding
    "byte_characters",
    "pair_counts",
    "most_frequent_pair",
    "merge_pair",
    "train_bpe",
    "encode_word",
    "token_bytes",
    "decode_ids",
    # WordPiece
    "split_characters",
    "merge_scores",
    "join_pieces",
    "merge_pieces",
    "train_wordpiece",
    "longest_match",
    # Unigram
    "UNKNOWN_SCORE",
    "viterbi",
    "n_best",
    "forward",
    "backward",
    "expected_counts",
    "sample",
    # whole tokenizers
    "Tokenizer",
]
