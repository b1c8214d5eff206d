"""The WordPiece tokenizer of BERT, complete: it learns, cuts, streams, is saved and read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from llmlab.errors import ConfigurationError
from llmlab.tokenization.errors import EmptyCorpusError, VocabularyError
from llmlab.tokenization.files import (
    model_of,
    read_json,
    read_text,
    refuse_unless,
    special_tokens_of,
    write_tokenizer,
)
from llmlab.tokenization.normalization import (
    clean,
    compose,
    lowercase,
    replace_surrogates,
    space_out_chinese,
    strip_accents,
)
from llmlab.tokenization.pretokenization import split_at_punctuation
from llmlab.tokenization.special import SpecialTokens
from llmlab.tokenization.streaming import safe_segments
from llmlab.tokenization.vocabulary import VocabularyTokenizer, WordCache
from llmlab.tokenization.wordpiece import CONTINUATION, UNKNOWN, longest_match
from llmlab.tokenization.wordpiece_training import learn_pieces

BERT_SPECIAL_TOKENS = ("[PAD]", UNKNOWN, "[CLS]", "[SEP]", "[MASK]")
LONGEST_WORD = 100  # a longer word is unknown, as in BERT

_SAFE_CUT = r"(?<=\S)(?=\s)"
_NORMALIZERS = {
    False: compose(replace_surrogates, clean, space_out_chinese),
    True: compose(replace_surrogates, clean, space_out_chinese, strip_accents, lowercase),
}


class WordPiece(VocabularyTokenizer):
    """A WordPiece tokenizer. It does not give texts back: spaces, and case if you wish, are lost.

    Args:
        vocabulary: The id of each piece; one inside a word begins with `##`.
        special_tokens: The id of each special token, `[UNK]` among them.
        uncased: Whether texts are lowercased and lose their accents first.

    Raises:
        VocabularyError: The ids have a hole or a duplicate, or there is no `[UNK]`.
        SpecialTokenError: A special token is empty.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        *,
        special_tokens: Mapping[str, int],
        uncased: bool = True,
    ) -> None:
        super().__init__(vocabulary, special_tokens)
        if UNKNOWN not in self._ids:
            raise VocabularyError(
                f"A WordPiece vocabulary needs {UNKNOWN!r} for words that it cannot build; add it."
            )
        self.uncased = uncased
        pieces = {t: i for t, i in self._ids.items() if t not in special_tokens}
        self._cache = WordCache(partial(_encode_word, pieces, self._ids[UNKNOWN]))

    @classmethod
    def train(
        cls,
        corpus: str | Iterable[str],
        vocab_size: int,
        *,
        special_tokens: Sequence[str] = BERT_SPECIAL_TOKENS,
        uncased: bool = True,
        min_frequency: int = 2,
    ) -> WordPiece:
        """Learn a tokenizer from texts.

        The ids are the special tokens, the characters, and the pieces as they were learned.

        Args:
            corpus: One text or several.
            vocab_size: How many tokens to have in all; fewer when no pair is left to merge.
            special_tokens: `[UNK]` has to be among them.
            uncased: Whether texts are lowercased and lose their accents first.
            min_frequency: A pair that occurs less often is not merged.

        Raises:
            ConfigurationError: The vocabulary has no room for the characters.
            EmptyCorpusError: There is no text.
            SpecialTokenError: A special token is empty or stands twice.
        """
        special = SpecialTokens.numbered(special_tokens, first_id=0)
        words: Counter[str] = Counter()
        for text in [corpus] if isinstance(corpus, str) else corpus:
            for part in special.split(text)[::2]:
                words.update(split_at_punctuation(_NORMALIZERS[uncased](part)))
        if not words:
            raise EmptyCorpusError(
                "The corpus holds no words, so there is nothing to learn pieces from; check the "
                "path or the filter that it comes from."
            )
        room = vocab_size - len(special.ids)
        pieces = learn_pieces(words, room, min_frequency)
        if len(pieces) > room:
            raise ConfigurationError(
                f"A vocabulary of {vocab_size} has no room for {len(special.ids)} special tokens "
                f"and the {len(pieces)} characters of the corpus, at the start of a word and "
                f"inside; ask for at least {len(special.ids) + len(pieces)}."
            )
        tokens = [*special_tokens, *pieces]
        ids = {token: token_id for token_id, token in enumerate(tokens)}
        return cls(ids, special_tokens=special.ids, uncased=uncased)

    # --- the interface ------------------------------------------------------------------------

    def encode(self, text: str, *, parse_special: bool = True) -> list[int]:
        """Turn a text into ids, by the longest piece that fits, again and again."""
        special = self._looked_for(parse_special)
        ids: list[int] = []
        for place, part in enumerate(special.split(text)):
            if place % 2:
                ids.append(special.ids[part])
            else:
                words = split_at_punctuation(_NORMALIZERS[self.uncased](part))
                ids += chain.from_iterable(map(self._cache.__getitem__, words))
        return ids

    def encode_iterable(
        self, chunks: Iterable[str], *, parse_special: bool = True
    ) -> Iterator[int]:
        """Turn a text that arrives in chunks into ids, as `encode` would turn the whole.

        No more is held than a few chunks, or what stands between two spaces if that is longer.
        """
        for segment in safe_segments(chunks, _SAFE_CUT, self._looked_for(parse_special)):
            yield from self.encode(segment, parse_special=parse_special)

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into words with one space between them, special tokens included."""
        tokens = [self.id_to_token(token_id) for token_id in ids]
        words = [
            token.removeprefix(CONTINUATION) if token.startswith(CONTINUATION) else f" {token}"
            for token in tokens
        ]
        return "".join(words).removeprefix(" ")

    # --- files --------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write tokenizer.json, which Hugging Face's `tokenizers` reads as well.

        Args:
            path: The file, or the folder in which to make tokenizer.json.
        """
        return write_tokenizer(
            path,
            special_tokens=self.special_tokens,
            normalizer={**_BERT_NORMALIZER, "strip_accents": None, "lowercase": self.uncased},
            pre_tokenizer={"type": "BertPreTokenizer"},
            decoder={"type": "WordPiece", "prefix": CONTINUATION, "cleanup": False},
            model={
                "type": "WordPiece",
                "unk_token": UNKNOWN,
                "continuing_subword_prefix": CONTINUATION,
                "max_input_chars_per_word": LONGEST_WORD,
                "vocab": self._ids,
            },
        )

    @classmethod
    def from_file(cls, path: str | Path) -> WordPiece:
        """Read a tokenizer.json; what it puts around a text (`post_processor`) is left out.

        Raises:
            TokenizerFileError: The file is broken, is of another model, or asks for something that
                this class does not do and that would change the ids.
            VocabularyError: The ids have a hole or a duplicate, or there is no `[UNK]`.
        """
        path = Path(path)
        content = read_json(path)
        model = model_of(content, "WordPiece", path)
        wanted = {"unk_token": UNKNOWN, "continuing_subword_prefix": CONTINUATION}
        for option, value in {**wanted, "max_input_chars_per_word": LONGEST_WORD}.items():
            refuse_unless(
                model.get(option, value) == value, path, f"a {option} of {model.get(option)!r}"
            )
        normalizer = content.get("normalizer") or {}
        uncased = normalizer.get("lowercase")
        alike = {**_BERT_NORMALIZER, "strip_accents": None, "lowercase": uncased}
        refuse_unless(
            normalizer in (alike, {**alike, "strip_accents": uncased}),
            path,
            f"the normalizer {content.get('normalizer')}",
        )
        refuse_unless(
            content.get("pre_tokenizer") == {"type": "BertPreTokenizer"},
            path,
            f"the pre_tokenizer {content.get('pre_tokenizer')}",
        )
        special = special_tokens_of(content, path)
        return cls(model["vocab"], special_tokens=special, uncased=bool(uncased))

    def save_bert(self, folder: str | Path) -> Path:
        """Write vocab.txt, as BERT has it: a token a line, in the order of the ids."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        lines = [self.id_to_token(token_id) for token_id in range(self.vocab_size)]
        (folder / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    @classmethod
    def from_bert(cls, folder: str | Path, *, uncased: bool = True) -> WordPiece:
        """Read vocab.txt; those of BERT's five special tokens that it holds are special.

        Raises:
            TokenizerFileError: The file is missing or no UTF-8.
            VocabularyError: A token stands twice, or there is no `[UNK]`.
        """
        path = Path(folder) / "vocab.txt"
        vocabulary: dict[str, int] = {}
        for token_id, token in enumerate(read_text(path).removesuffix("\n").split("\n")):
            if token in vocabulary:
                raise VocabularyError(
                    f"{path} has {token!r} in line {vocabulary[token] + 1} and in line "
                    f"{token_id + 1}; each token needs an id of its own."
                )
            vocabulary[token] = token_id
        special = {t: i for t, i in vocabulary.items() if t in BERT_SPECIAL_TOKENS}
        return cls(vocabulary, special_tokens=special, uncased=uncased)


_BERT_NORMALIZER: dict[str, Any] = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
}


def _encode_word(ids: Mapping[str, int], unknown: int, word: str) -> list[int]:
    if len(word) > LONGEST_WORD:
        return [unknown]
    return [ids.get(piece, unknown) for piece in longest_match(word, ids)]
