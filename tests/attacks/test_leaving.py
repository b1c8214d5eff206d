"""Attacks that end the process, or the grader's patience, before the answers are judged."""

from __future__ import annotations

from tests.attacks.harness import Family, Repelled, Submission

FAMILY = Family()


@FAMILY.attack
def exits_by_sys_exit(one: Submission) -> None:
    """Python is asked to end before the first check."""
    one.first("import sys\nsys.exit(0)")


@FAMILY.attack
def exits_at_once(one: Submission) -> None:
    """The process ends without a word, inside the first answer."""
    one.answer("average", "def average(numbers):\n    import os\n    os._exit(0)")


@FAMILY.attack
def exits_with_success_after_claiming(one: Submission) -> None:
    """A result that looks like points is shown, then the process ends."""
    one.first("print('1.0')\nimport os\nos._exit(0)")


@FAMILY.attack
def exits_in_the_answer(one: Submission) -> None:
    """The answer raises SystemExit while it is tried; two others are right."""
    one.solve("equal_share", "model_output")
    one.answer("average", "def average(numbers):\n    raise SystemExit(0)")


@FAMILY.attack
def kills_its_parents(one: Submission) -> None:
    """Every process that can be seen is sent SIGKILL."""
    one.first(
        """
        import os, signal
        for pid in [os.getppid(), 1, 2, -1, *[int(p) for p in os.listdir("/proc") if p.isdigit()]]:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        """
    )


@FAMILY.attack
def stops_itself(one: Submission) -> None:
    """The process is stopped, as by Ctrl+Z, and never goes on."""
    one.first("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")


@FAMILY.attack
def restarts_the_kernel(one: Submission) -> None:
    """IPython is asked to end the kernel and to start a fresh one."""
    one.first("import IPython\nIPython.Application.instance().kernel.do_shutdown(True)")


@FAMILY.attack
def becomes_another_program(one: Submission) -> None:
    """The kernel's process is replaced by another program."""
    one.first("import os\nos.execv('/bin/sleep', ['sleep', '300'])")


@FAMILY.attack
def crashes_the_interpreter(one: Submission) -> None:
    """A null pointer ends the interpreter; what was right before is earned."""
    one.solve("average")
    one.answer("equal_share", "import ctypes\nctypes.string_at(0)")


@FAMILY.attack
def swallows_interrupts(one: Submission) -> None:
    """A loop catches everything, the interrupt of the time limit too."""
    one.answer(
        "average",
        """
def average(numbers):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    )


class TestEveryAttack(Repelled):
    """What holds for every family."""
