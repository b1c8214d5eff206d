"""The models that come along: they are whole, are what they say, and write."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest
import torch
import yaml

import llmlab
from llmlab.data.tales import FOODS, HEROES, threads
from llmlab.model import PRESETS, Sampling, generate, load_huggingface
from llmlab.tokenization import load_tokenizer

FOLDERS = sorted((Path(llmlab.__file__).parent / "checkpoints").iterdir())
every_model = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


@every_model
def test_every_file_is_the_one_whose_sum_was_written_down(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    assert {line.split("  ")[1] for line in lines} >= {"model.safetensors", "tokenizer.json"}
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


@every_model
def test_the_model_is_that_of_its_preset_and_of_its_settings(folder: Path) -> None:
    model = load_huggingface(folder)
    fields = yaml.safe_load((folder / "settings.yaml").read_text())["model"]["config"]
    preset = PRESETS[folder.name]
    # A file spells out how many key-value heads there are, which a preset may leave open.
    assert model.config == preset.changed(num_kv_heads=preset.kv_heads)
    assert preset.changed(**fields) == preset
    assert load_tokenizer(folder).vocab_size == model.config.vocabulary_size


@every_model
def test_the_loss_curve_comes_down(folder: Path) -> None:
    with (folder / "loss.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["loss"]) for row in rows if row["loss"]]
    assert losses[0] > 5
    assert losses[-1] < 0.4
    assert any(row["validation_loss"] for row in rows)


def test_tales_1m_tells_a_story_that_keeps_its_hero_and_comes_to_an_end() -> None:
    folder = next(folder for folder in FOLDERS if folder.name == "tales-1m")
    model, tokenizer = load_huggingface(folder).float(), load_tokenizer(folder)
    end = tokenizer.special_tokens["<|endoftext|>"]
    opening = "Once upon a time there was a shy little fox named Pia"
    ids = [end, *tokenizer.encode(opening)]
    with torch.no_grad():
        (written,) = generate(model, [ids], 250 - len(ids), stop=[end])
    story = opening + tokenizer.decode(written)
    words = set(story.replace(",", " ").replace(".", " ").split())
    assert story.endswith("<|endoftext|>")
    assert {name for name, _ in HEROES} & words == {"Pia"}
    assert len(set(FOODS) & words) == 1


def test_stories_that_tales_1m_draws_come_to_an_end_and_keep_hero_helper_and_color() -> None:
    folder = next(folder for folder in FOLDERS if folder.name == "tales-1m")
    model, tokenizer = load_huggingface(folder).float(), load_tokenizer(folder)
    end = tokenizer.special_tokens["<|endoftext|>"]
    written = generate(
        model,
        [[end]] * 20,
        255,
        Sampling(0.5),
        stop=[end],
        generator=torch.Generator().manual_seed(0),
    )
    ended = [tokenizer.decode(ids) for ids in written if ids[-1] == end]
    assert len(ended) >= 15
    for kind in ("hero", "helper", "color"):
        kept = [story for story in ended if len(threads(story)[kind]) == 1]
        assert len(kept) >= 0.8 * len(ended)
