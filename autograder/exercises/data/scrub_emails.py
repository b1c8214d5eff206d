"""`data.scrub_emails`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.data import LAB
from autograder.exercises.data._shared import WORDS, drawn
from llmlab import data

exercise = LAB.exercise(
    "scrub_emails",
    reference=data.scrub_emails,
    matters="GPT-2 (2019) recited the name, address and telephone number of a person that stood on very few pages of "
    "its training text (Carlini et al., 2021). Read llmlab/data/personal.py.",
    hints=(
        "Write the pattern in three parts: before the @, the names between dots, and the last name.",
        "The last name consists of letters alone, so the full stop of the sentence cannot be part of "
        "it. What comes before it is one or more names, each with a dot behind it.",
        "Before the @: one or more letters, digits and . _ + - characters. After it: one or more "
        "groups of letters, digits and hyphens with a dot, then at least two letters. Put the word "
        "into the place of each match with `re.sub`.",
    ),
)

NAMES = ("ada", "ben.okri", "chidi_99", "dara+news", "eve-w")
HOSTS = (
    "example.org",
    "mail.example.com",
    "cs.uni-x.edu",
    "shop.co.uk",
    "a4.info",
    "my.own.example.net",
    "old.books.library",
)


def address(generator: Generator) -> str:
    """Draw an address."""
    return f"{drawn(generator, 1, NAMES)[0]}@{drawn(generator, 1, HOSTS)[0]}"


def sentences(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Scrub each form of name and of host, before a comma, a full stop and brackets."""
    one, two = drawn(generator, 2, words)
    names = [implementation(f"Write to {name}@{HOSTS[0]} or {one}.") for name in NAMES]
    hosts = [implementation(f"Ask {NAMES[0]}@{host}, {two}!") for host in HOSTS[1:]]
    return [
        *names,
        *hosts,
        implementation(f"{one} <{address(generator)}>: {two} ({address(generator)})."),
        implementation(f"To:{address(generator)},{address(generator)};{address(generator)}"),
    ]


