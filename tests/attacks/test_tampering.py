"""Attacks on the checker, and on the libraries that it is made of."""

from __future__ import annotations

import base64
import pickle

from autograder.student.publishing import MIME
from tests.attacks.harness import Family, Repelled, Submission, forged

FAMILY = Family()

HAND_OVER = """
import autograder.student.publishing as remote
from autograder.probing.observing import observe_trusted as observe

remote.collect = lambda exercise, names, seed: [
    observe(exercise, one, exercise.reference, seed) for one in exercise.probes
]
remote.collect_with = lambda probes, exercise, names, seed: [
    observe(exercise, one, exercise.reference, seed) for one in probes
]
"""


@FAMILY.attack
def patches_torch_comparisons(one: Submission) -> None:
    """PyTorch's comparisons say yes to everything."""
    one.first(
        """
        import torch
        torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: True
        torch.Tensor.__eq__ = lambda self, other: torch.ones(1, dtype=torch.bool)
        """
    )


@FAMILY.attack
def returns_what_equals_everything(one: Submission) -> None:
    """A number that equals, and is near to, any other."""
    one.answer(
        "average",
        """
class Yes(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return Yes(0)
    __rsub__ = __sub__
    def __abs__(self): return Yes(0)
    def __le__(self, other): return True
    def __hash__(self): return 0

def average(numbers):
    return Yes(0)
""",
    )


@FAMILY.attack
def returns_a_tensor_that_agrees(one: Submission) -> None:
    """A Tensor subclass whose every operation says True."""
    one.answer(
        "average",
        """
import torch

class Agreeing(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True

def average(numbers):
    return torch.zeros(1).as_subclass(Agreeing)
""",
    )


@FAMILY.attack
def replaces_check(one: Submission) -> None:
    """`check` itself is replaced, here and in its package."""
    one.first(
        """
        import autograder
        import autograder.notebook
        check = autograder.check = autograder.notebook.check = lambda *args: print("right")
        """
    )


@FAMILY.attack
def replaces_the_judge(one: Submission) -> None:
    """The judge in the kernel passes everything."""
    one.first(
        """
        import autograder.judging.judge as judge
        judge.judge = lambda exercise, *rest: judge.Verdict(exercise.id, "passed", 9, 9, "right")
        """
    )


@FAMILY.attack
def hands_over_the_reference(one: Submission) -> None:
    """The collector runs the probes on the reference."""
    one.first(
        """
        import autograder.student.publishing as remote
        from autograder.probing.observing import observe_trusted

        def collect(exercise, names, seed):
            right = exercise.reference
            return [observe_trusted(exercise, one, right, seed) for one in exercise.probes]

        def collect_with(probes, exercise, names, seed):
            return [observe_trusted(exercise, one, exercise.reference, seed) for one in probes]

        remote.collect, remote.collect_with = collect, collect_with
        """
    )


@FAMILY.attack
def hands_it_over_under_a_made_up_name(one: Submission) -> None:
    """The same, with the checker's name put together as it runs."""
    one.first(
        """
        module = __import__("autograder.student." + "publishing", fromlist=["x"])
        evidence = __import__("".join(["auto", "grader.probing.", "observing"]), fromlist=["x"])
        module.collect = lambda exercise, names, seed: [
            evidence.observe_trusted(exercise, one, exercise.reference, seed) for one in exercise.probes
        ]
        module.collect_with = lambda probes, exercise, names, seed: [
            evidence.observe_trusted(exercise, one, exercise.reference, seed) for one in probes
        ]
        """
    )


@FAMILY.attack
def hands_it_over_by_the_loaded_modules(one: Submission) -> None:
    """The same, found in the table of modules."""
    one.first(
        """
        import sys
        for name, module in list(sys.modules.items()):
            if name.endswith("student.publishing"):
                remote = module
            if name.endswith("probing.observing"):
                evidence = module
        remote.collect = lambda exercise, names, seed: [
            evidence.observe_trusted(exercise, one, exercise.reference, seed) for one in exercise.probes
        ]
        remote.collect_with = lambda probes, exercise, names, seed: [
            evidence.observe_trusted(exercise, one, exercise.reference, seed) for one in probes
        ]
        """
    )


