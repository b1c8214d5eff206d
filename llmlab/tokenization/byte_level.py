"""Byte-level BPE, the tokenizer of GPT-2 and of most models since, complete and at speed.

`bpe.py` explains the algorithm. Here it learns from large texts, remembers the words that it has
cut, streams, and reads and writes the files of GPT-2 and of Hugging Face's `tokenizers`.
"""

from __future__ import annotations

import codecs
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from llmlab.errors import ConfigurationError
from llmlab.tokenization.bpe import Pair, byte_characters, token_bytes
from llmlab.tokenization.bpe_training import count_corpus, learn_merges
from llmlab.tokenization.errors import (
    EmptyCorpusError,
    MergesError,
    UnsupportedOptionError,
    VocabularyError,
)
from llmlab.tokenization.files import (
    model_of,
    read_json,
    read_text,
    refuse_unless,
    special_tokens_of,
    write_json,
    write_tokenizer,
)
from llmlab.tokenization.normalization import replace_surrogates
from llmlab.tokenization.pretokenization import (
    GPT2_PATTERN,
    SAFE_CUTS,
    SMOLLM2_PATTERN,
    compile_pattern,
    without_gaps,
)
from llmlab.tokenization.special import SpecialTokens
from llmlab.tokenization.streaming import safe_segments
from llmlab.tokenization.vocabulary import VocabularyTokenizer, WordCache

_MERGES_HEADER = "#version: 0.2"
_CHARACTERS = byte_characters()
_BYTES = {character: byte for byte, character in _CHARACTERS.items()}


