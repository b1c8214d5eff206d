"""Attacks that bring an answer to run which the student did not write, by routes that are hard to see in the source.

The points are earned by what the code does. What is asked here is that a person is told to look.
"""

from __future__ import annotations

import base64
import io
import pickle
import zipfile

from tests.attacks.harness import Family, Repelled, Submission

FAMILY = Family()

# Makes a second copy of the reference, whose code is equal to no other since its lines have other numbers.
SECOND = """
import statistics
NAMES = {"__name__": "second"}
exec("\\n\\n" + open(statistics.__file__).read(), NAMES)
ours = NAMES["fmean"]
"""
# A thread that was there before any watch, and is watched by none.
POOL = """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(1)
pool.submit(print).result()
"""
# A module that calls the reference in such a thread.
LENT = f"""
from statistics import fmean
{POOL}
def lent(numbers):
    return pool.submit(fmean, numbers).result()
"""
# What replaces the checker's own eyes by ones that look at the reference.
BLIND = """
import autograder.student.answers as answers
from autograder.probing.observing import observe_trusted

def observe(exercise, probe, implementation, seed, seconds=None):
    return observe_trusted(exercise, probe, exercise.reference, seed)
"""
WRONG = "def average(numbers):\n    return 0.0"


def hidden(text: str) -> str:
    """Write an expression that gives a text, and shows nothing of it."""
    return f"base64.b64decode({base64.b64encode(text.encode())!r}).decode()"


def runs(one: Submission, statement: str, code: str = SECOND) -> None:
    """Hand in a cell that runs hidden CODE among the names NS, and an answer that calls what came of it."""
    one.reach("average")
    one.first(f"import base64\nCODE = {hidden(code)}\nNS = {{}}\n{statement}")
    one.answer("average", "def average(numbers):\n    return NS['ours'](numbers)")


def lends(one: Submission, *cells: str, uses: str = "lent(numbers)") -> None:
    """Hand in cells that bring the reference in, and an answer that uses it by an expression."""
    one.reach("average")
    for cell in reversed(cells):
        one.first(cell)
    for number, cell in enumerate(one.notebook.cells[: len(cells)]):
        cell.id = f"attack-{number}"
    one.answer("average", f"def average(numbers):\n    return {uses}")


class _Runs:
    """Runs a text where its pickle is read."""

    def __init__(self, code: str) -> None:
        self.code = f"import builtins\n{code}\nbuiltins.ours = ours"

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (self.code, {})


# Code that is run from a text which the reading cannot see.


@FAMILY.attack
def runs_a_text_by_the_module_of_print(one: Submission) -> None:
    """A built-in function leads to the module that it is of, and to `exec` there."""
    runs(one, "print.__self__.exec(CODE, NS)")


@FAMILY.attack
def runs_a_text_by_a_getter(one: Submission) -> None:
    """A getter is given the name of a function's globals as a text."""
    runs(
        one,
        "import operator, textwrap\n"
        "given = operator.attrgetter('__globals__')(textwrap.dedent)['__builtins__']\n"
        "given['exec'](CODE, NS)",
    )


@FAMILY.attack
def runs_a_text_by_a_method_caller(one: Submission) -> None:
    """A caller of methods is given `exec` as a text, and the module of built-in functions."""
    runs(one, "import builtins, operator\noperator.methodcaller('exec', CODE, NS)(builtins)")


@FAMILY.attack
def runs_a_text_by_mapping(one: Submission) -> None:
    """`exec` is never called: it is handed to `map`."""
    runs(one, "list(map(exec, [CODE], [NS]))")


@FAMILY.attack
def runs_a_text_by_looking_among_the_built_ins(one: Submission) -> None:
    """The function is picked among all built-in ones by how its name begins."""
    runs(
        one,
        "import builtins\n"
        "(run,) = [value for name, value in vars(builtins).items() if name[:3] + name[4:] == 'exe']\n"
        "run(CODE, NS)",
    )


@FAMILY.attack
def runs_a_text_by_a_dotted_name(one: Submission) -> None:
    """A library resolves a dotted name, which is that of a built-in function."""
    runs(one, "import pkgutil\npkgutil.resolve_name('builtins:exec')(CODE, NS)")


