"""Which language a text is in, by `py3langid` (after Lui & Baldwin, 2012): 97 languages, offline."""

from __future__ import annotations

from functools import cache
from typing import Any

# The beginning of a text tells its language, and a long text takes long to read.
CHARACTERS = 500


def language(text: str) -> tuple[str, float]:
    """Identify the language of a text by its first 500 characters.

    Returns:
        The language's two letters (ISO 639-1), and its probability by the identifier's own reckoning.
    """
    code, probability = _identifier().classify(text[:CHARACTERS])
    return str(code), float(probability)


@cache
def _identifier() -> Any:
    from py3langid.langid import (  # type: ignore[import-untyped]
        MODEL_FILE,
        LanguageIdentifier,
    )

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
