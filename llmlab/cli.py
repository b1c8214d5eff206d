"""The command `llmlab`: learn, prepare data, train and talk."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from llmlab import __version__, fetching, talking
from llmlab.errors import LlmlabError
from llmlab.workspace import lay_labs, open_jupyterlab

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Build a large language model, one lab at a time.",
)
app.add_typer(fetching.data, name="data")
app.add_typer(fetching.models, name="models")


def _show_version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"llmlab {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, help="Show the version and end.")
    ] = False,
) -> None:
    """Build a large language model, one lab at a time."""


@app.command()
def lab(
    folder: Annotated[
        Path, typer.Option(help="Where the labs are laid, and your answers stay.")
    ] = Path("my-labs"),
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    port: Annotated[
        int | None, typer.Option(help="JupyterLab's port; by default a free one.")
    ] = None,
    lay_only: Annotated[bool, typer.Option("--lay-only", help="Lay the labs and end.")] = False,
) -> None:
    """Lay the labs into a folder of yours and open JupyterLab on the first.

    What you have changed is never overwritten.
    """
    laid = lay_labs(folder)
    if laid.new:
        typer.echo(f"Laid {len(laid.new)} files into {folder}.")
    for name in laid.held_back:
        typer.echo(
            f"{name} has a newer release, and yours is kept; `autograder reset {Path(name).parent}` "
            "lays the new one and keeps a copy of yours."
        )
    if not lay_only:
        raise typer.Exit(open_jupyterlab(folder, browser, port))


@app.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
def train(
    settings: Annotated[
        list[str] | None, typer.Argument(help="Lightning's options; --help lists them all.")
    ] = None,
) -> None:
    """Pretrain a language model; `llmlab train --config tales-1m` trains a small one on stories."""
    # What trains takes seconds to import, which no other command should wait for.
    from llmlab.training.commands import run

    run(settings or [])


app.command()(talking.generate)
app.command()(talking.chat)


def main() -> None:
    """Run the command; an error of ours is one sentence and exit code 2."""
    if not sys.warnoptions:
        # What a library warns of is for us to mend, and not for the person to read.
        warnings.simplefilter("ignore")
    try:
        app()
    except LlmlabError as error:
        typer.echo(f"llmlab: {error}", err=True)
        sys.exit(2)