@FAMILY.attack
def runs_a_text_by_the_configuration_of_logging(one: Submission) -> None:
    """The configuration of `logging` says by which function a formatter is made."""
    runs(
        one,
        "import logging.config\n"
        "logging.config.BaseConfigurator({}).resolve('builtins.exec')(CODE, NS)",
    )


@FAMILY.attack
def runs_a_text_that_is_timed(one: Submission) -> None:
    """The module `timeit` compiles the text that it times."""
    runs(one, "import timeit\ntimeit.timeit(CODE, setup='global ours', number=1, globals=NS)")


@FAMILY.attack
def runs_a_text_as_the_value_of_an_option(one: Submission) -> None:
    """What looks like the value of an option of `%timeit` is the code."""
    runs(one, "%timeit -n1 -r1 -q exec(CODE,NS)")


@FAMILY.attack
def runs_a_text_in_a_profile(one: Submission) -> None:
    """A profile is taken of a text, by a method of an object."""
    runs(one, "import cProfile\nprofile = cProfile.Profile()\nprofile.runctx(CODE, NS, NS)")


@FAMILY.attack
def runs_a_text_under_a_trace(one: Submission) -> None:
    """The tool that counts lines runs a text."""
    runs(one, "import trace\ntrace.Trace(count=0, trace=0).runctx(CODE, NS, NS)")


@FAMILY.attack
def runs_a_text_as_an_annotation(one: Submission) -> None:
    """An annotation is a text, which is evaluated when one asks for types."""
    runs(
        one,
        "import typing\n\n"
        "def typed(value: 'exec(CODE, NS) or int') -> None: ...\n\n"
        "typing.get_type_hints(typed)",
    )


@FAMILY.attack
def runs_a_text_when_an_object_is_copied(one: Submission) -> None:
    """A copy is made of an object that says it is made by `exec`."""
    runs(
        one,
        "import copy\n\n"
        "class Made:\n"
        "    def __reduce__(self):\n"
        "        return exec, (CODE, NS)\n\n"
        "try:\n    copy.copy(Made())\nexcept Exception:\n    pass",
    )


@FAMILY.attack
def runs_a_text_as_a_macro(one: Submission) -> None:
    """A macro's name, alone in a cell, stands for its text."""
    one.reach("average")
    one.first("mine")
    one.notebook.cells[0].id = "attack-second"
    one.first(
        f"import base64\nfrom IPython.core.macro import Macro\nmine = Macro({hidden(SECOND)})"
    )
    one.answer("average", "def average(numbers):\n    return ours(numbers)")


@FAMILY.attack
def runs_a_text_by_the_kernel(one: Submission) -> None:
    """The kernel is asked to run a cell that is not in the notebook."""
    runs(one, "get_ipython().run_cell(CODE)\nNS['ours'] = ours")


@FAMILY.attack
def runs_a_text_by_a_command_whose_name_is_computed(one: Submission) -> None:
    """A command of IPython's is asked for by a name that is put together as it runs."""
    runs(
        one,
        "open('note.ipy', 'w').write(CODE)\n"
        "word = chr(114) + chr(117) + chr(110)\n"
        "get_ipython().run_line_magic(word, '-i note.ipy')\nNS['ours'] = ours",
    )


@FAMILY.attack
def runs_a_text_by_the_table_of_commands(one: Submission) -> None:
    """A command of IPython's is taken out of the table that holds them all."""
    runs(
        one,
        "open('note.ipy', 'w').write(CODE)\n"
        "get_ipython().magics_manager.magics['line']['run']('-i note.ipy')\nNS['ours'] = ours",
    )


@FAMILY.attack
def runs_a_text_by_another_name_of_a_command(one: Submission) -> None:
    """`%run` is given a name that nobody knows."""
    runs(
        one,
        "open('n.ipy', 'w').write(CODE)\n%alias_magic look run\n%look -i n.ipy\nNS['ours'] = ours",
    )


@FAMILY.attack
def runs_a_text_by_an_interpreter_of_c(one: Submission) -> None:
    """PyTorch has imported `ctypes` already, and has it as an attribute."""
    runs(
        one,
        "import torch\n"
        "torch.ctypes.pythonapi.PyRun_SimpleString(CODE.encode())\n"
        "import __main__\nNS['ours'] = __main__.ours",
    )


