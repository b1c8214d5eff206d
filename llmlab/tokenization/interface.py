"""What every tokenizer here can do, whoever made it: text to ids and back, whole or streamed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from llmlab.errors import OutOfRangeError


class Tokenizer(ABC):
    """Turns text into ids and back.

    Special tokens are whole tokens that no text is cut into by chance, such as `<|endoftext|>`.
    Where several fit at the same place, the longest is taken.
    """

    @property
    @abstractmethod
    def vocab_size(self) -> int:
        """How many tokens there are, special ones included: ids run from 0 to one less."""

    @property
    @abstractmethod
    def special_tokens(self) -> Mapping[str, int]:
        """The id of each special token."""

    @abstractmethod
    def encode(self, text: str, *, parse_special: bool = True) -> list[int]:
        """Turn a text into ids.

        Args:
            text: Any text.
            parse_special: Whether special tokens that the text spells out become their ids. Say
                no for text from strangers, who could otherwise end a message in the middle.
        """

    @abstractmethod
    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text, special tokens included.

        Raises:
            OutOfRangeError: There is no token of such an id.
        """

    @abstractmethod
    def token_to_id(self, token: str) -> int | None:
        """Look up the id of a token as the vocabulary writes it; None if there is none."""

    @abstractmethod
    def id_to_token(self, token_id: int) -> str:
        """Look up how the vocabulary writes a token.

        Raises:
            OutOfRangeError: There is no token of this id.
        """

    @abstractmethod
    def save(self, path: str | Path) -> Path:
        """Write the tokenizer to a file, from which `load_tokenizer` reads it; returns the file."""

    @abstractmethod
    def encode_iterable(
        self, chunks: Iterable[str], *, parse_special: bool = True
    ) -> Iterator[int]:
        """Turn a text that arrives in chunks into ids, as `encode` would turn the whole.

        The chunks can be cut anywhere, and only a few of them are held at a time. For a file, pass
        `iter(lambda: file.read(65_536), "")`.
        """

    def encode_batch(self, texts: Iterable[str], *, parse_special: bool = True) -> list[list[int]]:
        """Turn each text into ids."""
        return [self.encode(text, parse_special=parse_special) for text in texts]

    def decode_batch(self, batch: Iterable[Sequence[int]]) -> list[str]:
        """Turn each list of ids into text."""
        return [self.decode(ids) for ids in batch]

    def tokens(self, text: str) -> list[str]:
        """Cut a text into its tokens, as the vocabulary writes them."""
        return [self.id_to_token(token) for token in self.encode(text)]

    def vocabulary(self) -> dict[str, int]:
        """Give the id of every token."""
        return {self.id_to_token(token): token for token in range(self.vocab_size)}

    def _out_of_range(self, token_id: int) -> OutOfRangeError:
        return OutOfRangeError(
            f"There is no token {token_id}; the ids of this tokenizer run from 0 to "
            f"{self.vocab_size - 1}."
        )
