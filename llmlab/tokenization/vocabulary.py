"""What our own tokenizers share: a table of tokens and ids, special tokens, remembered words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from llmlab.tokenization.files import check_vocabulary
from llmlab.tokenization.interface import Tokenizer
from llmlab.tokenization.special import NO_SPECIAL_TOKENS, SpecialTokens

# How many words are remembered, and how long they may be: some tens of megabytes at most.
CACHED_WORDS = 200_000
CACHED_LENGTH = 64


class WordCache(dict[str, list[int]]):
    """The ids of words: looked up if a word came before, worked out if it did not.

    Few words make up most of a text, so nearly all of it is looked up.

    Args:
        encode_word: What works them out. It has to be picklable, so that the tokenizer is.
    """

    def __init__(self, encode_word: Callable[[str], list[int]]) -> None:
        super().__init__()
        self._encode_word = encode_word

    def __missing__(self, word: str) -> list[int]:
        ids = self._encode_word(word)
        if len(self) >= CACHED_WORDS:
            self.clear()  # the frequent words are soon back
        if len(word) <= CACHED_LENGTH:
            self[word] = ids
        return ids


class VocabularyTokenizer(Tokenizer):
    """A tokenizer with its vocabulary in a table.

    Args:
        vocabulary: The id of each token, special ones left out or with the same id.
        special_tokens: The id of each special token.

    Raises:
        VocabularyError: The ids have a hole or a duplicate.
        SpecialTokenError: A special token is empty.
    """

    def __init__(self, vocabulary: Mapping[str, int], special_tokens: Mapping[str, int]) -> None:
        self._special = SpecialTokens(special_tokens)
        check_vocabulary([*vocabulary.items(), *special_tokens.items()])
        self._ids = {**vocabulary, **special_tokens}
        self._tokens = {token_id: token for token, token_id in self._ids.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.vocab_size} tokens, {len(self._special.ids)} special)"

    @property
    def vocab_size(self) -> int:
        """How many tokens there are, special ones included."""
        return len(self._ids)

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """The id of each special token."""
        return self._special.ids

    def token_to_id(self, token: str) -> int | None:
        """Look up the id of a token as the vocabulary writes it; None if there is none."""
        return self._ids.get(token)

    def id_to_token(self, token_id: int) -> str:
        """Look up how the vocabulary writes a token.

        Raises:
            OutOfRangeError: There is no token of this id.
        """
        if token_id not in self._tokens:
            raise self._out_of_range(token_id)
        return self._tokens[token_id]

    def _looked_for(self, parse_special: bool) -> SpecialTokens:
        return self._special if parse_special else NO_SPECIAL_TOKENS