@FAMILY.attack
def runs_a_text_by_a_transformer_of_trees(one: Submission) -> None:
    """Whatever cell comes next is parsed, and then replaced by what the text is."""
    runs(
        one,
        "import ast\n\n"
        "class Instead(ast.NodeTransformer):\n"
        "    def visit_Module(self, node):\n"
        "        node.body = ast.parse(CODE).body + node.body\n"
        "        return ast.fix_missing_locations(node)\n\n"
        "shell = get_ipython()\nshell.ast_transformers.append(Instead())",
    )
    one.answer("average", "def average(numbers):\n    return ours(numbers)")


# Pickles and other stored things that run code where they are read.


@FAMILY.attack
def reads_a_pickle_by_pytorch(one: Submission) -> None:
    """A checkpoint was handed in that is a pickle, and runs code."""
    import torch

    torch.save(_Runs(SECOND), one.folder / "data.pt")
    lends(one, "import torch\ntorch.load('data.pt', weights_only=False)", uses="ours(numbers)")


@FAMILY.attack
def reads_a_pickle_by_pytorch_with_computed_options(one: Submission) -> None:
    """The same, with the option's value computed."""
    import torch

    torch.save(_Runs(SECOND), one.folder / "data.pt")
    lends(one, "import torch\ntorch.load('data.pt', weights_only=bool(0))", uses="ours(numbers)")


@FAMILY.attack
def reads_a_pickle_by_pytorch_and_the_environment(one: Submission) -> None:
    """The same, with the option's value in a variable of the environment."""
    import torch

    torch.save(_Runs(SECOND), one.folder / "data.pt")
    cell = "import os, torch\nos.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'\ntorch.load('data.pt')"
    lends(one, cell, uses="ours(numbers)")


@FAMILY.attack
def reads_a_pickle_by_pandas(one: Submission) -> None:
    """Pandas reads a pickle."""
    (one.folder / "data.pkl").write_bytes(pickle.dumps(_Runs(SECOND)))
    lends(one, "import pandas\npandas.read_pickle('data.pkl')", uses="ours(numbers)")


@FAMILY.attack
def reads_a_pickle_by_numpy(one: Submission) -> None:
    """NumPy reads an array of objects, which is a pickle."""
    (one.folder / "data.npy").write_bytes(pickle.dumps(_Runs(SECOND)))
    lends(
        one,
        "import numpy as np\noptions = {'allow_pickle': True}\nnp.load('data.npy', **options)",
        uses="ours(numbers)",
    )


@FAMILY.attack
def reads_a_pickle_from_a_pipe(one: Submission) -> None:
    """A connection between processes carries pickles; both its ends are here."""
    text = pickle.dumps(_Runs(SECOND))
    cell = f"""
        import multiprocessing
        near, far = multiprocessing.Pipe()
        near.send_bytes({text!r})
        far.recv()
        """
    lends(one, cell, uses="ours(numbers)")


@FAMILY.attack
def reads_a_pickle_by_multiprocessing(one: Submission) -> None:
    """The pickles of `multiprocessing` have a reader of their own."""
    text = pickle.dumps(_Runs(SECOND))
    cell = f"from multiprocessing.reduction import ForkingPickler\nForkingPickler.loads({text!r})"
    lends(one, cell, uses="ours(numbers)")


@FAMILY.attack
def keeps_code_as_bytes(one: Submission) -> None:
    """Compiled code is kept as bytes, and made a function of."""
    cell = """
        import marshal, statistics
        kept = marshal.dumps(statistics.fmean.__code__)
        code = marshal.loads(kept).replace(co_firstlineno=1)
        lent = type(lambda: 0)(code, vars(statistics), None, (None,))
        """
    lends(one, cell)


# Modules that the reading does not see.


@FAMILY.attack
def imports_a_module_from_a_temporary_folder(one: Submission) -> None:
    """A copy of the library is made under another name, where only temporary files are."""
    cell = f"""
        import pathlib, sys
        folder = pathlib.Path("/tmp/mine")
        folder.mkdir()
        (folder / "lender.py").write_text({LENT!r})
        sys.path.append(str(folder))
        import lender
        """
    lends(one, cell, uses="lender.lent(numbers)")


@FAMILY.attack
def imports_the_answer_itself(one: Submission) -> None:
    """The answer has no definition in the notebook: it is imported from a module that a cell wrote."""
    one.reach("average")
    one.first(f"import pathlib\npathlib.Path('lender.py').write_text({LENT!r})")
    one.answer("average", "from lender import lent as average")


