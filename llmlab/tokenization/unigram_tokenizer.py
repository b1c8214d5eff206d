"""The Unigram tokenizer, complete: it learns, cuts, draws cuts, streams, is saved and read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from llmlab.errors import ConfigurationError
from llmlab.tokenization.errors import EmptyCorpusError, SpecialTokenError, VocabularyError
from llmlab.tokenization.files import (
    model_of,
    read_json,
    refuse_unless,
    special_tokens_of,
    write_tokenizer,
)
from llmlab.tokenization.normalization import NORMAL_FORMS, NormalForm, replace_surrogates
from llmlab.tokenization.pretokenization import METASPACE, METASPACE_PATTERN, split_by_metaspace
from llmlab.tokenization.special import SpecialTokens
from llmlab.tokenization.streaming import safe_segments
from llmlab.tokenization.unigram import sample, viterbi
from llmlab.tokenization.unigram_training import (
    UNKNOWN_PENALTY,
    count_unigram_corpus,
    train_unigram,
)
from llmlab.tokenization.vocabulary import VocabularyTokenizer, WordCache

UNKNOWN_PIECE = "<unk>"
_BYTE_PIECES = [f"<0x{byte:02X}>" for byte in range(256)]
# Words are cut before a space and a line break, and no normal form joins these to what is before.
_SAFE_CUT = r"(?<=\S)(?=[ \n])"


class Unigram(VocabularyTokenizer):
    """A Unigram tokenizer, in the manner of SentencePiece.

    Spaces are written `▁`, and each text gets one in front, which `decode` takes away. A text that
    holds no `▁` itself and no unknown character comes back as it was.

    Args:
        pieces: The log-probability of each piece; the order gives the ids. Those of special tokens
            and bytes are not used.
        special_tokens: Which of them are special, `<unk>` among them.
        normal_form: What is done to a text before it is cut. All but "none" change it.
        byte_fallback: Whether a character without a piece is written by its UTF-8 bytes, with
            pieces from `<0x00>` to `<0xFF>`, in place of `<unk>`.

    Raises:
        VocabularyError: There is no piece, or no `<unk>`, or pieces for bytes are missing.
        SpecialTokenError: A special token is not among the pieces, or empty.
    """

    def __init__(
        self,
        pieces: Mapping[str, float],
        *,
        special_tokens: Sequence[str] = (UNKNOWN_PIECE,),
        normal_form: NormalForm = "none",
        byte_fallback: bool = False,
    ) -> None:
        ids = {piece: piece_id for piece_id, piece in enumerate(pieces)}
        for token in special_tokens:
            if token not in ids:
                raise SpecialTokenError(
                    f"The special token {token!r} is not among the pieces; add it, with any score."
                )
        super().__init__(ids, {token: ids[token] for token in special_tokens})
        if UNKNOWN_PIECE not in self.special_tokens:
            raise VocabularyError(
                f"A Unigram vocabulary needs a special token {UNKNOWN_PIECE!r} for characters "
                "without a piece; add it."
            )
        if byte_fallback and not ids.keys() >= set(_BYTE_PIECES):
            raise VocabularyError(
                "byte_fallback needs a piece for each byte, from '<0x00>' to '<0xFF>', and some "
                "are missing; train with byte_fallback, or switch it off."
            )
        self.pieces = dict(pieces)
        self.normal_form = normal_form
        self.byte_fallback = byte_fallback
        self._byte_ids = [ids[piece] for piece in _BYTE_PIECES] if byte_fallback else []
        self._byte_of = {piece_id: byte for byte, piece_id in enumerate(self._byte_ids)}
        reserved = {*special_tokens, *(_BYTE_PIECES if byte_fallback else ())}
        self._scores = {p: score for p, score in pieces.items() if p not in reserved}
        if not self._scores:
            raise VocabularyError("A Unigram vocabulary needs pieces besides the special tokens.")
        self._unknown_score = min(self._scores.values()) - UNKNOWN_PENALTY
        self._longest = max(map(len, self._scores))
        own_ids = {piece: ids[piece] for piece in self._scores}
        self._number = partial(_number, own_ids, ids[UNKNOWN_PIECE], self._byte_ids)
        cut = partial(
            viterbi,
            log_probs=self._scores,
            unknown_score=self._unknown_score,
            longest=self._longest,
        )
        self._cache = WordCache(partial(_encode_word, cut, self._number))

    @classmethod
    def train(
        cls,
        corpus: str | Iterable[str],
        vocab_size: int,
        *,
        special_tokens: Sequence[str] = (UNKNOWN_PIECE,),
        character_coverage: float = 0.9995,
        normal_form: NormalForm = "none",
        byte_fallback: bool = False,
    ) -> Unigram:
        """Learn a tokenizer from texts.

        The ids are the special tokens, the bytes if there is a fallback to them, and the pieces,
        the most probable first.

        Args:
            corpus: One text or several, a sentence or a paragraph each.
            vocab_size: How many tokens to have in all; fewer when too few pieces come back.
            special_tokens: `<unk>` has to be among them.
            character_coverage: The share of the text that the characters of the vocabulary have to
                make up. The rarest characters beyond it stay unknown.
            normal_form: What is done to a text before it is cut.
            byte_fallback: Whether the bytes of unknown characters get tokens.

        Raises:
            ConfigurationError: The vocabulary has no room for the characters.
            EmptyCorpusError: There is no text.
            SpecialTokenError: A special token is empty or stands twice.
        """
        special = SpecialTokens.numbered(special_tokens, first_id=0)
        texts = [corpus] if isinstance(corpus, str) else corpus
        normalize = NORMAL_FORMS[normal_form]
        parts = (part for text in texts for part in special.split(text)[::2])
        counted = count_unigram_corpus(
            (normalize(replace_surrogates(part)) for part in parts), character_coverage
        )
        if not counted.words:
            raise EmptyCorpusError(
                "The corpus holds no text, so there is nothing to learn pieces from; check the "
                "path or the filter that it comes from."
            )
        reserved = [*special_tokens, *(_BYTE_PIECES if byte_fallback else ())]
        num_pieces = vocab_size - len(reserved)
        if num_pieces < len(counted.alphabet):
            raise ConfigurationError(
                f"A vocabulary of {vocab_size} has no room for {len(reserved)} special tokens and "
                f"bytes and the {len(counted.alphabet)} characters of the corpus; ask for at least "
                f"{len(reserved) + len(counted.alphabet)}, or lower character_coverage."
            )
        learned = train_unigram(counted, num_pieces, margin=len(reserved))
        return cls(
            {**dict.fromkeys(reserved, 0.0), **learned},
            special_tokens=special_tokens,
            normal_form=normal_form,
            byte_fallback=byte_fallback,
        )

    # --- the interface ------------------------------------------------------------------------

    def encode(self, text: str, *, parse_special: bool = True) -> list[int]:
        """Turn a text into ids, by the most probable cut of each word."""
        return self._encode(text, parse_special, self._cache.__getitem__)

    def sample(
        self, text: str, *, alpha: float, generator: Random, parse_special: bool = True
    ) -> list[int]:
        """Turn a text into ids, by a cut of each word drawn at random (Kudo, 2018).

        Args:
            text: Any text.
            alpha: With 0, all cuts are equally likely; the larger, the more the best prevails.
            generator: Where the chance comes from.
            parse_special: Whether special tokens that the text spells out become their ids.
        """

        def draw(word: str) -> list[int]:
            pieces = sample(
                word, self._scores, alpha, generator, self._unknown_score, self._longest
            )
            return self._number(pieces)

        return self._encode(text, parse_special, draw)

    def encode_iterable(
        self, chunks: Iterable[str], *, parse_special: bool = True
    ) -> Iterator[int]:
        """Turn a text that arrives in chunks into ids, as `encode` would turn the whole.

        No more is held than a few chunks, or one word if that is longer.
        """
        special = self._looked_for(parse_special)
        inside = False
        for segment in safe_segments(chunks, _SAFE_CUT, special):
            yield from self._encode(segment, parse_special, self._cache.__getitem__, inside)
            inside = bool(special.split(segment)[-1])

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text; bytes that are no UTF-8 become U+FFFD."""
        texts: list[str] = []
        data = b""
        for token_id in ids:
            token = self.id_to_token(token_id)
            # Of an <unk> it is not known whether the text spelled it out; with bytes, it did.
            is_unknown = token == UNKNOWN_PIECE and not self.byte_fallback
            if token in self.special_tokens and not is_unknown:
                texts += [_read(data), token]
                data = b""
            elif token_id in self._byte_of:
                data += bytes([self._byte_of[token_id]])
            else:
                data += token.replace(METASPACE, " ").encode()
        return "".join([*texts, _read(data)])

    def _encode(
        self,
        text: str,
        parse_special: bool,
        encode_word: Callable[[str], list[int]],
        inside: bool = False,
    ) -> list[int]:
        special = self._looked_for(parse_special)
        normalize = NORMAL_FORMS[self.normal_form]
        ids: list[int] = []
        for place, part in enumerate(special.split(replace_surrogates(text))):
            if place % 2:
                ids.append(special.ids[part])
            else:
                words = split_by_metaspace(normalize(part), inside=inside and place == 0)
                ids += chain.from_iterable(map(encode_word, words))
        return ids

    # --- files --------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write tokenizer.json, which Hugging Face's `tokenizers` reads as well.

        Args:
            path: The file, or the folder in which to make tokenizer.json.
        """
        return write_tokenizer(
            path,
            special_tokens=self.special_tokens,
            normalizer=_normalizer(self.normal_form),
            pre_tokenizer=_PRE_TOKENIZER,
            decoder=_DECODER,
            model={
                "type": "Unigram",
                "unk_id": self._ids[UNKNOWN_PIECE],
                "vocab": list(self.pieces.items()),
                "byte_fallback": self.byte_fallback,
            },
        )

    @classmethod
    def from_file(cls, path: str | Path) -> Unigram:
        """Read a tokenizer.json that `save` wrote.

        Raises:
            TokenizerFileError: The file is broken, is of another model, or normalizes or cuts texts
                in another way.
            VocabularyError: A piece stands twice, or there is no `<unk>`.
        """
        path = Path(path)
        content = read_json(path)
        model = model_of(content, "Unigram", path)
        forms = [f for f in NORMAL_FORMS if _normalizer(f) == content.get("normalizer")]
        refuse_unless(bool(forms), path, f"the normalizer {content.get('normalizer')}")
        cuts_alike = content.get("pre_tokenizer") == _PRE_TOKENIZER
        refuse_unless(cuts_alike, path, f"the pre_tokenizer {content.get('pre_tokenizer')}")
        pieces: dict[str, float] = {}
        for place, entry in enumerate(model["vocab"]):
            match entry:
                case [str(piece), int() | float() as score] if piece not in pieces:
                    pieces[piece] = float(score)
                case _:
                    raise VocabularyError(
                        f"Entry {place} of the vocabulary of {path} is {entry!r}; each has to be a "
                        "piece that did not come before, and its score."
                    )
        return cls(
            pieces,
            special_tokens=list(special_tokens_of(content, path)),
            normal_form=forms[0],
            byte_fallback=bool(model.get("byte_fallback")),
        )


def _encode_word(
    cut: Callable[[str], list[str]], number: Callable[[list[str]], list[int]], word: str
) -> list[int]:
    return number(cut(word))


def _number(
    ids: Mapping[str, int], unknown: int, byte_ids: Sequence[int], pieces: Iterable[str]
) -> list[int]:
    """Look up pieces; unknown characters become bytes, or `<unk>`, once for those side by side."""
    numbers: list[int] = []
    for piece in pieces:
        if piece in ids:
            numbers.append(ids[piece])
        elif byte_ids:
            numbers += [byte_ids[byte] for byte in piece.encode()]
        elif numbers[-1:] != [unknown]:
            numbers.append(unknown)
    return numbers


def _read(data: bytes) -> str:
    """Read bytes as text, without the space that was put in front."""
    return data.decode("utf-8", errors="replace").removeprefix(" ")


_PRE_TOKENIZER: dict[str, Any] = {
    "type": "Split",
    "pattern": {"Regex": METASPACE_PATTERN},
    "behavior": "Isolated",
    "invert": False,
}
_DECODER: dict[str, Any] = {
    "type": "Sequence",
    "decoders": [
        {"type": "Replace", "pattern": {"String": METASPACE}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
}


def _normalizer(form: NormalForm) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [] if form == "none" else [{"type": form}]
    steps.append({"type": "Prepend", "prepend": METASPACE})
    steps.append({"type": "Replace", "pattern": {"String": " "}, "content": METASPACE})
    return {"type": "Sequence", "normalizers": steps}
