"""The command `autograder` as a person uses it: what it prints, its exit codes, and damaged input."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder import cli
from autograder.authoring.source import source_notebook
from autograder.exercise import register
from autograder.exercise.declaration import module_name
from autograder.judging import execution
from autograder.judging.judge import Verdict
from autograder.notebook.attempts import record
from llmlab.workspace import lay_labs
from tests.labs import LABS, ROOT, SOLUTIONS
from tests.mounts import NO_WAY, namespace

COMMAND = Path(sys.executable).parent / "autograder"
WELCOME = register.load("welcome")
MARKS = {
    "grade": True,
    "solution": False,
    "locked": True,
    "schema_version": 3,
    "task": False,
    "points": 1,
}


@dataclass
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    def refused(self) -> str:
        """Give the one sentence of a command that could not do what it was asked."""
        assert self.code == 2, (self.out, self.err)
        assert self.out == ""
        assert re.fullmatch(r"(autograder|llmlab): [^\n]+[.?]\n", self.err), self.err
        return self.err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run the command in this process, which has imported PyTorch already."""

    def run_command(*args: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["autograder", *map(str, args)])
        code: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return Ran(code or 0, out, err)

    return run_command


def lay_work(folder: Path) -> Path:
    """Lay a learner's labs, with one exercise solved."""
    lay_labs(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMLAB_PROGRESS", str(folder / ".llmlab" / "progress.jsonl"))
        record(Verdict("welcome.average", "passed", 1, 1, "Well."))
    return folder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The learner's progress is found beside the labs.
    monkeypatch.delenv("LLMLAB_PROGRESS")
    monkeypatch.chdir(tmp_path)
    return lay_work(tmp_path / "my-labs")


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def notebook_of(work: Path, lab: str = "00_welcome") -> Path:
    return work / lab / f"{lab.partition('_')[2]}.ipynb"


def change(path: Path, edit: Callable[[NotebookNode], None]) -> None:
    notebook = nbformat.read(path, as_version=4)
    edit(notebook)
    # nbformat would repair what is to be damaged.
    path.write_text(json.dumps(notebook), "utf-8")


def cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    (found,) = [
        one
        for one in notebook.cells
        if one.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    ]
    return found


# check


def test_a_lab_with_a_mistake_ends_with_1_and_says_which(work: Path) -> None:
    def answer(notebook: NotebookNode) -> None:
        cell(notebook, "welcome-average-answer").source = "average = sum"
        cell(notebook, "welcome-equal_share-answer").source = "equal_share = 1 / 4"

    change(notebook_of(work), answer)
    before = files(work)
    done = subprocess.run(
        [COMMAND, "check", notebook_of(work), "--json"],
        cwd=work.parent,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "")
    found = {one["exercise"]: one for one in json.loads(done.stdout)}
    assert {name: (one["status"], one["points"]) for name, one in found.items()} == {
        "welcome.average": ("wrong", 0),
        "welcome.equal_share": ("passed", 1),
        "welcome.model_output": ("unwritten", 0),
    }
    assert found["welcome.average"]["misconception"] == "only_the_sum"
    assert "does not share the sum out" in found["welcome.average"]["sentence"]
    # The notebook asks for a hint, and that is none of the learner's.
    assert files(work) == before


def test_the_table_says_points_verdict_and_diagnosis(
    work: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = [
        Verdict("demo.one", "passed", 2, 2, "`one` is right."),
        Verdict("demo.two", "wrong", 0, 3, "It has [/red] in it."),
        Verdict("demo.three", "unwritten", 0, 1, "Not yet."),
    ]
    monkeypatch.setattr(execution, "run_and_judge", lambda path, wanted: verdicts)
    monkeypatch.setenv("COLUMNS", "120")
    ran = run("check", "welcome")
    assert ran.code == 1
    for line in (
        r"demo.one\s+│\s+2/2 │ ✓ right\s+│ ",
        r"demo.two\s+│\s+0/3 │ ✗ wrong\s+│ It has \[/red\] in it\.",
        r"demo.three\s+│\s+0/1 │ ○ not written │ Not yet\.",
        "2 of 6 points",
    ):
        assert re.search(line, ran.out), ran.out
    del verdicts[1:]
    assert run("check", "welcome").code == 0


def test_a_check_says_what_grading_will_read_and_takes_nothing_for_it(
    work: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slip(notebook: NotebookNode) -> None:
        notebook.cells.append(nbformat.v4.new_code_cell("%tiem sum(range(3))"))

    change(notebook_of(work), slip)
    verdict = Verdict("welcome.average", "passed", 1, 1, "`average` is right.")
    monkeypatch.setattr(execution, "run_and_judge", lambda path, wanted: [verdict])
    ran = run("check", "welcome")
    assert ran.code == 0
    assert "it takes no points away" in ran.out
    assert "line 1: `%tiem sum(range(3))` is not known here." in ran.out
    # Beside JSON it is said on the other stream.
    ran = run("check", "welcome", "--json")
    assert [one["points"] for one in json.loads(ran.out)] == [1]
    assert "%tiem" in ran.err


def _write(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _of_another_lab(path: Path) -> None:
    shutil.copy(notebook_of(path.parents[1], "05_attention"), path)


def _edit(edit: Callable[[NotebookNode], None]) -> Callable[[Path], None]:
    return lambda path: change(path, edit)


def _delete(notebook: NotebookNode) -> None:
    notebook.cells.remove(cell(notebook, "welcome-average"))


def _copy(fresh_id: bool) -> Callable[[NotebookNode], None]:
    def copy(notebook: NotebookNode) -> None:
        twin = nbformat.from_dict(cell(notebook, "welcome-average"))
        if fresh_id:
            twin.id = "fresh"
        notebook.cells.append(twin)

    return copy


def _rename(notebook: NotebookNode) -> None:
    cell(notebook, "welcome-average").metadata.nbgrader.grade_id = "welcome-mean"


def _exchange(notebook: NotebookNode) -> None:
    cell(notebook, "welcome-average").metadata.nbgrader.grade_id = "welcome-equal_share"


def _foreign(notebook: NotebookNode) -> None:
    marks = {"nbgrader": {**MARKS, "grade_id": "attention-embed"}}
    notebook.cells.append(nbformat.v4.new_code_cell("1", metadata=marks))


def _unmark(notebook: NotebookNode) -> None:
    del notebook.metadata["autograder"]


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no JSON": (_write(b"print('hello')\n"), "is no notebook: it is not JSON."),
    "half a file": (_half, "is no notebook: it is not JSON."),
    "an empty file": (_write(b""), "is empty. `autograder reset`"),
    "a blank file": (_write(b" \n\n"), "is empty. `autograder reset`"),
    "no UTF-8": (_write(b"\xff\xfe{}"), "is not UTF-8 text. `autograder reset`"),
    "zeros": (_write(b"\x00" * 4096), "is no notebook: it is not JSON."),
    "a deep file": (_write(b"[" * 100_000), "is no notebook"),
    "a list": (_write(b"[]"), "is JSON, but no notebook"),
    "a number": (_write(b"7"), "is JSON, but no notebook"),
    "null": (_write(b"null"), "is JSON, but no notebook"),
    "an object": (_write(b"{}"), "is JSON, but no notebook"),
    "cells that are none": (
        _write(b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}'),
        "is JSON, but no notebook",
    ),
    "another lab's notebook": (
        _of_another_lab,
        "is the notebook of lab 05_attention, not of 00_welcome. Move it back, or run",
    ),
    "no lab's notebook": (_edit(_unmark), "is not the notebook of a lab"),
    "a deleted check": (
        _edit(_delete),
        "the check of welcome.average was deleted or renamed. Take the cell back",
    ),
    "a renamed check": (_edit(_rename), "the check of welcome.average was deleted or renamed."),
    "a check in place of another": (
        _edit(_exchange),
        "the check of welcome.average was deleted or renamed.",
    ),
    "another lab's check": (_edit(_foreign), "the check of attention.embed is another lab's."),
}


@pytest.mark.parametrize("fresh_id", [True, False])
def test_a_copied_check_is_said_and_the_last_one_counts(
    fresh_id: bool, work: Path, run: Callable[..., Ran]
) -> None:
    _edit(_copy(fresh_id))(notebook_of(work))
    before = files(work)
    ran = run("check", "00_welcome", "--json")
    ids = [one["exercise"] for one in json.loads(ran.out)]
    assert ids == list(dict.fromkeys(ids))
    assert "The check of welcome.average stands more than once; the last one counts." in ran.err
    assert files(work) == before


@pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_notebook_gets_one_sentence_and_reset_keeps_a_copy(
    damage: Callable[[Path], None], said: str, work: Path, run: Callable[..., Ran]
) -> None:
    path = notebook_of(work)
    released = path.read_bytes()
    damage(path)
    before = files(work)
    assert said in run("check", "00_welcome").refused()
    assert files(work) == before

    ran = run("reset", "00_welcome")
    assert (ran.code, ran.err) == (0, "")
    (kept,) = set(files(work)) - set(before)
    assert re.fullmatch(r"00_welcome/welcome_\d{4}(-\d\d){2}_\d\d(-\d\d){2}\.ipynb", kept)
    assert (work / kept).read_bytes() == before["00_welcome/welcome.ipynb"]
    assert path.read_bytes() == released
    assert files(work)[".llmlab/progress.jsonl"] == before[".llmlab/progress.jsonl"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("check 07_nothing", "There is no lab `07_nothing`; there are: attention"),
        ("check 05_atention", "There is no lab `05_atention`; did you mean `attention`?"),
        ("check 06_attention", "There is no lab `06_attention`; did you mean `05_attention`?"),
        ("check nowhere.ipynb", "There is no notebook nowhere.ipynb; look at the name."),
        ("check my-labs.ipynb", "my-labs.ipynb cannot be read: Is a directory."),
        ("check 00_welcome --folder nowhere", "There is no nowhere/00_welcome/welcome.ipynb yet;"),
        ("reset 07_nothing", "There is no lab `07_nothing`; there are: attention"),
        ("progress --folder nowhere", "There is no folder nowhere; give the one that holds"),
        ("build --solutions nowhere", "nowhere holds no labs, as 05_attention/attention.py;"),
        ("init course --solutions nowhere", "nowhere holds no labs, as 05_attention/attention.py;"),
        ("new agents", "`agents` is no name for a lab; give two digits and a topic"),
        ("new 42_agents", ". is no checkout of llmlab; give one with --root."),
    ],
)
def test_what_does_not_exist_gets_one_sentence(
    args: str, said: str, work: Path, run: Callable[..., Ran]
) -> None:
    (work.parent / "my-labs.ipynb").mkdir()
    before = files(work.parent)
    assert run(*args.split()).refused().startswith(f"autograder: {said}")
    assert files(work.parent) == before


def test_a_command_line_out_of_form_ends_with_2(run: Callable[..., Ran]) -> None:
    for args in (["check"], ["chekc", "00_welcome"], ["check", "--nothing"]):
        ran = run(*args)
        assert ran.code == 2
        assert "Usage: " in ran.err


def test_help_says_what_each_command_does(run: Callable[..., Ran]) -> None:
    ran = run("--help")
    assert ran.code == 0
    for command in ("check", "progress", "reset", "build", "init", "new"):
        assert re.search(rf" {command} +\w", ran.out)


# progress


def test_progress_is_read_from_the_folder_of_labs(work: Path, run: Callable[..., Ran]) -> None:
    for args in ([], ["--folder", work]):
        ran = run("progress", *args)
        assert (ran.code, ran.err) == (0, "")
        assert "00 Welcome: 1 of 3 points\n  ✓ average (1 attempt)" in ran.out


def test_what_a_terminal_cannot_show_is_replaced(work: Path) -> None:
    done = subprocess.run(
        [COMMAND, "progress"],
        cwd=work.parent,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"  ? average (1 attempt)" in done.stdout


# reset


def test_reset_keeps_every_copy_and_makes_none_of_what_was_not_changed(
    work: Path, run: Callable[..., Ran]
) -> None:
    path = notebook_of(work)
    released = path.read_bytes()
    assert run("reset", "00_welcome").out == f"00_welcome is laid afresh in {work.name}.\n"
    kept = []
    for mine in (b"first", b"second", b"third"):
        path.write_bytes(mine)
        ran = run("reset", "00_welcome", "--folder", work)
        (copy,) = re.findall(r"Yours is kept as (.+)[.]\n", ran.out)
        kept.append(Path(copy))
        assert path.read_bytes() == released
    assert [copy.read_bytes() for copy in kept] == [b"first", b"second", b"third"]


def test_a_lab_that_was_deleted_is_laid_again(work: Path, run: Callable[..., Ran]) -> None:
    before = files(work)
    shutil.rmtree(work / "00_welcome")
    assert run("reset", "welcome").code == 0
    assert files(work) == before


# build, init, new


def test_build_writes_what_is_stale_and_its_check_names_it(
    tmp_path: Path, run: Callable[..., Ran]
) -> None:
    shutil.copytree(SOLUTIONS / "00_welcome", tmp_path / "solutions" / "00_welcome")
    target = tmp_path / "labs" / "00_welcome" / "welcome.ipynb"
    args = ("build", "--solutions", tmp_path / "solutions")
    said = run(*args, "--check").refused()
    assert said == (
        "autograder: labs/00_welcome/welcome.ipynb: not what the source gives; run "
        "`autograder build` and commit.\n"
    )
    assert not target.exists()
    assert run(*args) == Ran(0, f"Wrote {target}.\n", "")
    for check in ((), ("--check",)):
        assert run(*args, *check) == Ran(0, "All labs are up to date.\n", "")


def test_init_makes_a_course_and_leaves_what_is_there(
    tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    course = tmp_path / "llm101"
    course.mkdir()
    (course / "nbgrader_config.py").write_text("mine")
    ran = run("init", "llm101")
    assert (ran.code, ran.err) == (0, "")
    names = ", ".join(lab.folder for lab in LABS)
    assert ran.out.startswith(f"llm101 is a course with {len(LABS)} labs: {names}.\n")
    assert (course / "nbgrader_config.py").read_text() == "mine"
    for lab in LABS:
        nbformat.read(course / "source" / lab.folder / f"{lab.topic}.ipynb", as_version=4)
        hidden = {path.stem for path in (course / "hidden" / lab.folder).glob("*.py")}
        assert hidden == {module_name(name) for name in lab.order}
    before = files(course)
    assert run("init", "llm101").code == 0
    assert files(course) == before


def test_new_writes_the_files_of_a_lab_and_says_which(
    tmp_path: Path, run: Callable[..., Ran]
) -> None:
    (tmp_path / "autograder" / "exercises").mkdir(parents=True)
    ran = run("new", "42_agents", "--root", tmp_path)
    written = re.findall(r"Wrote (.+)[.]\n", ran.out)
    assert {str(Path(path).relative_to(tmp_path)) for path in written} == set(files(tmp_path))
    assert ran.out.endswith("Fill them in, and run `autograder build`.\n")
    before = files(tmp_path)
    assert "exists already" in run("new", "42_agents", "--root", tmp_path).refused()
    assert files(tmp_path) == before


# A disk that cannot be written

# Root may write what the permission bits forbid. So the folder is a small file system that is full or
# read-only, mounted in a namespace of its own: that needs no rights, and ends with the process.
MOUNTED = """
import contextlib, io, json, os, subprocess, sys, traceback
from pathlib import Path
import autograder.cli, llmlab.cli

template, commands = Path(sys.argv[1]), json.loads(sys.argv[2])
programs = {"autograder": autograder.cli, "llmlab": llmlab.cli}

def snapshot():
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}

def run(command):
    before, out, err, code = snapshot(), io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            if command.startswith("average.py: "):
                with contextlib.chdir("my-labs"):
                    answer = {"average": lambda numbers: sum(numbers) / len(numbers)}
                    exec(f"from autograder import *; {command.partition(' ')[2]}", answer)
            else:
                sys.argv = command.split()
                programs[sys.argv[0]].main()
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            code = traceback.print_exc() or 1
    return code, out.getvalue(), err.getvalue(), snapshot() == before

results = {}
for kind, place in zip(("full", "read-only"), sys.argv[3:5]):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=True)
    subprocess.run(["cp", "-a", f"{template}/.", place], check=True)
    os.chdir(place)
    if kind == "full":
        with contextlib.suppress(OSError), open("filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
    else:
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    results[kind] = {command: run(command) for command in commands[kind]}
json.dump(results, sys.stdout)
"""
REFUSED = {
    "autograder reset 00_welcome": "my-labs/00_welcome/welcome_",
    "autograder reset 05_attention": "my-labs/05_attention/attention.ipynb could not be written (",
    "autograder init course": "course/nbgrader_config.py could not be written (",
    "autograder new 42_agents": "autograder/exercises/agents/__init__.py could not be written (",
    f"autograder build --solutions {SOLUTIONS} --labs released": "released/00_welcome/welcome.ipynb",
    "llmlab lab --lay-only": "my-labs/.llmlab/laid.json could not be written (",
}
PROGRESS = "autograder progress"
CHECK, HINT = "average.py: check('welcome.average')", "average.py: hint('welcome.average')"
SOLVED = "autograder check 00_welcome"
REASONS = {"full": "(No space left on device)", "read-only": "(Read-only file system)"}
every_disk = pytest.mark.parametrize("kind", REASONS)


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, tuple[Ran, bool]]]:
    """Run commands where nothing can be written; say of each whether all files are as they were."""
    root = tmp_path_factory.mktemp("template")
    work = lay_work(root / "my-labs")
    (root / "autograder" / "exercises").mkdir(parents=True)
    nbformat.write(source_notebook(SOLUTIONS / "00_welcome" / "welcome.py"), notebook_of(work))
    # On a full disk a file can still grow to the end of its last block, so that one is filled.
    progress = work / ".llmlab" / "progress.jsonl"
    room = -progress.stat().st_size % 4096
    progress.write_bytes(progress.read_bytes() + b" " * (room - 1) + b"\n")
    places = [tmp_path_factory.mktemp(kind) for kind in REASONS]
    way = namespace(places[0])
    if way is None:
        pytest.skip(NO_WAY)
    commands = [*REFUSED, PROGRESS, CHECK, HINT]
    asked = json.dumps({"full": commands, "read-only": [*commands, SOLVED]})
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # The learner's progress is found beside the labs.
    del environment["LLMLAB_PROGRESS"]
    done = subprocess.run(
        [*way, sys.executable, "-c", MOUNTED, root, asked, *places],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {
        kind: {command: (Ran(*ran), same) for command, (*ran, same) in results.items()}
        for kind, results in json.loads(done.stdout).items()
    }


@every_disk
@pytest.mark.parametrize(("command", "said"), REFUSED.items(), ids=REFUSED.keys())
def test_what_cannot_be_written_gets_one_sentence_and_nothing_is_lost(
    kind: str, command: str, said: str, disks: dict[str, dict[str, tuple[Ran, bool]]]
) -> None:
    ran, same = disks[kind][command]
    assert said in ran.refused()
    assert f"{REASONS[kind]}; what was there is untouched." in ran.err
    assert same


@every_disk
def test_where_nothing_can_be_written_a_learner_can_still_learn(
    kind: str, disks: dict[str, dict[str, tuple[Ran, bool]]]
) -> None:
    for command in (PROGRESS, CHECK, HINT):
        ran, same = disks[kind][command]
        assert (ran.code, ran.err, same) == (0, "", True)
    assert "✓ average (1 attempt)" in disks[kind][PROGRESS][0].out
    assert "Hint 1 of 3." in disks[kind][HINT][0].out
    checked = " ".join(disks[kind][CHECK][0].out.split())
    assert "✓ welcome.average: 1 of 1 points" in checked
    assert "Your progress could not be saved in" in checked
    assert REASONS[kind] in checked


def test_a_solved_lab_prints_a_table_and_ends_with_0_even_where_it_cannot_be_written(
    disks: dict[str, dict[str, tuple[Ran, bool]]],
) -> None:
    ran, same = disks["read-only"][SOLVED]
    assert (ran.code, ran.err, same) == (0, "", True)
    for exercise in WELCOME:
        assert re.search(rf"{exercise.id}\s.*1/1.*✓ right", ran.out)
    assert "3 of 3 points" in ran.out