@FAMILY.attack
def imports_everything_of_a_module(one: Submission) -> None:
    """The helper's name stands in no import: all names of a module were imported."""
    cell = f"import pathlib\npathlib.Path('lender.py').write_text({LENT!r})\nfrom lender import *"
    lends(one, cell)


@FAMILY.attack
def hands_in_a_module_that_lends_the_reference(one: Submission) -> None:
    """The reference is called in a module beside the notebook, which reaches for nothing else."""
    (one.folder / "lender.py").write_text(LENT)
    lends(one, "from lender import lent")


@FAMILY.attack
def hands_in_a_package_that_lends_the_reference(one: Submission) -> None:
    """The same, in a module of a package."""
    (one.folder / "tools").mkdir()
    (one.folder / "tools" / "__init__.py").write_text("")
    (one.folder / "tools" / "lender.py").write_text(LENT)
    lends(one, "import tools.lender as helper", uses="helper.lent(numbers)")


@FAMILY.attack
def writes_a_module_by_a_command(one: Submission) -> None:
    """The same, in a module that `%%writefile` writes."""
    lends(one, f"%%writefile lender.py\n{LENT}", "import lender", uses="lender.lent(numbers)")


@FAMILY.attack
def rewrites_a_module_that_was_read(one: Submission) -> None:
    """A harmless module was handed in, and a cell rewrites it before it is imported."""
    (one.folder / "lender.py").write_text("def lent(numbers):\n    return 0.0\n")
    cell = f"open('lender.py', 'w').write({LENT!r})\nimport lender"
    lends(one, cell, uses="lender.lent(numbers)")


@FAMILY.attack
def shadows_a_module_of_python(one: Submission) -> None:
    """A module is written under the name of one that Python brings along."""
    cell = f"import pathlib\npathlib.Path('colorsys.py').write_text({LENT!r})\nimport colorsys"
    lends(one, cell, uses="colorsys.lent(numbers)")


@FAMILY.attack
def adds_a_folder_to_the_library(one: Submission) -> None:
    """The library's package is told of a further folder in which its modules are."""
    cell = f"""
        import pathlib
        import llmlab
        pathlib.Path("lender.txt").write_text({LENT!r})
        pathlib.Path("more").mkdir()
        pathlib.Path("lender.txt").rename("more/lender." + "py")
        llmlab.__path__.append("more")
        import llmlab.lender as helper
        """
    lends(one, cell, uses="helper.lent(numbers)")


@FAMILY.attack
def imports_from_an_archive(one: Submission) -> None:
    """A module lies in an archive that was handed in."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("lender.py", LENT)
    (one.folder / "data.zip").write_bytes(data.getvalue())
    lends(one, "import sys\nsys.path.insert(0, 'data.zip')\nfrom lender import lent")


@FAMILY.attack
def hooks_the_imports(one: Submission) -> None:
    """A finder of modules answers every import, with a second copy of the reference."""
    cell = """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        pool.submit(print).result()
        import importlib.abc, importlib.machinery, statistics, sys

        class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                return importlib.machinery.ModuleSpec(name, self) if name == "colorsys" else None

            def create_module(self, spec):
                return None

            def exec_module(self, module):
                module.lent = lambda numbers: pool.submit(statistics.fmean, numbers).result()

        sys.meta_path.insert(0, Finder())
        import colorsys
        """
    lends(one, cell, uses="colorsys.lent(numbers)")


@FAMILY.attack
def adds_a_folder_of_packages(one: Submission) -> None:
    """A folder of packages may hold files whose lines Python runs."""
    cell = """
        import pathlib, site
        LENT_TEXT = open("data.txt").read()
        folder = pathlib.Path("packages")
        folder.mkdir()
        line = "import builtins, lender; builtins.lent = lender.lent"
        (folder / "lender.py").write_text(LENT_TEXT)
        (folder / "more.pth").write_text(line)
        site.addsitedir("packages")
        """
    (one.folder / "data.txt").write_text(LENT)
    lends(one, cell)


@FAMILY.attack
def loads_a_module_of_pytorchs_hub(one: Submission) -> None:
    """PyTorch's hub loads a model from a folder, by running the code in it."""
    (one.folder / "hub").mkdir()
    (one.folder / "hub" / "hubconf.py").write_text(LENT)
    cell = """
        import torch

        def of(numbers):
            return torch.hub.load("hub", "lent", source="local", numbers=numbers)
        """
    lends(one, cell, uses="of(numbers)")


