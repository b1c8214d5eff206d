"""Where a model of the registry lies on this machine: a GGUF file, or a folder in the layout of Hugging Face."""

from __future__ import annotations

from pathlib import Path

from llmlab.data import places, registry
from llmlab.data.entries import Entry
from llmlab.data.errors import NotAvailableError, UnknownEntryError


def path(name: str) -> Path:
    """Find a model of the registry in the three tiers, without downloading anything.

    Args:
        name: As `smollm2-135m-instruct`.

    Returns:
        The GGUF file, or the folder that holds config.json and the weights.

    Raises:
        UnknownEntryError: The registry has no such model.
        NotAvailableError: It is in no tier on this machine; the message says how to get it.
    """
    entry = registry.model(name)
    for folder in _folders(entry):
        quantized = [folder / file.path for file in entry.files if file.path.endswith(".gguf")]
        for file in quantized:
            if file.is_file():
                return file
        if (folder / "config.json").is_file():
            return folder
    if entry.embedded:
        raise NotAvailableError(
            f"The model {name!r} does not come with this version of llmlab; train it with "
            f"`llmlab train --config {name}`, and name the folder that it writes."
        )
    raise NotAvailableError(places.missing(entry))


def path_or_name(given: str) -> Path:
    """Find a model by a path to it, or by its name in the registry.

    Raises:
        UnknownEntryError: It is neither.
        NotAvailableError: It is a name, and the model is not on this machine.
    """
    if Path(given).exists():
        return Path(given)
    try:
        return path(given)
    except UnknownEntryError as error:
        raise UnknownEntryError(
            f"There is no file or folder {given!r}, and no model of this name in the registry; "
            "`llmlab models list` shows those that there are."
        ) from error


def _folders(entry: Entry) -> list[Path]:
    """List the folders that may hold a model, in the order of the tiers."""
    place = places.find(entry)
    folders = [] if place is None or place.folder is None else [place.folder]
    if entry.hub is not None:
        # A classroom's folder may have nothing but the tokenizer, where the cache has the whole.
        folders.append(places.cache_folder(entry))
    return folders