class ByteLevelBPE(VocabularyTokenizer):
    """A byte-level BPE tokenizer: no text is unknown, and each text comes back as it was.

    Tokens are written as GPT-2 writes them, a visible character a byte (`byte_characters`).

    Args:
        vocabulary: The id of each token, special ones left out or with the same id.
        merges: The two parts of each merge, in the order in which they were learned.
        pattern: What cuts a text into words; with `GPT2_PATTERN`, `GPT4_PATTERN` and
            `SMOLLM2_PATTERN` texts can be streamed.
        special_tokens: The id of each special token.
        missing_bytes: What to do about bytes that have no token: refuse the vocabulary, or drop
            them from every text, as `tokenizers` does. SmolLM2's vocabulary lacks 21.

    Raises:
        VocabularyError: The ids have a hole or a duplicate, or a byte has no token.
        MergesError: A merge names or makes a token that is not there, or stands twice.
        SpecialTokenError: A special token is empty.
        ConfigurationError: The pattern is no regular expression, or has groups that capture.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        merges: Sequence[tuple[str, str]],
        *,
        pattern: str = GPT2_PATTERN,
        special_tokens: Mapping[str, int] | None = None,
        missing_bytes: Literal["refuse", "drop"] = "refuse",
    ) -> None:
        special_tokens = special_tokens or {}
        super().__init__(vocabulary, special_tokens)
        if missing_bytes == "refuse":
            _check_bytes(vocabulary)
        self.merges = tuple(merges)
        self.pattern = pattern
        self._words = compile_pattern(without_gaps(pattern))
        self._spelled = {
            token_id: token.encode() if token in special_tokens else _spell(token)
            for token, token_id in self._ids.items()
        }
        byte_ids = {byte: vocabulary[c] for byte, c in _CHARACTERS.items() if c in vocabulary}
        self._cache = WordCache(partial(_encode_bytes, byte_ids, _ranks(vocabulary, merges)))

    @classmethod
    def train(
        cls,
        corpus: str | Iterable[str],
        vocab_size: int,
        *,
        pattern: str = GPT2_PATTERN,
        special_tokens: Sequence[str] = (),
        min_frequency: int = 1,
        workers: int = 1,
    ) -> ByteLevelBPE:
        """Learn a tokenizer from texts.

        The ids are the 256 bytes in GPT-2's order, the merges as they were learned, then the
        special tokens, as in GPT-2.

        Args:
            corpus: One text or several; nothing is merged from one into the next.
            vocab_size: How many tokens to have in all; fewer when no pair is left to merge.
            pattern: What cuts a text into words.
            special_tokens: Left out of the counting where the corpus spells them out.
            min_frequency: A pair that occurs less often is not merged.
            workers: How many processes read the corpus. With more than one, a script needs the
                guard `if __name__ == "__main__":`, for each of them imports it.

        Raises:
            ConfigurationError: The vocabulary has no room for the bytes and the special tokens.
            EmptyCorpusError: There is no text.
            SpecialTokenError: A special token is empty or stands twice.
        """
        special = SpecialTokens.numbered(special_tokens, first_id=0)
        num_merges = vocab_size - 256 - len(special.ids)
        if num_merges < 0:
            raise ConfigurationError(
                f"A vocabulary of {vocab_size} has no room for the 256 bytes and "
                f"{len(special.ids)} special tokens; ask for at least {256 + len(special.ids)}."
            )
        texts = [corpus] if isinstance(corpus, str) else corpus
        counted = count_corpus(texts, without_gaps(pattern), special, workers)
        if not counted:
            raise EmptyCorpusError(
                "The corpus holds no text, so there is nothing to learn merges from; check the "
                "path or the filter that it comes from."
            )
        order = {byte: place for place, byte in enumerate(_CHARACTERS)}
        words = {tuple(order[byte] for byte in word): count for word, count in counted.items()}
        merged = learn_merges(words, num_merges, min_frequency=min_frequency)

        tokens = list(_CHARACTERS.values())
        merges: list[tuple[str, str]] = []
        for left, right in merged:
            merges.append((tokens[left], tokens[right]))
            tokens.append(tokens[left] + tokens[right])
        return cls(
            {token: token_id for token_id, token in enumerate(tokens)},
            merges,
            pattern=pattern,
            special_tokens=SpecialTokens.numbered(special_tokens, len(tokens)).ids,
        )

    @classmethod
    def from_merges(
        cls,
        merges: Mapping[Pair, int],
        *,
        pattern: str = GPT2_PATTERN,
        special_tokens: Sequence[str] = (),
    ) -> ByteLevelBPE:
        """Make a tokenizer of what `train_bpe` learned; its ids are those of `encode_word`.

        Args:
            merges: The id that each pair makes, in the order in which they were learned.
            pattern: What cuts a text into words.
            special_tokens: They take the ids after the merges.
        """
        tokens = {i: _write(spelled) for i, spelled in token_bytes(merges).items()}
        return cls(
            {token: token_id for token_id, token in tokens.items()},
            [(tokens[left], tokens[right]) for left, right in merges],
            pattern=pattern,
            special_tokens=SpecialTokens.numbered(special_tokens, len(tokens)).ids,
        )

    # --- the interface ------------------------------------------------------------------------

    def token_bytes(self, token_id: int) -> bytes:
        """Look up the bytes that a token stands for."""
        if token_id not in self._spelled:
            raise self._out_of_range(token_id)
        return self._spelled[token_id]

    def encode(self, text: str, *, parse_special: bool = True) -> list[int]:
        """Turn a text into ids; half a surrogate pair, which is no text, becomes U+FFFD."""
        return self._encode(replace_surrogates(text), parse_special)

    def encode_bytes(self, data: bytes, *, parse_special: bool = True) -> list[int]:
        """Turn any bytes into ids; of UTF-8, the ids are those of its text."""
        # A byte that is no UTF-8 travels as a lone surrogate, and is a byte again in the cache.
        return self._encode(data.decode("utf-8", "surrogateescape"), parse_special)

    def encode_iterable(
        self, chunks: Iterable[str], *, parse_special: bool = True
    ) -> Iterator[int]:
        """Turn a text that arrives in chunks into ids, as `encode` would turn the whole.

        With the patterns of GPT-2, GPT-4 and SmolLM2 no more is held than a few chunks, or one
        word if that is longer. Of another pattern it is not known where a text can be cut, so it
        is cut at special tokens alone.
        """
        special = self._looked_for(parse_special)
        for segment in safe_segments(chunks, SAFE_CUTS.get(self.pattern), special):
            yield from self.encode(segment, parse_special=parse_special)

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Turn ids into the bytes that they stand for.

        Raises:
            OutOfRangeError: There is no token of such an id.
        """
        try:
            return b"".join(map(self._spelled.__getitem__, ids))
        except KeyError as error:
            raise self._out_of_range(error.args[0]) from None

    def decode_iterable(self, ids: Iterable[int]) -> Iterator[str]:
        """Turn ids that arrive one by one into text, each character as soon as it is complete."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for token_id in ids:
            text = decoder.decode(self.token_bytes(token_id))
            if text:
                yield text
        rest = decoder.decode(b"", final=True)
        if rest:
            yield rest

    def _encode(self, text: str, parse_special: bool) -> list[int]:
        special = self._looked_for(parse_special)
        ids: list[int] = []
        for place, part in enumerate(special.split(text)):
            if place % 2:
                ids.append(special.ids[part])
            else:
                ids += chain.from_iterable(map(self._cache.__getitem__, self._words.findall(part)))
        return ids

    # --- files --------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write tokenizer.json, which Hugging Face's `tokenizers` reads as well.

        Args:
            path: The file, or the folder in which to make tokenizer.json.
        """
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
        split = {
            "type": "Split",
            "pattern": {"Regex": self.pattern},
            "behavior": "Isolated",
            "invert": False,
        }
        by_pattern = {
            "type": "Sequence",
            "pretokenizers": [split, {**byte_level, "use_regex": False}],
        }
        is_gpt2 = self.pattern == GPT2_PATTERN
        return write_tokenizer(
            path,
            special_tokens=self.special_tokens,
            pre_tokenizer={**byte_level, "use_regex": True} if is_gpt2 else by_pattern,
            decoder={**byte_level, "use_regex": True},
            model={
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "ignore_merges": False,
                "vocab": self._without_special(),
                "merges": self.merges,
            },
        )

    @classmethod
    def from_file(cls, path: str | Path) -> ByteLevelBPE:
        """Read a tokenizer.json; what it puts around a text (`post_processor`) is left out.

        Bytes for which it has no token are dropped from texts, as `tokenizers` does.

        Raises:
            TokenizerFileError: The file is broken, is of another model, or asks for something that
                this class does not do and that would change the ids.
            VocabularyError: The ids have a hole or a duplicate.
            MergesError: A merge is no pair, or names a token that is not there.
        """
        path = Path(path)
        content = read_json(path)
        model = model_of(content, "BPE", path)
        for option in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
            refuse_unless(not model.get(option), path, f"a {option} of {model.get(option)!r}")
        for option in ("byte_fallback", "ignore_merges"):
            refuse_unless(not model.get(option), path, f"{option}")
        refuse_unless(content.get("normalizer") is None, path, "a normalizer")
        merges = [
            _read_merge(merge, f"{path}, merge {number}")
            for number, merge in enumerate(model.get("merges", []), start=1)
        ]
        special = special_tokens_of(content, path)
        pattern = _pattern_of(content.get("pre_tokenizer"), path)
        return cls(
            model["vocab"],
            merges,
            pattern=pattern,
            special_tokens=special,
            missing_bytes="drop",
        )

    def save_gpt2(self, folder: str | Path) -> Path:
        """Write vocab.json and merges.txt, as GPT-2 has them; returns the folder.

        The pattern is not written: who reads these files takes GPT-2's.
        """
        folder = Path(folder)
        write_json(folder / "vocab.json", self._ids)
        lines = [_MERGES_HEADER, *(" ".join(merge) for merge in self.merges)]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    @classmethod
    def from_gpt2(cls, folder: str | Path, *, pattern: str = GPT2_PATTERN) -> ByteLevelBPE:
        """Read vocab.json and merges.txt.

        These files do not say which tokens are special. Those that are neither a byte nor made by
        a merge can come from nowhere else, so they are.

        Raises:
            TokenizerFileError: A file is missing or broken.
            VocabularyError: The ids have a hole or a duplicate, or a byte has no token.
            MergesError: A line is no pair, or names a token that is not there.
        """
        folder = Path(folder)
        vocabulary = read_json(folder / "vocab.json")
        lines = read_text(folder / "merges.txt").split("\n")
        merges = [
            _read_merge(line, f"{folder / 'merges.txt'}, line {number}")
            for number, line in enumerate(lines, start=1)
            if line and not (number == 1 and line.startswith("#version"))
        ]
        made = {left + right for left, right in merges} | _BYTES.keys()
        special = {token: i for token, i in vocabulary.items() if token not in made}
        return cls(vocabulary, merges, pattern=pattern, special_tokens=special)

    def _without_special(self) -> dict[str, int]:
        return {token: i for token, i in self._ids.items() if token not in self.special_tokens}