# The reference, by a way that does not lead from the answer's own names to it.


@FAMILY.attack
def calls_it_in_a_thread(one: Submission) -> None:
    """The reference is called in a thread that was there before the watch."""
    cell = """
        import statistics
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        pool.submit(print).result()
        """
    lends(one, cell, uses="pool.submit(statistics.fmean, numbers).result()")


@FAMILY.attack
def asks_a_thread_by_a_queue(one: Submission) -> None:
    """The answer puts the numbers into a queue; a thread, which it does not name, calls the reference."""
    cell = """
        import queue, statistics, threading
        asked, told = queue.Queue(), queue.Queue()

        def serve():
            while True:
                told.put(statistics.fmean(asked.get()))

        threading.Thread(target=serve, daemon=True).start()
        """
    lends(one, cell, uses="(asked.put(numbers), told.get())[1]")


@FAMILY.attack
def keeps_it_in_a_list(one: Submission) -> None:
    """The reference is put into a list that was empty when it got its name."""
    cell = """
        import statistics
        from concurrent.futures import ThreadPoolExecutor
        pool, tools = ThreadPoolExecutor(1), []
        pool.submit(print).result()
        tools.append(statistics.fmean)
        """
    lends(one, cell, uses="pool.submit(tools[0], numbers).result()")


@FAMILY.attack
def lends_it_to_another_module(one: Submission) -> None:
    """A function of a module that nobody thinks of is replaced by one that calls the reference."""
    cell = """
        import math, statistics

        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        pool.submit(print).result()
        setattr(math, "middle", lambda numbers: pool.submit(statistics.fmean, numbers).result())
        """
    lends(one, cell, uses="math.middle(numbers)")


@FAMILY.attack
def puts_the_answer_among_the_names(one: Submission) -> None:
    """The answer's definition is harmless; a line of text puts another one in its place."""
    one.reach("average")
    one.first(f"import statistics\n{POOL}")
    given = "lambda numbers: pool.submit(statistics.fmean, numbers).result()"
    one.answer("average", f"{WRONG}\n\n\nglobals()['aver' + 'age'] = {given}")


@FAMILY.attack
def gives_the_answer_in_a_loop(one: Submission) -> None:
    """The answer gets its name as the variable of a loop."""
    one.reach("average")
    one.first(f"import statistics\n{POOL}")
    given = "lambda numbers: pool.submit(statistics.fmean, numbers).result()"
    one.answer("average", f"for average in [{given}]:\n    pass")


@FAMILY.attack
def gives_the_answer_inside_a_function(one: Submission) -> None:
    """A function that the answer does not name gives the answer another value."""
    one.reach("average")
    one.first(POOL)
    one.answer(
        "average",
        WRONG
        + """


def later():
    global average
    from statistics import fmean

    def average(numbers):
        return pool.submit(fmean, numbers).result()


later()
""",
    )


@FAMILY.attack
def gives_the_answer_to_the_kernel(one: Submission) -> None:
    """The kernel's own dictionary of names is given another answer."""
    one.reach("average")
    one.first(POOL)
    one.answer(
        "average",
        WRONG
        + "\n\n\nimport statistics\n"
        + "get_ipython().push({'average': lambda n: pool.submit(statistics.fmean, n).result()})",
    )


@FAMILY.attack
def gives_the_answer_when_a_cell_ends(one: Submission) -> None:
    """A function that is called after each cell replaces the answer."""
    one.reach("average")
    one.first(POOL)
    one.answer(
        "average",
        WRONG
        + """


import statistics


def after(result):
    get_ipython().user_ns["average"] = lambda n: pool.submit(statistics.fmean, n).result()


get_ipython().events.register("post_run_cell", after)
""",
    )


@FAMILY.attack
def finds_it_by_the_module_of_check(one: Submission) -> None:
    """The module in which `check` was defined is asked for, and its register of exercises."""
    one.reach("average")
    one.first(
        f"from autograder import check\nimport inspect\nmodule = inspect.getmodule(check)\n{POOL}"
    )
    one.answer(
        "average",
        """
code = module.register.load("welcome").exercises["welcome.average"].reference


def average(numbers):
    return pool.submit(code, numbers).result()
""",
    )


