"""Probes of lab 03 that are never released: other words, and the edges that the text allows."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import HiddenProbes

HIDDEN = HiddenProbes("tokenization")


def drawn(generator: Generator, length: int, alphabet: str) -> str:
    """Draw a word from an alphabet."""
    places = torch.randint(0, len(alphabet), (length,), generator=generator)
    return "".join(alphabet[int(place)] for place in places)


@HIDDEN.probe("split_utf8")
def edges_of_the_ranges(implementation: Any, generator: Generator) -> Any:
    """The first and last characters of one, two, three and four bytes, in a drawn order."""
    text = drawn(generator, 12, "\x00\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff")
    return [repr(piece) for piece in implementation(text.encode())]


@HIDDEN.probe("split_utf8")
def continuations_alone(implementation: Any, generator: Generator) -> Any:
    """Bytes that only go on with a character, then one that begins."""
    size = int(torch.randint(2, 5, (), generator=generator))
    return [repr(piece) for piece in implementation(b"\xbf" * size + b"A\xc3")]


@HIDDEN.probe("pair_counts")
def many_words(implementation: Any, generator: Generator) -> Any:
    """Thirty words of ids up to 300, and no words at all."""
    words = {
        tuple(torch.randint(296, 300, (size % 7 + 1,), generator=generator).tolist()): size + 1
        for size in range(30)
    }
    return [implementation(words), implementation({})]


@HIDDEN.probe("merge_pair")
def long_row(implementation: Any, generator: Generator) -> Any:
    """Forty ids of two kinds, with each of the four pairs."""
    ids = torch.randint(0, 2, (40,), generator=generator).tolist()
    pairs = ((0, 0), (0, 1), (1, 0), (1, 1))
    return [list(implementation(list(ids), pair, 9)) for pair in pairs]


@HIDDEN.probe("train_bpe")
def no_words_and_no_merges(implementation: Any, generator: Generator) -> Any:
    """No merges asked for, and no words to learn from."""
    word = drawn(generator, 6, "ab").encode()
    return [implementation({word: 2}, 0), implementation({}, 5)]


@HIDDEN.probe("train_bpe")
def beyond_ascii(implementation: Any, generator: Generator) -> Any:
    """Words of characters of two and three bytes, and twelve merges."""
    words = {drawn(generator, size, "éß€語").encode(): size for size in range(3, 9)}
    return implementation(words, 12)


@HIDDEN.probe("encode_word")
def trained_merges(implementation: Any, generator: Generator) -> Any:
    """Words encoded with the merges that other words taught."""
    from llmlab.tokenization import train_bpe

    words = {drawn(generator, 6, "abcd").encode(): count for count in range(1, 9)}
    merges = train_bpe(words, 20)
    tried = [*words, *(drawn(generator, 12, "abcd").encode() for _ in range(4)), b"aaaaaaa"]
    return [list(implementation(word, merges)) for word in tried]


@HIDDEN.probe("encode_word")
def no_merges(implementation: Any, generator: Generator) -> Any:
    """A word, and no merges."""
    return list(implementation(drawn(generator, 5, "aé€").encode(), {}))


@HIDDEN.probe("decode_ids")
def single_bytes(implementation: Any, generator: Generator) -> Any:
    """Ids of single bytes that spell a text of several scripts, and bytes that spell none."""
    spelled = {byte: bytes([byte]) for byte in range(256)}
    text = drawn(generator, 9, "aé語🦉 ")
    return [
        implementation(list(text.encode()), spelled),
        implementation([0xFF, 0x41, 0xE2, 0x82], spelled),
    ]


@HIDDEN.probe("merge_scores")
def single_pieces(implementation: Any, generator: Generator) -> Any:
    """Words of one piece beside longer ones, and no words."""
    letters = [f"##{letter}" for letter in drawn(generator, 6, "ab")]
    words = {("a",): 5, ("b", "##a"): 2, ("a", *letters): 3}
    return [implementation(words), implementation({})]


@HIDDEN.probe("longest_match")
def lists_and_edges(implementation: Any, generator: Generator) -> Any:
    """A vocabulary as a list, an empty word, and a word whose longest start leads nowhere."""
    vocabulary = ["a", "ab", "abc", "##c", "##d", "##cd", "é", "##é"]
    word = drawn(generator, 1, "aé") + drawn(generator, 4, "cdé")
    words = ("", "abcd", "abce", "éé", word)
    return [list(implementation(one, vocabulary)) for one in words]


@HIDDEN.probe("viterbi")
def drawn_scores(implementation: Any, generator: Generator) -> Any:
    """Twenty letters and all pieces of up to three of them, with scores that are drawn."""
    pieces = [left + middle + right for left in "ab" for middle in "ab" for right in ("", "a", "b")]
    pieces += ["a", "b", "abba"]
    values = torch.rand(len(pieces), generator=generator, dtype=torch.float64)
    scores = {piece: -1 - 9 * float(value) for piece, value in zip(pieces, values, strict=True)}
    found = list(implementation(drawn(generator, 20, "ab"), scores))
    # The same pieces in another order are as good a cut, so it is the score that counts.
    return {"word": "".join(found), "score": sum(scores.get(piece, -1e3) for piece in found)}