def _encode_bytes(
    byte_ids: Mapping[int, int], ranks: Mapping[Pair, tuple[int, int]], word: str
) -> list[int]:
    data = word.encode("utf-8", "surrogateescape")
    return merge_by_rank([byte_ids[byte] for byte in data if byte in byte_ids], ranks)


def merge_by_rank(ids: list[int], ranks: Mapping[Pair, tuple[int, int]]) -> list[int]:
    """Do what `encode_word` does in `n log n` steps, so that a word of a million bytes is no trap.

    Mergeable pairs wait in a heap, the lowest rank first and of these the leftmost. Each id knows
    its neighbors, so that a merge touches nothing else.

    Args:
        ids: The ids of the bytes of a word.
        ranks: For each pair, when it was learned and which id it makes.
    """
    ids = [*ids, -1]  # -1 is the end, and what an id becomes that was merged into the one before it
    following = list(range(1, len(ids) + 1))
    preceding = list(range(-1, len(ids) - 1))
    heap = [
        (ranks[pair][0], place)
        for place in range(len(ids) - 1)
        if (pair := (ids[place], ids[place + 1])) in ranks
    ]
    heapq.heapify(heap)
    while heap:
        rank, left = heapq.heappop(heap)
        right = following[left]
        if right >= len(ids):
            continue
        merge = ranks.get((ids[left], ids[right]))
        if merge is None or merge[0] != rank:
            continue  # one of the two has been merged with another neighbor since
        ids[left], ids[right] = merge[1], -1
        following[left] = following[right]
        preceding[following[right]] = left
        for place in (preceding[left], left):
            if place >= 0:
                pair = (ids[place], ids[following[place]])
                if pair in ranks:
                    heapq.heappush(heap, (ranks[pair][0], place))
    return [token for token in ids if token >= 0]