@FAMILY.attack
def compiles_it(one: Submission) -> None:
    """PyTorch's compiler runs the reference inlined."""
    lends(
        one,
        "import statistics, torch\nlent = torch.compile(statistics.fmean, backend='eager')",
        uses="lent(numbers)",
    )


@FAMILY.attack
def asks_another_process(one: Submission) -> None:
    """A Python of its own computes each answer, and sends it back as text."""
    cell = """
        import json, subprocess, sys
        CODE = "import json, statistics, sys; print(statistics.fmean(json.load(sys.stdin)))"

        def ask(numbers):
            command, given = [sys.executable, "-c", CODE], json.dumps(numbers)
            return float(subprocess.run(command, input=given, capture_output=True, text=True).stdout)
        """
    lends(one, cell, uses="ask(numbers)")


@FAMILY.attack
def asks_a_forked_child(one: Submission) -> None:
    """A child of the kernel was forked before, and answers through pipes."""
    cell = """
        import json, os, statistics
        down, up = os.pipe(), os.pipe()
        if os.fork() == 0:
            with os.fdopen(down[0]) as asked, os.fdopen(up[1], "w") as told:
                for line in asked:
                    print(statistics.fmean(json.loads(line)), file=told, flush=True)
            os._exit(0)
        to, back = os.fdopen(down[1], "w"), os.fdopen(up[0])

        def ask(numbers):
            print(json.dumps(numbers), file=to, flush=True)
            return float(back.readline())
        """
    lends(one, cell, uses="ask(numbers)")


@FAMILY.attack
def asks_a_process_that_was_left_behind(one: Submission) -> None:
    """A process that a command of IPython's has started answers through files."""
    server = """
import json, os, statistics, time
while True:
    if os.path.exists("asked.json"):
        numbers = json.load(open("asked.json"))
        os.remove("asked.json")
        open("told.part", "w").write(str(statistics.fmean(numbers)))
        os.rename("told.part", "told.txt")
    time.sleep(0.01)
"""
    cell = """
        import json, os, time

        def ask(numbers):
            json.dump(numbers, open("asked.part", "w"))
            os.rename("asked.part", "asked.json")
            while not os.path.exists("told.txt"):
                time.sleep(0.01)
            told = float(open("told.txt").read())
            os.remove("told.txt")
            return told
        """
    lends(one, f"%%python --bg\n{server}", cell, uses="ask(numbers)")


# What is looked at is not what is used afterwards.


@FAMILY.attack
def replaces_the_eyes_between_two_looks(one: Submission) -> None:
    """A thread waits until the checker has been looked at, and replaces a part of it before it is used."""
    one.reach("average", "equal_share", "model_output")
    one.first(
        BLIND
        + """
import sys, threading

def watch():
    main = threading.main_thread().ident
    while True:
        frame = sys._current_frames().get(main)
        inside = False
        while frame:
            inside = inside or frame.f_code.co_name == "publish"
            frame = frame.f_back
        if inside:
            answers.observe = observe

sys.setswitchinterval(1e-5)
threading.Thread(target=watch, daemon=True).start()
"""
    )


@FAMILY.attack
def replaces_the_eyes_when_the_folder_is_asked_for(one: Submission) -> None:
    """The checker is replaced by whatever function of Python's is called last before it is used."""
    one.first(
        BLIND
        + """
import os
before = os.getcwd

def getcwd():
    answers.observe = observe
    return before()

os.getcwd = getcwd
"""
    )


@FAMILY.attack
def replaces_the_digest(one: Submission) -> None:
    """Every digest is the same, so that a checker that was replaced looks as the one released."""
    one.reach("average", "equal_share", "model_output")
    one.first(
        BLIND
        + """
import hashlib

class Same(str):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = str.__hash__

class Digest:
    def __init__(self, *args, **kwargs): pass
    def update(self, *args): pass
    def digest(self): return bytes(32)
    def hexdigest(self): return Same("0" * 64)

hashlib.sha256 = Digest
answers.observe = observe
answers._unusable = lambda *args: None
"""
    )


@FAMILY.attack
def replaces_the_check_sums(one: Submission) -> None:
    """The inputs of the probes are drawn by check sums, which are all made the same."""
    one.first("import zlib\nzlib.crc32 = lambda *args: 0")
    one.answer(
        "average",
        "def average(numbers):\n    return {3: 3.0, 4: 3.1875}.get(len(numbers), 0.5)",
    )


