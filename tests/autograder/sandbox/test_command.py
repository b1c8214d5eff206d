"""Where there is no sandbox, that is said in one sentence, with what to install."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from autograder.sandbox import Limits, SandboxUnavailable, command, sandbox_works
from autograder.sandbox.command import arguments, python_folders
from tests.autograder.sandbox.conftest import run_cells

PACKAGE = Path(command.__file__).parent.parent


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    command._trial.cache_clear()


def test_without_bubblewrap_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="apt install bubblewrap") as caught:
        sandbox_works()
    assert "--unsafe-no-sandbox" in str(caught.value)
    # A kernel is refused by the same sentence, and never started without its sandbox.
    with pytest.raises(SandboxUnavailable, match="There is no bubblewrap here"):
        run_cells(tmp_path, "open('ran', 'w')")
    assert list(tmp_path.iterdir()) == []


def test_on_another_system_it_asks_for_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxUnavailable, match="use Linux and install it"):
        sandbox_works()


def test_a_bubblewrap_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bwrap"
    program.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        SandboxUnavailable, match="No permissions to create new namespace"
    ) as caught:
        sandbox_works()
    assert "user namespaces" in str(caught.value)


def test_a_bubblewrap_that_cannot_run_at_all_is_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("no program")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="cannot start a sandbox here"):
        sandbox_works()


def test_every_private_folder_has_a_size() -> None:
    given = arguments(Limits(scratch_bytes=12345), {})
    places = [i for i, argument in enumerate(given) if argument == "--tmpfs"]
    private = [i for i in places if given[i + 1] != str(PACKAGE)]
    assert len(private) == 3
    assert all(given[i - 2 : i] == ["--size", "12345"] for i in private)
    # The package that says nothing is laid on an empty folder, which cannot be written to.
    assert ("--remount-ro", str(PACKAGE)) in itertools.pairwise(given)


def test_only_what_is_named_is_bound_and_only_the_sockets_writable() -> None:
    given = arguments(Limits(), {"A": "b"}, ["/srv/data"], "/course/ada", "/tmp/private")
    writable = [given[i + 1] for i, argument in enumerate(given) if argument == "--bind"]
    assert writable == ["/tmp/private/sockets"]
    shown = [given[i + 1] for i, one in enumerate(given) if one == "--ro-bind"]
    known = {"/usr", *python_folders(), "/srv/data", "/course/ada", "/tmp/private"}
    known |= {"/tmp/private/passwd", "/tmp/private/hosts"}
    names = ("errors.py", "exercise", "probing", "sandbox", "sandbox/quiet.py", "student")
    assert set(shown) <= known | {str(PACKAGE / name) for name in names}


def test_no_exercise_and_nothing_that_judges_is_bound() -> None:
    given = arguments(Limits(), {})
    for name in (
        "exercises",
        "judging",
        "grading",
        "reading",
        "classroom",
        "notebook",
        "authoring",
    ):
        assert not any(one.startswith(str(PACKAGE / name)) for one in given)


def test_folders_of_python_are_named_once_and_never_the_whole_disk() -> None:
    folders = [Path(folder) for folder in python_folders()]
    assert Path("/") not in folders
    for folder in folders:
        assert not any(folder != other and folder.is_relative_to(other) for other in folders)
