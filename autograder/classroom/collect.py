"""Collects submissions from nbgrader's exchange, and refuses those that are filed under another student's name.

Stock nbgrader writes a warning into its log and collects them. Whose a submission is can be told where students have
accounts on the machine, since the folder in the exchange belongs to whoever made it; where all students share one
account, as in containers of a JupyterHub, nothing can be told from it, and nothing is refused.
"""

from __future__ import annotations

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.exchange.default import ExchangeCollect

from autograder.grading.run import Run, Violation, save_run


class Collect(ExchangeCollect):
    """nbgrader's collecting, with a look at who owns each submission."""

    src_records: list[dict[str, Any]]

    def init_src(self) -> None:
        """Choose what to collect: of each student the newest that is theirs, before the due date if asked."""
        super().init_src()
        if not self.check_owner:
            return
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            self._students = {student.id for student in gradebook.students}
        self.src_records = [
            chosen for record in self.src_records if (chosen := self._own(record["username"]))
        ]

    def _own(self, student: str) -> dict[str, Any] | None:
        assignment = self.coursedir.assignment_id
        folders = [
            one.name
            for one in Path(self.inbound_path).iterdir()
            if one.name.startswith(f"{student}+{assignment}+")
        ]
        records = [self._path_to_record(os.path.join(self.inbound_path, name)) for name in folders]
        own = [one for one in self._sort_by_timestamp(records) if not self._refused(student, one)]
        in_time = [one for one in own if self.duedate and one["timestamp"] <= self.duedate]
        return next(iter((in_time if self.before_duedate else []) + own), None)

    def _refused(self, student: str, record: dict[str, Any]) -> bool:
        """Say whether somebody else made a submission, and report it if so."""
        path = Path(self.inbound_path, record["filename"])
        owner = os.lstat(path).st_uid
        if owner == os.geteuid() or owner == _account(student):
            return False
        name = _name(owner)
        if _account(student) is None and name not in self._students:
            return False
        sentence = f"It is filed under {student!r}, and belongs to the user {name or owner!r}."
        self.log.error("Refused the submission %s: %s", path.name, sentence)
        save_run(
            Path(self.coursedir.root),
            Run(
                student,
                self.coursedir.assignment_id,
                path.name,
                path.name,
                "refused",
                sentence,
                violations=(Violation("wrong owner", path.name, sentence),),
                finished=datetime.now(UTC).isoformat(timespec="seconds"),
            ),
        )
        return True


def _account(name: str) -> int | None:
    """Return the number of a user of this machine, or None."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return ""
