from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenization import split_utf8
from tests.llmlab.tokenization.texts import property_test


def test_each_character_is_one_piece():
    text = "aé€😀"
    assert split_utf8(text.encode()) == [b"a", "é".encode(), "€".encode(), "😀".encode()]


def test_bytes_that_go_on_with_nothing_are_kept():
    assert split_utf8("é".encode()[1:] + b"a") == [b"\xa9", b"a"]


@property_test
@given(st.text())
def test_the_pieces_of_a_text_are_its_characters(text):
    assert [piece.decode() for piece in split_utf8(text.encode())] == list(text)


@property_test
@given(st.binary())
def test_joined_pieces_are_the_bytes(data):
    assert b"".join(split_utf8(data)) == data
