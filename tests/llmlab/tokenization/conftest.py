"""What the tests of tokenization share: real texts, and GPT-2's tokenizer, ours and the peer's."""

import sysconfig
from pathlib import Path

import pytest
import tokenizers

from llmlab.tokenization import ByteLevelBPE
from tests.llmlab.tokenization.texts import HARD_TEXTS


@pytest.fixture(scope="session")
def shakespeare(data_folder: Path) -> str:
    return (data_folder / "karpathy/tiny_shakespeare/input.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def wikitext(data_folder: Path) -> str:
    return (data_folder / "Salesforce/wikitext-2/valid.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def five_megabytes(data_folder: Path, wikitext: str, shakespeare: str) -> str:
    """Prose, drama and code, a million of each and more, cut to 5 MB."""
    texts = [wikitext, (data_folder / "Salesforce/wikitext-2/test.txt").read_text(encoding="utf-8")]
    texts.append(shakespeare)
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.glob("*.py")):
        texts.append(path.read_text(encoding="utf-8"))
    text = "".join(texts)
    assert len(text) >= 5_000_000
    return text[:5_000_000]


@pytest.fixture(scope="session")
def gpt2(data_folder: Path) -> ByteLevelBPE:
    return ByteLevelBPE.from_gpt2(data_folder / "openai-community/gpt2")


@pytest.fixture(scope="session")
def peer_gpt2(data_folder: Path) -> tokenizers.Tokenizer:
    """GPT-2's tokenizer in `tokenizers`."""
    folder = data_folder / "openai-community/gpt2"
    model = tokenizers.models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    peer = tokenizers.Tokenizer(model)
    peer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    peer.decoder = tokenizers.decoders.ByteLevel()
    peer.add_special_tokens(["<|endoftext|>"])
    return peer


@pytest.fixture(scope="session")
def small() -> ByteLevelBPE:
    """A tokenizer that any machine can train, with special tokens inside one another."""
    return ByteLevelBPE.train(
        HARD_TEXTS * 2, 400, special_tokens=["<|a|>", "<|a|><|b|>", "<|b|>", "<|endoftext|>"]
    )