def _ranks(
    vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]
) -> dict[Pair, tuple[int, int]]:
    """Number the merges: for each pair of ids, when it was learned and which id it makes."""
    ranks: dict[Pair, tuple[int, int]] = {}
    for rank, (left, right) in enumerate(merges):
        for token in (left, right, left + right):
            if token not in vocabulary:
                raise MergesError(
                    f"Merge {rank + 1} joins {left!r} and {right!r}, and the vocabulary has no "
                    f"{token!r}; vocabulary and merges must come from the same training."
                )
        pair = (vocabulary[left], vocabulary[right])
        if pair in ranks:
            raise MergesError(
                f"Merge {rank + 1} joins {left!r} and {right!r}, as merge {ranks[pair][0] + 1} "
                "does already; a pair is merged once."
            )
        ranks[pair] = (rank, vocabulary[left + right])
    return ranks


def _check_bytes(vocabulary: Mapping[str, int]) -> None:
    for byte, character in _CHARACTERS.items():
        if character not in vocabulary:
            raise VocabularyError(
                f"The vocabulary has no token for the byte {byte:#04x}, which byte-level BPE "
                f"writes {character!r}; without all 256 of them some texts could not be encoded."
            )


def _write(data: bytes) -> str:
    return "".join(_CHARACTERS[byte] for byte in data)


def _spell(token: str) -> bytes:
    """Turn a token as GPT-2 writes it into bytes; one that is not so written is taken as text."""
    if all(character in _BYTES for character in token):
        return bytes(_BYTES[character] for character in token)
    return token.encode()


def _read_merge(merge: Any, where: str) -> tuple[str, str]:
    """Read a merge, which is `left right` in one string, or a list of two."""
    parts = merge.split(" ") if isinstance(merge, str) else merge
    match parts:
        case [str(left), str(right)] if left and right:
            return left, right
    raise MergesError(f"{where} is {merge!r}; a merge is two tokens with one space between them.")


def _pattern_of(pre_tokenizer: Any, path: Path) -> str:
    """Find the pattern by which a tokenizer.json cuts texts into words."""
    match pre_tokenizer:
        case {"type": "ByteLevel"}:
            steps = [pre_tokenizer]
        case {"type": "Sequence", "pretokenizers": list(steps)}:
            pass
        case _:
            steps = []
    match steps:
        case [{"type": "ByteLevel", "add_prefix_space": False, **rest}] if rest.get(
            "use_regex", True
        ):
            return GPT2_PATTERN
        case [
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "add_prefix_space": False, **rest},
        ] if rest.get("use_regex", True):
            return SMOLLM2_PATTERN
        case [
            {
                "type": "Split",
                "pattern": {"Regex": str(pattern)},
                "behavior": "Isolated",
                "invert": False,
            },
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
        ]:
            return pattern
    raise UnsupportedOptionError(
        f"{path} cuts texts in a way that is unknown here (its pre_tokenizer is neither ByteLevel "
        "nor a Split by a Regex followed by ByteLevel); open it with HuggingFaceTokenizer instead."
    )
