"""Little stories of our own making, for the small language models of the course to learn from.

A grammar draws them: somebody lives somewhere, wants to bring something to somebody, loses it on the way, cannot get
it back alone, meets one who can, shares what is in the bag, and arrives. The words are few, as in TinyStories (Eldan
& Li, 2023), and what a story says once holds to its end: who is who, what was lost and where, who can swim and who
can fly. So a small model can learn to tell one, and a reader sees at once whether it has kept the thread.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from llmlab.errors import ConfigurationError

Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Trouble:
    """One way to lose something, and those who know what to do about it.

    Attributes:
        things: What can be lost in this way.
        places: Where it happens, as it follows 'came to'.
        mishaps: How it happens.
        attempts: What the hero tries in vain.
        lies: Where the thing is now, as it follows 'My ball'.
        helpers: Those who can help, each with what they do.
    """

    things: tuple[str, ...]
    places: tuple[str, ...]
    mishaps: tuple[str, ...]
    attempts: tuple[str, ...]
    lies: str
    helpers: tuple[tuple[str, str], ...]


TROUBLES = (
    Trouble(
        things=("kite", "hat", "scarf", "flag", "ribbon"),
        places=("a windy hill", "an old oak", "a green meadow"),
        mishaps=(
            "The wind took the {thing} and carried it up into a tall tree.",
            "A gust of wind came, and the {thing} flew up and hung on a high branch.",
        ),
        attempts=(
            "{Hero} jumped and jumped, but the branch was too high.",
            "{Hero} shook the tree, but the {thing} did not fall.",
        ),
        lies="hangs high up in the tree",
        helpers=(
            ("owl", "flew up on soft wings and brought the {thing} down"),
            ("squirrel", "ran up the tree and threw the {thing} down"),
            ("crow", "flew up to the branch and pulled the {thing} free"),
            ("monkey", "climbed from branch to branch and came back with the {thing}"),
        ),
    ),
    Trouble(
        things=("ball", "boat", "drum", "bottle", "basket"),
        places=("a quiet lake", "a little river", "a deep pond"),
        mishaps=(
            "The {thing} rolled down the bank and fell into the water.",
            "{Hero} stumbled, and the {thing} splashed into the water.",
        ),
        attempts=(
            "{Hero} reached out with a long stick, but the {thing} floated away.",
            "{Hero} could not swim, and the {thing} floated farther and farther away.",
        ),
        lies="floats far out on the water",
        helpers=(
            ("duck", "swam out and pushed the {thing} to the bank"),
            ("otter", "dived in and came back with the {thing}"),
            ("frog", "hopped from leaf to leaf and pulled the {thing} to the bank"),
            ("swan", "swam out with long strokes and brought the {thing} back"),
        ),
    ),
    Trouble(
        things=("ring", "key", "coin", "button", "marble"),
        places=("a stone wall", "a dry field", "an old gate"),
        mishaps=(
            "The {thing} fell to the ground and rolled into a deep hole.",
            "{Hero} tripped over a root, and the {thing} rolled into a narrow hole.",
        ),
        attempts=(
            "{Hero} tried to reach it, but the hole was too narrow.",
            "{Hero} poked in the hole with a stick, but the {thing} slipped in deeper.",
        ),
        lies="lies deep down in the hole",
        helpers=(
            ("mole", "dug a tunnel and came up with the {thing}"),
            ("mouse", "slipped into the hole and carried the {thing} out"),
            ("ant", "called all the other ants, and they carried the {thing} out"),
            ("lizard", "crept down into the hole and pushed the {thing} up"),
        ),
    ),
    Trouble(
        things=("lamp", "cup", "bell", "spoon", "flute"),
        places=("a dark cave", "an empty mill", "a hollow tree"),
        mishaps=(
            "Inside it was cool and quiet, but the {thing} fell down and was lost in the dark.",
            "{Hero} went in to rest, and the {thing} rolled away into the dark.",
        ),
        attempts=(
            "{Hero} felt all over the floor, but it was too dark to find anything.",
            "{Hero} looked and looked, but could not see a thing.",
        ),
        lies="is lost in the dark",
        helpers=(
            ("firefly", "shone as bright as a star, and there lay the {thing}"),
            ("bat", "listened in the dark and found the {thing} by its sound"),
            ("cat", "looked around with eyes that see at night and found the {thing}"),
            ("moth", "led the moonlight in, and it fell on the {thing}"),
        ),
    ),
    Trouble(
        things=("cart", "wagon", "sled", "barrel", "chest"),
        places=("a steep road", "a muddy path", "a narrow bridge"),
        mishaps=(
            "The {thing} sank into the mud and did not move any more.",
            "The {thing} slid off the path and got stuck between two stones.",
        ),
        attempts=(
            "{Hero} pushed with all might, but the {thing} was too heavy.",
            "{Hero} pulled until the rope broke, but the {thing} stayed where it was.",
        ),
        lies="is stuck and too heavy for me",
        helpers=(
            ("bear", "lifted the {thing} as if it were a feather"),
            ("horse", "pulled once, and the {thing} came free"),
            ("ox", "put down a heavy head and pushed the {thing} out"),
            ("elephant", "took the {thing} with one long trunk and set it on dry ground"),
        ),
    ),
    Trouble(
        things=("chair", "table", "fiddle", "clock", "ladder"),
        places=("a rocky slope", "a hard stone path", "a long stair"),
        mishaps=(
            "{Hero} slipped, and the {thing} fell and broke in two.",
            "The {thing} hit a stone, and a piece of it broke off.",
        ),
        attempts=(
            "{Hero} tied the pieces together with grass, but they fell apart again.",
            "{Hero} tried to mend it with mud, but it did not hold.",
        ),
        lies="is broken",
        helpers=(
            ("beaver", "cut a new piece of wood and made the {thing} whole again"),
            ("spider", "spun a strong thread around the {thing} until it held"),
            ("woodpecker", "tapped in new nails, and the {thing} was whole again"),
            ("bee", "brought warm wax and glued the {thing} together"),
        ),
    ),
    Trouble(
        things=("doll", "blanket", "shirt", "pillow", "puppet"),
        places=("a thick hedge", "a wild garden", "a dry valley"),
        mishaps=(
            "The {thing} was caught in the thorns and hung there.",
            "{Hero} crept through a bush, and the {thing} stayed behind in the thorns.",
        ),
        attempts=(
            "{Hero} pulled a little, but the thorns were too sharp.",
            "{Hero} tried to reach it, but the thorns pricked on every side.",
        ),
        lies="is caught in the thorns",
        helpers=(
            ("hedgehog", "knew all about thorns and rolled in to free the {thing}"),
            ("goat", "ate up the thorns one by one until the {thing} was free"),
            ("tortoise", "walked in under a hard shell and freed the {thing}"),
            ("robin", "hopped between the thorns and picked the {thing} free"),
        ),
    ),
    Trouble(
        things=("letter", "book", "map", "picture", "card"),
        places=("a broken bridge", "a wide stream", "a deep ditch"),
        mishaps=(
            "{Hero} jumped across, but the {thing} fell out and stayed on the other side.",
            "The wind blew the {thing} over to the other side.",
        ),
        attempts=(
            "{Hero} wanted to go back, but the jump was too wide this time.",
            "{Hero} looked for another way over, but there was none.",
        ),
        lies="lies on the other side",
        helpers=(
            ("stork", "crossed over on long legs and fetched the {thing}"),
            ("goose", "flew across and came back with the {thing}"),
            ("deer", "leaped across and back again with the {thing}"),
            ("butterfly", "danced across and let the wind bring the {thing} back"),
        ),
    ),
)

# Each hero and helper has a name and the words that stand for it.
_SHE, _HE = ("she", "her", "her"), ("he", "him", "his")
HEROES = (
    *((name, _SHE) for name in ("Mina", "Lulu", "Tilda", "Rosa", "Nora", "Emmy", "Pia", "Wanda")),
    *((name, _SHE) for name in ("Greta", "Ida", "Molly", "Suki", "Vera", "Dora", "Fanny", "Hazel")),
    *((name, _HE) for name in ("Tom", "Benno", "Oskar", "Pip", "Leo", "Karl", "Milo", "Jasper")),
    *((name, _HE) for name in ("Rufus", "Toby", "Hugo", "Felix", "Anton", "Bruno", "Sami", "Ned")),
)
HELPERS = (
    *(
        (name, _SHE)
        for name in ("Olga", "Bella", "Runa", "Zita", "Hilda", "Frida", "Tess", "Agnes")
    ),
    *((name, _HE) for name in ("Otto", "Gus", "Walter", "Boris", "Finn", "Ivo", "Zeno", "Max")),
)
KINDS = (
    "rabbit",
    "fox",
    "pig",
    "sheep",
    "dog",
    "lamb",
    "badger",
    "chick",
    "kitten",
    "pony",
    "calf",
    "puppy",
)
COLORS = ("red", "blue", "green", "yellow", "white", "silver", "golden", "brown")
HOMES = (
    "in a hut at the edge of the forest",
    "in a house by the sea",
    "under a big chestnut tree",
    "on a small farm",
    "behind the old church",
    "in a village in the mountains",
    "in a cottage with a red roof",
    "near a mill",
    "at the end of a long street",
    "in a warm barn",
)
# What somebody is like, and what becomes of it when all has ended well.
TRAITS = (
    ("shy", "{Hero} was not so shy any more."),
    ("proud", "{Hero} had learned that nobody can do everything alone."),
    ("brave", "{Hero} knew now that it is brave to ask for help."),
    ("curious", "{Hero} had many new questions to ask."),
    ("lonely", "{Hero} was not lonely any more."),
    ("impatient", "{Hero} had learned to wait a little."),
    ("careless", "{Hero} took better care of things from then on."),
    ("gentle", "{Hero} was kind to everyone, and everyone was kind to {hero}."),
    ("quiet", "{Hero} told the story again and again."),
    ("clever", "{Hero} had learned something that is in no book."),
)
RECEIVERS = (
    ("grandmother", _SHE),
    ("grandfather", _HE),
    ("brother", _HE),
    ("sister", _SHE),
    ("aunt", _SHE),
    ("uncle", _HE),
    ("teacher", _SHE),
    ("best friend", _HE),
)
LIVES = (
    "on the other side of the hill",
    "in the next village",
    "by the lake",
    "in the valley",
    "in the town",
)
FOODS = (
    "apples",
    "cakes",
    "pears",
    "buns",
    "plums",
    "cookies",
    "carrots",
    "nuts",
    "pies",
    "cherries",
)
TIMES = (
    "One morning",
    "One sunny day",
    "One day in spring",
    "On a warm summer day",
    "On a cold day in autumn",
    "Early one morning",
    "One afternoon",
)

_BEGINNINGS = (
    "Once upon a time there was {a_trait} little {kind} named {hero}, who lived {home}.",
    "{Hero} was {a_trait} little {kind} who lived {home}.",
    "There once lived {a_trait} little {kind} {home}. The name of the {kind} was {hero}.",
)
_WISHES = (
    "{He} had a {color} {thing} and wanted to give it to {his} {receiver}, who lived {lives}.",
    "{His} {receiver} lived {lives} and wished for a {color} {thing}. {Hero} had made one.",
    "It was the birthday of {his} {receiver}, who lived {lives}, and {hero} had a present: a {color} {thing}.",
)
_DEPARTURES = (
    "{time} {hero} put two {food} into a bag, took the {color} {thing} and set out.",
    "{time} {hero} took the {color} {thing}, packed two {food} and went on {his} way.",
)
_ARRIVALS = (
    "Soon {he} came to {place}.",
    "After a while {he} came to {place}.",
    "The way led to {place}.",
)
_SORROWS = (
    "{Hero} sat down and cried.",
    "{Hero} did not know what to do.",
    "{Hero} was very sad.",
    '"Oh no," said {hero}, "what shall I do now?"',
)
_MEETINGS = (
    "Then {a_helper_kind} named {helper} came by.",
    "Along came {a_helper_kind}, whose name was {helper}.",
    "{A_helper_kind} named {helper} had seen it all.",
)
_QUESTIONS = (
    '"Why are you so sad?" asked {helper}.',
    '"What is the matter, little {kind}?" asked {helper}.',
    '"Can I help you?" asked {helper}.',
)
_ANSWERS = (
    '"My {thing} {lies}," said {hero}. "Please help me."',
    '"I want to bring my {thing} to my {receiver}, but it {lies}," said {hero}.',
)
_PROMISES = (
    '"That is easy for me," said {helper}.',
    '"Do not worry," said {helper}.',
    '"Let me try," said {helper}.',
)
_DEEDS = ("The {helper_kind} {deed}.", "{Helper} {deed}.", "And the {helper_kind} {deed}.")
_THANKS = (
    "{Hero} thanked {helper} and gave {helper_him} one of the two {food}.",
    '"Thank you, {helper}!" said {hero}, and they shared the two {food}.',
    "{Hero} was so glad that {he} gave {helper} both {food}.",
)
_ENDINGS = (
    "Then {he} brought the {color} {thing} to {his} {receiver}, who was very happy.",
    "In the evening {he} gave the {color} {thing} to {his} {receiver}, who laughed with joy.",
    "So the {receiver} got the {color} {thing} after all, and {receiver_he} gave {hero} a big hug.",
)
_FAREWELLS = (
    "From that day on {hero} and {helper} were friends.",
    "{Hero} never forgot {helper} the {helper_kind}.",
    "{Outcome}",
    "{Outcome} And {helper} the {helper_kind} came to visit every week.",
)
_PARTS = (
    (_BEGINNINGS, _WISHES),
    (_DEPARTURES, _ARRIVALS),
    (_SORROWS, _MEETINGS, _QUESTIONS, _ANSWERS, _PROMISES),
    (_DEEDS, _THANKS),
    (_ENDINGS, _FAREWELLS),
)


# What a story says of one and the same from beginning to end.
THREADS = {
    "hero": frozenset(name for name, _ in HEROES),
    "helper": frozenset(name for name, _ in HELPERS),
    "animal": frozenset(KINDS),
    "color": frozenset(COLORS),
    "food": frozenset(FOODS),
}
# Colors of what is not the thing.
_SCENERY = re.compile("red roof|green meadow")


def _pick(generator: random.Random, choices: Sequence[Drawn]) -> Drawn:
    # Python promises that `random()` draws the same numbers in every version, and of `choice` it does not.
    return choices[int(generator.random() * len(choices))]


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


def _words(trouble: Trouble, generator: random.Random) -> dict[str, str]:
    """Draw who, where and what, so that all of the story speaks of the same."""
    hero, (he, _, his) = _pick(generator, HEROES)
    helper, (_, helper_him, _) = _pick(generator, HELPERS)
    receiver, (receiver_he, _, _) = _pick(generator, RECEIVERS)
    helper_kind, deed = _pick(generator, trouble.helpers)
    trait, outcome = _pick(generator, TRAITS)
    words = {
        "hero": hero,
        "he": he,
        "his": his,
        "kind": _pick(generator, KINDS),
        "a_trait": _a(trait),
        "home": _pick(generator, HOMES),
        "color": _pick(generator, COLORS),
        "thing": _pick(generator, trouble.things),
        "receiver": receiver,
        "receiver_he": receiver_he,
        "lives": _pick(generator, LIVES),
        "food": _pick(generator, FOODS),
        "time": _pick(generator, TIMES),
        "place": _pick(generator, trouble.places),
        "lies": trouble.lies,
        "helper": helper,
        "helper_him": helper_him,
        "helper_kind": helper_kind,
        "a_helper_kind": _a(helper_kind),
    }
    words["deed"] = deed.format_map(words)
    words["outcome"] = outcome.replace("{Hero}", "{hero}").format_map(words)
    # A name in braces with a capital letter begins a sentence.
    return words | {_capitalized(name): _capitalized(text) for name, text in words.items()}


def _story(generator: random.Random) -> str:
    trouble = _pick(generator, TROUBLES)
    words = _words(trouble, generator)
    opening, journey, meeting, help_, ending = _PARTS
    parts = (*opening, *journey, trouble.mishaps, trouble.attempts, *meeting, *help_, *ending)
    return " ".join(_pick(generator, sentences).format_map(words) for sentences in parts)


def stories(seed: int) -> Iterator[str]:
    """Draw little stories without end, each a text of about 150 to 210 words.

    Two stories are hardly ever the same: the grammar has far more than a thousand billion.

    Args:
        seed: Equal seeds draw equal stories, in every version of Python.
    """
    generator = random.Random(seed)  # noqa: S311 - nothing here is a secret
    while True:
        yield _story(generator)


def _mentions(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    # Blanks keep all places what they are.
    for word in re.finditer(r"\w+", _SCENERY.sub(lambda found: " " * len(found[0]), text)):
        yield from ((kind, word) for kind, known in THREADS.items() if word[0] in known)


def threads(text: str) -> dict[str, set[str]]:
    """Find which heroes, helpers, animals, colors and foods a text mentions; a story of the grammar has one of each.

    Returns:
        For each of `hero`, `helper`, `animal`, `color` and `food`, the words.
    """
    found: dict[str, set[str]] = {kind: set() for kind in THREADS}
    for kind, word in _mentions(text):
        found[kind].add(word[0])
    return found


def said_again(text: str) -> Iterator[tuple[str, int]]:
    """Find where a text takes up one of its threads: says a word of it that it has said before.

    Yields:
        The kind of the thread, as in `threads`, and the place of the word's first character.
    """
    seen: set[str] = set()
    for kind, word in _mentions(text):
        if word[0] in seen:
            yield kind, word.start()
        seen.add(word[0])


def entropy() -> float:
    """Give the entropy of a story in nats: no model can be less surprised by stories on the average.

    All choices are equally likely and independent of each other, and each shows in the text. So the probability of a
    story is the product of theirs, and its entropy is the sum of the logarithms of how many there are to choose from.
    """
    always = (
        HEROES,
        HELPERS,
        RECEIVERS,
        TRAITS,
        KINDS,
        HOMES,
        COLORS,
        LIVES,
        FOODS,
        TIMES,
        TROUBLES,
    )
    choices: list[Sequence[object]] = [*always, *chain(*_PARTS)]
    by_trouble = [
        (trouble.things, trouble.places, trouble.mishaps, trouble.attempts, trouble.helpers)
        for trouble in TROUBLES
    ]
    mean = sum(math.log(len(one)) for one in chain(*by_trouble)) / len(TROUBLES)
    return mean + sum(math.log(len(one)) for one in choices)


def corpus(size: int, seed: int) -> str:
    """Join stories, with an empty line between them, to a text of at least a size; the last one is whole.

    Args:
        size: How many characters to have at least.
        seed: As for `stories`; a larger corpus begins with the smaller one.

    Raises:
        ConfigurationError: The size is not positive.
    """
    if size < 1:
        raise ConfigurationError(
            f"A corpus of {size} characters holds no story; ask for at least 1."
        )
    told: list[str] = []
    length = -2  # each story adds an empty line but for the first
    for story in stories(seed):
        told.append(story)
        length += len(story) + 2
        if length >= size:
            break
    return "\n\n".join(told)
