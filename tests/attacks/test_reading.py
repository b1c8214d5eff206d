"""Attacks that look for hidden probes, the seed, and what belongs to others."""

from __future__ import annotations

from tests.attacks.harness import SOLUTION, Family, Repelled, Submission

FAMILY = Family()


def learns(one: Submission, first: str, last: str = "print(kept)") -> None:
    """Hand in right answers, since hidden probes are tried on no others, with a cell before and one after all else."""
    one.solve(*SOLUTION)
    one.first(first)
    one.last(last)


@FAMILY.attack
def prints_the_hidden_probes_from_frames(one: Submission) -> None:
    """The answer looks up the stack for hidden probes and the seed, and tells them in every way that it has."""
    one.answer(
        "average",
        """
import sys, warnings

calls = []

def average(numbers):
    calls.append(numbers)
    if len(calls) > 2:
        found, frame = [], sys._getframe()
        while frame:
            found.append(repr(frame.f_locals)[:5000] + repr(frame.f_globals)[:5000])
            frame = frame.f_back
        print(*found)
        warnings.warn("".join(found))
        raise ValueError("".join(found))
    return sum(numbers) / len(numbers)
""",
    )


@FAMILY.attack
def prints_what_was_run(one: Submission) -> None:
    """A hook keeps the source of every cell that runs, and a later cell prints it."""
    learns(
        one,
        """
        kept = []
        get_ipython().events.register("pre_run_cell", lambda info: kept.append(info.raw_cell))
        """,
    )


@FAMILY.attack
def updates_an_earlier_display_while_it_is_judged(one: Submission) -> None:
    """What is learned after the last cell is written into an output of the first one."""
    learns(
        one,
        """
        from IPython.display import display, update_display
        handle = display("nothing yet", display_id="mine")
        kept = []

        def tell(info):
            kept.append(info.raw_cell)
            update_display("".join(kept), display_id="mine")

        get_ipython().events.register("pre_run_cell", tell)
        """,
        "update_display('the last cell', display_id='mine')",
    )


@FAMILY.attack
def clears_and_shows_an_earlier_display_in_the_answer(one: Submission) -> None:
    """The answer itself writes what it was given into what an earlier cell has shown."""
    learns(
        one,
        """
        from IPython.display import clear_output, display
        import sys
        handle = display("nothing yet", display_id="mine")
        """,
        "display('the last cell', display_id='other')",
    )
    one.answer(
        "average",
        """
seen = []

def average(numbers):
    frame = sys._getframe()
    while frame:
        seen.append(repr(frame.f_locals)[:5000])
        frame = frame.f_back
    handle.update("".join(seen))
    clear_output()
    display("".join(seen), display_id="other", update=True)
    return sum(numbers) / len(numbers)
""",
    )


@FAMILY.attack
def puts_what_it_sees_into_a_message(one: Submission) -> None:
    """The exception of a right-looking answer carries all inputs that it was given, and all that was run."""
    one.answer(
        "average",
        """
seen = []

def average(numbers):
    seen.append(numbers)
    if len(seen) > 2:
        raise ValueError(repr(seen) + repr(get_ipython().history_manager.input_hist_raw))
    return sum(numbers) / len(numbers)
""",
    )


@FAMILY.attack
def searches_the_memory_of_the_collector(one: Submission) -> None:
    """Every object in the interpreter is searched for probes."""
    one.first(
        """
        import gc
        found = [repr(one)[:2000] for one in gc.get_objects() if "hidden" in repr(type(one)).lower()]
        print(found, [one for one in gc.get_objects() if isinstance(one, str) and "canary" in one])
        """
    )


@FAMILY.attack
def reads_other_submissions(one: Submission) -> None:
    """It looks for what others handed in."""
    one.first(
        """
        import os, sys
        known = ("/proc", "/sys", "/usr", "/bin", "/lib", "/sbin", "/dev", sys.prefix, sys.base_prefix)
        for root, folders, files in os.walk("/"):
            folders[:] = [one for one in folders if not os.path.join(root, one).startswith(known)]
            for name in files:
                try:
                    print(os.path.join(root, name), open(os.path.join(root, name)).read(200))
                except (OSError, UnicodeDecodeError):
                    pass
        """
    )


