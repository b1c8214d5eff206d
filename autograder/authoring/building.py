"""Writes the released notebooks of all labs, and finds their sources."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from autograder.authoring.source import release_notebook, source_notebook
from autograder.errors import AuthoringError, AutograderError, StaleLabs
from llmlab.workspace import write_safely

_LAB_FOLDER = re.compile(r"\d\d_[a-z_]+")


def lab_sources(solutions: Path) -> list[Path]:
    """List the source of each lab in the folder, in the order of the course.

    Raises:
        AutograderError: There are none.
    """
    folders = [one for one in sorted(solutions.glob("*/")) if _LAB_FOLDER.fullmatch(one.name)]
    sources = [folder / f"{folder.name.partition('_')[2]}.py" for folder in folders]
    found = [source for source in sources if source.exists()]
    if not found:
        raise AutograderError(
            f"{solutions} holds no labs, as 05_attention/attention.py; give --solutions."
        )
    return found


def solutions_folder() -> Path:
    """Find the folder of the labs' sources, which only a checkout of the project has.

    Raises:
        AutograderError: The package was installed without a checkout.
    """
    folder = Path(__file__).parent.parent.parent / "solutions"
    if not folder.is_dir():
        raise AutograderError(
            "The sources of the labs are not part of the installed package; clone the project and give "
            "its folder: --solutions PATH."
        )
    return folder


def build(solutions: Path, labs: Path, check: bool = False) -> list[Path]:
    """Write the released notebook of every lab, where it differs from what is there.

    Args:
        solutions: The folder of sources.
        labs: The folder of releases.
        check: Write nothing, and fail if anything would be written.

    Returns:
        The notebooks that were written.

    Raises:
        AutograderError: There are no sources, or one breaks the format.
        WorkspaceError: labs/ cannot be written.
        StaleLabs: `check` is set and labs/ is not what the sources give, or holds a notebook of no source.
    """
    changed = []
    targets = {
        source: labs / source.parent.name / f"{source.stem}.ipynb"
        for source in lab_sources(solutions)
    }
    strays = sorted(set(labs.glob("*/*.ipynb")) - set(targets.values()))
    if check and strays:
        names = ", ".join(str(path.relative_to(labs.parent)) for path in strays)
        raise StaleLabs(
            f"{names}: no source in {solutions} gives it; remove it, or add its source."
        )
    broken = []
    for source, target in targets.items():
        try:
            text = nbformat.writes(release_notebook(source_notebook(source))) + "\n"
        except AuthoringError as error:
            broken.append(str(error))
            continue
        if target.exists() and target.read_bytes() == text.encode():
            continue
        changed.append(target)
        if not check:
            write_safely(target, text.encode())
    if broken:
        # One lab's mistake does not keep the others from being built.
        raise AuthoringError("\n".join(broken))
    if check and changed:
        names = ", ".join(str(path.relative_to(labs.parent)) for path in changed)
        raise StaleLabs(f"{names}: not what the source gives; run `autograder build` and commit.")
    return changed
