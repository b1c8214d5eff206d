"""Attacks that use up what the others need: time, memory, processes, files, the grader itself."""

from __future__ import annotations

from tests.attacks.harness import Family, Repelled, Submission

FAMILY = Family()


@FAMILY.attack
def loops_without_an_end(one: Submission) -> None:
    """The answer never returns; the others are right."""
    one.solve("equal_share", "model_output")
    one.answer(
        "average",
        """
def average(numbers):
    while True:
        pass
""",
    )


@FAMILY.attack
def sleeps(one: Submission) -> None:
    """A cell sleeps longer than it may."""
    one.first(
        """
        import time
        time.sleep(600)
        """
    )


@FAMILY.attack
def forks_without_an_end(one: Submission) -> None:
    """A fork bomb."""
    one.first(
        """
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """
    )


@FAMILY.attack
def starts_threads_without_an_end(one: Submission) -> None:
    """Threads are started until none is left."""
    one.first(
        """
        import threading, time
        while True:
            try:
                threading.Thread(target=time.sleep, args=(600,)).start()
            except RuntimeError:
                pass
        """
    )


@FAMILY.attack
def takes_all_memory(one: Submission) -> None:
    """Memory is taken until there is none."""
    one.first(
        """
        kept = []
        while True:
            kept.append(bytearray(b"x") * 2**25)
        """
    )


@FAMILY.attack
def asks_for_a_terabyte(one: Submission) -> None:
    """One tensor is larger than the machine."""
    one.answer(
        "average",
        """
import torch

def average(numbers):
    return torch.ones(2**40)
""",
    )


@FAMILY.attack
def fills_the_disk(one: Submission) -> None:
    """Files are written until there is no room."""
    one.first(
        """
        for number in range(10**6):
            with open(f"/tmp/{number}", "wb") as file:
                file.write(bytes(2**20))
        """
    )


@FAMILY.attack
def makes_files_without_an_end(one: Submission) -> None:
    """Empty files are made until there is no more."""
    one.first(
        """
        import os
        for number in range(10**9):
            os.close(os.open(f"/tmp/{number}", os.O_CREAT | os.O_WRONLY))
        """
    )


@FAMILY.attack
def writes_output_without_an_end(one: Submission) -> None:
    """Output floods the grader."""
    one.first(
        """
        line = "x" * 10**6
        while True:
            print(line)
        """
    )


@FAMILY.attack
def shows_one_huge_output(one: Submission) -> None:
    """One message of two hundred megabytes is shown."""
    one.first(
        """
        print('x' * (200 * 2**20))
        """
    )


@FAMILY.attack
def raises_with_a_huge_text(one: Submission) -> None:
    """An error has a text of fifty megabytes."""
    one.answer(
        "average",
        """
def average(numbers):
    raise ValueError('x' * (50 * 2**20))
""",
    )


@FAMILY.attack
def opens_files_without_an_end(one: Submission) -> None:
    """File handles are taken until there are none."""
    one.first(
        """
        kept = []
        while True:
            kept.append(open("/dev/null"))
        """
    )


@FAMILY.attack
def recurses_without_an_end(one: Submission) -> None:
    """A recursion is deeper than the interpreter's stack."""
    one.answer(
        "average",
        """
import sys

def average(numbers):
    sys.setrecursionlimit(10**9)
    return average(numbers)
""",
    )


@FAMILY.attack
def returns_a_huge_tensor(one: Submission) -> None:
    """A hundred megabytes are handed to the judge."""
    one.answer(
        "average",
        """
import torch

def average(numbers):
    return torch.zeros(25, 2**20)
""",
    )


@FAMILY.attack
def returns_nested_lists(one: Submission) -> None:
    """A list that contains itself is handed to the judge."""
    one.answer(
        "average",
        """
def average(numbers):
    loop = []
    loop.append(loop)
    return loop
""",
    )


@FAMILY.attack
def returns_what_is_no_number(one: Submission) -> None:
    """Numbers that are none, and sizes that cannot be."""
    one.answer(
        "average",
        """
import torch

def average(numbers):
    return [float("nan"), float("inf"), 10**400, torch.empty(0, 2**40), torch.tensor(float("nan"))]
""",
    )


@FAMILY.attack
def returns_unusual_tensors(one: Submission) -> None:
    """Tensors of kinds that a judge may not know."""
    one.answer(
        "average",
        """
import torch

def average(numbers):
    return [torch.zeros(2).to_sparse(), torch.empty(2, device="meta"), torch.zeros(2, dtype=torch.float8_e4m3fn),
            torch.zeros(2, dtype=torch.complex32), torch.quantize_per_tensor(torch.zeros(2), 1, 0, torch.qint8)]
""",
    )


@FAMILY.attack
def leaves_processes_behind(one: Submission) -> None:
    """A process goes on after the notebook has ended."""
    one.first(
        """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(900)"], start_new_session=True)
        """
    )


@FAMILY.attack
def nests_its_source_deeply(one: Submission) -> None:
    """An expression is nested deeper than a parser goes."""
    one.runs = False
    one.first("x = " + "(" * 3000 + "1" + ")" * 3000)


class TestEveryAttack(Repelled):
    """What holds for every family."""
