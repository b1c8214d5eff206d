"""The commands `llmlab data` and `llmlab models`: what there is, what it is like, and getting it.

They stand outside llmlab.data, and import it when they are called: `llmlab --help` does not wait for PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llmlab.data.download import Progress
    from llmlab.data.entries import Entry

data = typer.Typer(no_args_is_help=True, help="Corpora: what there is, and how to get it.")
models = typer.Typer(no_args_is_help=True, help="Models: what there is, and how to get it.")

Name = Annotated[str, typer.Argument(help="A name from the list.")]


@data.command("list")
def list_corpora() -> None:
    """List all corpora with license and size, and say which are on this machine."""
    from llmlab.data.registry import CORPORA

    _list(CORPORA)


@models.command("list")
def list_models() -> None:
    """List all models with license and size, and say which are on this machine."""
    from llmlab.data.registry import MODELS

    _list(MODELS)


@data.command()
def show(
    name: Name,
    part: Annotated[
        str | None, typer.Option(help="A part, as `test`; by default the first.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many texts to show.")] = 3,
    seed: Annotated[int, typer.Option(help="For a corpus that is drawn.")] = 0,
) -> None:
    """Show what the registry knows about a corpus, and its first texts."""
    from llmlab.data import corpora, registry

    entry = registry.corpus(name)
    _describe(entry)
    typer.echo(f"parts: {', '.join(corpora.parts(name))}")
    for text in corpora.sample(name, count, part, seed=seed):
        typer.echo(f"\n{text}")


@data.command("get")
def get_corpus(name: Name) -> None:
    """Get a corpus: find it on this machine, or download it and check it."""
    from llmlab.data.registry import corpus

    _get(corpus(name))


@models.command("get")
def get_model(name: Name) -> None:
    """Get a model: find it on this machine, or download it and check it."""
    from llmlab.data.registry import model

    _get(model(name))


@data.command()
def clean(
    source: Annotated[
        Path,
        typer.Argument(help="A .txt (empty lines between documents), .jsonl, .csv or .parquet."),
    ],
    target: Annotated[Path, typer.Argument(help="The cleaned corpus: a new .jsonl.")],
    field: Annotated[str, typer.Option(help="The field that holds the text.")] = "text",
    processes: Annotated[int, typer.Option(min=1, help="On how many processes.")] = 1,
    evaluation: Annotated[
        list[str] | None,
        typer.Option(help="A corpus whose texts must not be learned, as gsm8k; may be repeated."),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Where the report goes, as .json.")] = None,
) -> None:
    """Clean a corpus: mend, filter, scrub, and remove copies; then say what went, and why."""
    import tempfile

    import datasets  # type: ignore[import-untyped]

    from llmlab.data import corpora
    from llmlab.data.errors import CorpusError
    from llmlab.data.pipeline import clean_dataset
    from llmlab.data.reading import read_documents
    from llmlab.data.steps import default_steps

    if target.exists():
        raise CorpusError(f"{target} exists, and is not overwritten; choose another name.")
    tests = [
        text
        for name in evaluation or ()
        for part in corpora.parts(name)
        for text in corpora.texts(name, part)
    ]
    # An unreadable file is told of by us, before datasets wraps the sentence into one of its own.
    next(read_documents(source, field))
    with tempfile.TemporaryDirectory() as folder:
        rows = datasets.Dataset.from_generator(
            _rows, gen_kwargs={"source": source, "field": field}, cache_dir=folder
        )
        steps = default_steps(evaluation=tests)
        kept, found = clean_dataset(rows, steps, num_proc=processes)
        kept.to_json(target, force_ascii=False)
    typer.echo(str(found))
    if report is not None:
        found.save(report)


@data.command()
def pack(
    source: Annotated[
        str,
        typer.Argument(
            help="A .txt (empty lines between documents), .jsonl, .csv or .parquet; or a corpus of the list."
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="What training reads: a new folder.")],
    field: Annotated[str, typer.Option(help="The field that holds the text.")] = "text",
    vocabulary_size: Annotated[
        int, typer.Option(help="How many tokens the tokenizer learns to have.")
    ] = 4096,
    tokenizer: Annotated[
        Path | None, typer.Option(help="A tokenizer to take instead: its file or folder.")
    ] = None,
    hold_out_every: Annotated[
        int, typer.Option(help="One document in so many is kept for validation.")
    ] = 100,
    count: Annotated[
        int | None, typer.Option(min=2, help="How many documents to take; by default, all.")
    ] = None,
) -> None:
    """Make a corpus ready for training: learn a tokenizer from it, and pack it into token ids."""
    from llmlab.data.training_data import prepare_texts
    from llmlab.tokenization import load_tokenizer

    prepared = prepare_texts(
        _documents(source, field, count),
        folder,
        vocabulary_size=vocabulary_size,
        tokenizer=None if tokenizer is None else load_tokenizer(tokenizer),
        hold_out_every=hold_out_every,
        watch=_counted,
    )
    for name, manifest in (("train", prepared.train), ("validation", prepared.validation)):
        typer.echo(f"{name}: {manifest.documents:,} documents, {manifest.tokens:,} tokens")
    typer.echo(
        f"{folder} is ready, with a vocabulary of {prepared.train.vocabulary_size:,}. Train on it by\n"
        f"  llmlab train --config own-text --data.folder {folder} "
        f"--model.config.vocabulary_size {prepared.train.vocabulary_size}"
    )


def _documents(source: str, field: str, count: int | None) -> Callable[[], Iterator[str]]:
    """Say how a file or a corpus is read, from its beginning each time."""
    from llmlab.data import corpora
    from llmlab.data.errors import CorpusError, UnknownEntryError
    from llmlab.data.reading import read_documents
    from llmlab.data.registry import corpus

    path = Path(source)
    if path.exists() or path.suffix:
        return lambda: islice(read_documents(path, field), count)
    try:
        entry = corpus(source)
    except UnknownEntryError as error:
        raise UnknownEntryError(f"There is no file {source}. {error}") from error
    if entry.endless and count is None:
        raise CorpusError(f"{source} has no end; say how many texts to take, by --count 10000.")
    return lambda: islice(corpora.texts(source), count)


def _counted(texts: Iterable[str], purpose: str) -> Iterator[str]:
    """Show how many texts have been read, on the error stream."""
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}: {task.completed:,.0f} documents"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        yield from bar.track(texts, description=purpose)


def _rows(source: Path, field: str) -> Iterator[dict[str, str]]:
    from llmlab.data.reading import read_documents

    return ({"text": text} for text in read_documents(source, field))


def _list(entries: tuple[Entry, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("name", "license", "size", "where"):
        table.add_column(column, no_wrap=True)
    table.add_column("what it is")
    for entry in entries:
        table.add_row(entry.name, entry.license, _size(entry), _where(entry), entry.title)
    Console().print(table)


def _describe(entry: Entry) -> None:
    typer.echo(f"{entry.name}: {entry.title}")
    typer.echo(f"license: {entry.license}")
    typer.echo(f"source: {entry.source}")
    if entry.revision:
        typer.echo(f"revision: {entry.revision}")
    typer.echo(f"size: {_size(entry)}")
    typer.echo(f"where: {_where(entry)}")
    if entry.warning:
        typer.echo(f"note: {entry.warning}")


def _get(entry: Entry) -> None:
    from llmlab.data import places

    typer.echo(f"{entry.name}: {entry.title}")
    typer.echo(f"license: {entry.license}; see {entry.source}")
    if entry.warning:
        typer.echo(f"note: {entry.warning}")
    place = places.get(entry, progress=_bar)
    if place.folder is None:
        typer.echo("It comes with llmlab; there is nothing to download.")
        return
    right = places.verify(entry, place)
    checked = f"; the SHA-256 of {len(right)} files is right" if right else ""
    typer.echo(f"It is in {place.folder}{checked}.")


def _size(entry: Entry) -> str:
    from llmlab.data import places

    if entry.endless:
        return "no end"
    size, place = entry.size, places.find(entry)
    if size is None and place is not None and place.folder is not None:
        size = sum(path.stat().st_size for path in place.folder.rglob("*") if path.is_file())
    return "unknown" if size is None else f"{size / 1e6:,.1f} MB"


def _where(entry: Entry) -> str:
    from llmlab.data import places
    from llmlab.data.entries import Tier

    place = places.find(entry)
    if place is None:
        return "to be got"
    return {
        Tier.EMBEDDED: "with llmlab",
        Tier.LOCAL: f"in {places.LOCAL_VARIABLE}",
        Tier.HUB: "downloaded",
    }[place.tier]


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    """Show a bar while a file comes, on the error stream, so that the output stays clean."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
