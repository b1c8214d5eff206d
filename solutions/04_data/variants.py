"""Correct answers to lab 04, written differently: each must get full points."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

import torch
from torch import Tensor

from llmlab.data import PRIME, content_words


def normalize_line_by_line(text: str) -> str:
    """Split into lines, mend each, and let empty ones through only after a full one."""
    text = unicodedata.normalize("NFC", text)
    for invisible in "\u00ad\u200b\ufeff":
        text = text.replace(invisible, "")
    lines: list[str] = []
    for line in text.split("\n"):
        line = " ".join(line.split())
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip()


def normalize_by_table(text: str) -> str:
    """Delete by a table, and compose at the end."""
    text = text.translate({0xAD: None, 0x200B: None, 0xFEFF: None})
    paragraphs = re.split(r"\n\s*\n", text.strip())
    mended = ("\n".join(" ".join(line.split()) for line in p.split("\n")) for p in paragraphs)
    return unicodedata.normalize("NFC", "\n\n".join(p.strip() for p in mended))


STOP_WORDS = ["the", "be", "to", "of", "and", "that", "have", "with"]


def gopher_step_by_step(text: str) -> list[str]:
    """Append the name of each rule that is broken."""
    words = text.split()
    n = len(words) or 1
    broken = []
    if len(words) < 50 or len(words) > 100_000:
        broken.append("length")
    mean = sum(len(word) for word in words) / n
    if mean < 3 or mean > 10:
        broken.append("word length")
    if (text.count("#") + text.count("...") + text.count("…")) > 0.1 * n:
        broken.append("symbols")
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and sum(line.strip()[0] in "-*•‣·●" for line in lines) / len(lines) > 0.9:
        broken.append("bullets")
    if lines and sum(bool(re.search(r"(\.\.\.|…)\s*$", line)) for line in lines) / len(lines) > 0.3:
        broken.append("ellipses")
    if sum(any(character.isalpha() for character in word) for word in words) / n < 0.8:
        broken.append("letters")
    if sum(stop in text.lower().split() for stop in STOP_WORDS) < 2:
        broken.append("stop words")
    return broken


def gopher_with_tuples(text: str) -> tuple[str, ...]:
    """Judge by a table of names and shares, and give a tuple."""
    words, lines = text.split(), list(filter(str.strip, text.splitlines()))
    count, rows = max(1, len(words)), max(1, len(lines))
    lettered = [word for word in words if re.search("[A-Za-z]", word)]
    stops = {word.lower() for word in words}.intersection(STOP_WORDS)
    signs = len(re.findall(r"#|\.\.\.|…", text))
    bullets = len([line for line in lines if re.match(r"\s*[-*•‣·●]", line)])
    trailing = len([line for line in lines if line.rstrip().endswith(("...", "…"))])
    table = [
        ("length", len(words), 50, 100_000),
        ("word length", len("".join(words)) / count, 3, 10),
        ("symbols", signs / count, 0, 0.1),
        ("bullets", bullets / rows, 0, 0.9),
        ("ellipses", trailing / rows, 0, 0.3),
        ("letters", len(lettered) / count, 0.8, 1),
        ("stop words", len(stops), 2, 8),
    ]
    return tuple(name for name, value, least, most in table if not least <= value <= most)


def emails_with_function(text: str) -> str:
    """Replace by a function."""
    pattern = re.compile(r"[\w.+-]+@([a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
    return pattern.sub(lambda match: "[EMAIL]", text)


def emails_by_pieces(text: str) -> str:
    """Find all, then replace the longest first."""
    found = re.findall(r"[A-Za-z0-9_.+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]+", text)
    for address in sorted(found, key=len, reverse=True):
        text = text.replace(address, "[EMAIL]")
    return text


def unique_by_dictionary(texts: Iterable[str]) -> list[int]:
    """Let a dictionary keep the first index of each."""
    first: dict[tuple[str, ...], int] = {}
    for index, text in enumerate(texts):
        first.setdefault(tuple(content_words(text)), index)
    return list(first.values())


def unique_by_search(texts: Sequence[str]) -> list[int]:
    """Look each text up among those before it."""
    keys = [" ".join(content_words(text)) for text in texts]
    return [i for i, key in enumerate(keys) if keys.index(key) == i]


def resemblance_by_counting(first: str, second: str, size: int = 5) -> float:
    """Count what both have, and subtract it from the sum of the sizes."""
    one, two = (_strings(content_words(text), size) for text in (first, second))
    both = sum(run in two for run in one)
    return both / (len(one) + len(two) - both)


def resemblance_by_zip(first: str, second: str, size: int = 5) -> float:
    """Make the runs by zipping shifted lists."""

    def runs(text: str) -> frozenset[tuple[str, ...]]:
        words = content_words(text)
        shifted = [words[k:] for k in range(min(size, max(1, len(words))))]
        return frozenset(zip(*shifted, strict=False)) or frozenset({()})

    one, two = runs(first), runs(second)
    return len(one.intersection(two)) / len(one.union(two))


def _strings(words: list[str], size: int) -> set[str]:
    if len(words) <= size:
        return {" ".join(words)}
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}


def signature_by_loop(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Go through the functions one by one."""
    pairs = zip(multipliers, offsets, strict=True)
    return torch.stack([((a * numbers + b) % PRIME).min() for a, b in pairs])


