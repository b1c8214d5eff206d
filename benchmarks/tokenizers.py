"""Measure our tokenizers beside `tokenizers`, `tiktoken` and `sentencepiece`, in one run.

    python benchmarks/tokenizers.py

Each figure comes from a fresh process, which also gives the peak of its own memory. The corpus is
5 MB: WikiText-2 and Shakespeare where LLMLAB_DATA names them, and the source of the standard
library. `tiktoken` has no trainer for corpora of this size, so it encodes with what we trained.
"""

from __future__ import annotations

import json
import os
import platform
import random
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# This file has the name of a peer, which Python would look for beside it first.
HERE = Path(__file__).resolve().parent
sys.path = [entry for entry in sys.path if Path(entry).resolve() != HERE]

MEGABYTE = 1_000_000
CORPUS_SIZE = 5 * MEGABYTE
STREAM_SIZE = 100 * MEGABYTE
BPE_TOKENS = 10_000
UNIGRAM_TOKENS = 4_000


def main() -> None:
    """Run all measurements and print them as a table."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=120)
    console.print(f"{machine()}\n{versions()}")
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus.txt")
        corpus.write_text(five_megabytes(), encoding="utf-8")
        table = Table("what", "who", "seconds", "MB/s", "peak MB", "result")
        for name, (what, who, size, _) in MEASUREMENTS.items():
            with console.status(f"{what}, {who}"):
                found = in_fresh_process(name, folder)
            speed = size / MEGABYTE / found["seconds"]
            figures = [f"{found['seconds']:.1f}", f"{speed:.2f}", f"{found['megabytes']:.0f}"]
            table.add_row(what, who, *figures, found["result"])
        console.print(table)


def in_fresh_process(name: str, folder: str) -> dict[str, Any]:
    """Run one measurement in a Python of its own."""
    command = [sys.executable, __file__, name, folder]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"The measurement {name} failed:\n{run.stderr}")
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def machine() -> str:
    """Name the machine."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    load = os.getloadavg()[0]
    return f"{processor}, {os.cpu_count()} cores, load {load:.1f}, {platform.platform()}"


def versions() -> str:
    """Name what is compared."""
    from importlib.metadata import version

    peers = ("tokenizers", "tiktoken", "sentencepiece")
    return ", ".join([f"Python {platform.python_version()}", *(f"{p} {version(p)}" for p in peers)])


def five_megabytes() -> str:
    """Put the corpus together: the same on each run of the same Python."""
    data = os.environ.get("LLMLAB_DATA")
    paths = []
    if data:
        paths += sorted(Path(data, "Salesforce/wikitext-2").glob("*.txt"))
        paths += sorted(Path(data, "karpathy/tiny_shakespeare").glob("*.txt"))
    paths += sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))
    text = ""
    for path in paths:
        if len(text) >= CORPUS_SIZE:
            break
        text += path.read_text(encoding="utf-8", errors="ignore")
    return text[:CORPUS_SIZE]


# --- the measurements -------------------------------------------------------------------------

Measure = Callable[[Path], tuple[float, str]]


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Run something; give the seconds that it took, and what it gave."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def read_corpus(folder: Path) -> str:
    """Read the corpus."""
    return (folder / "corpus.txt").read_text(encoding="utf-8")


def train_ours(folder: Path, workers: int) -> tuple[float, str]:
    """Train our BPE, and keep it for the measurements that follow."""
    from llmlab.tokenization import ByteLevelBPE

    text = read_corpus(folder)
    seconds, tokenizer = timed(lambda: ByteLevelBPE.train(text, BPE_TOKENS, workers=workers))
    tokenizer.save(folder)
    return seconds, f"{len(tokenizer.merges)} merges"


def train_tokenizers(folder: Path) -> tuple[float, str]:
    """Train the BPE of `tokenizers` and compare its merges with ours."""
    import tokenizers
    from tokenizers import pre_tokenizers, trainers

    from llmlab.tokenization import ByteLevelBPE

    text = read_corpus(folder)
    peer = tokenizers.Tokenizer(tokenizers.models.BPE())
    peer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=BPE_TOKENS, initial_alphabet=alphabet, show_progress=False
    )
    seconds, _ = timed(lambda: peer.train_from_iterator([text], trainer))
    theirs = [tuple(merge) for merge in json.loads(peer.to_str())["model"]["merges"]]
    ours = ByteLevelBPE.from_file(folder / "tokenizer.json").merges
    equal = sum(a == b for a, b in zip(ours, theirs, strict=False))
    return seconds, f"{equal} of {len(theirs)} merges are ours"


def encode_ours(folder: Path, again: bool) -> tuple[float, str]:
    """Encode with an empty cache, or with one that has seen the text."""
    from llmlab.tokenization import ByteLevelBPE

    text = read_corpus(folder)
    tokenizer = ByteLevelBPE.from_file(folder / "tokenizer.json")
    seconds, ids = timed(lambda: tokenizer.encode(text))
    if again:
        seconds, ids = timed(lambda: tokenizer.encode(text))
    (folder / "ids.json").write_text(json.dumps(ids))
    return seconds, f"{len(ids)} ids"


def compare_ids(folder: Path, ids: list[int]) -> str:
    """Say whether ids are those that `encode_ours` kept."""
    ours = json.loads((folder / "ids.json").read_text())
    return "the same ids" if ids == ours else "OTHER IDS"


