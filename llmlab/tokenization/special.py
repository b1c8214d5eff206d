"""Special tokens: whole tokens such as `<|endoftext|>`, found in a text before it is cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from llmlab.tokenization.errors import SpecialTokenError


class SpecialTokens:
    """The special tokens of a tokenizer; where several fit at the same place, the longest wins.

    Args:
        ids: The id of each.

    Raises:
        SpecialTokenError: One is empty.
    """

    def __init__(self, ids: Mapping[str, int]) -> None:
        if "" in ids:
            raise SpecialTokenError(
                "A special token is empty, and an empty string would be found between any two "
                "characters; give it a name such as '<|endoftext|>'."
            )
        self.ids: Mapping[str, int] = dict(ids)
        self.longest = max(map(len, ids), default=0)
        # An alternation takes the first that fits, so the longest has to stand first.
        by_length = sorted(ids, key=len, reverse=True)
        self._pattern = re.compile(f"({'|'.join(map(re.escape, by_length))})") if ids else None

    @classmethod
    def numbered(cls, tokens: Sequence[str], first_id: int) -> SpecialTokens:
        """Give special tokens the ids from `first_id` on.

        Raises:
            SpecialTokenError: One is empty or stands twice.
        """
        for token, times in Counter(tokens).items():
            if times > 1:
                raise SpecialTokenError(
                    f"The special token {token!r} is given {times} times; name each once."
                )
        return cls({token: first_id + place for place, token in enumerate(tokens)})

    def split(self, text: str) -> list[str]:
        """Cut a text at its special tokens: text, special token, text, special token, ..., text.

        The texts stand at the even places, and can be empty.
        """
        return [text] if self._pattern is None else self._pattern.split(text)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Tell where each special token in a text starts and ends."""
        return [] if self._pattern is None else [m.span() for m in self._pattern.finditer(text)]


NO_SPECIAL_TOKENS = SpecialTokens({})
