"""`tokenization.longest_match`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import LimitedSet, letters
from llmlab import tokenization

exercise = LAB.exercise(
    "longest_match",
    reference=tokenization.longest_match,
    hints=(
        "At each place, which end do you try first, and how is a piece spelled that does not begin the "
        "word?",
        "From the current start, try the ends from the far one to the near one. The first piece that "
        "is in the vocabulary is taken, and its end is the next start.",
        "Loop over the ends from the length of the word down to the start plus one; write '##' before "
        "the piece unless the start is 0; if it is in the vocabulary, keep it and go on from its end. If "
        "no end works, return a list with '[UNK]' alone.",
    ),
    matters=(
        "BERT (2019) still cuts search queries in this way in many products, and an emoji that it does not know costs "
        "it "
        "the whole word. Read llmlab/tokenization/wordpiece_tokenizer.py."
    ),
)

_START = ("a", "ab", "able", "b", "c", "e", "l", "u", "un", "una", "unab", "uncle")
_WITHIN = (
    "a",
    "ab",
    "abl",
    "able",
    "b",
    "bl",
    "ble",
    "c",
    "cle",
    "e",
    "ec",
    "l",
    "n",
    "u",
    "un",
    "una",
)


def pieces() -> LimitedSet:
    """Give a vocabulary that spells every word of a, b, c, e, l, n, u; a new set each time."""
    return LimitedSet((*_START, *(f"##{piece}" for piece in _WITHIN), "[UNK]"))


def greedy_pieces() -> LimitedSet:
    """Give a vocabulary in which the longest piece can lead nowhere, or to more pieces than need be."""
    return LimitedSet(
        ("a", "ab", "abc", "de", "##c", "##ce", "##d", "##cd", "##ded", "é", "##é", "[UNK]")
    )


def cuts(implementation: Any, words: tuple[str, ...], vocabulary: Callable[[], LimitedSet]) -> Any:
    """Cut words, each with a vocabulary of its own, and say how many pieces the vocabulary gained or lost."""
    results: dict[str, Any] = {}
    changes = 0
    for word in words:
        known = vocabulary()
        results[f"word {word!r}"] = implementation(word, known)
        changes += len(known.symmetric_difference(vocabulary()))
    return {**results, "changes of the vocabulary": changes}


@exercise.probe
def known_pieces(implementation: Any, generator: Generator) -> Any:
    """Words that the vocabulary can spell, some in several ways."""
    words = ("unable", "able", "can", "unclec", "c", letters(generator, 6, "ablcu"))
    return cuts(implementation, words, pieces)


@exercise.probe
def unknown_letter(implementation: Any, generator: Generator) -> Any:
    """Words with letters that the vocabulary does not have: at the end, within, at the beginning, and alone."""
    inside = letters(generator, 3, "ab") + "x" + letters(generator, 2, "ab")
    return cuts(implementation, ("unabx", "axle", "xable", "x", "xyz", inside), pieces)


@exercise.probe
def leads_nowhere(implementation: Any, generator: Generator) -> Any:
    """Words whose longest first piece leads nowhere, or to more pieces than a shorter one."""
    return cuts(implementation, ("abcd", "abce", "acded", "abcded", "ade", "éé"), greedy_pieces)


@exercise.probe
def begins_elsewhere(implementation: Any, generator: Generator) -> Any:
    """Words that need a piece in a place for which the vocabulary has none: 'de' within, '##c' at the beginning."""
    return cuts(
        implementation, ("ade", "cd", "decd"), lambda: LimitedSet(greedy_pieces() - {"##d"})
    )


@exercise.probe
def few_pieces(implementation: Any, generator: Generator) -> Any:
    """Words that are a piece as a whole, or are made of a long piece and another, with a vocabulary of three."""
    word = letters(generator, 5, "able")
    return cuts(
        implementation, (word, f"{word}nc", word[:3]), lambda: LimitedSet((word, "##nc", "[UNK]"))
    )


@exercise.probe
def empty_word(implementation: Any, generator: Generator) -> Any:
    """An empty word."""
    return implementation("", pieces())


_AGAIN = "Reread 'The longest piece first'."
_ENDLESS = (
    "Your loop has no end where no piece fits: it looks at the same place again and again. Such a word is unknown as a "
    f"whole. {_AGAIN}"
)
_WHOLE = f"A word that cannot be spelled to its end is unknown as a whole. {_AGAIN}"
_SHORT = (
    "Your code misses long pieces: it tries pieces of a few letters only, or lets a piece grow letter by letter and "
    "stops "
    f"at the first that is not in the vocabulary. {_AGAIN}"
)
_EVERYWHERE = (
    "Your code writes '##' before every piece, the first included. Only a piece that goes on with a word has it. "
    f"{_AGAIN}"
)
_OTHER_SIGN = f"For a word that cannot be cut, your code writes another sign than [UNK]. {_AGAIN}"
_FURTHER = f"After a piece, your code leaves out a letter. The next piece begins where the last one ended. {_AGAIN}"
_SPELLED = (
    "Your code finds no piece that goes on with a word: it does not look them up as they are spelled, with ## before "
    "the "
    f"letters. {_AGAIN}"
)
_PLAIN = (
    "Within a word, your code also takes pieces without '##', if others are not found. A piece without '##' begins a "
    f"word, and nothing else. {_AGAIN}"
)


_VANISHES = (
    "Your code stops where nothing fits and returns the pieces that it has, so a part of the word "
    "vanishes. "
    f"{_WHOLE}"
)


@exercise.faults(
    without_hashes="Your code looks up pieces within a word without '##'. In this vocabulary 'able' begins a word, and "
    f"'##able' goes on with one: they are two tokens. {_AGAIN}",
    hashes_everywhere=_EVERYWHERE,
    hashes_unless_whole=_EVERYWHERE,
    hashes_lost="Your code looks up the right pieces and returns them without '##', so nobody can tell any more where "
    "a "
    f"word begins. {_AGAIN}",
    hashes_added="Your code looks up pieces within a word without '##', and writes '##' before what it has found. The "
    f"piece with '##' is another entry of the vocabulary. {_AGAIN}",
    hashes_behind=_SPELLED,
    one_hash=_SPELLED,
    plain_too=_PLAIN,
    plain_first=_PLAIN,
    plain_if_no_other=_PLAIN,
    any_mark="Your code takes pieces with '##' and pieces without it in any place, wherever their letters stand. Only "
    "a "
    f"piece that goes on with a word has it. {_AGAIN}",
    hashes_at_the_start="Your code also begins a word with a piece that has '##'. Such a piece goes on with a word. "
    f"{_AGAIN}",
    shortest_first=f"Your code takes the shortest piece that fits, and so spells words letter by letter. {_AGAIN}",
    whole_word_never="Your code never tries the piece that reaches to the end of the word: the loop over the ends "
    f"leaves out the last one. {_AGAIN}",
    letters_never="Your code never tries a piece of a single letter: the loop over the ends stops one too early. "
    f"{_AGAIN}",
    two_letters_further="After a piece with '##', your code goes on two letters too far: the signs ## are not in the "
    "word. "
    f"{_AGAIN}",
    one_further=_FURTHER,
    one_further_skipping=_FURTHER,
    two_letters_at_most=_SHORT,
    three_letters_at_most=_SHORT,
    four_letters_at_most=_SHORT,
    last_letter_left="Your code leaves out the last letter where it would be a piece of its own. "
    f"{_AGAIN}",
    one_at_a_time="Your code looks for a piece at every letter, also at those that a piece has used up. The next piece "
    f"begins where the last one ended. {_AGAIN}",
    first_only=f"Your code returns the first piece alone. The rest of the word is to be cut, too. {_AGAIN}",
    last_lost=f"Your code loses the last piece. {_AGAIN}",
    stops_by_error="Your code ends in an error where no piece fits. Such a word is unknown as a whole, and its pieces "
    "are "
    f"['[UNK]']. {_AGAIN}",
    rest_unknown=f"Your code keeps the pieces that it has and writes [UNK] for the rest of the word. {_WHOLE}",
    unknown_in_part=f"Your code puts [UNK] where nothing fits and goes on with the rest. {_WHOLE}",
    unknown_marked="Your code puts [UNK] where nothing fits, within a word ##[UNK], and goes on with the rest. "
    f"{_WHOLE}",
    unknown_skipped=f"Your code leaves out the letters that it does not know, as if they were not there. {_WHOLE}",
    unknown_kept="Your code keeps a letter that it does not know as a piece of its own, which the vocabulary lacks. "
    f"{_WHOLE}",
    rest_vanishes=_VANISHES,
    rest_vanishes_unless_all=_VANISHES,
    rest_in_one="Your code returns the rest of the word in one piece where nothing fits, and the vocabulary lacks it. "
    f"{_WHOLE}",
    empty_for_unknown="For a word that cannot be cut, your code returns an empty list, as for an empty word. "
    f"It should be ['[UNK]']. {_AGAIN}",
    none_for_unknown="For a word that cannot be cut, your code returns None. It should be ['[UNK]']. "
    f"{_AGAIN}",
    unknown_unbracketed=_OTHER_SIGN,
    unknown_in_angles=_OTHER_SIGN,
    unknown_spelled_small=_OTHER_SIGN,
    bare_unknown="For a word that cannot be cut, your code returns the text '[UNK]'. Asked for is a list with it, "
    "since "
    f"the pieces of every word are a list. {_AGAIN}",
    unknown_per_letter="For a word that cannot be cut, your code writes [UNK] several times. One stands for the whole "
    f"word. {_AGAIN}",
    unknown_for_empty="For an empty word, your code gives [UNK]. Nothing is unknown in it: it has no pieces. "
    f"{_AGAIN}",
    fails_for_empty=f"Your code fails for an empty word. It has no pieces. {_AGAIN}",
    as_text=f"Your code returns one text. Asked for is a list of pieces. {_AGAIN}",
    backwards=f"Your pieces come from the last to the first. {_AGAIN}",
)
def greedy(on: Switches) -> Any:
    """Take one piece after the other."""

    def longest_match(word: str, vocabulary: Any) -> Any:
        if on("fails_for_empty"):
            word[0]
        found: list[str] = []
        start, further = 0, on("one_further") or on("one_further_skipping")
        while start < len(word) - on("last_letter_left"):
            fitting = _fitting(on, word, start, vocabulary)
            if not fitting:
                outcome, start = _unknown(on, word, start, found, vocabulary)
                if outcome is not None:
                    return outcome[0]
                continue
            end, piece = fitting
            found.append(_returned(on, word[start:end], piece))
            start = start + 1 if on("one_at_a_time") else end + further
            start += 2 * (on("two_letters_further") and piece.startswith("##"))
            if on("first_only"):
                break
        return _given(on, word, found)

    return longest_match


def _ends(on: Switches, word: str, start: int) -> list[int]:
    """List the ends of a piece in the order in which they are tried."""
    ends = list(range(len(word) - on("whole_word_never"), start + on("letters_never"), -1))
    for size, name in ((2, "two"), (3, "three"), (4, "four")):
        if on(f"{name}_letters_at_most"):
            ends = [end for end in ends if end <= start + size]
    return ends[::-1] if on("shortest_first") else ends


def _spellings(on: Switches, letters_of: str, start: int, whole: bool) -> list[str]:
    """List the spellings of a piece that are looked up, in order."""
    marked, plain = f"##{letters_of}", letters_of
    if on("without_hashes") or on("hashes_added"):
        return [plain]
    if on("hashes_unless_whole"):
        return [plain, marked] if whole else [marked]
    if on("hashes_everywhere"):
        return [marked]
    if on("any_mark"):
        return [marked, plain]
    if on("hashes_behind"):
        return [f"{plain}##" if start else plain]
    if on("one_hash"):
        return [f"#{plain}" if start else plain]
    if not start:
        return [plain, marked] if on("hashes_at_the_start") else [plain]
    if on("plain_too"):
        return [marked, plain]
    return [plain, marked] if on("plain_first") else [marked]


def _fitting(on: Switches, word: str, start: int, vocabulary: Any) -> tuple[int, str] | None:
    """Find the piece to take at a place, with its end."""
    for end in _ends(on, word, start):
        for piece in _spellings(on, word[start:end], start, start == 0 and end == len(word)):
            if piece in vocabulary:
                return end, piece
    if on("plain_if_no_other") and start:
        plain = (end for end in _ends(on, word, start) if word[start:end] in vocabulary)
        return next(((end, word[start:end]) for end in plain), None)
    return None


def _unknown(
    on: Switches, word: str, start: int, found: list[str], vocabulary: Any
) -> tuple[list[Any] | None, int]:
    """Say what to return where nothing fits, in a list, or None and where to go on."""
    if on("stops_by_error"):
        next(iter(()))
    more = {
        "unknown_in_part": ["[UNK]"],
        "unknown_marked": ["##[UNK]" if start else "[UNK]"],
        "unknown_skipped": [],
        "unknown_kept": [("##" if start else "") + word[start]],
    }
    if on("one_further_skipping"):
        return None, start + 1
    for name, pieces_more in more.items():
        if on(name):
            found += pieces_more
            return None, start + 1
    outcomes: dict[str, Any] = {
        "rest_unknown": [*found, "[UNK]"],
        "rest_vanishes": found,
        "rest_vanishes_unless_all": found or ["[UNK]"],
        "rest_in_one": [*found, ("##" if start else "") + word[start:]],
        "empty_for_unknown": [],
        "none_for_unknown": None,
        "bare_unknown": "[UNK]",
        "unknown_per_letter": ["[UNK]"] * len(word),
        "unknown_unbracketed": ["UNK"],
        "unknown_in_angles": ["<unk>"],
        "unknown_spelled_small": ["[unk]"],
    }
    return [next((one for name, one in outcomes.items() if on(name)), ["[UNK]"])], start


def _returned(on: Switches, letters_of: str, piece: str) -> str:
    if on("hashes_lost"):
        return letters_of
    return piece


def _given(on: Switches, word: str, found: list[str]) -> Any:
    if on("hashes_added"):
        found = [*found[:1], *(f"##{piece}" for piece in found[1:])]
    if on("unknown_for_empty") and not word:
        return ["[UNK]"]
    if on("as_text"):
        return " ".join(found)
    if on("last_lost"):
        return found[:-1]
    return found[::-1] if on("backwards") else found


def _ways(word: str, vocabulary: Any, start: int = 0) -> Iterator[list[str]]:
    """List all cuts of a word, those with the longer first piece first."""
    if start == len(word):
        yield []
    for end in range(len(word), start, -1):
        piece = ("##" if start else "") + word[start:end]
        if piece in vocabulary:
            for rest in _ways(word, vocabulary, end):
                yield [piece, *rest]


@exercise.misconception(_ENDLESS)
def endless(word: str, vocabulary: Any) -> list[str]:
    found: list[str] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                found.append(piece)
                start = end
                break
    return found


@exercise.misconception(_SHORT)
def grown(word: str, vocabulary: Any) -> list[str]:
    found: list[str] = []
    start = 0
    while start < len(word):
        mark, end = "##" if start else "", start
        while end < len(word) and mark + word[start : end + 1] in vocabulary:
            end += 1
        if end == start:
            return ["[UNK]"]
        found.append(mark + word[start:end])
        start = end
    return found


@exercise.misconception(
    "Where the longest piece leads nowhere, your code goes back and tries a shorter one. Greedy never goes back: such "
    "a "
    f"word is unknown as a whole. {_AGAIN}"
)
def backtracking(word: str, vocabulary: Any) -> list[str]:
    return next(_ways(word, vocabulary), ["[UNK]"])


_FEWEST = (
    "Your code finds the cut with the fewest pieces. Greedy takes the longest piece at each place and does not look "
    "ahead. "
    f"{_AGAIN}"
)


@exercise.misconception(_FEWEST)
def fewest(word: str, vocabulary: Any) -> list[str]:
    return min(_ways(word, vocabulary), key=len, default=["[UNK]"])


@exercise.misconception(_FEWEST)
def fewest_with_the_longest_last(word: str, vocabulary: Any) -> list[str]:
    best: dict[int, list[str]] = {0: []}
    for end in range(1, len(word) + 1):
        marked = {start: ("##" if start else "") + word[start:end] for start in best}
        ways = [[*best[start], piece] for start, piece in marked.items() if piece in vocabulary]
        if ways:
            best[end] = min(ways, key=len)
    return best.get(len(word), ["[UNK]"])


@exercise.misconception(
    "Your code cuts from the end of the word to its beginning. The longest piece is to be taken from the beginning on. "
    f"{_AGAIN}"
)
def from_the_end(word: str, vocabulary: Any) -> list[str]:
    found: list[str] = []
    end = len(word)
    while end:
        starts = (s for s in range(end) if ("##" if s else "") + word[s:end] in vocabulary)
        start = next(starts, None)
        if start is None:
            return ["[UNK]"]
        found.insert(0, ("##" if start else "") + word[start:end])
        end = start
    return found


_ANYWHERE = (
    "Your code begins with the longest piece that stands anywhere in the word. The first piece is taken at the "
    "beginning, "
    f"and each further one where the last ended. {_AGAIN}"
)


def _anywhere(word: str, vocabulary: Any, first: bool = True) -> list[str] | None:
    if not word:
        return []
    for size in range(len(word), 0, -1):
        for start in range(len(word) - size + 1):
            piece = ("" if first and not start else "##") + word[start : start + size]
            if piece in vocabulary:
                before = _anywhere(word[:start], vocabulary, first)
                after = _anywhere(word[start + size :], vocabulary, False)
                return None if before is None or after is None else [*before, piece, *after]
    return None


@exercise.misconception(_ANYWHERE)
def longest_anywhere(word: str, vocabulary: Any) -> list[str]:
    found = _anywhere(word, vocabulary)
    return ["[UNK]"] if found is None else found
