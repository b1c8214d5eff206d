"""Attacks by files: links, pipes, sockets, names, sizes."""

from __future__ import annotations

import os
import socket

from autograder.grading.submission import MAX_FILES
from tests.attacks.harness import Family, Repelled, Submission

FAMILY = Family()

READ_ALL = """
import os
for root, folders, files in os.walk(".", followlinks=True):
    for name in [*folders, *files]:
        try:
            print(name, open(os.path.join(root, name)).read(200))
        except OSError as error:
            print(error)
"""


@FAMILY.attack
def hands_in_links_to_secrets(one: Submission) -> None:
    """Symbolic links point to the gradebook, to another submission and to passwords."""
    course = one.folder.parents[2]
    (one.folder / "gradebook").symlink_to(course / "grades.csv")
    (one.folder / "others").symlink_to(course / "submitted")
    (one.folder / "shadow").symlink_to("/etc/shadow")
    (one.folder / "up").symlink_to("../../..")
    one.first(READ_ALL)


@FAMILY.attack
def hands_in_a_hard_link(one: Submission) -> None:
    """A hard link shares its content with a file of the course."""
    os.link(one.folder.parents[2] / "grades.csv", one.folder / "grades.csv")
    one.first(READ_ALL)


@FAMILY.attack
def hands_in_a_link_for_a_notebook(one: Submission) -> None:
    """The notebook is a link to the solution."""
    course = one.folder.parents[2]
    (one.folder / "welcome.ipynb").symlink_to(course / "source" / "00_welcome" / "welcome.ipynb")


@FAMILY.attack
def hands_in_a_link_to_a_device(one: Submission) -> None:
    """The notebook is a link to a device that never ends."""
    (one.folder / "welcome.ipynb").symlink_to("/dev/zero")


@FAMILY.attack
def hands_in_a_pipe(one: Submission) -> None:
    """A pipe blocks whoever reads it."""
    os.mkfifo(one.folder / "data.csv")


@FAMILY.attack
def hands_in_a_pipe_for_a_notebook(one: Submission) -> None:
    """The notebook itself is a pipe."""
    os.mkfifo(one.folder / "welcome.ipynb")


@FAMILY.attack
def hands_in_a_socket(one: Submission) -> None:
    """A socket lies among the files."""
    line = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(one.folder)
    try:
        line.bind("socket")
    finally:
        os.chdir(here)
        line.close()


@FAMILY.attack
def hands_in_awkward_names(one: Submission) -> None:
    """Names hold line breaks, dots, option signs and control characters."""
    for name in (
        "new\nline",
        "..x",
        "...",
        "-rf",
        "$(touch pwned)",
        "\x1b[2J",
        "a" * 200,
        " ",
        "%2e%2e",
    ):
        (one.folder / name).write_text("x")


@FAMILY.attack
def hands_in_many_files(one: Submission) -> None:
    """More files than are taken, and folders in folders in folders."""
    for number in range(MAX_FILES + 100):
        (one.folder / f"{number}.txt").write_text("x")
    (one.folder / "/".join(["d"] * 60)).mkdir(parents=True)


@FAMILY.attack
def hands_in_a_huge_sparse_file(one: Submission) -> None:
    """A file claims to hold a terabyte."""
    with open(one.folder / "sparse", "wb") as file:
        file.truncate(2**40)


@FAMILY.attack
def makes_special_files_inside(one: Submission) -> None:
    """Links, pipes and sockets are made in the sandbox, where its folders lead out."""
    one.first(
        """
        import os, socket
        for number, target in enumerate(("/", "/etc/shadow", "/proc/1/root", "/submission")):
            os.symlink(target, f"link{number}")
        os.mkfifo("pipe")
        socket.socket(socket.AF_UNIX).bind("socket")
        os.makedirs("deep/" * 100)
        for name in ("/dev/sda", "/dev/mem", "/dev/kmsg"):
            try:
                print(open(name, "rb").read(64))
            except OSError as error:
                print(error)
        """
    )


@FAMILY.attack
def plants_a_link_among_the_sockets(one: Submission) -> None:
    """A socket of the kernel is replaced by a link to a file outside."""
    one.first(
        """
        import glob, os
        for folder in glob.glob("/tmp/llmlab-*/**/sockets", recursive=True):
            for path in glob.glob(folder + "/*"):
                os.unlink(path)
                os.symlink("/etc/passwd", path)
        """
    )


@FAMILY.attack
def files_a_notebook_under_two_names(one: Submission) -> None:
    """A second notebook with the answers lies beside an empty first one."""
    one.folder.joinpath("Welcome.ipynb").write_bytes(
        (one.folder.parents[2] / "source" / "00_welcome" / "welcome.ipynb").read_bytes()
    )


class TestEveryAttack(Repelled):
    """What holds for every family."""
