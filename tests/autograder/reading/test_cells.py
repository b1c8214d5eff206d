"""The reading of a source finds what an answer leads to, under any name, and leaves what is honest alone."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

import pytest

from autograder.authoring.source import release_notebook, source_notebook
from autograder.exercise import Exercise, register
from autograder.exercise.cells import exercise_of
from autograder.reading import Finding, Weight, read_cells, read_files
from autograder.reading.folding import folded
from autograder.reading.names import names_of, parsed
from tests.labs import EXERCISES, LABS, SOLUTIONS

EMBED = register.find("attention.embed")
ATTENTION = register.find("attention.MultiHeadAttention")
NORM = register.find("attention.layer_norm")


def found(exercise: Exercise, *cells: str) -> list[Finding]:
    """Read cells, after which the exercise is checked."""
    codes = [textwrap.dedent(cell) for cell in cells]
    return read_cells([*codes, ""], {len(codes): exercise})


def told(exercise: Exercise, *cells: str) -> list[str]:
    """Say what is found of the answer itself: each such thing is to be looked at."""
    findings = [one for one in found(exercise, *cells) if one.where == exercise.id]
    assert all(one.weight is Weight.LOOK for one in findings)
    return [one.kind for one in findings]


REFERENCES = {
    "an alias": "from llmlab.model import embed as theirs\ndef embed(t, i):\n    return theirs(t, i)",
    "a module": "import llmlab.model\ndef embed(t, i):\n    return llmlab.model.embed(t, i)",
    "a module's alias": "import llmlab.model as m\ndef embed(t, i):\n    return m.embed(t, i)",
    "its own file": "from llmlab.model.embedding import embed as e\nembed = lambda t, i: e(t, i)",
    "inside the answer": "def embed(t, i):\n    from llmlab import model\n    return model.embed(t, i)",
    "a name for it": "import llmlab.model as m\nf = m.embed\ndef embed(t, i):\n    return f(t, i)",
    "a name of a module": "import llmlab.model as m\nn = m\nk = n\ndef embed(t, i):\n    return k.embed(t, i)",
    "a helper": """
        import llmlab.model as m
        def help_me(t, i):
            return m.embed(t, i)
        def embed(t, i):
            return help_me(t, i)
    """,
    "getattr": "import llmlab.model as m\ndef embed(t, i):\n    return getattr(m, 'em' + 'bed')(t, i)",
    "an import by name": """
        def embed(t, i):
            return __import__('llmlab.model', fromlist=['x']).embed(t, i)
    """,
    "importlib": """
        import importlib
        def embed(t, i):
            return importlib.import_module('llmlab.' + 'model').embed(t, i)
    """,
    "the table of modules": """
        import sys
        def embed(t, i):
            return sys.modules['llmlab.model'].embed(t, i)
    """,
    "an assignment": "import llmlab.model\nembed = llmlab.model.embed",
    "a method": """
        import llmlab.model as m
        class Help:
            def run(self, t, i):
                return m.embed(t, i)
        def embed(t, i):
            return Help().run(t, i)
    """,
    "a branch": """
        import llmlab.model as m
        if True:
            def embed(t, i):
                return m.embed(t, i)
    """,
}


@pytest.mark.parametrize("cell", REFERENCES.values(), ids=REFERENCES.keys())
def test_an_answer_that_leads_to_the_reference_is_found(cell: str) -> None:
    assert "reference" in told(EMBED, cell)


def test_a_class_that_inherits_from_the_reference_is_found() -> None:
    cell = """
        from llmlab.model import MultiHeadAttention as Theirs
        class MultiHeadAttention(Theirs):
            pass
    """
    assert told(ATTENTION, cell) == ["reference"]


PYTORCHS = {
    "functional": "import torch.nn.functional as F\nlayer_norm = lambda x, w, b: F.layer_norm(x, x.shape, w)",
    "a module": "from torch import nn\ndef layer_norm(x, w, b):\n    return nn.LayerNorm(8)(x)",
    "imported": "from torch.nn.functional import layer_norm as n\nlayer_norm = lambda x, w, b: n(x, x.shape, w, b)",
    "aten": "import torch\ndef layer_norm(x, w, b):\n    return torch.ops.aten.layer_norm(x, [8], w, b)",
}


@pytest.mark.parametrize("cell", PYTORCHS.values(), ids=PYTORCHS.keys())
def test_an_answer_that_leads_to_pytorchs_own_is_found(cell: str) -> None:
    assert told(NORM, cell) == ["forbidden"]


HONEST = {
    "the library elsewhere": (
        "import llmlab.model as library\nlibrary.embed(1, 2)",
        "def embed(t, i):\n    return t[i]",
    ),
    "recursion": "def embed(t, i):\n    return embed(t, i) if False else t[i]",
    "the same name imported before": (
        "from llmlab.model import embed",
        "def embed(t, i):\n    return t[i]",
    ),
    "an earlier form": (
        "import llmlab.model as m\nembed = m.embed",
        "def embed(t, i):\n    return t[i]",
    ),
    "words": "def embed(t, i):\n    'Do not call llmlab.model.embed.'\n    return t[i]",
    "an example in a docstring": (
        "def embed(t, i):\n    '''\n    >>> from llmlab.model import embed\n    '''\n    return t[i]",
    ),
    "code that is set aside": (
        "'''\nimport sys\nsys.settrace(print)\n'''",
        "def embed(t, i):\n    '''from llmlab.model import embed\nembed(t, i)'''\n    return t[i]",
    ),
    "shell and magic": "!ls\n%timeit 1 + 1\ndef embed(t, i):\n    return t[i]",
    "broken code": "def embed(:",
    "a method of its own": "class A:\n    def embed(self):\n        return self.embed()\nembed = 1",
    "a variable that another cell names so": (
        "import torch\nfrom llmlab.model import embed as theirs\nresult = theirs(1, 2)\nrows = theirs(3, 4)",
        "def embed(t, i, rows=None):\n    result = t[i]\n    return [rows for rows in result]",
    ),
    "descriptions": "import autograder\nfrom autograder import *\nprint(check.__doc__, autograder.__name__)",
    "a module by its name": "import sys\nprint(sys.modules['torch'].__version__)",
    "a shorter way to show": "import torch\ntorch.Tensor.__repr__ = lambda self: str(self.shape)",
    "tools of every day": """
        import gc, inspect, sys
        gc.collect()
        print(inspect.getsource(print) if False else "google.colab" in sys.modules)
        names = [getattr(gc, name) for name in dir(gc)]
        from autograder import check, hint, progress
    """,
}


@pytest.mark.parametrize("cells", HONEST.values(), ids=HONEST.keys())
def test_an_honest_answer_is_left_alone(cells: str | tuple[str, ...]) -> None:
    assert found(EMBED, *([cells] if isinstance(cells, str) else cells)) == []


REACHING = {
    "the checker's modules": "import autograder.student.publishing",
    "from the checker": "from autograder.student.answers import collect",
    "the checker's attributes": "import autograder\nautograder.judging.judge",
    "the checker by name": "__import__('auto' + 'grader.remote')",
    "the checker by a joined name": "__import__(''.join(['auto', 'grader.', 'remote']))",
    "the checker backwards": "import importlib\nimportlib.import_module('etomer.redargotua'[::-1])",
    "the table of modules": "import sys\nsys.modules[str(1)]",
    "the notebook in the table of modules": "import sys\nsys.modules['__main__']",
    "each of the table of modules": "import sys\nfor m in sys.modules.values(): pass",
    "all objects": "import gc\ngc.get_objects()",
    "all objects, imported": "from gc import get_referrers as g",
    "frames": "import sys\nsys._getframe(1).f_globals",
    "the stack": "import inspect\ninspect.stack()",
    "a traceback's frame": "try:\n    1/0\nexcept Exception as e:\n    e.__traceback__.tb_frame",
    "closures": "def f(): pass\nf.__closure__",
    "closures by name": "getattr(print, '__clo' + 'sure__')",
    "globals": "def f(): pass\nf.__globals__",
    "code": "def f(): pass\nf.__code__ = None",
    "subclasses": "object.__subclasses__()",
    "builtins": "import builtins\nbuiltins.len = None",
    "builtins by name": "__builtins__",
    "ctypes": "import ctypes",
    "a profile": "import sys\nsys.setprofile(None)",
    "the kernel": "get_ipython().kernel",
    "the kernel's transformers": "ip = get_ipython()\nip.input_transformers_post.append(print)",
    "the kernel by another name": "from IPython import get_ipython as g\ng().kernel",
    "the kernel by its application": "import IPython\nIPython.Application.instance().kernel",
    "the kernel's attributes by name": "getattr(get_ipython(), 'kernel')",
    "the kernel's attributes": "vars(get_ipython())",
    "code that is made up": "exec('x = 1')",
    "an expression that is made up": "eval('x')",
    "a pickle": "import pickle\npickle.loads(b'')",
    "a function of other code": "import types\ntypes.FunctionType(None, {})",
    "a script": "%run helper.txt",
    "a script without a sign": "run -i helper.txt",
    "a notebook that is run": "%run other.ipynb",
    "a text that is written": "%%writefile helper.txt\nimport ctypes",
    "a module by a timed line": "%timeit import autograder.student.publishing",
    "a module by what is done before a timed cell": "%%timeit import autograder.student.publishing\nprint(1)",
    "a module by a captured cell": "%%capture\nimport autograder.student.publishing",
}


@pytest.mark.parametrize("cell", REACHING.values(), ids=REACHING.keys())
def test_a_cell_that_reaches_into_the_checker_or_into_python_is_to_be_looked_at(cell: str) -> None:
    findings = [one for one in found(EMBED, "", cell) if one.weight is not Weight.NOTE]
    assert findings
    assert {one.where for one in findings} == {"cell 2"}
    assert all(one.code and one.code in cell for one in findings if one.line)


WRITING = {
    "an attribute": "import autograder\nautograder.check = print",
    "an attribute of a module": "import autograder.student.publishing as r\nr.collect = print",
    "by name": "import autograder\nsetattr(autograder.notebook, 'check', print)",
    "its dictionary": "import autograder.student.publishing as r\nvars(r)['collect'] = print",
    "its own dictionary": "import autograder.student.publishing as r\nr.__dict__['collect'] = print",
    "the table of modules": "import sys\nsys.modules['autograder.judging'] = None",
    "by a folded name": "m = __import__('autograder.' + 'student', fromlist=['x'])\nm.collect = print",
    "a patch": "from unittest import mock\nmock.patch('autograder.student.publishing.collect').start()",
    "what is deleted": "import autograder\ndel autograder.check",
}


@pytest.mark.parametrize("cell", WRITING.values(), ids=WRITING.keys())
def test_a_cell_that_writes_to_the_checker_withholds(cell: str) -> None:
    weights = {one.where: one.weight for one in found(EMBED, cell) if one.weight is Weight.WITHHOLD}
    assert weights == {"cell 1": Weight.WITHHOLD}


@pytest.mark.parametrize(
    "cell",
    [
        "torch.softmax?",
        "??print",
        "%load_ext autoreload\n%autoreload 2",
        "%matplotlib inline",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "%timeit -n 5 -r 3 print(1)",
        "%%time\nprint(1)",
        "%%capture out\nprint(1)",
        "!pip list",
        "files = !ls",
        "%%bash\nls",
        "%whos",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))",
        "import re\nre.compile('a')",
        "def eval(model):\n    return model\n\neval(1)",
        "import importlib, llmlab\nimportlib.reload(llmlab)",
        "import torch\ntorch.nn.Linear(1, 1).eval()",
        "x = = 3",
    ],
)
def test_what_students_use_a_notebook_for_is_at_most_noted(cell: str) -> None:
    assert {one.weight for one in found(EMBED, cell)} <= {Weight.NOTE}


NOTED = {
    "a magic with a slip": "%tiem sum(range(3))",
    "a magic of nobody's": "%frobnicate",
    "a version": "for name in ('torch', 'numpy'):\n    print(__import__(name).__version__)",
    "a module that is not here": "import some_package_of_theirs",
    "builtins": "import builtins\nprint(builtins.sum([1]))",
}


@pytest.mark.parametrize("cell", NOTED.values(), ids=NOTED.keys())
def test_what_is_unknown_is_noted_and_no_more(cell: str) -> None:
    assert {one.weight for one in found(EMBED, cell)} == {Weight.NOTE}


EVERYDAY = [
    *("%tb", "%clear", "%hist", "%pylab inline", "%%file notes.txt\nhello", "%load_ext nb_black"),
    *("%load_ext watermark\n%watermark -v", "%load_ext memory_profiler\n%memit sum(range(9))"),
    *(
        "%load_ext line_profiler\n%lprun -f f f(3)",
        "%debug",
        "%pdb on",
        "%macro again 1-3",
        "%rerun 2",
    ),
    *(
        "import sys\nif 'google.colab' in sys.modules:\n    print(1)",
        "!pip list | head",
        "files = !ls",
    ),
    *("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from torch import Tensor",),
    *(
        "import torch\ntorch.load('x.pt', weights_only=True)",
        "import timeit\ntimeit.timeit(lambda: 1)",
    ),
    *("import torch\ntorch.backends.cudnn.deterministic = True", "from tqdm.auto import tqdm"),
    *(
        "%%writefile helper.py\ndef f():\n    return 1",
        "%config InlineBackend.figure_format = 'retina'",
    ),
]


@pytest.mark.parametrize("cell", EVERYDAY)
def test_habits_of_every_day_are_no_findings(cell: str) -> None:
    assert found(EMBED, cell) == []


def test_a_file_that_a_cell_writes_is_read_there_and_may_be_imported() -> None:
    honest = "%%writefile helper.py\ndef f():\n    return 1"
    runs = "%run helper.py\n%run ./helper.py\n%run helper\n%run -i -N 2 'helper.py' one two\n%run -m helper"
    assert found(EMBED, honest, "import helper", runs) == []
    assert found(EMBED, honest, "%run unseen.py helper.py") != []
    (one,) = found(EMBED, "%%writefile helper.py\nimport ctypes", "import helper")
    assert (one.where, one.weight) == ("cell 1", Weight.LOOK)


UNSEEN = {
    "exec by a built-in's own": "print.__self__.exec(CODE, NS)",
    "exec by a getter": "import operator\noperator.attrgetter('__globals__')(f)['__builtins__']['exec'](CODE)",
    "a macro": "from IPython.core.macro import Macro\nmine = Macro(CODE)",
    "a timed text": "import timeit\ntimeit.timeit(CODE, number=1, globals=NS)",
    "an option's value": "%timeit -n1 -r1 -q exec(CODE,NS)",
    "torch.load": "import torch\ntorch.load('x.pt', weights_only=False)",
    "numpy.load": "import numpy as np\nnp.load('x.npy', allow_pickle=True)",
    "pandas": "import pandas as pd\npd.read_pickle('x')",
    "torch's own compiler": "import torch\ntorch.jit.CompilationUnit(CODE)",
    "a cell that is run": "get_ipython().run_cell(CODE)",
    "another name for a magic": "%alias_magic r run",
}


@pytest.mark.parametrize("cell", UNSEEN.values(), ids=UNSEEN.keys())
def test_code_by_another_route_is_to_be_looked_at(cell: str) -> None:
    assert Weight.LOOK in {one.weight for one in found(EMBED, cell)}


LEADING = {
    "names by text": "from llmlab.model import *\nours = dict(globals())\nembed = lambda t, i: ours['embed'](t, i)",
    "a module's dictionary": "import llmlab.model as m\ndef embed(t, i):\n    return m.__dict__['em' 'bed'](t, i)",
    "a computed name": "import llmlab.model as m\nn = 'deb'\ndef embed(t, i):\n    return getattr(m, n[::-1])(t, i)",
    "a module nobody has read": "import llmlib.model as m\ndef embed(t, i):\n    return m.embed(t, i)",
    "a process": "import subprocess\ndef embed(t, i):\n    return subprocess.run(['python'])",
    "the kernel": "def embed(t, i):\n    return get_ipython().getoutput('python')",
}


@pytest.mark.parametrize("name", LEADING)
def test_what_an_answer_leads_to_by_a_way_that_cannot_be_followed_is_told(name: str) -> None:
    assert told(EMBED, LEADING[name])


def test_what_was_released_is_not_read() -> None:
    cell = "import gc\ngc.get_objects()"
    assert read_cells([cell], {}, frozenset([cell])) == []


def test_files_beside_the_notebook_are_read() -> None:
    files = {"helper.py": b"import ctypes", "fast.so": b"\x7fELF", "notes.md": b"import ctypes"}
    found = read_files(files)
    assert [(one.where, one.weight) for one in found] == [
        ("'fast.so'", Weight.LOOK),
        ("'helper.py'", Weight.LOOK),
    ]


def test_a_notebook_of_more_than_is_read_is_to_be_looked_at() -> None:
    (one,) = read_cells(["x = 1"] * 30_000, {})
    assert (one.kind, one.weight) == ("form", Weight.LOOK)


GROWING = {
    "aliases of aliases": "import torch as a\n" + "".join(f"a = a.b{i}\n" for i in range(400)),
    "a chain": "import torch\nx = torch" + ".a" * 900,
    "a chain of calls": "x = torch" + ".a()" * 300,
    "calls in calls": "f(" * 150 + ")" * 150,
    "names by names": "".join(f"a{i} = a{i - 1}.x\na{i} = a{i - 1}.y\n" for i in range(1, 300)),
}


@pytest.mark.parametrize("cell", GROWING.values(), ids=GROWING.keys())
def test_aliases_that_would_grow_are_bounded(cell: str) -> None:
    trees = [parsed("import torch as a0\n" + cell)]
    names = names_of(trees)
    assert max(map(len, names.modules.values())) <= 24
    assert found(EMBED, "import torch as a0", cell) == []


@pytest.mark.parametrize(
    "cell",
    [
        "import socket",
        "from urllib.request import urlopen",
        "import requests.sessions",
        "import urllib.request as u",
    ],
)
def test_what_is_for_a_network_is_reported_and_costs_nothing(cell: str) -> None:
    (one,) = found(EMBED, cell)
    assert (one.kind, one.weight) == ("network", Weight.NOTE)


MONSTERS = {
    "too long": "x" * 2_000_000,
    "nested calls": "f(" * 5000 + ")" * 5000,
    "a long sum": "+".join(["1"] * 20_000),
    "a null byte": "x = '\0'",
    "a lone surrogate": "x = '\ud800'",
}


@pytest.mark.parametrize("cell", MONSTERS.values(), ids=MONSTERS.keys())
def test_a_cell_that_would_choke_the_parser_does_not_stop_the_look(cell: str) -> None:
    findings = found(EMBED, cell, "import ctypes")
    assert any("ctypes" in one.sentence for one in findings)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.folder)
def test_no_solution_and_no_release_raises_an_alarm(lab: Any) -> None:
    source = source_notebook(SOLUTIONS / lab.folder / f"{lab.topic}.py")
    for notebook in (source, release_notebook(source)):
        cells = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
        asked = {i: one for i, cell in enumerate(notebook.cells) if (one := exercise_of(cell))}
        assert read_cells(cells, asked) == []


@pytest.mark.parametrize("exercise", [e for e in EXERCISES if not e.is_plain], ids=lambda e: e.id)
def test_no_variant_of_an_answer_raises_an_alarm(exercise: Exercise) -> None:
    from tests.labs import private_text, variants

    whole = private_text(register.load_of(exercise.id), exercise.id)
    for one in variants()[exercise.id]:
        name = getattr(one, "__name__", "")
        if name.isidentifier():
            assert told(exercise, f"{whole}\n{exercise.name} = {name}") == []


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("'a' 'b'", "ab"),
        ("'a' + 'b'", "ab"),
        ("f'a{\"b\"}c'", "abc"),
        ("'ba'[::-1]", "ab"),
        ("'-'.join(['a', 'b'])", "a-b"),
        ("name", None),
        ("1 + 1", None),
        ("'a'.upper()", "A"),
        ("'-'.join(names)", None),
        ("f'{name}'", None),
    ],
)
def test_constants_are_folded_and_nothing_is_run(expression: str, text: str | None) -> None:
    assert folded(ast.parse(expression, mode="eval").body) == text
