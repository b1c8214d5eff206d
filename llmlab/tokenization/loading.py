"""Open a tokenizer, whatever it is: by what its files hold."""

from __future__ import annotations

from pathlib import Path

from llmlab.tokenization.bridge import HuggingFaceTokenizer, SentencePieceTokenizer
from llmlab.tokenization.byte_level import ByteLevelBPE
from llmlab.tokenization.errors import TokenizerFileError, UnsupportedOptionError
from llmlab.tokenization.files import TOKENIZER_FILE, read_json
from llmlab.tokenization.interface import Tokenizer
from llmlab.tokenization.unigram_tokenizer import Unigram
from llmlab.tokenization.wordpiece_tokenizer import WordPiece

_BY_MODEL_TYPE: dict[str, type[ByteLevelBPE] | type[WordPiece] | type[Unigram]] = {
    "BPE": ByteLevelBPE,
    "WordPiece": WordPiece,
    "Unigram": Unigram,
}


def load_tokenizer(path: str | Path) -> Tokenizer:
    """Open a tokenizer.

    Args:
        path: A tokenizer.json, a SentencePiece .model, or a folder that holds tokenizer.json,
            vocab.json and merges.txt (GPT-2), or vocab.txt (BERT).

    Returns:
        One of ours where it does all that the file asks for, or else the library's own, behind the
        same interface.

    Raises:
        TokenizerFileError: There is no such file, or it is broken or of an unknown model type.
        VocabularyError: The vocabulary has a hole or a duplicate.
        MergesError: The merges do not fit the vocabulary.
    """
    path = Path(path)
    if path.is_dir():
        if (path / TOKENIZER_FILE).exists():
            return _load_json(path / TOKENIZER_FILE)
        if (path / "merges.txt").exists():
            return ByteLevelBPE.from_gpt2(path)
        if (path / "vocab.txt").exists():
            return WordPiece.from_bert(path)
        raise TokenizerFileError(
            f"{path} holds no tokenizer: neither {TOKENIZER_FILE}, nor vocab.json and merges.txt, "
            "nor vocab.txt."
        )
    if path.suffix == ".model":
        return SentencePieceTokenizer.from_file(path)
    return _load_json(path)


def _load_json(path: Path) -> Tokenizer:
    content = read_json(path)
    model = content.get("model")
    kind = model.get("type") if isinstance(model, dict) else None
    if kind not in _BY_MODEL_TYPE:
        raise TokenizerFileError(
            f"{path} holds a tokenizer of the model type {kind!r}, which is unknown here; known are "
            f"{', '.join(_BY_MODEL_TYPE)}."
        )
    try:
        return _BY_MODEL_TYPE[kind].from_file(path)
    except UnsupportedOptionError:
        return HuggingFaceTokenizer.from_file(path)
