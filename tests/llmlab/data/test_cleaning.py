import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.data import (
    extract_html,
    is_html,
    normalize_text,
    repair_encoding,
    strip_boilerplate,
)

PAGE = """<!DOCTYPE html><html><head><title>Owls</title><script>var x = 1;</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/shop">Shop</a></li></ul></nav>
<article><h1>Owls</h1><p>The owl is a bird that hunts at night, and it hears better than it sees.</p>
<p>Its feathers are so soft that a mouse does not hear it come, however quiet the forest is.</p>
</article><footer><p>Copyright 2024. All rights reserved.</p></footer></body></html>"""


@pytest.mark.parametrize("text", ["schön — it’s 5 €", "naïve café"])
def test_a_text_read_in_the_wrong_encoding_is_repaired(text: str) -> None:
    assert repair_encoding(text.encode().decode("windows-1252")) == text
    assert repair_encoding(text) == text


def test_typographic_quotation_marks_stay() -> None:
    assert repair_encoding("“It’s”") == "“It’s”"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("cafe\u0301", "café"),
        ("a\u00a0b\u2003c\td", "a b c d"),
        ("so\u00adft, ze\u200bro, \ufeffmark", "soft, zero, mark"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("  a  \n  b  ", "a\nb"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("a\n \n \n \nb", "a\n\nb"),
        ("a\x00b\x1bc", "abc"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("", ""),
    ],
)
def test_one_way_of_writing_is_left(text: str, normal: str) -> None:
    assert normalize_text(text) == normal


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text())
def test_normalizing_twice_changes_nothing_more(text: str) -> None:
    once = normalize_text(text)
    assert normalize_text(once) == once


def test_the_main_text_of_a_page_is_taken_and_its_menu_left() -> None:
    text = extract_html(PAGE)
    assert text is not None
    assert "hunts at night" in text
    assert "feathers" in text
    for left in ("Shop", "var x", "rights reserved", "<"):
        assert left not in text


def test_a_page_without_text_has_none() -> None:
    assert extract_html("<html><body></body></html>") is None


def test_html_is_known_by_its_tags_and_prose_about_it_is_none() -> None:
    assert is_html(PAGE)
    assert not is_html("If a < b and c > d, then nothing follows.")
    assert not is_html("")


def test_boilerplate_goes_and_an_article_about_cookies_stays() -> None:
    article = (
        "Browsers keep cookies, small texts that a server has sent, and a law of 2009 says that a "
        "site which uses cookies for advertising has to ask its visitors before it does so."
    )
    page = "\n".join(
        [
            "Home | News | About us",
            "Skip to content",
            article,
            "Share this on Facebook",
            "Accept all cookies",
            "© 2020 Owl Ltd",
            "The owl slept.",
        ]
    )
    assert strip_boilerplate(page) == f"{article}\nThe owl slept."
