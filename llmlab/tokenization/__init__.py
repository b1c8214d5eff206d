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
from llmlab.tokenization.bpe_training import learn_merges
from llmlab.tokenization.bridge import (
    HuggingFaceTokenizer,
    SentencePieceTokenizer,
    TransformersTokenizer,
)
from llmlab.tokenization.byte_level import ByteLevelBPE, merge_by_rank
from llmlab.tokenization.errors import (
    EmptyCorpusError,
    MergesError,
    SpecialTokenError,
    TokenizationError,
    TokenizerFileError,
    UnsupportedOptionError,
    VocabularyError,
)
from llmlab.tokenization.interface import Tokenizer
from llmlab.tokenization.loading import load_tokenizer
from llmlab.tokenization.normalization import (
    clean,
    compose,
    lowercase,
    nfc,
    nfd,
    nfkc,
    replace_surrogates,
    space_out_chinese,
    strip_accents,
)
from llmlab.tokenization.pretokenization import (
    GPT2_PATTERN,
    GPT4_PATTERN,
    METASPACE,
    SMOLLM2_PATTERN,
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
from llmlab.tokenization.unigram_tokenizer import Unigram
from llmlab.tokenization.unigram_training import (
    UnigramCorpus,
    count_unigram_corpus,
    seed_pieces,
    train_unigram,
)
from llmlab.tokenization.utf8 import split_utf8
from llmlab.tokenization.wordpiece import (
    join_pieces,
    longest_match,
    merge_pieces,
    merge_scores,
    split_characters,
    train_wordpiece,
)
from llmlab.tokenization.wordpiece_tokenizer import BERT_SPECIAL_TOKENS, WordPiece
from llmlab.tokenization.wordpiece_training import learn_pieces

__all__ = [
    # characters and bytes
    "split_utf8",
    # before tokens: normalization and words
    "nfc",
    "nfd",
    "nfkc",
    "lowercase",
    "strip_accents",
    "clean",
    "space_out_chinese",
    "compose",
    "replace_surrogates",
    "GPT2_PATTERN",
    "GPT4_PATTERN",
    "SMOLLM2_PATTERN",
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
    "UnigramCorpus",
    "count_unigram_corpus",
    "seed_pieces",
    "train_unigram",
    # whole tokenizers
    "Tokenizer",
    "ByteLevelBPE",
    "learn_merges",
    "merge_by_rank",
    "WordPiece",
    "BERT_SPECIAL_TOKENS",
    "learn_pieces",
    "Unigram",
    "load_tokenizer",
    "HuggingFaceTokenizer",
    "TransformersTokenizer",
    "SentencePieceTokenizer",
    # what can go wrong
    "TokenizationError",
    "VocabularyError",
    "MergesError",
    "TokenizerFileError",
    "UnsupportedOptionError",
    "SpecialTokenError",
    "EmptyCorpusError",
]