def encode_tokenizers(folder: Path) -> tuple[float, str]:
    """Encode with `tokenizers`, with what we trained."""
    import tokenizers

    text = read_corpus(folder)
    peer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    seconds, [encoding] = timed(lambda: peer.encode_batch_fast([text]))
    return seconds, compare_ids(folder, encoding.ids)


def encode_tiktoken(folder: Path) -> tuple[float, str]:
    """Encode with `tiktoken`, with what we trained."""
    import tiktoken

    from llmlab.tokenization import ByteLevelBPE

    text = read_corpus(folder)
    ours = ByteLevelBPE.from_file(folder / "tokenizer.json")
    ranks = {ours.token_bytes(token): token for token in range(ours.vocab_size)}
    peer = tiktoken.Encoding("ours", pat_str=ours.pattern, mergeable_ranks=ranks, special_tokens={})
    seconds, ids = timed(lambda: peer.encode_ordinary(text))
    return seconds, compare_ids(folder, ids)


def stream_ours(folder: Path) -> tuple[float, str]:
    """Stream a file of 100 MB: the lines of the corpus, shuffled again and again."""
    from llmlab.tokenization import ByteLevelBPE

    tokenizer = ByteLevelBPE.from_file(folder / "tokenizer.json")
    path = folder / "stream.txt"
    subprocess.run([sys.executable, __file__, "write stream", str(folder)], check=True)

    def count() -> int:
        with path.open(encoding="utf-8", newline="") as file:
            chunks: Iterator[str] = iter(lambda: file.read(65_536), "")
            return sum(1 for _ in tokenizer.encode_iterable(chunks))

    seconds, ids = timed(count)
    return seconds, f"{ids} ids of {path.stat().st_size / MEGABYTE:.0f} MB"


def write_stream(folder: Path) -> None:
    """Write the file to stream, in a process of its own, whose memory does not count."""
    lines = read_corpus(folder).splitlines(keepends=True)
    generator = random.Random(0)  # noqa: S311 - no secret
    size = 0
    with (folder / "stream.txt").open("w", encoding="utf-8", newline="") as file:
        while size < STREAM_SIZE:
            generator.shuffle(lines)
            size += file.write("".join(lines))


def unigram_lines(folder: Path) -> list[str]:
    """Give the first megabyte of the corpus as SentencePiece reads it: one space between words."""
    lines = read_corpus(folder)[:MEGABYTE].replace("<unk>", "").splitlines()
    return [line for line in (" ".join(line.split()) for line in lines) if line]


def unigram_ours(folder: Path) -> tuple[float, str]:
    """Train our Unigram."""
    from llmlab.tokenization import Unigram

    lines = unigram_lines(folder)
    seconds, tokenizer = timed(lambda: Unigram.train(lines, UNIGRAM_TOKENS, character_coverage=1.0))
    tokenizer.save(folder / "unigram.json")
    return seconds, f"{tokenizer.vocab_size} pieces"


def unigram_sentencepiece(folder: Path) -> tuple[float, str]:
    """Train SentencePiece's Unigram, and compare vocabulary and cuts with ours."""
    import io

    import sentencepiece

    from llmlab.tokenization import Unigram

    lines = unigram_lines(folder)
    model = io.BytesIO()
    options = {"unk_id": 0, "bos_id": -1, "eos_id": -1, "max_sentence_length": 100_000}
    seconds, _ = timed(
        lambda: sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type="unigram",
            vocab_size=UNIGRAM_TOKENS,
            character_coverage=1.0,
            normalization_rule_name="identity",
            minloglevel=2,
            **options,
        )
    )
    peer = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    ours = Unigram.from_file(folder / "unigram.json")
    pieces = {peer.id_to_piece(piece) for piece in range(peer.get_piece_size())}
    shared = len(pieces & ours.pieces.keys()) / len(pieces)
    words = sorted({word for line in lines for word in line.split()})
    agree = sum(ours.tokens(word) == peer.encode(word, out_type=str) for word in words) / len(words)
    return seconds, f"shares {shared:.1%} of pieces, cuts {agree:.1%} of words alike"


MEASUREMENTS: dict[str, tuple[str, str, int, Measure]] = {
    "train 2": ("train BPE", "llmlab, 2 processes", CORPUS_SIZE, lambda f: train_ours(f, 2)),
    "train": ("train BPE", "llmlab", CORPUS_SIZE, lambda f: train_ours(f, 1)),
    "train peer": ("train BPE", "tokenizers", CORPUS_SIZE, train_tokenizers),
    "encode": ("encode", "llmlab, empty cache", CORPUS_SIZE, lambda f: encode_ours(f, False)),
    "again": ("encode", "llmlab, warm cache", CORPUS_SIZE, lambda f: encode_ours(f, True)),
    "encode peer": ("encode", "tokenizers", CORPUS_SIZE, encode_tokenizers),
    "encode tiktoken": ("encode", "tiktoken", CORPUS_SIZE, encode_tiktoken),
    "stream": ("stream a file", "llmlab", STREAM_SIZE, stream_ours),
    "unigram": ("train Unigram", "llmlab", MEGABYTE, unigram_ours),
    "unigram peer": ("train Unigram", "sentencepiece", MEGABYTE, unigram_sentencepiece),
}


def measure(name: str, folder: Path) -> None:
    """Run one measurement in this process and print it as JSON."""
    seconds, result = MEASUREMENTS[name][3](folder)
    kilobyte = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte / MEGABYTE
    print(json.dumps({"seconds": seconds, "megabytes": peak, "result": result}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
        case ["write stream", folder]:
            write_stream(Path(folder))
        case [name, folder]:
            measure(name, Path(folder))
