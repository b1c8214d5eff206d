"""Folders in the layout of Hugging Face that are damaged, or of something else: one clear sentence each.

What is whole is imported and exported in `test_transformer.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from llmlab.errors import CheckpointError, ConfigurationError
from llmlab.model import Transformer, load_huggingface, save_huggingface
from tests.llmlab.model.test_transformer import FAMILIES, GPT2, LLAMA, LLAMA_3, drawn

WEIGHTS, SETTINGS = "model.safetensors", "config.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_huggingface(drawn(LLAMA), tmp_path)
    return tmp_path


def refused(folder: Path, said: str) -> None:
    with pytest.raises(CheckpointError, match=said) as error:
        load_huggingface(folder)
    assert "\n" not in str(error.value)


def change_settings(folder: Path, **changes: Any) -> None:
    settings = json.loads((folder / SETTINGS).read_text())
    settings = {name: value for name, value in {**settings, **changes}.items() if value != "gone"}
    (folder / SETTINGS).write_text(json.dumps(settings))


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, folder / WEIGHTS)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", r"There is no .*nowhere/config\.json; give the folder")


def test_weights_that_are_not_there_are_told(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    refused(folder, r"model\.safetensors is missing or cut short")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.5, 0.999])
def test_weights_cut_short_anywhere_are_told(share: float, folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: int(share * len(content))])
    refused(folder, r"model\.safetensors is missing or cut short .*download it again")


def test_weights_that_are_no_safetensors_are_told(folder: Path) -> None:
    torch.save(drawn(LLAMA).state_dict(), folder / WEIGHTS)
    refused(folder, r"model\.safetensors is missing or cut short")


def test_a_part_that_the_index_names_and_that_is_not_there_is_told(folder: Path) -> None:
    index = {"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors"}}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(index))
    refused(folder, r"model-00002-of-00002\.safetensors is missing or cut short")


def test_weights_in_several_files_are_read(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    places = {}
    for number, name in enumerate(weights):
        places[name] = f"model-{number % 2}.safetensors"
    for file in set(places.values()):
        save_file({name: weights[name] for name in weights if places[name] == file}, folder / file)
    (folder / WEIGHTS).unlink()
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": places}))
    state, expected = load_huggingface(folder).state_dict(), drawn(LLAMA).state_dict()
    assert all(torch.equal(state[name], value) for name, value in expected.items())


def test_a_missing_tensor_is_named(folder: Path) -> None:
    change_weights(folder, lambda weights: weights.pop("model.layers.1.mlp.up_proj.weight"))
    refused(folder, r"1 tensors are missing, such as blocks\.1\.feed_forward\.up\.weight")


def test_an_unknown_tensor_is_named(folder: Path) -> None:
    change_weights(folder, lambda weights: weights.update(extra=torch.ones(2)))
    refused(folder, "1 tensors are unknown, such as extra")


def test_a_tensor_of_another_shape_is_named(folder: Path) -> None:
    change_weights(folder, lambda weights: weights.update({"model.norm.weight": torch.ones(7)}))
    refused(folder, r"norm\.weight is \(7,\) and not \(24,\)")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_hidden_layers": 2}, r"9 tensors are unknown, such as blocks\.2\."),
        ({"num_hidden_layers": 4}, r"9 tensors are missing, such as blocks\.3\."),
        ({"intermediate_size": 49}, r"is \(24, 50\) and not \(24, 49\)"),
        ({"vocab_size": 60}, r"embedding\.weight is \(61, 24\) and not \(60, 24\)"),
        (
            {"model_type": "qwen3"},
            "family 'qwen3'; only these can be imported: gpt2, llama, mistral",
        ),
        ({"model_type": "gone"}, "family None"),
        ({"vocab_size": "gone"}, r"config\.json lacks 'vocab_size'"),
        ({"hidden_size": None}, r"config\.json cannot be used"),
        ({"num_attention_heads": 0}, r"config\.json cannot be used"),
        ({"head_dim": 16}, "heads of 16, which do not make up vectors of 24"),
        ({"attention_bias": True}, "sets attention_bias"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "rotary positions by 'yarn'"),
    ],
    ids=str,
)
def test_another_configuration_is_told(changes: dict[str, Any], said: str, folder: Path) -> None:
    change_settings(folder, **changes)
    refused(folder, said)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\x80"])
def test_a_configuration_that_is_no_json_object_is_told(content: str, folder: Path) -> None:
    (folder / SETTINGS).write_bytes(content.encode("latin-1"))
    refused(folder, r"config\.json (is no JSON file|holds no dictionary).*download it again")


def test_gpt2_with_another_activation_is_told(tmp_path: Path) -> None:
    save_huggingface(drawn(GPT2), tmp_path)
    change_settings(tmp_path, activation_function="relu")
    refused(tmp_path, "activation 'relu'")


def test_what_no_family_has_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No family that can be exported"):
        save_huggingface(Transformer(LLAMA.changed(norm="layer")), tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("config", FAMILIES.values(), ids=FAMILIES.keys())
def test_half_precision_comes_back_as_half_precision(config: Any, tmp_path: Path) -> None:
    before = drawn(config).bfloat16()
    save_huggingface(before, tmp_path)
    assert json.loads((tmp_path / SETTINGS).read_text())["dtype"] == "bfloat16"
    state = load_huggingface(tmp_path).state_dict()
    assert all(torch.equal(state[name], value) for name, value in before.state_dict().items())


def test_the_settings_of_earlier_releases_are_read(tmp_path: Path) -> None:
    save_huggingface(drawn(LLAMA_3), tmp_path)
    change_settings(tmp_path, rope_parameters="gone")
    assert load_huggingface(tmp_path).config == LLAMA_3
