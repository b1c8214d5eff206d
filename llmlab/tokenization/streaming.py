"""Streaming: a text of any length is cut into segments that can be encoded one by one.

A chunk of a file can end in the middle of a word or of a special token, so what arrives is held
back from the last place on at which the text can be cut whatever follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmlab.tokenization.pretokenization import compile_pattern
from llmlab.tokenization.special import SpecialTokens


def safe_segments(
    chunks: Iterable[str], safe_cut: str | None, special: SpecialTokens
) -> Iterator[str]:
    """Regroup chunks into segments, such that encoding each is encoding the whole.

    Args:
        chunks: The text, cut anywhere.
        safe_cut: A pattern of the places at which the text can be cut; None if none is known, and
            then it is cut at special tokens alone.
        special: The special tokens, which are not cut through.
    """
    held = ""
    # A text that cannot be cut anywhere would be searched again with each chunk. So after a search
    # in vain the next one waits until the text has doubled.
    enough = 0
    for chunk in chunks:
        held += chunk
        if len(held) < enough:
            continue
        cut = _last_safe_cut(held, safe_cut, special)
        if cut:
            yield held[:cut]
            held = held[cut:]
        enough = 2 * len(held)
    if held:
        yield held


def _last_safe_cut(text: str, safe_cut: str | None, special: SpecialTokens) -> int:
    """Find the last place before which no continuation of the text changes a token; 0 for none."""
    # A special token that starts later could still grow into a longer one, or not be there yet.
    decided = len(text) - special.longest
    after_special = 0
    for start, end in special.spans(text):
        if start > decided:
            break
        after_special = end
    if safe_cut is not None and after_special < decided:
        # (?r) searches from the end.
        match = compile_pattern(f"(?r){safe_cut}").search(text, after_special + 1, decided)
        if match is not None:
            return int(match.start())
    return after_special
