"""The look at the source finds what an answer leads to, under any name, and no honest answer."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

import pytest

from autograder.authoring.source import release_notebook, source_notebook
from autograder.exercise import Exercise, register
from autograder.exercise.cells import exercise_of
from autograder.grading.source import Finding, folded, look
from tests.labs import EXERCISES, LABS, SOLUTIONS

EMBED = register.find("attention.embed")
ATTENTION = register.find("attention.MultiHeadAttention")
NORM = register.find("attention.layer_norm")


def found(exercise: Exercise, *cells: str) -> list[Finding]:
    """Look through cells, after which the exercise is checked."""
    codes = [textwrap.dedent(cell) for cell in cells]
    return look([*codes, ""], frozenset(), {len(codes): exercise})


def forbidden(exercise: Exercise, *cells: str) -> list[str]:
    findings = found(exercise, *cells)
    assert all(one.costs for one in findings if one.kind == "forbidden")
    return [one.where for one in findings if one.kind == "forbidden"]


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
    assert forbidden(EMBED, cell) == [EMBED.id] * len(forbidden(EMBED, cell))
    assert forbidden(EMBED, cell)


def test_a_class_that_inherits_from_the_reference_is_found() -> None:
    cell = """
        from llmlab.model import MultiHeadAttention as Theirs
        class MultiHeadAttention(Theirs):
            pass
    """
    assert forbidden(ATTENTION, cell) == [ATTENTION.id]


PYTORCHS = {
    "functional": "import torch.nn.functional as F\nlayer_norm = lambda x, w, b: F.layer_norm(x, x.shape, w)",
    "a module": "from torch import nn\ndef layer_norm(x, w, b):\n    return nn.LayerNorm(8)(x)",
    "imported": "from torch.nn.functional import layer_norm as n\nlayer_norm = lambda x, w, b: n(x, x.shape, w, b)",
    "aten": "import torch\ndef layer_norm(x, w, b):\n    return torch.ops.aten.layer_norm(x, [8], w, b)",
}


@pytest.mark.parametrize("cell", PYTORCHS.values(), ids=PYTORCHS.keys())
def test_an_answer_that_leads_to_pytorchs_own_is_found(cell: str) -> None:
    assert forbidden(NORM, cell) == [NORM.id]


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
    "shell and magic": "!ls\n%timeit 1 + 1\ndef embed(t, i):\n    return t[i]",
    "broken code": "def embed(:",
    "a method of its own": "class A:\n    def embed(self):\n        return self.embed()\nembed = 1",
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
    "a name made up as it runs": "__import__(bytes.fromhex('6763').decode())",
    "the table of modules": "import sys\nsys.modules['x']",
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
    "builtins": "import builtins\nbuiltins.print = None",
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
    "an extension": "%load_ext helper",
    "a module by a timed line": "%timeit import autograder.student.publishing",
    "a module by what is done before a timed cell": "%%timeit import autograder.student.publishing\nprint(1)",
    "a module by a captured cell": "%%capture\nimport autograder.student.publishing",
}


@pytest.mark.parametrize("cell", REACHING.values(), ids=REACHING.keys())
def test_a_cell_that_reaches_into_the_checker_or_into_python_costs_its_points(cell: str) -> None:
    findings = [one for one in found(EMBED, "", cell) if one.kind == "tampering"]
    assert any(one.costs for one in findings)
    assert {one.where for one in findings} == {"cell 2"}


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
def test_what_students_use_a_notebook_for_costs_nothing(cell: str) -> None:
    assert not [one for one in found(EMBED, cell) if one.costs]


def test_what_was_released_may_do_what_it_likes() -> None:
    cell = "import gc\ngc.get_objects()"
    assert look([cell], frozenset([cell]), {}) == []


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
    assert (one.kind, one.costs) == ("network", False)


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
        assert look(cells, frozenset(), asked) == []


@pytest.mark.parametrize("exercise", [e for e in EXERCISES if not e.is_plain], ids=lambda e: e.id)
def test_no_variant_of_an_answer_raises_an_alarm(exercise: Exercise) -> None:
    from tests.labs import private_text, variants

    whole = private_text(register.load_of(exercise.id), exercise.id)
    for one in variants()[exercise.id]:
        name = getattr(one, "__name__", "")
        if name.isidentifier():
            assert forbidden(exercise, f"{whole}\n{exercise.name} = {name}") == []


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
        ("'a'.upper()", None),
        ("'-'.join(names)", None),
        ("f'{name}'", None),
    ],
)
def test_constants_are_folded_and_nothing_is_run(expression: str, text: str | None) -> None:
    assert folded(ast.parse(expression, mode="eval").body) == text
