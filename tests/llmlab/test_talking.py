"""`llmlab generate` and `llmlab chat`, as a person types them."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner, Result

from llmlab import cli, talking
from llmlab.data import places
from llmlab.model import Transformer, TransformerConfig, save_huggingface
from llmlab.model.text_model import TextModel
from llmlab.tokenization import ByteLevelBPE

TEMPLATE = (
    "{% for message in messages %}"
    "<{{ message['role'] }}>{{ message['content'] }}"
    "{% endfor %}"
    "<assistant>"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small model that answers at random."""
    tokenizer = ByteLevelBPE.train(
        "the cat sat on the mat " * 3, 262, special_tokens=["<|endoftext|>"]
    )
    torch.manual_seed(0)
    save_huggingface(Transformer(TransformerConfig(tokenizer.vocab_size, 200, 16, 2, 2)), tmp_path)
    tokenizer.save(tmp_path)
    return tmp_path


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every model answer `aha`, and collect what it was given to read."""
    found: list[str] = []

    def answer(self: TextModel, prompt: list[int], *args: Any, **kwargs: Any) -> Iterator[str]:
        found.append(self.tokenizer.decode(prompt))
        yield from ("a", "ha")

    monkeypatch.setattr(TextModel, "write", answer)
    return found


def run(*arguments: str, said: str = "") -> Result:
    result = CliRunner().invoke(cli.app, arguments, input=said)
    assert result.exit_code == 0, result.output
    return result


def test_a_text_is_gone_on_with_the_same_for_the_same_seed(folder: Path) -> None:
    command = ("generate", "the cat", "-m", str(folder), "--max-tokens", "30")
    texts = [run(*command, "--seed", seed).stdout for seed in ("0", "0", "1")]
    assert texts[0] == texts[1] != texts[2]
    assert all(text.startswith("the cat") for text in texts)
    assert len(texts[0]) > len("the cat\n")


def test_nothing_but_the_text_goes_to_the_output(folder: Path, heard: list[str]) -> None:
    result = run("generate", "the cat", "-m", str(folder))
    assert result.stdout == "the cataha\n"
    assert heard == ["<|endoftext|>the cat"]


def test_a_text_can_begin_from_nothing(folder: Path, heard: list[str]) -> None:
    assert run("generate", "-m", str(folder)).stdout == "aha\n"
    assert heard == ["<|endoftext|>"]


@pytest.mark.parametrize("seed", range(4))
def test_a_story_comes_to_its_end_without_any_option(seed: int) -> None:
    told = run("generate", "--seed", str(seed)).stdout
    assert told.endswith(".\n")
    # The thing that was lost reaches the one it was meant for.
    assert re.search("very happy|laughed with joy|a big hug", told)


def test_options_reach_the_model(folder: Path) -> None:
    command = ("generate", "the cat", "-m", str(folder), "--temperature", "0")
    free = run(*command).stdout.removeprefix("the cat")
    stop = free[5:7]
    assert stop.strip()
    ended = run(*command, "--stop", stop, "--precision", "float32", "--device", "cpu").stdout
    assert ended == f"the cat{free[: free.index(stop)]}\n"


def test_a_conversation_is_remembered_until_it_is_to_be_forgotten(
    folder: Path, heard: list[str]
) -> None:
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    said = "the cat\n\n the mat \n/new\nthe dog\n/exit\nnever\n"
    result = run("chat", "-m", str(folder), "--system", "be short", said=said)
    assert heard == [
        "<system>be short<user>the cat<assistant>",
        "<system>be short<user>the cat<assistant>aha<user>the mat<assistant>",
        "<system>be short<user>the dog<assistant>",
    ]
    assert result.stdout.count("aha") == 3
    assert "taught to chat" not in result.stdout


def test_what_was_read_of_a_conversation_is_not_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, whole = [], Transformer.hidden

    def hidden(self: Transformer, ids: torch.Tensor, **options: Any) -> torch.Tensor:
        read.append(ids.shape[-1])
        return whole(self, ids, **options)

    monkeypatch.setattr(Transformer, "hidden", hidden)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    said = f"{'the cat sat on the mat ' * 3}\nthe cat\n"
    run("chat", "-m", str(folder), "--max-tokens", "1", "--temperature", "0", said=said)
    assert len(read) == 2
    # The second time, the conversation is longer, and what is new in it is short.
    assert read[1] < read[0] / 2


def test_a_model_that_was_not_taught_to_chat_goes_on_with_the_text(
    folder: Path, heard: list[str]
) -> None:
    result = run("chat", "-m", str(folder), said="the cat\n sat\n")
    assert "was not taught to chat" in " ".join(result.stdout.split())
    assert heard == ["<|endoftext|>the cat", "<|endoftext|>the catahasat"]


def test_the_oldest_messages_are_forgotten_when_the_model_can_read_no_more(
    folder: Path, heard: list[str]
) -> None:
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    said = f"{'b' * 30}\n{'c' * 30}\n{'d' * 30}\n"
    run("chat", "-m", str(folder), "--system", "s", "--max-tokens", "80", said=said)
    assert heard[1] == f"<system>s<user>{'b' * 30}<assistant>aha<user>{'c' * 30}<assistant>"
    assert heard[2] == f"<system>s<user>{'c' * 30}<assistant>aha<user>{'d' * 30}<assistant>"


def test_a_message_that_is_too_long_is_told_and_the_conversation_goes_on(
    folder: Path, heard: list[str]
) -> None:
    result = run("chat", "-m", str(folder), said=f"{'b' * 300}\nthe cat\n")
    assert "longer than the model can read" in result.stdout
    assert heard == ["<|endoftext|>the cat"]


def test_an_answer_can_be_stopped_and_what_was_said_of_it_is_remembered(
    folder: Path, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = TextModel.write

    def interrupted(self: TextModel, prompt: list[int], *args: Any, **kwargs: Any) -> Iterator[str]:
        yield next(whole(self, prompt, *args, **kwargs))
        raise KeyboardInterrupt

    monkeypatch.setattr(TextModel, "write", interrupted)
    result = run("chat", "-m", str(folder), said="the cat\nsat\n")
    assert result.stdout.count("a (stopped)") == 2
    assert heard == ["<|endoftext|>the cat", "<|endoftext|>the catasat"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["generate", "-m", "smolm"], "no model of this name in the registry"),
        (["chat", "-m", "tales-1m"], "llmlab train --config tales-1m"),
        (["generate", "-m", "{folder}", "--top-p", "2"], "top_p is 2.0; give a number above 0"),
        (["generate", "-m", "{folder}/config.json"], "no GGUF file, or is cut short"),
        (["generate", "-m", "{folder}/whole"], "A prompt is empty; give at least one token"),
        (["chat", "-m", "{folder}/empty"], "empty/config.json; give the folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(
    command: list[str],
    said: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "empty").mkdir()
    shutil.copytree(folder, folder / "whole")
    # It has no token to begin a text with.
    ByteLevelBPE.train("the cat", 258).save(folder / "whole")
    monkeypatch.setattr(places, "SHIPPED", folder / "nowhere")
    monkeypatch.setattr(sys, "argv", ["llmlab", *(part.format(folder=folder) for part in command)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert told.splitlines()[-1].startswith("llmlab: ")
    assert said in told


def test_help_does_not_wait_for_pytorch() -> None:
    import subprocess

    ask = "import sys, llmlab.cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.usefixtures("smollm2")
def test_smollm2_answers() -> None:
    said = "What is the capital of France?\n"
    result = run("chat", "--temperature", "0", "--max-tokens", "20", said=said)
    assert "The capital of France is Paris." in result.stdout
    assert talking.CHAT_HELP in " ".join(result.stdout.split())