@FAMILY.attack
def hands_it_over_from_a_module_of_its_own(one: Submission) -> None:
    """The same, in a module that a cell writes and imports."""
    one.first(
        """
        import pathlib
        pathlib.Path("helper.py").write_text('''
        import autograder.student.publishing as r
        from autograder.probing.observing import observe_trusted as o
        r.collect = lambda e, n, s: [o(e, p, e.reference, s) for p in e.probes]
        r.collect_with = lambda q, e, n, s: [o(e, p, e.reference, s) for p in q]
        '''.replace("        ", ""))
        import helper
        """
    )


@FAMILY.attack
def hands_it_over_by_the_garbage_collector(one: Submission) -> None:
    """The reference is found among all objects and handed in."""
    one.answer(
        "average",
        """
import gc

waiting, seen = [check], set()
while waiting:
    thing = waiting.pop()
    if type(thing).__name__ == "Exercise" and thing.id == "welcome.average":
        break
    if id(thing) not in seen and type(thing).__name__ in ("function", "module", "dict", "Lab"):
        seen.add(id(thing))
        waiting += gc.get_referents(thing)

def average(numbers):
    return thing.reference(numbers)
""",
    )


# Evidence that would pass, were it believed.
SHOW = f"""
from IPython.display import display

def show():
    display({{{MIME!r}: {forged("average")!r}}}, raw=True)
"""


@FAMILY.attack
def shows_forged_evidence_in_an_answer(one: Submission) -> None:
    """The answer shows evidence of its own, and ends the process before there is any other."""
    one.answer(
        "average",
        f"""
{SHOW}
def average(numbers):
    import os, time
    show()
    time.sleep(1)
    os._exit(0)
""",
    )


@FAMILY.attack
def shows_evidence_from_a_thread(one: Submission) -> None:
    """A thread shows evidence again and again."""
    one.first(
        SHOW
        + """
import threading, time

def forge():
    while True:
        show()
        time.sleep(0.05)

threading.Thread(target=forge, daemon=True).start()
"""
    )


@FAMILY.attack
def shows_evidence_at_exit(one: Submission) -> None:
    """Evidence is shown when the interpreter ends, which the answer asks for."""
    one.answer(
        "average",
        f"""
{SHOW}
import atexit
atexit.register(show)

def average(numbers):
    import IPython
    IPython.Application.instance().kernel.do_shutdown(False)
""",
    )


@FAMILY.attack
def rewrites_the_evidence_as_it_is_shown(one: Submission) -> None:
    """The function that shows things puts right values into the evidence of a wrong answer."""
    one.first(
        """
        import base64, json, statistics
        import IPython.display

        kept, show = [], IPython.display.display

        def display(data, raw=False):
            for kind in [one for one in data if "evidence" in one]:
                bundle = base64.b64decode(data[kind])
                size = int.from_bytes(bundle[:8], "little")
                header = json.loads(bundle[8 : 8 + size])
                tree = json.loads(header["__metadata__"]["evidence"])
                for one, numbers in zip(tree, kept):
                    one["value"], one["returned"] = statistics.fmean(numbers), []
                header["__metadata__"]["evidence"] = json.dumps(tree)
                text = json.dumps(header).encode()
                bundle = len(text).to_bytes(8, "little") + text + bundle[8 + size :]
                data[kind] = base64.b64encode(bundle).decode()
            kept.clear()
            show(data, raw=raw)

        IPython.display.display = display
        """
    )
    one.answer("average", "def average(numbers):\n    kept.append(list(numbers))\n    return 0.0")


@FAMILY.attack
def transforms_what_is_run(one: Submission) -> None:
    """An input transformer puts code of its own before whatever is run."""
    one.first(
        f"""
        code = {HAND_OVER!r}
        get_ipython().input_transformers_cleanup.append(lambda lines: [*code.splitlines(True), *lines])
        """
    )


@FAMILY.attack
def hooks_the_display(one: Submission) -> None:
    """A display hook turns every output into full points."""
    one.first(
        """
        shell = get_ipython()
        shell.display_pub.publish = lambda *args, **kwargs: print("1.0")
        shell.displayhook.write_format_data = lambda *args, **kwargs: print("1.0")
        """
    )


