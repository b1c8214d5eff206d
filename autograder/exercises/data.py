"""Lab 04: the exercises on cleaning a corpus, with what people get wrong about them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Lab, whole
from llmlab import data

LAB = Lab(4, "data", "Data")

WORDS = ("owl", "tree", "river", "window", "garden", "mountain", "lantern", "winter", "bridge")


def drawn(generator: Generator, count: int, words: Sequence[str] = WORDS) -> list[str]:
    """Draw words."""
    places = torch.randint(0, len(words), (count,), generator=generator)
    return [words[int(place)] for place in places]


# ----------------------------------------------------------------------------------------------
normal = LAB.exercise(
    "normalize_text",
    points=2,
    reference=data.normalize_text,
    hints=(
        "Take the rules one by one. Each is one line, with `unicodedata`, `str.replace` or `re.sub`.",
        r"In a pattern, `\s` is every kind of space, the line end among them. Which class has all of "
        "them but the line end?",
        "Compose with the form NFC; delete the three invisible characters; replace each run of spaces "
        "that are no line ends by one blank; delete the blanks around line ends; replace three and "
        "more line ends by two; strip.",
    ),
)


@normal.probe
def one_letter_in_two_ways(implementation: Any, generator: Generator) -> Any:
    """Accents that stand apart, and characters that only look special."""
    word = drawn(generator, 1)[0]
    return [
        implementation(f"{word} cafe\u0301 {word} nin\u0303o"),
        implementation(f"½ {word}, ﬁne ① Ångström {word}"),
    ]


@normal.probe
def kinds_of_spaces(implementation: Any, generator: Generator) -> Any:
    """Runs of blanks, tabs and no-break spaces, and characters that nobody sees."""
    first, second, third = drawn(generator, 3)
    return [
        implementation(f"  {first}   {second}\t{third}\u00a0\u00a0end "),
        implementation(f"so\u00adft {first}\u200b{second} \ufeff{third}"),
    ]


@normal.probe
def lines_and_paragraphs(implementation: Any, generator: Generator) -> Any:
    """Lines with blanks at their ends, and one, two and five line ends in a row."""
    first, second, third, fourth = drawn(generator, 4)
    return implementation(f"\n{first}  \n  {second}\n\n{third}\n \n\n \n\n{fourth}\n\n")


_INVISIBLE = str.maketrans("", "", "\u00ad\u200b\ufeff")


def _normalized(
    text: str,
    form: Callable[[str], str] = lambda text: unicodedata.normalize("NFC", text),
    invisible: str = "",
    spaces: str = r"[^\S\n]+",
    most: int = 2,
) -> str:
    """Normalize with one thing changed."""
    text = re.sub("[\u00ad\u200b\ufeff]", invisible, form(text))
    text = re.sub(r" *\n *", "\n", re.sub(spaces, " ", text))
    return re.sub(rf"\n{{{most + 1},}}", "\n" * most, text).strip()


@normal.misconception(
    "Your code uses the form NFKC, which also rewrites what only looks special: ½ becomes 1⁄2, and "
    "a small raised 2 becomes a plain one, so x² reads x2. The text no longer says what it said. "
    "Reread 'One text, written in many ways'."
)
def compatibility(text: str) -> str:
    return _normalized(text, lambda text: unicodedata.normalize("NFKC", text))


@normal.misconception(
    "Letters and accents are not put together: an é that came as two code points stays two, and the "
    "model would learn two spellings of one word. Reread 'One text, written in many ways'."
)
def not_composed(text: str) -> str:
    return _normalized(text, str)


@normal.misconception(
    "Your code takes letters and accents apart (NFD) instead of putting them together. Nearly all "
    "text on the web is composed, and that is the form to agree on. Reread 'One text, written in "
    "many ways'."
)
def taken_apart(text: str) -> str:
    return _normalized(text, lambda text: unicodedata.normalize("NFD", text))


@normal.misconception(
    "Your code drops every character that is not ASCII. Names, other languages and the euro sign go "
    "with it. Reread 'One text, written in many ways'."
)
def ascii_only(text: str) -> str:
    return _normalized(text, lambda text: text.encode("ascii", "ignore").decode())


@normal.misconception(
    "Line ends are treated as any other space, so all paragraphs become one long line. Where a line "
    "ends is something that the author said. Reread 'One text, written in many ways'."
)
def one_line(text: str) -> str:
    return " ".join(_normalized(text).split())


@normal.misconception(
    "Invisible characters are replaced by a blank, which cuts a word in two: a soft hyphen stands in "
    "the middle of a word. Reread 'One text, written in many ways'."
)
def invisible_to_blank(text: str) -> str:
    return _normalized(text, invisible=" ")


@normal.misconception(
    "Only the ordinary blank is taken for a space. Tabs and no-break spaces look like it, and stay. "
    "Reread 'One text, written in many ways'."
)
def only_blanks(text: str) -> str:
    return _normalized(text, spaces=" +")


@normal.misconception(
    "Empty lines are taken out altogether, so a reader can no longer see where a paragraph ends. One "
    "empty line may stay. Reread 'One text, written in many ways'."
)
def no_empty_lines(text: str) -> str:
    return _normalized(text, most=1)


# ----------------------------------------------------------------------------------------------
gopher = LAB.exercise(
    "gopher_quality",
    points=3,
    reference=data.gopher_quality,
    hints=(
        "Each rule needs one number. Write the seven numbers first, each under a name of its own.",
        "A dictionary of names and truth values keeps the order; the answer is the list of those names "
        "whose value is true.",
        "Words: `text.split()`. Lines: those of `text.splitlines()` that hold more than spaces, "
        "stripped. A share is a count over the number of words or of lines; stop words are counted "
        "as a set of small letters.",
    ),
)

_RULES = ("length", "word length", "symbols", "bullets", "ellipses", "letters", "stop words")


def _prose(generator: Generator, count: int) -> list[str]:
    """Draw words that break no rule but that of the length."""
    return ["the", "and", *drawn(generator, count - 2)]


@gopher.probe
def lengths(implementation: Any, generator: Generator) -> Any:
    """Texts of 49 and 50 words, and texts of very short and very long words."""
    short = ["of", "owl"] * 40 + ["the"]
    long = ["mountains", "everywhere"] * 30
    return [
        implementation(" ".join(_prose(generator, 49))),
        implementation(" ".join(_prose(generator, 50))),
        implementation(" ".join(short)),
        implementation(" ".join([*long, "with", "that"])),
    ]


@gopher.probe
def signs_and_letters(implementation: Any, generator: Generator) -> Any:
    """Texts with number signs, ellipses, words with an apostrophe, and numbers."""
    words = _prose(generator, 60)
    return [
        implementation(" ".join([*words, *["#"] * 5])),
        implementation(" ".join([*words, *["#"] * 3, *["owl..."] * 3, *["tree…"] * 3])),
        implementation(" ".join([*words, *["owl..."] * 4])),
        implementation(" ".join([*words, *["doesn't", "3rd"] * 12])),
        implementation(" ".join([*words, *["1984", "--"] * 12])),
    ]


@gopher.probe
def lines_and_stop_words(implementation: Any, generator: Generator) -> Any:
    """Lists with and without empty lines, lines that trail off, and stop words in capitals."""
    lines = [" ".join(_prose(generator, 8)) for _ in range(10)]
    listed = [f"- {line}" for line in lines]
    trailing = [f"{line}…" for line in lines[:4]]
    return [
        implementation("\n".join([*listed[:9], lines[9]])),
        implementation("\n\n\n".join(listed)),
        implementation("\n".join([*trailing, *lines[4:]])),
        implementation(" ".join(["the", *drawn(generator, 60), "the"])),
        implementation(" ".join(["The", *drawn(generator, 60), "AND"])),
    ]


def _but(text: str, name: str, broken: bool) -> list[str]:
    """Judge by the rules, and by one of them in another way."""
    names = {*data.gopher_quality(text)} - {name} | ({name} if broken else set())
    return [rule for rule in _RULES if rule in names]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@gopher.misconception(
    "The length is counted in characters. The rule asks for words: 50 characters are a heading, and "
    "100,000 a long article. Reread 'Rules of thumb'."
)
def characters_for_words(text: str) -> list[str]:
    return _but(text, "length", not 50 <= len(text) <= 100_000)


@gopher.misconception(
    "A text of 50 words is dropped. The bounds belong to what is kept. Reread 'Rules of thumb'."
)
def bounds_left_out(text: str) -> list[str]:
    return _but(text, "length", not 50 < len(text.split()) < 100_000)


@gopher.misconception(
    "The mean word length counts the spaces between the words as well, and so is too large by about "
    "one. Reread 'Rules of thumb'."
)
def spaces_counted(text: str) -> list[str]:
    return _but(text, "word length", not 3 <= len(text) / len(text.split()) <= 10)


@gopher.misconception(
    "Of the symbols only the number sign is counted. Pages that trail off again and again, with an "
    "ellipsis, are what the rule is for as well. Reread 'Rules of thumb'."
)
def only_number_signs(text: str) -> list[str]:
    return _but(text, "symbols", text.count("#") / len(text.split()) > 0.1)


@gopher.misconception(
    "Every full stop of `...` is counted as a symbol of its own. The three together are one ellipsis, "
    "and a single full stop is none. Reread 'Rules of thumb'."
)
def every_dot(text: str) -> list[str]:
    symbols = sum(text.count(sign) for sign in "#.…")
    return _but(text, "symbols", symbols / len(text.split()) > 0.1)


@gopher.misconception(
    "Empty lines count as lines, so a list with empty lines between its points passes for prose. "
    "Shares are taken of the lines that hold something. Reread 'Rules of thumb'."
)
def empty_lines_counted(text: str) -> list[str]:
    marks = ("-", "*", "•", "‣", "·", "●")
    bulleted = sum(line.startswith(marks) for line in _lines(text))
    return _but(text, "bullets", bulleted / len(text.splitlines()) > 0.9)


@gopher.misconception(
    "A word counts only when all of it is letters, so *doesn't*, *3rd* and every word before a comma "
    "are held against a text. The rule asks for one letter at least. Reread 'Rules of thumb'."
)
def letters_throughout(text: str) -> list[str]:
    words = text.split()
    return _but(text, "letters", sum(map(str.isalpha, words)) / len(words) < 0.8)


@gopher.misconception(
    "Stop words are counted as often as they come, so *the* twice is enough. The rule asks for two "
    "different ones: spam often has one of them. Reread 'Rules of thumb'."
)
def repeated_stop_words(text: str) -> list[str]:
    stops = ("the", "be", "to", "of", "and", "that", "have", "with")
    return _but(text, "stop words", sum(word.lower() in stops for word in text.split()) < 2)


@gopher.misconception(
    "Stop words are found in small letters only. *The* at the beginning of a sentence is one too. "
    "Reread 'Rules of thumb'."
)
def small_stop_words(text: str) -> list[str]:
    stops = {"the", "be", "to", "of", "and", "that", "have", "with"}
    return _but(text, "stop words", len(stops & {*text.split()}) < 2)


# ----------------------------------------------------------------------------------------------
emails = LAB.exercise(
    "scrub_emails",
    points=2,
    reference=data.scrub_emails,
    hints=(
        "Write the pattern in three parts: before the @, the names between dots, and the last name.",
        "The last name consists of letters alone, so the full stop of the sentence cannot be part of "
        "it. What comes before it is one or more names, each with a dot behind it.",
        "Before the @: one or more letters, digits and . _ + - characters. After it: one or more "
        "groups of letters, digits and hyphens with a dot, then at least two letters. Put the word "
        "into the place of each match with `re.sub`.",
    ),
)

_NAMES = ("ada", "ben.okri", "chidi_99", "dara+news", "emre-k")
_HOSTS = ("example.org", "mail.example.com", "cs.uni-x.edu", "shop.co.uk")


def _address(generator: Generator) -> str:
    return f"{drawn(generator, 1, _NAMES)[0]}@{drawn(generator, 1, _HOSTS)[0]}"


@emails.probe
def in_a_sentence(implementation: Any, generator: Generator) -> Any:
    """Addresses of every form in a sentence, before a comma, a full stop and a bracket."""
    first, second, third = (drawn(generator, 1)[0] for _ in range(3))
    return [
        implementation(
            f"Write to {name}@{host}, {first} or (if it has to be) {_address(generator)}."
        )
        for name, host in zip(_NAMES, (*_HOSTS, "a-b.io"), strict=True)
    ] + [implementation(f"{second} <{_address(generator)}> {third}")]


@emails.probe
def no_addresses(implementation: Any, generator: Generator) -> Any:
    """Signs that make no address: @home, 5 @ 3 coins, user@localhost."""
    word = drawn(generator, 1)[0]
    return implementation(f"Meet me @home, 5 @ 3 coins, @{word}, user@localhost, and no more.")


@emails.probe
def capitals(implementation: Any, generator: Generator) -> Any:
    """Addresses in capital letters."""
    return implementation(f"{_address(generator).upper()} and {_address(generator).title()}!")


_RIGHT = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


@emails.misconception(
    "Everything up to the next space is taken for the address, so the comma, the full stop and the "
    "bracket behind it vanish too. Reread 'What leads to a person'."
)
def up_to_the_space(text: str) -> str:
    return re.sub(r"[^\s<(]+@[^\s@]+\.[^\s@]+", data.personal.EMAIL, text)


@emails.misconception(
    "Before the @ only letters, digits and _ are allowed for. Of ben.okri@example.org the *ben.* "
    "stays, and that is half of a name. Reread 'What leads to a person'."
)
def plain_names(text: str) -> str:
    return re.sub(r"\w+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}", data.personal.EMAIL, text)


@emails.misconception(
    "Behind the @ one dot is allowed for, so of mail.example.com the *.com* stays. There can be any "
    "number of names. Reread 'What leads to a person'."
)
def one_dot(text: str) -> str:
    return re.sub(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}", data.personal.EMAIL, text)


@emails.misconception(
    "The first address is replaced, and all others stay. Reread 'What leads to a person'."
)
def only_the_first(text: str) -> str:
    return _RIGHT.sub(data.personal.EMAIL, text, count=1)


@emails.misconception(
    "Addresses are taken out, and nothing stands in their place. Then *Write to or call* is what the "
    "model learns to say. Reread 'What leads to a person'."
)
def nothing_in_place(text: str) -> str:
    return _RIGHT.sub("", text)


@emails.misconception("Addresses are found in small letters only. Reread 'What leads to a person'.")
def small_letters(text: str) -> str:
    return re.sub(r"[a-z0-9._%+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}", data.personal.EMAIL, text)


@emails.misconception(
    "What has no dot behind the @ is replaced as well: @home and user@localhost lead to nobody. "
    "Reread 'What leads to a person'."
)
def every_at(text: str) -> str:
    return re.sub(r"[A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", data.personal.EMAIL, text)


# ----------------------------------------------------------------------------------------------
unique = LAB.exercise(
    "unique_documents",
    points=2,
    reference=data.unique_documents,
    hints=(
        "What has to be remembered of the texts that have been seen? Not the texts themselves.",
        "Give each text a key that is the same for the same words, and keep the keys in a set.",
        "For each index and text: make the key of `content_words(text)`; if it is not in the set, put "
        "it in and keep the index.",
    ),
)


def _as_list(found: Iterable[int]) -> list[int]:
    return [int(index) for index in found]


@unique.probe
def copies_apart(implementation: Any, generator: Generator) -> Any:
    """Six texts, of which some come again later, word for word."""
    one, two, three = (" ".join(drawn(generator, 6)) + f" {n}" for n in range(3))
    return _as_list(implementation([one, two, one, three, two, one]))


@unique.probe
def other_case_and_spaces(implementation: Any, generator: Generator) -> Any:
    """The same words with other capitals, spaces and punctuation, and the same words in another order."""
    words = [*drawn(generator, 4), "first", "second"]
    text = " ".join(words)
    return _as_list(
        implementation(
            [f"{text}.", " ".join(words[::-1]), text.upper(), f"  {', '.join(words)}\n", "end"]
        )
    )


def _first_of(keys: Iterable[Any]) -> list[int]:
    return sorted({key: index for index, key in reversed([*enumerate(keys)])}.values())


@unique.misconception(
    "Texts are compared as they stand, so a capital or a second blank makes a copy look new. What "
    "counts are the words. Reread 'The same text again'."
)
def as_they_stand(texts: Iterable[str]) -> list[int]:
    return _first_of(texts)


@unique.misconception(
    "Of equal texts the last one stays. The first one is as good, and it can be kept before the "
    "others are seen, which a stream needs. Reread 'The same text again'."
)
def last_stays(texts: Iterable[str]) -> list[int]:
    return sorted({data.content_hash(text): n for n, text in enumerate(texts)}.values())


@unique.misconception(
    "A text that comes more than once goes altogether. One copy of it is to stay: it is no worse for "
    "having been copied. Reread 'The same text again'."
)
def none_stays(texts: Iterable[str]) -> list[int]:
    keys = [data.content_hash(text) for text in texts]
    return [index for index, key in enumerate(keys) if keys.count(key) == 1]


@unique.misconception(
    "Each text is compared with the one before it alone. Copies stand anywhere in a corpus. Reread "
    "'The same text again'."
)
def neighbors_only(texts: Iterable[str]) -> list[int]:
    keys = [data.content_hash(text) for text in texts]
    return [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]


@unique.misconception(
    "The key forgets the order of the words, so *dog bites man* is a copy of *man bites dog*. Reread "
    "'The same text again'."
)
def order_forgotten(texts: Iterable[str]) -> list[int]:
    return _first_of(tuple(sorted(data.content_words(text))) for text in texts)


# ----------------------------------------------------------------------------------------------
similar = LAB.exercise(
    "resemblance",
    points=2,
    reference=data.resemblance,
    hints=(
        "Two sets, then one fraction. Which two operations of sets does the formula name?",
        "How many runs of 5 words are there in 7 words? Try it on paper, then write the range.",
        "Collect `tuple(words[i : i + size])` for i from 0 to the number of words minus size, both "
        "included, but at least for i = 0; divide the size of the sets' `&` by that of their `|`.",
    ),
)


@similar.probe
def some_words_changed(implementation: Any, generator: Generator) -> Any:
    """Two texts of twelve words that differ in one word, with runs of 1, 2, 3 and 5 words."""
    words = [f"{word}{n}" for n, word in enumerate(drawn(generator, 12))]
    changed = [*words[:4], "other", *words[5:]]
    first, second = " ".join(words), " ".join(changed)
    return [implementation(first, second, size) for size in (1, 2, 3, 5)]


@similar.probe
def repeated_words(implementation: Any, generator: Generator) -> Any:
    """A text that says a few words again and again, and one that says them once and more besides."""
    words = [f"{word}{n}" for n, word in enumerate(drawn(generator, 4))]
    often, once = " ".join(words * 3), " ".join([*words, "and", "then", "no", "more", "of", "it"])
    return [implementation(often, once, 2), implementation(once, often, 3)]


@similar.probe
def short_texts(implementation: Any, generator: Generator) -> Any:
    """Texts with other capitals, and texts shorter than the run."""
    words = [f"{word}{n}" for n, word in enumerate(drawn(generator, 3))]
    text = " ".join(words)
    return [
        implementation(text, f"{text.title()}!", 3),
        implementation(text, text, 5),
        implementation(text, f"{text} more", 5),
    ]


def _runs(words: Sequence[str], size: int, step: int = 1, less: int = 0) -> list[tuple[str, ...]]:
    count = max(1, len(words) - size + 1 - less)
    return [tuple(words[i : i + size]) for i in range(0, count, step)]


Overlap = Callable[[list[Any], list[Any]], float]


def _share(one: list[Any], two: list[Any]) -> float:
    return len({*one} & {*two}) / len({*one} | {*two})


def _resembling(
    first: str,
    second: str,
    runs: Callable[[str], list[Any]],
    overlap: Overlap = _share,
) -> float:
    return overlap(runs(first), runs(second))


@similar.misconception(
    "The runs are runs of characters. Nearly all English texts share runs of five letters; runs of "
    "five words are what copies share. Reread 'Nearly the same text'."
)
def runs_of_characters(first: str, second: str, size: int = 5) -> float:
    return _resembling(first, second, lambda text: _runs(text, size))


@similar.misconception(
    "Each run begins where the one before it ended. A word put in at the beginning then shifts all "
    "runs, and nothing agrees any more. Runs overlap: one begins at each word. Reread 'Nearly the same "
    "text'."
)
def side_by_side(first: str, second: str, size: int = 5) -> float:
    return _resembling(first, second, lambda text: _runs(data.content_words(text), size, size))


@similar.misconception(
    "The last run is missing: seven words hold three runs of five, and the last begins at the third "
    "word. Reread 'Nearly the same text'."
)
def last_run_missing(first: str, second: str, size: int = 5) -> float:
    return _resembling(first, second, lambda text: _runs(data.content_words(text), size, less=1))


@similar.misconception(
    "What both have is divided by the size of the smaller set. Then a short text that is quoted in a "
    "long one looks like all of it. Reread 'Nearly the same text'."
)
def contained(first: str, second: str, size: int = 5) -> float:
    def overlap(one: list[Any], two: list[Any]) -> float:
        return len({*one} & {*two}) / min(len({*one}), len({*two}))

    return _resembling(first, second, lambda text: _runs(data.content_words(text), size), overlap)


@similar.misconception(
    "What both have is divided by the two sizes added up, so that a text resembles itself by a half. "
    "What stands in both sets belongs to their union once. Reread 'Nearly the same text'."
)
def counted_twice(first: str, second: str, size: int = 5) -> float:
    def overlap(one: list[Any], two: list[Any]) -> float:
        return len({*one} & {*two}) / (len({*one}) + len({*two}))

    return _resembling(first, second, lambda text: _runs(data.content_words(text), size), overlap)


@similar.misconception(
    "Runs are counted as often as they come. The measure is about sets: a run is there, or it is not. "
    "Reread 'Nearly the same text'."
)
def counted_often(first: str, second: str, size: int = 5) -> float:
    def overlap(one: list[Any], two: list[Any]) -> float:
        left, right = Counter(one), Counter(two)
        return (left & right).total() / (left | right).total()

    return _resembling(first, second, lambda text: _runs(data.content_words(text), size), overlap)


@similar.misconception(
    "Words are compared with their capitals and punctuation, so the same sentence with a full stop is "
    "another. Reread 'Nearly the same text'."
)
def words_as_they_stand(first: str, second: str, size: int = 5) -> float:
    return _resembling(first, second, lambda text: _runs(text.split(), size))


# ----------------------------------------------------------------------------------------------
minhash = LAB.exercise(
    "minhash_signature",
    points=3,
    reference=data.minhash_signature,
    hints=(
        "Think of a table with one row a function and one column a shingle. What is its shape, and "
        "what becomes of a row?",
        "`multipliers[:, None]` is a column; a column times a row is the whole table.",
        "Multiply the column of multipliers by the numbers, add the column of offsets, take the "
        "remainder by PRIME, and then the minimum over the last dimension.",
    ),
)


def _numbers(generator: Generator, count: int, least: int = 0) -> Tensor:
    return torch.randint(least, data.PRIME, (count,), generator=generator)


@minhash.probe
def five_functions(implementation: Any, generator: Generator) -> Any:
    """Seven shingles and five functions."""
    return implementation(_numbers(generator, 7), _numbers(generator, 5, 1), _numbers(generator, 5))


@minhash.probe
def small_numbers(implementation: Any, generator: Generator) -> Any:
    """Four small numbers and three functions that you can compute by hand."""
    numbers = torch.randint(1, 10, (4,), generator=generator)
    return implementation(numbers, torch.tensor([1, 2, 3]), torch.tensor([10, 0, 5]))


@minhash.probe
def order_and_repeats(implementation: Any, generator: Generator) -> Any:
    """One shingle alone, and as many functions as shingles."""
    numbers = _numbers(generator, 6)
    multipliers, offsets = _numbers(generator, 6, 1), _numbers(generator, 6)
    return [
        implementation(numbers[:1], multipliers, offsets),
        implementation(numbers, multipliers, offsets),
    ]


def _table(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return (multipliers[:, None] * numbers + offsets[:, None]) % data.PRIME


@minhash.misconception(
    "The smallest value is taken over the functions, so that there is one a shingle, and the signature "
    "is as long as the text. It has one number a function. Reread 'A short signature'."
)
def over_the_functions(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return _table(numbers, multipliers, offsets).amin(dim=0)


@minhash.misconception(
    "The largest value is taken. That would work as well if everybody did it; two signatures can only "
    "be compared when both are made in the same way, and the way is the smallest. Reread 'A short "
    "signature'."
)
def largest(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return _table(numbers, multipliers, offsets).amax(dim=1)


@minhash.misconception(
    "The signature holds the place of the shingle with the smallest value, and not the value. Places "
    "depend on the order of the shingles, and another text has another one. Reread 'A short signature'."
)
def places(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return _table(numbers, multipliers, offsets).argmin(dim=1)


@minhash.misconception(
    "The remainder is not taken. Without it a larger number always has a larger value, all functions "
    "choose the same shingle, and the signature says one thing many times. Reread 'A short signature'."
)
def no_remainder(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return (multipliers[:, None] * numbers + offsets[:, None]).amin(dim=1)


@minhash.misconception(
    "The offset is added after the remainder, so values are larger than the prime allows. It belongs "
    "inside. Reread 'A short signature'."
)
def offset_outside(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    values = multipliers[:, None] * numbers % data.PRIME + offsets[:, None]
    return values.amin(dim=1)


@minhash.misconception(
    "The smallest shingle is found first, and the functions are applied to it alone. Then every "
    "place of the signature depends on the same shingle. Each function has to find its own. Reread "
    "'A short signature'."
)
def smallest_first(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return (multipliers * numbers.min() + offsets) % data.PRIME


# ----------------------------------------------------------------------------------------------
bands = LAB.exercise(
    "candidate_pairs",
    points=3,
    reference=data.candidate_pairs,
    hints=(
        "For one band: which documents have the same piece? A dictionary from pieces to documents "
        "answers that without comparing each with each.",
        "`signatures.chunk(bands, dim=1)` gives the bands. `tuple(row.tolist())` is a key.",
        "For each band start an empty dictionary, put each document's number into the list of its "
        "piece, and add all `combinations(list, 2)` to the set.",
    ),
)


def _pairs(found: Iterable[tuple[int, int]]) -> list[list[int]]:
    return sorted([int(first), int(second)] for first, second in found)


@bands.probe
def three_bands_of_two(implementation: Any, generator: Generator) -> Any:
    """Six documents with signatures of six numbers, cut into three bands."""
    one, two = whole(generator, 10, 19), whole(generator, 20, 29)
    signatures = torch.tensor(
        [
            [one, two, 3, 4, 5, 6],
            [one, two, 7, 7, 8, 8],
            [one, 9, 3, 9, 5, 9],
            [0, 0, 7, 7, 1, 1],
            [5, 6, 2, 2, one, two],
            [one, two, 8, 3, 6, 5],
        ]
    )
    order = torch.randperm(6, generator=generator)
    return _pairs(implementation(signatures[order], 3))


@bands.probe
def drawn_signatures(implementation: Any, generator: Generator) -> Any:
    """Twelve documents with signatures of eight small numbers, cut into two and four bands."""
    signatures = torch.randint(0, 3, (12, 8), generator=generator)
    signatures[7], signatures[9] = signatures[2], signatures[2]
    return [_pairs(implementation(signatures, count)) for count in (2, 4)]


def _meeting(
    signatures: Tensor,
    pieces: Callable[[list[int]], list[tuple[Any, ...]]],
    agree: Callable[[int, int], bool] = lambda shared, count: shared > 0,
) -> set[tuple[int, int]]:
    cut = [pieces(row) for row in signatures.tolist()]
    return {
        (i, j)
        for i, j in combinations(range(len(cut)), 2)
        if agree(sum(a == b for a, b in zip(cut[i], cut[j], strict=True)), len(cut[i]))
    }


def _cut(row: list[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(row[i : i + size]) for i in range(0, len(row), size)]


@bands.misconception(
    "One place in which two signatures agree is enough. A band has several rows, and all of them have "
    "to agree, or most documents meet by chance. Reread 'Who has to be compared'."
)
def one_place(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    return _meeting(signatures, lambda row: _cut(row, 1))


@bands.misconception(
    "Two documents have to agree in all bands, so only those with the same signature meet. One band "
    "is enough. Reread 'Who has to be compared'."
)
def all_bands(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    size = signatures.shape[1] // bands
    return _meeting(signatures, lambda row: _cut(row, size), lambda shared, count: shared == count)


@bands.misconception(
    "Signatures are cut into pieces of that many rows, and not into that many bands. Reread 'Who has to "
    "be compared'."
)
def bands_for_rows(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    return _meeting(signatures, lambda row: _cut(row, bands))


@bands.misconception(
    "All bands share their buckets, so the first band of one document meets the third of another. "
    "They come from other functions, and that they agree says nothing. Reread 'Who has to be compared'."
)
def shared_buckets(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    size = signatures.shape[1] // bands
    cut = [{*_cut(row, size)} for row in signatures.tolist()]
    return {(i, j) for i, j in combinations(range(len(cut)), 2) if cut[i] & cut[j]}


@bands.misconception(
    "Each document in a bucket is paired with the one before it only. Of three documents in a bucket "
    "there are three pairs. Reread 'Who has to be compared'."
)
def chains(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    size = signatures.shape[1] // bands
    pairs = set()
    for start in range(0, signatures.shape[1], size):
        last: dict[tuple[int, ...], int] = {}
        for document, row in enumerate(signatures[:, start : start + size].tolist()):
            if tuple(row) in last:
                pairs.add((last[tuple(row)], document))
            last[tuple(row)] = document
    return pairs


@bands.misconception(
    "A document is paired with itself, or a pair stands in the set twice, once in each order. Each pair "
    "is wanted once, the smaller number first. Reread 'Who has to be compared'."
)
def both_orders(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    pairs = data.candidate_pairs(signatures, bands)
    return pairs | {(second, first) for first, second in pairs}


# ----------------------------------------------------------------------------------------------
leak = LAB.exercise(
    "contaminated_by",
    points=2,
    reference=data.contaminated_by,
    hints=(
        "You have collected runs of words once before. What is different for a text that is shorter than "
        "a run?",
        "Two texts share a run when the sets of their runs have something in common.",
        "Make the set of runs of the text, with the words that `content_words` gives; then keep the index "
        "of each evaluation text whose set has a common element with it.",
    ),
)


@leak.probe
def a_quoted_question(implementation: Any, generator: Generator) -> Any:
    """A page that quotes parts of two of four questions, in other capitals, with runs of four words."""
    questions = [[f"{word}{n}{k}" for k, word in enumerate(drawn(generator, 8))] for n in range(4)]
    page = ["as", "seen", *questions[1][2:7], "and", *questions[3], "or", *questions[2][:3]]
    text = " ".join(page).upper() + "!"
    return _as_list(implementation(text, [f"{' '.join(words)}?" for words in questions], 4))


@leak.probe
def same_words_in_another_order(implementation: Any, generator: Generator) -> Any:
    """All words of a question in another order, a run of exactly three, and a question of two words."""
    words = [f"{word}{n}" for n, word in enumerate(drawn(generator, 6))]
    questions = [" ".join(words), "x y", "first second third", "p q r s"]
    page = f"{' '.join(words[::-1])} x y. One, first second: third! p q and q r s"
    return _as_list(implementation(page, questions, 3))


def _found(
    text: str, evaluation: Iterable[str], shares: Callable[[list[str], list[str]], bool]
) -> list[int]:
    words = data.content_words(text)
    return [i for i, one in enumerate(evaluation) if shares(words, data.content_words(one))]


def _common(one: list[str], two: list[str], size: int) -> bool:
    return bool(data.ngrams(one, size) & data.ngrams(two, size))


@leak.misconception(
    "A question is found only when the page has all of it. Pages quote parts, and a part is enough to "
    "learn an answer by heart. Reread 'Do not train on the test'."
)
def whole_question(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    def shares(words: list[str], question: list[str]) -> bool:
        return len(question) >= size and _common(words, question, len(question))

    return _found(text, evaluation, shares)


@leak.misconception(
    "Single words are compared, whatever their order. Long texts on one subject share many words without "
    "having been copied: what counts is the run. Reread 'Do not train on the test'."
)
def enough_words(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return _found(text, evaluation, lambda words, one: len({*words} & {*one}) >= size)


@leak.misconception(
    "Words are compared with their capitals and punctuation. A question quoted in capitals, or before a "
    "full stop, slips through. Reread 'Do not train on the test'."
)
def as_written(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    runs = data.ngrams(text.split(), size)
    return [i for i, one in enumerate(evaluation) if runs & data.ngrams(one.split(), size)]


@leak.misconception(
    "A run of exactly that many words is not found: the last run is missing, or one word more is asked "
    "for. Reread 'Do not train on the test'."
)
def one_word_more(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return _found(text, evaluation, lambda words, one: _common(words, one, size + 1))


@leak.misconception(
    "A run of one word less is enough. The shorter the run, the more good pages go for sharing a common "
    "phrase. Reread 'Do not train on the test'."
)
def one_word_less(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return _found(text, evaluation, lambda words, one: _common(words, one, size - 1))


@leak.misconception(
    "A question with fewer words than a run is compared as a whole, and found wherever it stands. *What "
    "is it?* stands everywhere, so short questions are left out. Reread 'Do not train on the test'."
)
def short_questions(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return _found(text, evaluation, lambda words, one: _common(words, one, min(size, len(one))))


@leak.misconception(
    "The search ends at the first question that is found. A page may quote several. Reread 'Do not train "
    "on the test'."
)
def first_only(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return data.contaminated_by(text, evaluation, size)[:1]
