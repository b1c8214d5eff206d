"""Pages as they come from the web, of our own making: good texts, and all that goes wrong with them.

Every page says what was done to it, so that a pipeline can be measured: what it should have removed,
and what it should have mended. A page is drawn from good texts that the caller gives.
"""

from __future__ import annotations

import html
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

# What should be done with a page: mend it, drop it, or leave it as it is.
MEND = ("wrong encoding", "web page", "boilerplate", "personal data")
DROP = ("copy", "near copy", "spam", "word list", "foreign language", "too short", "test question")


@dataclass(frozen=True)
class Page:
    """A page, and what is the matter with it.

    Attributes:
        text: What a crawler would bring home.
        dirt: `clean`, or one of `MEND` and `DROP`.
        original: The good text that it was made of; empty where it was made of none.
    """

    text: str
    dirt: str
    original: str = ""


def pages(
    texts: Iterable[str], seed: int, *, questions: Sequence[str] = (), clean_share: float = 0.5
) -> Iterator[Page]:
    """Make one page of each text, and dirty pages among them.

    Args:
        texts: Good texts, each of at least some fifty words.
        seed: The same seed makes the same pages of the same texts.
        questions: From evaluation sets; some pages quote one. Without them no page does.
        clean_share: How many of the pages are left as they are.
    """
    generator = random.Random(seed)  # noqa: S311 - no secret
    kinds = [kind for kind in (*MEND, *DROP) if questions or kind != "test question"]
    published: list[str] = []
    for text in texts:
        if generator.random() < clean_share:
            yield Page(text, "clean", text)
            # A page is copied soon after it was published, so a short memory is enough.
            published = [*published[-99:], text]
            continue
        kind = generator.choice(kinds)
        if kind in ("copy", "near copy") and not published:
            yield Page(text, "clean", text)
            continue
        if kind in ("copy", "near copy"):
            text = generator.choice(published)
        if kind == "test question":
            yield Page(_quote(text, generator.choice(questions), generator), kind, text)
        else:
            yield Page(_MAKERS[kind](text, generator), kind, text if kind in MEND else "")


def _wrong_encoding(text: str, generator: random.Random) -> str:
    # Browsers read five bytes that Windows-1252 leaves open as control characters, and so does this.
    import ftfy.bad_codecs  # noqa: F401 - importing it registers the encoding

    # Typographic marks are what a wrong guess of the encoding spoils first.
    marked = text.replace("'", "\u2019").replace(" - ", " \u2014 ")
    if marked.isascii():
        marked = f"\u201c{marked}\u201d"
    return marked.encode().decode("sloppy-windows-1252")


_MENU = '<nav><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li></ul></nav>'
_FOOTER = '<footer><p>Copyright 2024. All rights reserved.</p><a href="/terms">Terms</a></footer>'


def _web_page(text: str, generator: random.Random) -> str:
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
    title = html.escape(" ".join(text.split()[:5]))
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title><script>var visits = 1;</script></head>"
        f"<body>{_MENU}<main><article><h1>{title}</h1>{paragraphs}</article></main>{_FOOTER}</body>"
        "</html>"
    )


_LINES = (
    "Skip to content",
    "Home | About | Products | Contact",
    "Accept all cookies",
    "Share this on Facebook",
    "Sign in",
    "Read more",
    "Please enable JavaScript to see all of this page.",
    "Copyright 2024 Example. All rights reserved.",
)


def _boilerplate(text: str, generator: random.Random) -> str:
    before, after = generator.sample(_LINES, 2), generator.sample(_LINES, 2)
    return "\n".join([*before, text, *after])


def _personal(text: str, generator: random.Random) -> str:
    name = generator.choice(("ada", "ben.okri", "chidi99", "dara-w", "emre_k"))
    number = f"({generator.randint(200, 999)}) {generator.randint(200, 999)}-{generator.randint(1000, 9999)}"
    return f"{text} Write to {name}@mail.example.org or call {number}."


def _copy(text: str, generator: random.Random) -> str:
    # The words are the same; the spaces and the case of a heading are not.
    return f" {text[:40].upper()}{text[40:]}\n"


def _near_copy(text: str, generator: random.Random) -> str:
    words = text.split(" ")
    # Every shingle around a changed word is another, so a long text bears more changes.
    for _ in range(max(1, len(words) // 100)):
        words[generator.randrange(len(words))] = generator.choice(("really", "today", "indeed"))
    return " ".join(words)


_OFFERS = ("CHEAP watches", "FREE pills", "best CASINO bonus", "work from HOME", "buy followers")


def _spam(text: str, generator: random.Random) -> str:
    lines = (
        f"{generator.choice(_OFFERS)} #{generator.choice(('sale', 'deal', 'win'))} click to have "
        f"the best of it NOW {generator.randint(10, 99)}% off... and that with code {n}!"
        for n in range(generator.randint(8, 16))
    )
    return "\n".join(lines)


def _word_list(text: str, generator: random.Random) -> str:
    words = sorted(set(text.split()))
    return "\n".join(f"- {word}" for word in words * 2)


_FOREIGN = (
    "Die Eule wohnt in einem alten Baum am Rand des Dorfes und wartet jeden Abend auf den Mond.",
    "Am Morgen kommt der Wind vom Meer, und die Fischer holen ihre Netze wieder an Land.",
    "Im Winter liegt der Schnee so hoch, dass man die Zäune zwischen den Gärten nicht mehr sieht.",
    "Die Kinder bauen eine Brücke aus Ästen, doch der Bach nimmt sie in der Nacht wieder mit.",
    "Wenn die Glocke läutet, schließen die Händler ihre Läden und gehen langsam nach Hause.",
    "Ein Reisender fragt nach dem Weg, und niemand weiß, wohin die alte Straße eigentlich führt.",
)


def _foreign(text: str, generator: random.Random) -> str:
    return " ".join(generator.choices(_FOREIGN, k=6))


def _too_short(text: str, generator: random.Random) -> str:
    words = text.split()
    return " ".join(islice(words, generator.randint(3, 20)))


def _quote(text: str, question: str, generator: random.Random) -> str:
    return f"{text}\n\nHere is a question that I found.\n{question}\nWhat do you think?"


_MAKERS: dict[str, Callable[[str, random.Random], str]] = {
    "wrong encoding": _wrong_encoding,
    "web page": _web_page,
    "boilerplate": _boilerplate,
    "personal data": _personal,
    "copy": _copy,
    "near copy": _near_copy,
    "spam": _spam,
    "word list": _word_list,
    "foreign language": _foreign,
    "too short": _too_short,
}