@FAMILY.attack
def replaces_built_in_functions(one: Submission) -> None:
    """Python's own functions are replaced."""
    one.first(
        """
        import builtins
        builtins.isinstance = lambda *args: True
        builtins.len = lambda thing: 1
        builtins.abs = lambda number: 0
        """
    )


@FAMILY.attack
def replaces_modules(one: Submission) -> None:
    """The table of modules gives a checker of its own."""
    one.first(
        """
        import sys, types
        fake = types.ModuleType("autograder.student.publishing")
        fake.publish = fake.publish_hidden = lambda *args: None
        sys.modules["autograder.student.publishing"] = fake
        """
    )


@FAMILY.attack
def stops_the_watch_and_calls_the_reference(one: Submission) -> None:
    """The answer turns the watch off, and calls what it may not."""
    one.reach("average")
    one.answer(
        "average",
        """
import statistics, sys

def average(numbers):
    sys.setprofile(None)
    return statistics.fmean(numbers)
""",
    )


@FAMILY.attack
def calls_a_copy_of_the_reference(one: Submission) -> None:
    """The reference's code is copied, so that the watch does not know it."""
    one.reach("average")
    one.answer(
        "average",
        """
import statistics, types

code = statistics.fmean.__code__.replace(co_name="mine")
average = types.FunctionType(code, vars(statistics), "mine", statistics.fmean.__defaults__)
""",
    )


@FAMILY.attack
def answers_for_the_time_limit_only(one: Submission) -> None:
    """The alarm that ends a probe is switched off, and a loop begins."""
    one.answer(
        "average",
        """
import signal

def average(numbers):
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        pass
""",
    )


@FAMILY.attack
def hands_it_over_by_exec(one: Submission) -> None:
    """The same, in code that is made up as it runs."""
    text = base64.b64encode(HAND_OVER.encode())
    one.first(f"import base64\nexec(base64.b64decode({text!r}).decode())")


@FAMILY.attack
def hands_it_over_by_a_pickle(one: Submission) -> None:
    """The same, in a pickle that runs code when it is read."""

    class Runs:
        def __reduce__(self) -> tuple[object, ...]:
            return exec, (HAND_OVER,)

    one.first(f"import pickle\npickle.loads({pickle.dumps(Runs())!r})")


@FAMILY.attack
def hands_it_over_from_a_file_beside_the_notebook(one: Submission) -> None:
    """The same, in a module that was handed in with the notebook."""
    (one.folder / "helper.py").write_text(HAND_OVER)
    one.first("import helper")


@FAMILY.attack
def hands_it_over_from_a_script_that_is_run(one: Submission) -> None:
    """The same, in a script that IPython runs among the notebook's names."""
    (one.folder / "helper.txt").write_text(HAND_OVER)
    one.first("%run -i helper.txt")


@FAMILY.attack
def hands_in_a_checker_of_its_own(one: Submission) -> None:
    """A module `autograder` beside the notebook stands in the way of the real one."""
    (one.folder / "autograder").mkdir()
    (one.folder / "autograder" / "__init__.py").write_text(
        "def check(*args): print('right')\nhint = progress = check\n"
    )
    (one.folder / "autograder" / "student").mkdir()
    (one.folder / "autograder" / "student" / "__init__.py").write_text("")
    (one.folder / "autograder" / "student" / "publishing.py").write_text(
        f"{SHOW}\ndef publish(*args):\n    show()\n\npublish_hidden = publish\n"
    )
    one.first("import autograder.student.publishing")


@FAMILY.attack
def hands_in_libraries_of_its_own(one: Submission) -> None:
    """Modules named like libraries stand beside the notebook, and patch the checker."""
    for name in ("sitecustomize", "usercustomize", "safetensors", "wave", "random"):
        (one.folder / f"{name}.py").write_text(HAND_OVER)
    one.first("import safetensors, random, wave")


@FAMILY.attack
def runs_a_script_without_saying_so(one: Submission) -> None:
    """A line that stands alone needs no sign to be IPython's."""
    (one.folder / "helper.txt").write_text(HAND_OVER)
    one.first("run -i helper.txt")


class TestEveryAttack(Repelled):
    """What holds for every family."""
