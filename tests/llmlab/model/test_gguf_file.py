"""GGUF files: written here with the library that llama.cpp keeps, and the real SmolLM2."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from einops import rearrange
from gguf.quants import dequantize, quantize
from torch import Tensor

from llmlab.errors import CheckpointError
from llmlab.model import GGUFFile, Transformer, TransformerConfig, generate, load_gguf
from llmlab.model.gguf_file import halves_paired, name_from_gguf
from llmlab.tokenization import SMOLLM2_PATTERN, ByteLevelBPE

CONFIG = TransformerConfig(
    vocabulary_size=40,
    max_length=64,
    model_dim=64,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    hidden_dim=96,
    rotary_base=500.0,
    norm_epsilon=1e-4,
)
UNTIED = CONFIG.changed(tied_embeddings=False)
FIELDS: dict[str, Any] = {
    "context_length": CONFIG.max_length,
    "embedding_length": CONFIG.model_dim,
    "block_count": CONFIG.num_layers,
    "feed_forward_length": CONFIG.hidden_dim,
    "head_count": CONFIG.num_heads,
    "head_count_kv": CONFIG.num_kv_heads,
    "layer_norm_rms_eps": CONFIG.norm_epsilon,
    "rope_freq_base": CONFIG.rotary_base,
    "vocab_size": CONFIG.vocabulary_size,
}
# llama.cpp's names, beside ours.
NAMES = {
    name_from_gguf(theirs): theirs
    for theirs in (
        "token_embd.weight",
        "output_norm.weight",
        "output.weight",
        *(
            f"blk.{layer}.{part}.weight"
            for layer in range(CONFIG.num_layers)
            for part in (
                *("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output"),
                *("ffn_norm", "ffn_gate", "ffn_up", "ffn_down"),
            )
        ),
    )
}


def neighbors_paired(weight: Tensor, heads: int) -> Tensor:
    """Put a map's rows into llama.cpp's order, as its converter does."""
    return rearrange(weight, "(head two half) dim -> (head half two) dim", head=heads, two=2)


def drawn(config: TransformerConfig = CONFIG) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def write(
    path: Path,
    model: Transformer,
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32,
    family: str = "llama",
    more: Callable[[gguf.GGUFWriter], None] = lambda writer: None,
    **fields: Any,
) -> Path:
    """Write a model as llama.cpp does; a field that is None is left out."""
    writer = gguf.GGUFWriter(path, family)
    for name, value in {**FIELDS, **fields}.items():
        if value is not None:
            getattr(writer, f"add_{name}")(value)
    state = model.state_dict()
    if model.config.tied_embeddings:
        del state["head.weight"]
    for name, tensor in state.items():
        for part, heads in (("query", CONFIG.num_heads), ("key", CONFIG.kv_heads)):
            if f".{part}." in name:
                tensor = neighbors_paired(tensor, heads)
        # Norms are never quantized.
        of = kind if tensor.dim() == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(NAMES[name], quantize(tensor.numpy(), of), raw_dtype=of)
    more(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("config", [CONFIG, UNTIED], ids=["tied", "untied"])
def test_what_was_not_quantized_is_read_to_the_bit(
    config: TransformerConfig, tmp_path: Path
) -> None:
    before = drawn(config)
    after = load_gguf(write(tmp_path / "model.gguf", before))
    assert after.config == config.changed(norm_epsilon=after.config.norm_epsilon)
    assert after.config.norm_epsilon == pytest.approx(config.norm_epsilon)
    state = after.state_dict()
    assert state.keys() == before.state_dict().keys()
    assert all(torch.equal(state[name], value) for name, value in before.state_dict().items())
    assert (after.head.weight is after.embedding.weight) == config.tied_embeddings
    ids = torch.arange(20)[None]
    assert torch.allclose(after(ids), before(ids), atol=1e-5)


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"])
def test_quantized_weights_are_read_as_the_numbers_that_they_stand_for(
    kind: str, tmp_path: Path
) -> None:
    quantization = gguf.GGMLQuantizationType[kind]
    before = drawn()
    after = load_gguf(write(tmp_path / "model.gguf", before, quantization)).state_dict()
    for name, weight in before.state_dict().items():
        if weight.dim() == 2:
            # Rows are quantized one by one, so their order in the file changes nothing.
            expected = dequantize(quantize(weight.numpy(), quantization), quantization)
            assert np.array_equal(after[name].numpy(), expected)
        else:
            assert torch.equal(after[name], weight)


def test_the_weights_can_be_trained_and_the_file_stays_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf", drawn())
    written = path.read_bytes()
    model = load_gguf(path)
    model(torch.arange(5)[None]).sum().backward()
    with torch.no_grad():
        for parameter in model.parameters():
            assert parameter.grad is not None
            parameter.zero_()
    assert path.read_bytes() == written


def test_the_weights_become_what_is_asked_for(tmp_path: Path) -> None:
    model = load_gguf(write(tmp_path / "model.gguf", drawn()), dtype=torch.bfloat16, fused=False)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert not model.blocks[0].attention.fused


def test_tensors_are_given_as_the_file_has_them(tmp_path: Path) -> None:
    model = drawn()
    found = {
        name: (kind, numbers)
        for name, kind, numbers in GGUFFile(write(tmp_path / "model.gguf", model)).tensors()
    }
    assert set(found) == set(NAMES.values()) - {"output.weight"}
    assert {kind for kind, _ in found.values()} == {"F32"}
    query = model.state_dict()["blocks.1.attention.query.weight"]
    assert torch.equal(found["blk.1.attn_q.weight"][1], neighbors_paired(query, CONFIG.num_heads))
    assert torch.equal(found["token_embd.weight"][1], model.embedding.weight)


def test_pairs_of_neighbors_become_pairs_of_halves() -> None:
    rows = torch.arange(8.0)[:, None]  # two heads of four
    assert halves_paired(rows, 2).flatten().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


# --- what cannot be read --------------------------------------------------------------------------


def refused(path: Path, said: str) -> None:
    with pytest.raises(CheckpointError, match=said) as error:
        load_gguf(path)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    refused(tmp_path / "model.gguf", "no file .*model.gguf")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"some text, which is no model", b"\0" * 100])
def test_what_is_no_gguf_file_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    refused(path, "no GGUF file, or is cut short")


@pytest.mark.parametrize("share", [0.002, 0.02, 0.1, 0.5, 0.99])
def test_a_file_cut_short_anywhere_is_told(share: float, tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf", drawn())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "cut short .*download it again")


def test_another_family_is_told(tmp_path: Path) -> None:
    refused(write(tmp_path / "model.gguf", drawn(), family="gpt2"), "family 'gpt2'; only `llama`")


@pytest.mark.parametrize("field", ["block_count", "head_count", "context_length"])
def test_a_field_that_is_missing_is_named(field: str, tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf", drawn(), **{field: None})
    refused(path, f"does not say llama.*{field}; it is no complete model")


def test_a_tensor_that_is_not_known_is_named(tmp_path: Path) -> None:
    def add(writer: gguf.GGUFWriter) -> None:
        writer.add_tensor("rope_freqs.weight", np.ones(8, dtype=np.float32))

    refused(write(tmp_path / "model.gguf", drawn(), more=add), "a tensor rope_freqs.weight")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"block_count": 3}, r"9 tensors are missing, such as blocks\.2\."),
        ({"block_count": 1}, r"9 tensors are unknown, such as blocks\.1\."),
        ({"embedding_length": 32}, r"is \(32, 64\) and not \(16, 32\)"),
        ({"feed_forward_length": 64}, r"is \(64, 96\) and not \(64, 64\)"),
        ({"head_count": 7}, "7 heads do not divide"),
        ({"rope_scaling_type": gguf.RopeScalingType.YARN}, "by 'yarn', which cannot be imported"),
    ],
    ids=str,
)
def test_weights_of_another_configuration_are_told(
    fields: dict[str, Any], said: str, tmp_path: Path
) -> None:
    refused(write(tmp_path / "model.gguf", drawn(), **fields), said)


def test_what_the_library_cannot_dequantize_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "model.gguf", drawn(), gguf.GGMLQuantizationType.Q8_0)
    monkeypatch.delitem(gguf.quants._type_traits, gguf.GGMLQuantizationType.Q8_0)
    refused(path, "stores .* as Q8_0, which cannot be read")


# --- its tokenizer --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokenizer() -> ByteLevelBPE:
    return ByteLevelBPE.train(
        "low lower lowest new newer newest 2024 " * 3,
        vocab_size=275,
        pattern=SMOLLM2_PATTERN,
        special_tokens=["<|endoftext|>", "<|im_start|>"],
    )


def with_tokenizer(
    tokenizer: ByteLevelBPE, pre: str = "smollm"
) -> Callable[[gguf.GGUFWriter], None]:
    def add(writer: gguf.GGUFWriter) -> None:
        tokens = [tokenizer.id_to_token(number) for number in range(tokenizer.vocab_size)]
        special = tokenizer.special_tokens
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_list(tokens)
        writer.add_token_types([3 if token in special else 1 for token in tokens])
        writer.add_token_merges([" ".join(merge) for merge in tokenizer.merges])
        writer.add_chat_template("{{ messages[0]['content'] }}")

    return add


def test_the_tokenizer_in_the_file_is_the_one_that_was_written(
    tokenizer: ByteLevelBPE, tmp_path: Path
) -> None:
    model = drawn(CONFIG.changed(vocabulary_size=tokenizer.vocab_size))
    file = GGUFFile(write(tmp_path / "model.gguf", model, more=with_tokenizer(tokenizer)))
    read = file.tokenizer()
    assert read.vocabulary() == tokenizer.vocabulary()
    assert (read.merges, read.special_tokens) == (tokenizer.merges, tokenizer.special_tokens)
    text = "the newest, lowest 2024<|endoftext|> é\n"
    assert read.encode(text) == tokenizer.encode(text)
    assert read.decode(read.encode(text)) == text
    assert file.chat_template == "{{ messages[0]['content'] }}"
    assert file.model().config.vocabulary_size == tokenizer.vocab_size


def test_a_file_without_tokenizer_says_so(tmp_path: Path) -> None:
    file = GGUFFile(write(tmp_path / "model.gguf", drawn()))
    with pytest.raises(CheckpointError, match=r"does not say tokenizer\.ggml\.model"):
        file.tokenizer()
    assert file.chat_template is None


def test_a_tokenizer_of_another_kind_is_told(tokenizer: ByteLevelBPE, tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf", drawn(), more=with_tokenizer(tokenizer, "qwen2"))
    with pytest.raises(CheckpointError, match=r"of the kind gpt2/qwen2.*gpt2/smollm"):
        GGUFFile(path).tokenizer()


# --- the real model -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smollm2s_peer(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    import transformers

    # Transformers looks for other files beside it.
    folder = tmp_path_factory.mktemp("smollm2")
    shutil.copy(smollm2, folder)
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=smollm2.name, dtype=torch.float32
    ).eval()


@torch.no_grad()
def test_smollm2_gives_the_peers_logits_and_greedy_text(smollm2: Path, smollm2s_peer: Any) -> None:
    file = GGUFFile(smollm2)
    model, tokenizer = file.model(), file.tokenizer()
    prompt = tokenizer.encode(
        "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    )
    (ours,) = generate(model, [prompt], 64)
    ids = torch.tensor([prompt + ours])
    logits, expected = model(ids), smollm2s_peer(ids).logits
    assert torch.allclose(logits, expected, atol=1e-4, rtol=0)
    # What follows each beginning of our text is what the peer would choose, so its text is ours.
    assert ours == expected[0, len(prompt) - 1 : -1].argmax(dim=-1).tolist()
    assert "Paris" in tokenizer.decode(ours)
