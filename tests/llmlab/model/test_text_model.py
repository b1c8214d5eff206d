"""A model with its tokenizer: opened from a folder or a GGUF file, it goes on with a text, or answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from llmlab.errors import CheckpointError, OutOfRangeError
from llmlab.model import (
    Sampling,
    Transformer,
    TransformerConfig,
    generate,
    load_huggingface,
    save_huggingface,
)
from llmlab.model.text_model import TextModel, open_text_model
from llmlab.tokenization import ByteLevelBPE, TokenizationError
from tests.llmlab.model.test_gguf_file import CONFIG as GGUF_CONFIG
from tests.llmlab.model.test_gguf_file import drawn, with_tokenizer, write

TEMPLATE = (
    "{% for message in messages %}"
    "<{{ message['role'] }}>{{ message['content'] }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer() -> ByteLevelBPE:
    return ByteLevelBPE.train(
        "the cat sat on the mat " * 3, 262, special_tokens=["<|endoftext|>", "<|end|>"]
    )


@pytest.fixture
def folder(tokenizer: ByteLevelBPE, tmp_path: Path) -> Path:
    """A model that answers at random, with a tokenizer beside it."""
    torch.manual_seed(0)
    config = TransformerConfig(tokenizer.vocab_size, 40, 16, 2, 2)
    save_huggingface(Transformer(config), tmp_path)
    tokenizer.save(tmp_path)
    return tmp_path


def written(model: TextModel, prompt: list[int], count: int = 20, **arguments: Any) -> str:
    return "".join(model.write(prompt, count, **arguments))


def test_a_text_is_gone_on_with_as_the_model_alone_would(
    folder: Path, tokenizer: ByteLevelBPE
) -> None:
    opened, model = open_text_model(folder), load_huggingface(folder)
    prompt = opened.prompt("the cat")
    assert prompt == [tokenizer.special_tokens["<|endoftext|>"], *tokenizer.encode("the cat")]
    (tokens,) = generate(model, [prompt], 20, stop=[*tokenizer.special_tokens.values()])
    shown = [token for token in tokens if token not in tokenizer.special_tokens.values()]
    assert written(opened, prompt) == tokenizer.decode(shown)


def test_a_special_token_ends_the_text_and_is_not_shown(
    folder: Path, tokenizer: ByteLevelBPE
) -> None:
    opened = open_text_model(folder)
    end = tokenizer.special_tokens["<|end|>"]
    bias = torch.zeros(tokenizer.vocab_size)
    bias[end] = 1e9
    opened.transformer.head.register_forward_hook(lambda head, args, logits: logits + bias)
    assert written(opened, [1, 2]) == ""


def test_a_stop_string_ends_the_text(folder: Path) -> None:
    opened = open_text_model(folder)
    whole = written(opened, [1, 2])
    assert len(whole) > 8
    assert written(opened, [1, 2], stop_strings=[whole[4:8]]) == whole[: whole.find(whole[4:8])]


def test_the_same_seed_draws_the_same_text(folder: Path) -> None:
    opened = open_text_model(folder)
    texts = [
        written(
            opened,
            [1],
            sampling=Sampling(1.0),
            generator=torch.Generator().manual_seed(seed),
        )
        for seed in (0, 0, 1)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_the_text_ends_where_the_models_length_ends(folder: Path) -> None:
    opened = open_text_model(folder)
    pieces = list(opened.write([1] * 38, 20))
    assert 1 <= len("".join(pieces)) <= 2
    with pytest.raises(
        OutOfRangeError, match=r"prompt has 40 tokens, and the model .* of 40; shorten"
    ):
        opened.write([1] * 40, 20)


def test_without_a_template_messages_follow_each_other(folder: Path) -> None:
    opened = open_text_model(folder)
    assert opened.chat_template is None
    messages = [{"role": "user", "content": "the "}, {"role": "assistant", "content": "cat"}]
    assert opened.conversation(messages) == opened.prompt("the cat")


@pytest.mark.parametrize("place", ["tokenizer_config.json", "chat_template.jinja"])
def test_a_template_beside_the_model_writes_the_conversation(
    place: str, folder: Path, tokenizer: ByteLevelBPE
) -> None:
    in_settings = place.endswith(".json")
    content = json.dumps({"chat_template": TEMPLATE}) if in_settings else TEMPLATE
    (folder / place).write_text(content)
    opened = open_text_model(folder)
    messages = [
        {"role": "system", "content": "sat"},
        {"role": "user", "content": "on the mat"},
    ]
    expected = "<system>sat<user>on the mat<assistant>"
    assert tokenizer.decode(opened.conversation(messages)) == expected


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ raise_exception('Roles must alternate.') }}", r"Roles must alternate\."),
        ("{% for %}", "cannot be used"),
        ("{{ messages.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_that_refuses_is_broken_or_breaks_out_is_told(
    template: str, said: str, folder: Path
) -> None:
    (folder / "chat_template.jinja").write_text(template)
    with pytest.raises(CheckpointError, match=f"chat template cannot be used.*{said}|{said}"):
        open_text_model(folder).conversation([{"role": "user", "content": "x"}])


def test_settings_that_are_no_json_are_told(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"tokenizer_config\.json is no JSON file"):
        open_text_model(folder)


def test_a_folder_without_tokenizer_is_told(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(TokenizationError, match="holds no tokenizer"):
        open_text_model(folder)


def test_a_tokenizer_of_another_model_is_told(folder: Path) -> None:
    ByteLevelBPE.train("a longer text, with more to merge in it", 270).save(folder)
    with pytest.raises(CheckpointError, match="has 270 tokens, and its model knows 262"):
        open_text_model(folder)


def test_a_gguf_file_brings_everything(tokenizer: ByteLevelBPE, tmp_path: Path) -> None:
    model = drawn(GGUF_CONFIG.changed(vocabulary_size=tokenizer.vocab_size))
    path = write(tmp_path / "model.gguf", model, more=with_tokenizer(tokenizer, "gpt-2"))
    opened = open_text_model(path, dtype=torch.bfloat16)
    assert opened.transformer.embedding.weight.dtype == torch.bfloat16
    messages = [{"role": "user", "content": "the cat"}]
    assert opened.conversation(messages) == tokenizer.encode("the cat")
    assert isinstance(written(opened, [1]), str)


def test_the_numbers_stay_what_they_are_unless_told(folder: Path) -> None:
    save_huggingface(load_huggingface(folder).bfloat16(), folder)
    assert open_text_model(folder).transformer.embedding.weight.dtype == torch.bfloat16
    opened = open_text_model(folder, dtype=torch.float32)
    assert opened.transformer.embedding.weight.dtype == torch.float32
