import pytest

from llmlab.data import c4_lines, c4_page, gopher_quality, gopher_repetition
from llmlab.data.filters import repeated_share

PROSE = (
    "The owl lives in the old tree and waits for the moon to rise over the hills. When it is dark, "
    "she flies out to find something to eat, and the mice that have stayed in the open field run "
    "for the grass. In the morning she is back with her young, and nobody knows where she has been."
)


def test_good_prose_breaks_no_rule() -> None:
    assert gopher_quality(PROSE) == []
    assert gopher_repetition(PROSE) == []
    assert c4_page(PROSE) == []


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("The owl and the tree.", "length"),
        ("of " * 30 + "to " * 30, "word length"),
        ("the" + " antidisestablishmentarianism" * 60 + " and", "word length"),
        (PROSE + " #" * 10, "symbols"),
        (PROSE + " ..." * 10, "symbols"),
        ("\n".join(f"- {line}" for line in PROSE.split(". ") * 4), "bullets"),
        ("\n".join(f"{PROSE[:60]} and so on…" for _ in range(8)), "ellipses"),
        (PROSE + " 1234" * 20, "letters"),
        ("house tree river stone cloud bird " * 12, "stop words"),
    ],
)
def test_each_quality_rule_of_gopher_is_broken_by_what_it_is_for(text: str, broken: str) -> None:
    assert broken in gopher_quality(text)


@pytest.mark.parametrize(
    ("words", "kept"), [(49, False), (50, True), (100_000, True), (100_001, False)]
)
def test_the_bounds_of_the_length_belong_to_what_is_kept(words: int, kept: bool) -> None:
    text = " ".join(["that", "have"] * (words // 2) + ["with"] * (words % 2))
    assert ("length" not in gopher_quality(text)) is kept


def test_a_share_of_just_four_fifths_with_letters_is_enough() -> None:
    assert gopher_quality(" ".join(["that", "have", "with", "tree", "1234"] * 20)) == []
    assert gopher_quality(" ".join(["that", "have", "with", "tree", "1234"] * 20 + ["12345"])) == [
        "letters"
    ]


def test_an_empty_text_is_too_short_and_breaks_nothing_by_division() -> None:
    assert "length" in gopher_quality("")
    assert gopher_repetition("") == []


def test_repeated_lines_and_paragraphs_are_seen() -> None:
    lines = [f"The line number {n} is another one." for n in range(10)]
    assert "repeated lines" not in gopher_repetition("\n".join(lines))
    assert "repeated lines" in gopher_repetition("\n".join([*lines, *lines[:5]]))
    assert "repeated paragraphs" in gopher_repetition("\n\n".join([*lines, *lines[:5]]))


def test_a_common_pair_of_words_is_seen() -> None:
    words = [f"word{n}" for n in range(60)]
    text = " ".join(f"very good {word}" for word in words)
    assert "common 2-gram" in gopher_repetition(text)


def test_repeated_runs_are_seen_by_how_much_of_the_text_they_cover() -> None:
    other = " ".join(f"word{n}" for n in range(100))
    run = "one two three four five six seven eight nine ten eleven twelve"
    broken = gopher_repetition(f"{run} {other} {run} and {run}")
    assert broken == [f"repeated {size}-gram" for size in range(5, 11)]
    assert gopher_repetition(f"{run} {other}") == []


def test_repeats_are_counted_after_the_first() -> None:
    assert repeated_share(["a", "a", "bb", "a"]) == (0.5, 2 / 5)
    assert repeated_share([]) == (0.0, 0.0)


def test_c4_keeps_whole_sentences() -> None:
    text = "\n".join(
        [
            "Home",
            "This line has five words.",
            "This one has no end",
            "Too short a line.",
            "Please enable JavaScript to read this.",
            "See our privacy policy for all of that.",
            "It trails off after a while...",
            'He said, "the owl has been here."',
            "Owls are birds [3] and fly at night.[12]",
        ]
    )
    assert c4_lines(text).split("\n") == [
        "This line has five words.",
        'He said, "the owl has been here."',
        "Owls are birds and fly at night.",
    ]


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        (f"{PROSE} Lorem ipsum dolor sit amet.", ["placeholder"]),
        (f"{PROSE} for (;;) {{ run(); }}", ["code"]),
        ("One sentence. And another one.", ["sentences"]),
    ],
)
def test_each_page_rule_of_c4_is_broken_by_what_it_is_for(text: str, broken: list[str]) -> None:
    assert c4_page(text) == broken