@FAMILY.attack
def reads_homes_and_passwords(one: Submission) -> None:
    """It reads the files in which secrets use to be."""
    one.first(
        """
        import os
        for path in ("/etc/shadow", "/etc/passwd", "~/.ssh/id_rsa", "/root/.bash_history", "/root/home.txt",
                     "/var/run/secrets/kubernetes.io", "/etc/hostname", "~/.netrc", "~/.aws/credentials"):
            try:
                print(path, open(os.path.expanduser(path)).read())
            except OSError as error:
                print(error)
        """
    )


@FAMILY.attack
def reads_the_environment_of_all_processes(one: Submission) -> None:
    """Environments and command lines of all processes are printed."""
    one.first(
        """
        import glob, os
        print(dict(os.environ))
        for pattern in ("environ", "cmdline", "maps", "mountinfo", "cgroup", "status"):
            for path in glob.glob(f"/proc/[0-9]*/{pattern}") + glob.glob(f"/proc/[0-9]*/task/*/{pattern}"):
                try:
                    print(path, open(path, "rb").read()[:4000])
                except OSError:
                    pass
        """
    )


@FAMILY.attack
def reads_through_open_files(one: Submission) -> None:
    """Files that were left open by the grader are read and followed."""
    one.first(
        """
        import os
        for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
            try:
                for number in os.listdir(f"/proc/{pid}/fd"):
                    path = f"/proc/{pid}/fd/{number}"
                    print(os.readlink(path))
                    if os.path.isfile(path):
                        print(open(path, "rb").read()[:2000])
            except OSError as error:
                print(error)
        """
    )


@FAMILY.attack
def reads_the_memory_of_other_processes(one: Submission) -> None:
    """The memory of the other processes in the sandbox is read."""
    one.first(
        """
        import os
        for pid in (1, os.getppid()):
            try:
                for line in open(f"/proc/{pid}/maps"):
                    start, end = (int(part, 16) for part in line.split()[0].split("-"))
                    with open(f"/proc/{pid}/mem", "rb") as memory:
                        memory.seek(start)
                        data = memory.read(min(end - start, 2**20))
                        if b"canary" in data:
                            print(data[data.index(b"canary"):][:40])
            except (OSError, ValueError, OverflowError) as error:
                print(error)
        """
    )


@FAMILY.attack
def asks_for_the_seed(one: Submission) -> None:
    """The seed that draws the inputs is printed from every place where it may be."""
    learns(
        one,
        """
        import torch, os
        kept = []

        class Telling(torch.Generator):
            def manual_seed(self, seed):
                kept.append(seed)
                print("seed", seed)
                return super().manual_seed(seed)

        torch.Generator = Telling
        print(torch.initial_seed(), os.urandom(4))
        """,
    )


@FAMILY.attack
def prints_what_hooks_kept_in_a_last_cell(one: Submission) -> None:
    """Input transformers and hooks keep everything, and the last cell prints it."""
    learns(
        one,
        """
        kept = []
        shell = get_ipython()
        shell.input_transformers_cleanup.append(lambda lines: (kept.extend(lines), lines)[1])
        shell.events.register("pre_execute", lambda: kept.append(repr(shell.parent_header)))
        """,
        "print(kept)\nprint(In)\nprint(get_ipython().history_manager.input_hist_raw)",
    )


@FAMILY.attack
def waits_for_the_hidden_probes_in_a_thread(one: Submission) -> None:
    """A thread looks at all frames until the end, and prints what it finds."""
    learns(
        one,
        """
        import sys, threading, time
        kept = []

        def watch():
            while True:
                for frame in list(sys._current_frames().values()):
                    while frame:
                        if "source" in frame.f_locals or "seed" in frame.f_locals:
                            kept.append({k: repr(v)[:900] for k, v in frame.f_locals.items()})
                            print(kept[-1])
                        frame = frame.f_back
                time.sleep(0.01)

        threading.Thread(target=watch, daemon=True).start()
        """,
    )


class TestEveryAttack(Repelled):
    """What holds for every family."""