def signature_with_integers(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Compute with Python's integers, which have no end."""
    rows = zip(multipliers.tolist(), offsets.tolist(), strict=True)
    return torch.tensor([min((a * x + b) % PRIME for x in numbers.tolist()) for a, b in rows])


def signature_columns(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Lay the table the other way round."""
    table = torch.remainder(numbers.reshape(-1, 1) * multipliers + offsets, PRIME)
    return table.min(dim=0).values


def pairs_by_comparing(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    """Compare each with each, band by band."""
    parts = signatures.reshape(len(signatures), bands, -1)
    return {
        (i, j)
        for i, j in combinations(range(len(signatures)), 2)
        if bool((parts[i] == parts[j]).all(dim=1).any())
    }


def pairs_by_keys(signatures: Tensor, bands: int) -> list[tuple[int, int]]:
    """Keep one dictionary, with the band's number in the key."""
    rows = signatures.shape[1] // bands
    buckets = defaultdict(list)
    for document, signature in enumerate(signatures.tolist()):
        for band in range(bands):
            buckets[band, *signature[band * rows : (band + 1) * rows]].append(document)
    return list({(i, j) for bucket in buckets.values() for i in bucket for j in bucket if i < j})


def leaks_by_text(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    """Look for runs as text between blanks."""
    page = f" {' '.join(content_words(text))} "
    found = []
    for index, question in enumerate(evaluation):
        words = content_words(question)
        runs = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
        if any(f" {run} " in page for run in runs):
            found.append(index)
    return found


def leaks_by_index(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    """Write down which questions have a run, and look the page's runs up."""
    owners = defaultdict(set)
    for index, question in enumerate(evaluation):
        words = content_words(question)
        for i in range(len(words) - size + 1):
            owners[tuple(words[i : i + size])].add(index)
    words = content_words(text)
    hits = (owners.get(tuple(words[i : i + size]), set()) for i in range(len(words)))
    return sorted(set().union(*hits))


VARIANTS: dict[str, list[object]] = {
    "data.normalize_text": [normalize_line_by_line, normalize_by_table],
    "data.gopher_quality": [gopher_step_by_step, gopher_with_tuples],
    "data.scrub_emails": [emails_with_function, emails_by_pieces],
    "data.unique_documents": [unique_by_dictionary, unique_by_search],
    "data.resemblance": [resemblance_by_counting, resemblance_by_zip],
    "data.minhash_signature": [signature_by_loop, signature_with_integers, signature_columns],
    "data.candidate_pairs": [pairs_by_comparing, pairs_by_keys],
    "data.contaminated_by": [leaks_by_text, leaks_by_index],
}