def signs(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Scrub texts in which an @ makes no address."""
    word = drawn(generator, 1, words)[0]
    return [
        implementation(f"Meet me @home, 5 @ 3 coins, @{word}, and no more."),
        implementation(f"user@localhost, {word}@{word}. And {word}"),
        implementation(f"{word}@x.y and ada@10.0.0.42 and {word}.org and @example.org"),
        implementation(f"{word}@mail..org is none, with nothing between two dots."),
        implementation(f"no  signs,\n\t{word}.{word} at all"),
        implementation(""),
    ]


def edges(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Scrub addresses at the beginning and the end of texts and lines, with spaces that must stay."""
    one, two = drawn(generator, 2, words)
    return [
        implementation(f"{address(generator)}\n{one}  {two},\t{address(generator)}\n{one}"),
        implementation(address(generator)),
        implementation(f"{one} {address(generator)}"),
        implementation("{0}@{2}, {1}@{2} and {0}@{2}".format(*NAMES[:2], HOSTS[0])),
        implementation("{0}@{1}, n{0}@{1} or {0}@{1}.uk".format(NAMES[0], HOSTS[0])),
    ]


def capitals(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Scrub addresses in capitals."""
    word = drawn(generator, 1, words)[0]
    return [
        implementation(f"{address(generator).upper()} {word.upper()}"),
        implementation(f"{word}: Ben.Okri@Mail.Example.Org!"),
        implementation(f"{word}: ben.okri@example.ORG."),
        implementation(f"{word}: BEN@example.org."),
    ]


@exercise.probe
def in_a_sentence(implementation: Any, generator: Generator) -> Any:
    """Addresses of every form in a sentence, before a comma, a full stop and a bracket."""
    return sentences(implementation, generator, WORDS)


@exercise.probe
def no_addresses(implementation: Any, generator: Generator) -> Any:
    """Signs that make no address: @home, 5 @ 3 coins, user@localhost."""
    return signs(implementation, generator, WORDS)


@exercise.probe
def at_the_edges(implementation: Any, generator: Generator) -> Any:
    """Addresses at the beginning and the end of texts, lines and longer addresses, among spaces that must stay."""
    return edges(implementation, generator, WORDS)


@exercise.probe
def in_capitals(implementation: Any, generator: Generator) -> Any:
    """Addresses in capital letters."""
    return capitals(implementation, generator, WORDS)


_AGAIN = "Reread 'What leads to a person'."
_PIECES = (
    "Your code takes the text apart at its spaces and joins it with blanks, so line ends, tabs and double blanks are "
    f"lost. Outside the addresses the text is to stay as it was. {_AGAIN}"
)
_TOO_MUCH = (
    "Too much is taken for the address: all signs up to the next space, so the comma, the full stop or the bracket "
    f"beside it vanish too. {_AGAIN}"
)

# Patterns before the @, behind it, and at the end of an address, by the name of the fault.
BEFORE = {
    "plain_names": r"\w+",
    "no_dots_before": r"[\w+-]+",
    "no_underscore": r"[A-Za-z0-9.+-]+",
    "no_plus": r"[\w.-]+",
    "no_hyphen_before": r"[\w.+]+",
    "no_digits_before": r"[A-Za-z_.+-]+",
    "one_character": r"[\w.+-]",
    "nothing_before": r"[\w.+-]*",
    "sign_range": r"[A-Za-z0-9.+-_]+",
    "no_w": r"[w.+-]+",
    "everything_before": r"\S+",
}
BEHIND = {
    "one_dot": r"[A-Za-z0-9-]+\.",
    "one_or_two_dots": r"[A-Za-z0-9-]+\.(?:[A-Za-z0-9-]+\.)?",
    "no_hyphen_behind": r"(?:[A-Za-z0-9]+\.)+",
    "no_digits_behind": r"(?:[A-Za-z-]+\.)+",
    "any_character_for_the_dot": r"(?:[A-Za-z0-9-]+.)+",
    "no_dot_needed": r"(?:[A-Za-z0-9-]+\.)*",
}
END = {
    "two_letters": "[A-Za-z]{2}",
    "three_letters": "[A-Za-z]{3}",
    "two_or_three": "[A-Za-z]{2,3}",
    "two_to_four": "[A-Za-z]{2,4}",
    "two_to_six": "[A-Za-z]{2,6}",
    "three_at_least": "[A-Za-z]{3,}",
    "one_letter": "[A-Za-z]+",
    "known_ends": "(?:com|org|net|edu)",
    "digits_at_the_end": "[A-Za-z0-9]{2,}",
    "word_at_the_end": r"\w+",
    "full_stop_too": r"[A-Za-z]{2,}\.?",
    "signs_at_the_end": r"[A-Za-z0-9.-]{2,}",
    "capital_end": "[A-Z]{2,}",
    "small_end": "[a-z]{2,}",
}
_LONGER = f"Your code allows for few letters at the end, so of `library` some stay. There may be more. {_AGAIN}"
_LEAVES = "so a part of such an address stays, or all of it"
_NAMED = "Before the @ your code does not allow for"


def _used(on: Switches, text: str, pattern: str, word: str) -> Any:
    """Use a pattern on a text, with the faults of those who use it otherwise."""
    if on("unchanged"):
        return text
    if on("found"):
        return re.findall(pattern, text)
    if on("with_count"):
        return re.subn(pattern, word, text)
    if on("first_everywhere"):
        found = re.search(pattern, text)
        return text.replace(found[0], word) if found else text
    if on("in_pieces"):
        return " ".join(re.sub(pattern, word, one) for one in text.split())
    if on("words_with_at"):
        return " ".join(word if re.search(r"@.*\.", one) else one for one in text.split(" "))
    if on("in_pieces_with_signs"):
        return " ".join(word if re.search(pattern, one) else one for one in text.split())
    if on("text_in_small_letters"):
        return re.sub(pattern, word, text.lower())
    if on("stripped"):
        return re.sub(pattern, word, text.strip()).replace("\n", " ")
    return re.sub(pattern, word, text, count=1 if on("only_the_first") else 0)


@exercise.faults(
    plain_names="Before the @ only letters, digits and _ are allowed for. Of ben.okri@example.org the *ben.* "
    f"stays, and that is half of a name. {_AGAIN}",
    no_dots_before=f"{_NAMED} dots, {_LEAVES}. {_AGAIN}",
    no_underscore=f"{_NAMED} the underscore, {_LEAVES}. {_AGAIN}",
    no_plus=f"{_NAMED} the plus sign, {_LEAVES}. {_AGAIN}",
    no_hyphen_before=f"{_NAMED} the hyphen, {_LEAVES}. {_AGAIN}",
    no_digits_before=f"{_NAMED} digits, {_LEAVES}. {_AGAIN}",
    one_character="Only one character before the @ is taken, and the rest of the name stays. There are one or *more*. "
    f"{_AGAIN}",
    nothing_before="Your code also replaces what has no name before the @, such as @example.org. An address leads to "
    f"somebody: one character before the @ at least. {_AGAIN}",
    sign_range="Your code takes signs such as `<`, `:` and the comma for a part of the name before the @. Within "
    f"brackets a hyphen between two signs stands for all signs from one to the other. {_AGAIN}",
    no_w="Before the @ your code finds hardly any names: does a `w` in the pattern stand for the letter w? A class of "
    f"characters is written with a backslash. {_AGAIN}",
    everything_before="Before the @ everything up to the space is taken, so an opening bracket, or the text before a "
    f"comma, vanishes too. {_AGAIN}",
    one_dot="Behind the @ one dot is allowed for, so of mail.example.com the *.com* stays. There can be any "
    f"number of names. {_AGAIN}",
    one_or_two_dots="Behind the @ no more than two dots are allowed for. There can be any number of names. "
    f"{_AGAIN}",
    no_hyphen_behind=f"Behind the @ your code does not allow for hyphens, {_LEAVES}. {_AGAIN}",
    no_digits_behind=f"Behind the @ your code does not allow for digits, {_LEAVES}. {_AGAIN}",
    any_character_for_the_dot="Behind the @ any character is taken where a dot should stand, so much more than an "
    f"address goes. In a pattern a dot stands for every character, unless a backslash stands before it. {_AGAIN}",
    no_dot_needed="What has no dot behind the @ is replaced as well: user@localhost leads to nobody. "
    f"{_AGAIN}",
    every_at="What has no dot behind the @, or nothing before it, is replaced as well: @home and user@localhost lead "
    f"to nobody. {_AGAIN}",
    two_letters=f"An address ends after two letters in your code, and the rest of a longer end stays. {_AGAIN}",
    three_letters=f"Your code asks for exactly three letters at the end. `uk` has two, and `info` four. {_AGAIN}",
    two_or_three="Your code allows for two or three letters at the end, so of `info` a letter stays. There may be "
    f"more. {_AGAIN}",
    two_to_four=_LONGER,
    two_to_six=_LONGER,
    three_at_least=f"Your code asks for three letters at the end. Two are enough, as in `uk`. {_AGAIN}",
    one_letter=f"One letter at the end is enough in your code, so x.y is taken for a host. Two are needed. {_AGAIN}",
    known_ends="Your code knows some ends, such as `com`. There are more than a thousand; any two or more letters do. "
    f"{_AGAIN}",
    digits_at_the_end="The end of an address may hold digits in your code, or one character may be enough, so a number "
    f"such as 10.0.0.42 can be taken for a host. The end is two or more letters. {_AGAIN}",
    word_at_the_end="The end of an address may hold digits in your code, or one character may be enough, so a number "
    f"such as 10.0.0.42 can be taken for a host. The end is two or more letters. {_AGAIN}",
    full_stop_too="The full stop that ends a sentence goes with the address. It is no part of it: an address ends with "
    f"letters. {_AGAIN}",
    signs_at_the_end="The end of an address may hold dots and digits in your code, so the full stop of the sentence, "
    f"or a number such as 10.0.0.42, goes with it. An address ends with letters. {_AGAIN}",
    up_to_the_space=_TOO_MUCH,
    with_dot_up_to_the_space=_TOO_MUCH,
    with_any_dot_up_to_the_space=_TOO_MUCH,
    row_of_signs="Behind the @ any row of letters, digits, dots and hyphens is taken: the full stop of the sentence "
    f"goes along, and so does user@localhost. {_AGAIN}",
    signs_after_a_dot="Behind the first dot any row of letters, digits, dots and hyphens is taken: the full stop of "
    f"the sentence goes along, and 10.0.0.42 passes for a host. An address ends with two letters or more. {_AGAIN}",
    capital_end=f"The end of an address is found in capitals only. {_AGAIN}",
    small_end=f"The end of an address is found in small letters only. {_AGAIN}",
    small_letters=f"Addresses are found in small letters only. {_AGAIN}",
    only_the_first=f"The first address is replaced, and all others stay. {_AGAIN}",
    first_everywhere="The first address is replaced wherever it stands, and other addresses stay. "
    f"{_AGAIN}",
    from_the_start=f"An address is replaced only at the beginning of the text. It may stand anywhere. {_AGAIN}",
    whole_text=f"An address is replaced only when the text is nothing else. It stands in sentences. {_AGAIN}",
    between_spaces="Your code replaces only addresses with spaces around them: one before a comma or in brackets "
    f"stays. {_AGAIN}",
    nothing_in_place="Addresses are taken out, and nothing stands in their place. Then *Write to or call* is what the "
    f"model learns to say. {_AGAIN}",
    other_word=f"Another word stands in the place of the addresses: `[EMAIL]` is asked for, in brackets and capitals. "
    f"{_AGAIN}",
    small_word=f"Another word stands in the place of the addresses: `[EMAIL]` is asked for, in brackets and capitals. "
    f"{_AGAIN}",
    no_brackets=f"Another word stands in the place of the addresses: `[EMAIL]` is asked for, in brackets and capitals. "
    f"{_AGAIN}",
    blanks_around=f"Blanks that nobody wrote stand around each `[EMAIL]`. {_AGAIN}",
    host_stays=f"The part behind the @ stays in the text. The whole address goes. {_AGAIN}",
    name_stays=f"The name before the @ stays in the text, and it is what leads to a person. {_AGAIN}",
    in_pieces=_PIECES,
    in_pieces_with_signs="Your code replaces whole words that hold an address, with the comma or bracket beside them, "
    f"and joins the words with blanks. {_AGAIN}",
    words_with_at="Your code looks for words that have a dot behind an @, and replaces them whole, with the comma or "
    f"bracket beside them. Only the address goes, and not every such word holds one. {_AGAIN}",
    text_in_small_letters=f"Your text comes back in small letters. Only addresses are to change. {_AGAIN}",
    stripped=f"Spaces or line ends are taken from the text. Only addresses are to change. {_AGAIN}",
    unchanged="Your code returns the text as it was. A string is never changed: `re.sub` gives a new one. "
    f"{_AGAIN}",
    found=f"Your code returns the addresses that it finds. The text with `[EMAIL]` in their place is asked for. "
    f"{_AGAIN}",
    with_count=f"Your code returns the text with a number beside it, as `re.subn` does. Only the text is asked for. "
    f"{_AGAIN}",
)
def scrubbing(on: Switches) -> Any:
    """Put a pattern together from its parts, each with its faults, and use it in many ways."""

    def pattern() -> str:
        if on("up_to_the_space"):
            return r"\S+@\S+"
        if on("with_dot_up_to_the_space"):
            return r"[^\s@]+@[^\s@]+\.[^\s@]+"
        if on("with_any_dot_up_to_the_space"):
            return r"\S+@\S+\.\S+"
        if on("every_at"):
            return r"[\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
        before = next((part for name, part in BEFORE.items() if on(name)), r"[\w.+-]+")
        behind = next((part for name, part in BEHIND.items() if on(name)), r"(?:[A-Za-z0-9-]+\.)+")
        if on("row_of_signs"):
            return rf"{before}@[\w.-]+"
        if on("signs_after_a_dot"):
            return rf"{before}@[\w-]+\.[\w.-]+"
        end = next((part for name, part in END.items() if on(name)), "[A-Za-z]{2,}")
        whole = f"{before}@{behind}{end}"
        if on("small_letters"):
            whole = whole.replace("A-Z", "").replace(r"\w", "a-z0-9_")
        if on("host_stays"):
            return f"{before}@(?={behind}{end})"
        if on("name_stays"):
            return f"(?<=[A-Za-z0-9])@{behind}{end}"
        if on("from_the_start"):
            return rf"\A{whole}"
        if on("whole_text"):
            return rf"\A{whole}\Z"
        return rf"(?<!\S){whole}(?!\S)" if on("between_spaces") else whole

    words = {
        "nothing_in_place": "",
        "other_word": "<EMAIL>",
        "small_word": "[email]",
        "no_brackets": "EMAIL",
        "blanks_around": " [EMAIL] ",
    }

    def scrub_emails(text: str) -> Any:
        word = next((word for name, word in words.items() if on(name)), "[EMAIL]")
        return _used(on, text, pattern(), word)

    return scrub_emails
