"""Stories: the same for a seed, hardly ever twice, and true to themselves."""

from __future__ import annotations

import math
import random
import re
import statistics
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest

from llmlab.data import tales
from llmlab.data.tales import (
    COLORS,
    FOODS,
    HELPERS,
    HEROES,
    KINDS,
    THREADS,
    TROUBLES,
    corpus,
    entropy,
    said_again,
    stories,
    threads,
)
from llmlab.errors import ConfigurationError

SAMPLE = list(islice(stories(5), 600))


def mentioned(story: str, names: tuple[str, ...]) -> set[str]:
    return set(re.findall(r"\w+", story)) & set(names)


def test_equal_seeds_tell_equal_stories_and_others_do_not() -> None:
    assert list(islice(stories(5), 20)) == SAMPLE[:20]
    assert not set(islice(stories(6), 600)) & set(SAMPLE)


def test_the_first_story_of_seed_0_stays_what_it_is() -> None:
    first = next(stories(0))
    assert first.startswith("Rufus was a lonely little pony who lived on a small farm.")
    assert first.endswith("And Tess the tortoise came to visit every week.")


def test_no_story_comes_twice_among_hundreds() -> None:
    assert len(set(SAMPLE)) == len(SAMPLE)


def test_a_story_keeps_its_hero_its_helper_its_color_and_its_food() -> None:
    for story in SAMPLE:
        assert len(mentioned(story, tuple(name for name, _ in HEROES))) == 1
        assert len(mentioned(story, tuple(name for name, _ in HELPERS))) == 1
        assert (
            len(mentioned(story.replace("red roof", "").replace("green meadow", ""), COLORS)) == 1
        )
        assert len(mentioned(story, FOODS)) == 1
        assert len(mentioned(story, KINDS)) == 1


def test_the_threads_of_a_story_are_found_and_so_is_where_one_is_lost() -> None:
    for story in SAMPLE:
        assert all(len(found) == 1 for found in threads(story).values())
    lost = threads(
        "Pia took the red kite near a cottage with a red roof. Molly ate two buns and two nuts."
    )
    assert lost == {
        "hero": {"Pia", "Molly"},
        "helper": set(),
        "animal": set(),
        "color": {"red"},
        "food": {"buns", "nuts"},
    }
    assert threads("a cottage with a red roof on a green meadow")["color"] == set()


def test_where_a_story_takes_up_a_thread_is_found_in_its_place() -> None:
    text = "Pia the fox, by a red roof, had a red kite. Pia lost the red kite, and Tom gave the fox nuts."
    again = {"hero": "Pia", "color": "red", "animal": "fox"}
    assert list(said_again(text)) == [(kind, text.rindex(word)) for kind, word in again.items()]
    told = {kind for story in islice(stories(0), 20) for kind, _ in said_again(story)}
    assert told == set(THREADS)


def test_the_helper_is_one_who_can_help_with_this_trouble() -> None:
    for story in SAMPLE:
        fitting = [
            trouble
            for trouble in TROUBLES
            if mentioned(story, trouble.things)
            and mentioned(story, tuple(kind for kind, _ in trouble.helpers))
        ]
        assert len(fitting) == 1, story


def test_nothing_is_left_to_fill_in_and_every_sentence_begins_large() -> None:
    for story in SAMPLE:
        assert not set("{}") & set(story)
        assert all(
            sentence[0].isupper()
            for sentence in re.split(r"(?<=\w[.]) ", story)
            if sentence[0] != '"'
        )


def test_articles_fit_the_word_that_follows() -> None:
    for story in SAMPLE:
        assert not re.search(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiou]", story), story


def test_a_larger_corpus_begins_with_the_smaller_one_and_holds_whole_stories() -> None:
    small, large = corpus(3000, seed=5), corpus(9000, seed=5)
    assert 3000 <= len(small) < 3000 + 1500
    assert large.startswith(small)
    assert large.split("\n\n") == SAMPLE[: large.count("\n\n") + 1]


def test_a_corpus_of_no_size_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="holds no story"):
        corpus(0, seed=1)


class Scripted(random.Random):
    """Gives the numbers of a script, in the place of random ones."""

    def __init__(self, script: list[float]) -> None:
        super().__init__(0)
        self.script = iter(script)

    def random(self) -> float:
        return next(self.script)


@pytest.fixture
def picked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect how many there were to choose from, at each choice."""
    counts: list[int] = []
    whole = tales._pick

    def pick(generator: random.Random, choices: Sequence[Any]) -> Any:
        counts.append(len(choices))
        return whole(generator, choices)

    monkeypatch.setattr(tales, "_pick", pick)
    return counts


def test_the_entropy_is_the_mean_surprise_of_the_choices(picked: list[int]) -> None:
    surprises, told = [], 0
    for _ in islice(stories(9), 1000):
        surprises.append(sum(math.log(count) for count in picked[told:]))
        told = len(picked)
    error = statistics.stdev(surprises) / math.sqrt(len(surprises))
    assert entropy() == pytest.approx(statistics.mean(surprises), abs=4 * error)


def test_every_choice_shows_in_the_story(picked: list[int]) -> None:
    for seed in range(5):
        generator = random.Random(seed)
        script = [generator.random() for _ in range(60)]
        picked.clear()
        story = tales._story(Scripted(script))
        counts = list(picked)
        for place, count in enumerate(counts):
            here = int(script[place] * count)
            for other in set(range(count)) - {here}:
                changed = [*script[:place], (other + 0.5) / count, *script[place + 1 :]]
                assert tales._story(Scripted(changed)) != story
