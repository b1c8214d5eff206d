"""Bridges: the tokenizers of other libraries behind our interface.

The labs build tokenizers to understand them. For speed there are `tokenizers` and `sentencepiece`,
and most models come with a tokenizer of `transformers`. Each is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmlab.tokenization.errors import TokenizerFileError
from llmlab.tokenization.files import json_path, read_text
from llmlab.tokenization.interface import Tokenizer
from llmlab.tokenization.normalization import replace_surrogates

if TYPE_CHECKING:
    import tokenizers
    from transformers import PreTrainedTokenizerBase


class _Bridge(Tokenizer):
    """What the bridges share."""

    def encode_iterable(
        self, chunks: Iterable[str], *, parse_special: bool = True
    ) -> Iterator[int]:
        """Turn a text that arrives in chunks into ids; it is held as a whole.

        Where a text can be cut depends on the tokenizer, and these do not tell.
        """
        yield from self.encode("".join(chunks), parse_special=parse_special)

    def _check_ids(self, ids: Iterable[int]) -> list[int]:
        ids = list(ids)
        for token_id in ids:
            if not 0 <= token_id < self.vocab_size:
                raise self._out_of_range(token_id)
        return ids


class HuggingFaceTokenizer(_Bridge):
    """A tokenizer of the library `tokenizers`.

    Args:
        tokenizer: The tokenizer. What it puts around a text, such as `[CLS]`, is left out.
    """

    def __init__(self, tokenizer: tokenizers.Tokenizer) -> None:
        self.tokenizer = tokenizer

    @classmethod
    def from_file(cls, path: str | Path) -> HuggingFaceTokenizer:
        """Read a tokenizer.json.

        Raises:
            TokenizerFileError: It is missing, broken, or `tokenizers` cannot read it.
        """
        import tokenizers

        content = read_text(Path(path))
        try:
            return cls(tokenizers.Tokenizer.from_str(content))
        except Exception as error:  # `tokenizers` raises nothing more precise
            raise TokenizerFileError(
                f"{path} is no file that the library tokenizers {tokenizers.__version__} can read "
                f"({error})."
            ) from error

    @property
    def vocab_size(self) -> int:
        """How many tokens there are, special ones included."""
        return self.tokenizer.get_vocab_size()

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """The id of each special token."""
        added = self.tokenizer.get_added_tokens_decoder()
        return {token.content: token_id for token_id, token in added.items() if token.special}

    def encode(self, text: str, *, parse_special: bool = True) -> list[int]:
        """Turn a text into ids."""
        self.tokenizer.encode_special_tokens = not parse_special
        return self.tokenizer.encode(replace_surrogates(text), add_special_tokens=False).ids

    def encode_batch(self, texts: Iterable[str], *, parse_special: bool = True) -> list[list[int]]:
        """Turn each text into ids, on all cores."""
        self.tokenizer.encode_special_tokens = not parse_special
        batch = [replace_surrogates(text) for text in texts]
        encodings = self.tokenizer.encode_batch(batch, add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text, special tokens included."""
        return self.tokenizer.decode(self._check_ids(ids), skip_special_tokens=False)

    def token_to_id(self, token: str) -> int | None:
        """Look up the id of a token; None if there is none."""
        return self.tokenizer.token_to_id(token)

    def id_to_token(self, token_id: int) -> str:
        """Look up how the vocabulary writes a token."""
        token = self.tokenizer.id_to_token(token_id) if token_id >= 0 else None
        if token is None:
            raise self._out_of_range(token_id)
        return token

    def save(self, path: str | Path) -> Path:
        """Write tokenizer.json: the path itself if it ends in .json, else a file in it."""
        path = json_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(str(path))
        return path


class TransformersTokenizer(_Bridge):
    """A tokenizer of `transformers`, as `AutoTokenizer.from_pretrained` opens it.

    Args:
        tokenizer: The tokenizer. What it puts around a text, such as `[CLS]`, is left out.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer

    @property
    def vocab_size(self) -> int:
        """How many tokens there are, special ones included."""
        return len(self.tokenizer)

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """The id of each special token."""
        pairs = zip(self.tokenizer.all_special_tokens, self.tokenizer.all_special_ids, strict=True)
        return dict(pairs)

    def encode(self, text: str, *, parse_special: bool = True) -> list[int]:
        """Turn a text into ids."""
        ids: list[int] = self.tokenizer.encode(
            replace_surrogates(text),
            add_special_tokens=False,
            split_special_tokens=not parse_special,
        )
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text, special tokens included."""
        text = self.tokenizer.decode(self._check_ids(ids), clean_up_tokenization_spaces=False)
        return str(text)

    def token_to_id(self, token: str) -> int | None:
        """Look up the id of a token; None if there is none."""
        return self.tokenizer.get_vocab().get(token)

    def id_to_token(self, token_id: int) -> str:
        """Look up how the vocabulary writes a token."""
        self._check_ids([token_id])
        return str(self.tokenizer.convert_ids_to_tokens(token_id))

    def save(self, path: str | Path) -> Path:
        """Write the files of the tokenizer to a folder; returns the folder."""
        self.tokenizer.save_pretrained(str(path))
        return Path(path)


class SentencePieceTokenizer(_Bridge):
    """A tokenizer of `sentencepiece`.

    Its control symbols, such as `</s>`, are never read out of a text, whatever `parse_special`.

    Args:
        processor: A `sentencepiece.SentencePieceProcessor`.
    """

    def __init__(self, processor: Any) -> None:
        self.processor = processor

    @classmethod
    def from_file(cls, path: str | Path) -> SentencePieceTokenizer:
        """Read a .model.

        Raises:
            TokenizerFileError: It is missing or broken.
        """
        import sentencepiece

        try:
            return cls(sentencepiece.SentencePieceProcessor(model_proto=Path(path).read_bytes()))
        except (OSError, RuntimeError) as error:
            raise TokenizerFileError(
                f"{path} is no model that sentencepiece can read ({error}); give the path of a "
                ".model."
            ) from error

    @property
    def vocab_size(self) -> int:
        """How many pieces there are, control symbols included."""
        return int(self.processor.get_piece_size())

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """The id of each control symbol, and of the unknown piece."""
        pieces = range(self.vocab_size)
        return {
            self.processor.id_to_piece(i): i
            for i in pieces
            if self.processor.is_control(i) or self.processor.is_unknown(i)
        }

    def encode(self, text: str, *, parse_special: bool = True) -> list[int]:
        """Turn a text into ids."""
        ids: list[int] = self.processor.encode(replace_surrogates(text))
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text; control symbols are left out."""
        return str(self.processor.decode(self._check_ids(ids)))

    def token_to_id(self, token: str) -> int | None:
        """Look up the id of a piece; None if there is none."""
        piece_id = int(self.processor.piece_to_id(token))
        return piece_id if self.processor.id_to_piece(piece_id) == token else None

    def id_to_token(self, token_id: int) -> str:
        """Look up how the vocabulary writes a piece."""
        self._check_ids([token_id])
        return str(self.processor.id_to_piece(token_id))

    def save(self, path: str | Path) -> Path:
        """Write a .model: the path itself if it ends so, else tokenizer.model in it."""
        path = Path(path)
        path = path if path.suffix == ".model" else path / "tokenizer.model"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.processor.serialized_model_proto())
        return path
