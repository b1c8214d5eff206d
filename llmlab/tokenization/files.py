"""What the files of tokenizers share: reading JSON with care, and what a vocabulary must keep."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmlab.tokenization.errors import TokenizerFileError, UnsupportedOptionError, VocabularyError

TOKENIZER_FILE = "tokenizer.json"


def read_text(path: Path) -> str:
    """Read a file as UTF-8.

    Raises:
        TokenizerFileError: It is missing, a folder, or no UTF-8.
    """
    try:
        # Some editors write a byte order mark.
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TokenizerFileError(
            f"{path} cannot be read ({error.strerror}); give the path of a tokenizer's file."
        ) from error
    except UnicodeDecodeError as error:
        raise TokenizerFileError(
            f"{path} is not UTF-8 (byte {error.start} breaks it); it is no file of a tokenizer, or "
            "was damaged on its way."
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        TokenizerFileError: The file is missing or no JSON object.
        VocabularyError: A name stands twice in one object, of which JSON would keep the second.
    """

    def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name, times in Counter(name for name, _ in pairs).items():
            if times > 1:
                raise VocabularyError(
                    f"{path} names {name!r} {times} times; keep one of them, or the ids of the "
                    "others are lost."
                )
        return dict(pairs)

    try:
        content = json.loads(read_text(path), object_pairs_hook=without_duplicates)
    except json.JSONDecodeError as error:
        raise TokenizerFileError(
            f"{path} is no JSON (line {error.lineno}: {error.msg}); fetch it again or export it "
            "anew."
        ) from error
    if not isinstance(content, dict):
        raise TokenizerFileError(f"{path} holds no JSON object; it is no file of a tokenizer.")
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write JSON in a fixed form, with its folder if that is missing; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def json_path(path: str | Path) -> Path:
    """Give the file to write: the path itself if it ends in .json, else tokenizer.json in it."""
    path = Path(path)
    return path if path.suffix == ".json" else path / TOKENIZER_FILE


def write_tokenizer(
    path: str | Path,
    *,
    special_tokens: Mapping[str, int],
    model: Mapping[str, Any],
    decoder: Mapping[str, Any],
    pre_tokenizer: Mapping[str, Any],
    normalizer: Mapping[str, Any] | None = None,
) -> Path:
    """Write a tokenizer.json; returns the file.

    Args:
        path: The file if it ends in .json, else the folder in which to make tokenizer.json.
        special_tokens: The id of each special token.
        model: What turns a word into tokens, in the terms of `tokenizers`, as the next three are.
        decoder: What turns tokens into text.
        pre_tokenizer: What cuts a text into words.
        normalizer: What is done to a text before.
    """
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    added = [
        {"id": token_id, "content": token, **flags, "special": True}
        for token, token_id in sorted(special_tokens.items(), key=lambda item: item[1])
    ]
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": decoder,
        "model": model,
    }
    return write_json(json_path(path), content)


def special_tokens_of(content: Mapping[str, Any], path: Path) -> dict[str, int]:
    """Read the special tokens of a tokenizer.json.

    Raises:
        UnsupportedOptionError: One asks to swallow spaces around it, or to stand alone.
    """
    for token in content.get("added_tokens", []):
        for flag in ("lstrip", "rstrip", "single_word"):
            refuse_unless(not token.get(flag), path, f"{flag} around {token['content']!r}")
    return {token["content"]: token["id"] for token in content.get("added_tokens", [])}


def model_of(content: Mapping[str, Any], kind: str, path: Path) -> dict[str, Any]:
    """Give the model of a tokenizer.json, which has to be of a kind: BPE, WordPiece, Unigram.

    Raises:
        TokenizerFileError: It is missing, of another kind, or without a vocabulary.
    """
    match content.get("model"):
        case {"type": str(found), "vocab": dict() | list()} if found == kind:
            model: dict[str, Any] = content["model"]
            return model
        case {"type": str(found)} if found != kind:
            raise TokenizerFileError(
                f"{path} holds a tokenizer of the model type {found!r}, and a {kind} was asked "
                "for; open it with load_tokenizer, which looks at the type."
            )
    raise TokenizerFileError(f"{path} holds no model with a vocabulary; it is no tokenizer.json.")


def check_vocabulary(vocabulary: Iterable[tuple[str, int]]) -> None:
    """Refuse a vocabulary whose ids are not 0, 1, 2, ... with one token each.

    Args:
        vocabulary: Each token and its id. The same token with the same id may come twice.

    Raises:
        VocabularyError: There is a hole, a duplicate, or an id that is no whole number.
    """
    tokens: dict[int, str] = {}
    for token, token_id in vocabulary:
        if type(token_id) is not int or token_id < 0:
            raise VocabularyError(
                f"The token {token!r} has the id {token_id!r}; an id is a whole number from 0 up."
            )
        if tokens.setdefault(token_id, token) != token:
            raise VocabularyError(
                f"The tokens {tokens[token_id]!r} and {token!r} share the id {token_id}; each "
                "token needs an id of its own."
            )
    counted = Counter(tokens.values())
    for token, times in counted.items():
        if times > 1:
            first, second = [i for i, t in tokens.items() if t == token][:2]
            raise VocabularyError(
                f"The token {token!r} has two ids, {first} and {second}; keep one of them."
            )
    holes = set(range(len(tokens))) - tokens.keys()
    if holes:
        raise VocabularyError(
            f"There are {len(tokens)} tokens, and none has the id {min(holes)}; ids run from 0 up "
            "without a hole, so a token is missing or has a wrong id."
        )


def refuse_unless(condition: bool, path: Path, what: str) -> None:
    """Refuse a tokenizer.json that asks for something that would change the ids unnoticed.

    Raises:
        UnsupportedOptionError: The condition does not hold.
    """
    if not condition:
        raise UnsupportedOptionError(
            f"{path} asks for {what}, which is unknown here; open it with HuggingFaceTokenizer "
            "instead."
        )
