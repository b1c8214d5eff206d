"""What the kernel's half of the widget computes and shows; tests/browser looks at the other half."""

from __future__ import annotations

import pytest

from llmlab.errors import ConfigurationError
from llmlab.tokenization import (
    ByteLevelBPE,
    WordPiece,
    encode_word,
    split_by_pattern,
    token_bytes,
    train_bpe,
)
from llmlab.widgets import TokenizerView
from llmlab.widgets.tokenizer_view import DRAWN, is_part, label


class Own:
    """A tokenizer as a learner writes one: two methods, and the merges."""

    def __init__(self, merges: dict[tuple[int, int], int]) -> None:
        self.merges = merges
        self.spelled = token_bytes(merges)

    def encode(self, text: str) -> list[int]:
        words = [word.encode() for word in split_by_pattern(text)]
        return [token for word in words for token in encode_word(word, self.merges)]

    def token_bytes(self, token_id: int) -> bytes:
        return self.spelled[token_id]


class Letters:
    """A tokenizer without merges: each character is a token."""

    def encode(self, text: str) -> list[int]:
        if "?" in text:
            raise KeyError("?")
        return [ord(character) for character in text]

    def token_bytes(self, token_id: int) -> bytes:
        return chr(token_id).encode()


WORDS = {b" the": 9, b" then": 5, b" other": 4, b" ether": 3, b"aaaa": 2, "é".encode(): 2}
MERGES = train_bpe(WORDS, 12)


def labels(view: TokenizerView) -> list[str]:
    return [token["label"] for token in view.shown["tokens"]]


def test_tokens_ids_and_counts_are_those_of_the_tokenizer() -> None:
    tokenizer = Own(MERGES)
    view = TokenizerView(tokenizer, "see the other")
    assert [token["id"] for token in view.shown["tokens"]] == tokenizer.encode("see the other")
    assert "".join(labels(view)) == "see␣the␣other"
    assert view.shown["counts"].startswith("13 characters, 13 bytes, 5 tokens: 2.60 bytes per")


def test_typing_cuts_the_new_text() -> None:
    view = TokenizerView(Own(MERGES), "the")
    view.text = " the"
    assert labels(view) == ["␣the"]
    view.text = ""
    assert labels(view) == []
    assert "nothing to cut" in view.shown["counts"]


@pytest.mark.parametrize("stage", range(len(MERGES) + 1))
def test_each_stage_shows_what_a_tokenizer_of_so_many_merges_gives(stage: int) -> None:
    text = " then the other ether aaaaa é gather"
    view = TokenizerView(Own(MERGES), text, stage=stage)
    assert view.tokens() == Own(dict(list(MERGES.items())[:stage])).encode(text)


def test_the_tokens_change_at_the_named_stages_and_at_no_others() -> None:
    view = TokenizerView(Own(MERGES), " other aaaa", stage=0)
    before = view.tokens()
    for stage in range(1, view.stages + 1):
        view.stage = stage
        assert (view.tokens() != before) == (stage in view.shown["changes"])
        before = view.tokens()


def test_the_next_merge_is_named_until_none_is_left() -> None:
    view = TokenizerView(Own(MERGES), "the", stage=0)
    assert view.shown["next"] == "Next, merge 1: h + e → he."
    view.stage = 1
    assert view.shown["next"].startswith("Merge 1: h + e → he. Next, merge 2: ")
    assert [token["new"] for token in view.shown["tokens"]] == [False, True]
    view.stage = view.stages
    assert view.shown["next"].endswith("No merge is left.")


def test_the_librarys_tokenizer_shows_the_same_stages_as_the_same_merges_of_a_learner() -> None:
    text = " then the other ether aaaaa é"
    theirs, own = (
        TokenizerView(ByteLevelBPE.from_merges(MERGES), text),
        TokenizerView(Own(MERGES), text),
    )
    for stage in range(len(MERGES) + 1):
        theirs.stage = own.stage = stage
        assert theirs.shown == own.shown


def test_a_tokenizer_without_merges_has_no_slider() -> None:
    view = TokenizerView(Letters(), "no")
    assert view.stages == 0
    assert view.shown["next"] == ""
    assert labels(view) == ["n", "o"]
    assert "merges" not in view._text()


def test_tokens_without_bytes_are_shown_as_the_vocabulary_writes_them() -> None:
    tokenizer = WordPiece.train("dog dot tag", vocab_size=14)
    view = TokenizerView(tokenizer, "dog gat")
    assert labels(view) == tokenizer.tokens("dog gat")
    assert any(token.startswith("##") for token in labels(view))


def test_parts_of_a_character_are_shown_as_bytes() -> None:
    view = TokenizerView(Own({}), " é")
    assert labels(view) == ["␣", "⟨C3⟩", "⟨A9⟩"]
    assert [token["part"] for token in view.shown["tokens"]] == [False, True, True]
    assert label(b" \xe2\x82") == "␣⟨E2 82⟩"
    assert not is_part("€".encode())


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\n\t ", "⏎⇥␣"),
        ("a\u200db", "a⟨U+200D⟩b"),
        ("\u0301", "◌\u0301"),
        ("\x00", "⟨U+0000⟩"),
        ("", "∅"),
    ],
)
def test_what_has_no_sign_of_its_own_gets_one(text: str, seen: str) -> None:
    assert label(text.encode()) == seen


def test_an_error_of_the_tokenizer_is_shown_while_typing() -> None:
    view = TokenizerView(Letters(), "fine")
    view.text = "why?"
    assert view.shown == {"wrong": "`encode` raised KeyError: '?'"}
    assert "encode" in view._svg()
    view.text = "fine"
    assert labels(view) == list("fine")


def test_a_long_text_is_counted_whole_and_drawn_in_part() -> None:
    view = TokenizerView(Letters(), "x" * (DRAWN + 5))
    assert len(view.shown["tokens"]) == DRAWN
    assert "605 tokens" in view.shown["counts"]
    assert "first 600 tokens are drawn" in view.shown["counts"]


def test_a_saved_page_shows_a_picture_and_a_text() -> None:
    view = TokenizerView(Own(MERGES), " the <other>\nend", title="Mine")
    data, _ = view._repr_mimebundle_()
    assert data["text/plain"].startswith(
        "Mine: ␣the | ␣ | < | o | ther | > | ⏎ | e | n | d. 16 char"
    )
    assert data["text/html"].startswith("<img alt=")
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "&lt;" in view._svg()
    assert view._svg().count("<rect") == 1 + len(view.tokens())


@pytest.mark.parametrize("stage", [-1, len(MERGES) + 1])
def test_a_stage_that_does_not_exist_is_refused(stage: int) -> None:
    with pytest.raises(ConfigurationError, match=f"no stage {stage}; with 12 merges .* 0 to 12"):
        TokenizerView(Own(MERGES), "the", stage=stage)


def test_something_that_is_no_tokenizer_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot use a `dict`; give .* `encode`"):
        TokenizerView({}, "the")
