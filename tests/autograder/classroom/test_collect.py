"""A submission that is filed under another student's name is refused, and the student's own is collected."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_notebook
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.classroom.collect import Collect
from autograder.grading import load_runs

LAB = "00_welcome"
ADA, BOB = 40_001, 40_002
ACCOUNTS = {"ada": ADA, "bob": BOB}

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give a file to another user"
)


class Exchange:
    """An exchange, and the course that collects from it."""

    def __init__(self, root: Path, gradebook: Path) -> None:
        self.course = root / "llm101"
        self.inbound = root / "exchange" / "llm101" / "inbound"
        self.inbound.mkdir(parents=True)
        self.course.mkdir()
        self.config = Config()
        self.config.Exchange.root = str(root / "exchange")
        self.config.CourseDirectory.root = str(self.course)
        self.config.CourseDirectory.course_id = "llm101"
        self.config.CourseDirectory.assignment_id = LAB
        shutil.copy(gradebook, self.course / "gradebook.db")

    def put(self, student: str, hour: int, owner: int, text: str) -> None:
        """Put a submission into the exchange, as nbgrader does, made by some user of the machine."""
        stamp = f"2026-11-20 {hour:02}:00:00.000000 UTC"
        folder = self.inbound / f"{student}+{LAB}+{stamp}+secret"
        folder.mkdir()
        (folder / "timestamp.txt").write_text(stamp)
        notebook = new_notebook(metadata={"text": text})
        nbformat.write(notebook, folder / "welcome.ipynb")
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner, owner)

    def collect(self, **settings: bool) -> dict[str, str]:
        """Collect, and say what each student's submission holds."""
        directory = CourseDirectory(config=self.config)
        authenticator = Authenticator(config=self.config)
        Collect(
            coursedir=directory, authenticator=authenticator, config=self.config, **settings
        ).start()
        found = sorted(self.course.glob(f"submitted/*/{LAB}/welcome.ipynb"))
        return {
            path.parts[-3]: nbformat.read(path, as_version=4).metadata["text"] for path in found
        }

    def refused(self) -> dict[str, str]:
        return {run.student: run.reason for run in load_runs(self.course, LAB)}


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook that knows ada and bob; nbgrader takes seconds to make one."""
    path = tmp_path_factory.mktemp("course") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}") as opened:
        opened.add_student("ada")
        opened.add_student("bob")
    return path


@pytest.fixture
def exchange(tmp_path: Path, gradebook: Path, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """An exchange on a machine where ada and bob have accounts."""
    names = {uid: name for name, uid in ACCOUNTS.items()}
    by_name, by_number = pwd.getpwnam, pwd.getpwuid

    def account(name: str, uid: int) -> pwd.struct_passwd:
        return pwd.struct_passwd((name, "x", uid, uid, "", "/", "/bin/sh"))

    monkeypatch.setattr(
        pwd, "getpwnam", lambda n: account(n, ACCOUNTS[n]) if n in ACCOUNTS else by_name(n)
    )
    monkeypatch.setattr(
        pwd, "getpwuid", lambda u: account(names[u], u) if u in names else by_number(u)
    )
    return Exchange(tmp_path, gradebook)


def test_each_students_own_submission_is_collected(exchange: Exchange) -> None:
    exchange.put("ada", 10, ADA, "ada's")
    exchange.put("bob", 10, BOB, "bob's")
    assert exchange.collect() == {"ada": "ada's", "bob": "bob's"}
    assert exchange.refused() == {}


def test_what_bob_files_under_adas_name_is_refused_and_hers_is_collected(
    exchange: Exchange,
) -> None:
    exchange.put("ada", 10, ADA, "ada's")
    exchange.put("ada", 12, BOB, "a trap")
    assert exchange.collect() == {"ada": "ada's"}
    assert exchange.refused() == {"ada": "It is filed under 'ada', and belongs to the user 'bob'."}
    (run,) = load_runs(exchange.course, LAB)
    assert (run.outcome, run.points) == ("refused", 0)
    assert [one.kind for one in run.violations] == ["wrong owner"]


def test_where_there_is_nothing_else_nothing_is_collected(exchange: Exchange) -> None:
    exchange.put("ada", 12, BOB, "a trap")
    assert exchange.collect() == {}
    assert "ada" in exchange.refused()


def test_of_her_own_the_newest_is_collected(exchange: Exchange) -> None:
    exchange.put("ada", 10, ADA, "first")
    exchange.put("ada", 11, ADA, "second")
    exchange.put("ada", 12, BOB, "a trap")
    assert exchange.collect() == {"ada": "second"}


def test_one_account_for_all_students_tells_nothing_and_refuses_nothing(
    exchange: Exchange,
) -> None:
    exchange.put("carol", 10, 40_003, "carol's")
    exchange.put("dave", 10, 40_003, "dave's")
    exchange.put("ada", 10, os.geteuid(), "copied by a service of the hub")
    assert sorted(exchange.collect()) == ["ada", "carol", "dave"]
    assert exchange.refused() == {}


def test_an_instructor_who_does_not_check_owners_collects_everything(exchange: Exchange) -> None:
    exchange.put("ada", 12, BOB, "for a friend")
    assert exchange.collect(check_owner=False) == {"ada": "for a friend"}