@FAMILY.attack
def knows_the_public_inputs(one: Submission) -> None:
    """A table holds the right values of the public inputs, and guesses for all others."""
    one.answer(
        "average",
        "def average(numbers):\n    return {3: 3.0, 4: 3.1875}.get(len(numbers), numbers[0])",
    )


@FAMILY.attack
def draws_the_same_numbers(one: Submission) -> None:
    """Whatever is drawn at random is one half, so that the hidden inputs are known."""
    one.first(
        """
        import torch
        torch.randn = torch.rand = lambda *size, **options: torch.full((size[0],), 0.5)
        """
    )
    one.answer(
        "average",
        "def average(numbers):\n    return {3: 3.0, 4: 3.1875, 7: 0.5, 1: 0.5, 2: 1 / 3}[len(numbers)]",
    )


@FAMILY.attack
def computes_when_it_is_looked_at(one: Submission) -> None:
    """What is returned is a number only when one asks for it, and another one each time."""
    one.answer(
        "average",
        """
import itertools

class Late(float):
    turns = itertools.cycle([3.0, 3.1875])
    def __float__(self):
        return next(self.turns)

def average(numbers):
    return Late(7)
""",
    )


@FAMILY.attack
def reads_the_plain_answers_as_text(one: Submission) -> None:
    """The right plain answers would stand in files of the checker's, which are not in the sandbox."""
    one.first(
        """
        import pathlib, re, sys
        found = {}
        for folder in sys.path:
            for path in pathlib.Path(folder).glob("auto*/exercises/welcome/*.py"):
                for name, value in re.findall(r'"(\\w+)",\\s+reference=(.+),', path.read_text()):
                    found[name] = value.strip('"')
        """
    )
    one.answer("equal_share", "equal_share = float(found['equal_share'])")
    one.answer("model_output", "model_output = found['model_output']")


@FAMILY.attack
def reads_the_plain_answers_as_data(one: Submission) -> None:
    """The same, by the tools that read a package's data."""
    one.first(
        """
        import pkgutil, re
        text = "reference=0,"
        text = pkgutil.get_data("autograder", "exercises/welcome/equal_share.py").decode()
        """
    )
    one.answer("equal_share", "equal_share = float(re.findall('reference=(.+),', text)[0])")


@FAMILY.attack
def searches_all_files_for_the_plain_answers(one: Submission) -> None:
    """The same, in whatever file holds a sign by which it is known; no name in the cell says which."""
    one.first(
        """
        import os, re, sys
        found = []
        for folder in sys.path:
            for root, _, names in os.walk(folder):
                for name in names if "share" in "".join(names) and len(names) < 9 else ():
                    text = open(os.path.join(root, name), errors="replace").read()
                    if "The shares of all words must add up to 1." in text:
                        found += re.findall("reference=(.+),", text)
        """
    )
    one.answer("equal_share", "equal_share = float(found[0])")


@FAMILY.attack
def finds_it_by_the_collector_under_a_computed_name(one: Submission) -> None:
    """The collector's functions are all taken, and one of them is asked what a module is made of."""
    one.reach("average", flagged=False)
    one.first(
        """
        import gc
        import statistics
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        pool.submit(print).result()
        (mine,) = [getattr(gc, name) for name in dir(gc) if name[4:] == "referents"]
        (names,) = [one for one in mine(statistics) if isinstance(one, dict)]
        theirs = names["naemf"[::-1]]
        """
    )
    one.answer("average", "def average(numbers):\n    return pool.submit(theirs, numbers).result()")


@FAMILY.attack
def is_written_after_the_reference(one: Submission) -> None:
    """The reference was read, and written down again in other words: nobody can tell it from an answer."""
    one.reach("average", flagged=False)
    one.first("import inspect, statistics\nprint(inspect.getsource(statistics.fmean))")
    one.answer(
        "average",
        "import math\n\n\ndef average(data):\n    return math.fsum(data) / len(data)",
    )


@FAMILY.attack
def tries_every_choice(one: Submission) -> None:
    """A plain answer is an object that equals every choice."""
    one.answer(
        "model_output",
        """
class Every(str):
    def __eq__(self, other): return True
    def __hash__(self): return hash("b")
    def __str__(self): return "b"

model_output = Every("abcd")
""",
    )


class TestEveryAttack(Repelled):
    """What holds for every family."""
