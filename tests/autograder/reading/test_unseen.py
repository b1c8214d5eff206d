"""What the reading finds of ways that lead around it, and what it costs at most."""

from __future__ import annotations

import ast
import time

import pytest

from autograder.exercise import register
from autograder.reading import Finding, Weight, read_cells, read_files
from autograder.reading.folding import folded

EMBED = register.find("attention.embed")
LENDER = "from llmlab.model import embed\n\n\ndef lent(t, i):\n    return embed(t, i)\n"


def flagged(*cells: str, files: dict[str, bytes] | None = None) -> list[Finding]:
    """Read cells, after which the exercise is checked, and return what is to be looked at."""
    found = read_cells([*cells, ""], {len(cells): EMBED}, files=files)
    return [one for one in found if one.weight is not Weight.NOTE]


AROUND = {
    "a value of exec": "list(map(exec, [CODE]))",
    "a method caller": "import operator\noperator.methodcaller('exec', CODE)(module)",
    "the built-in functions": "import builtins\n[f for n, f in vars(builtins).items() if n > 'e']",
    "a computed built-in": "import builtins\ngetattr(builtins, name)(CODE)",
    "a dotted name": "import pkgutil\npkgutil.resolve_name('builtins:exec')(CODE)",
    "a spelled dotted name": "configurator.resolve('builtins.exec')(CODE)",
    "a profile's method": "profile.runctx(CODE, {}, {})",
    "an annotation": "def f(x: 'exec(CODE)'): ...",
    "a text of code": "CODE = 'import gc; gc.get_objects()'",
    "a text in a text": f"CODE = {'exec(' + repr('import ctypes') + ')'!r}",
    "a command of a computed name": "get_ipython().run_line_magic(name, 'x')",
    "the table of commands": "get_ipython().magics_manager.magics",
    "a module that another has imported": "import torch\ntorch.ctypes.pythonapi",
    "a module imported from another": "from torch import ctypes",
    "the table of modules of another": "import torch\nfor m in torch.sys.modules.values(): pass",
    "an option that is computed": "import torch\ntorch.load('x.pt', weights_only=bool(0))",
    "options that are computed": "import numpy as np\nnp.load('x.npy', **options)",
    "an option of the environment": "import os\nos.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'",
    "another reader of pickles": "from multiprocessing.reduction import ForkingPickler as P\nP.loads(x)",
    "a pickle": "x = b'\\x80\\x04N.'",
    "a finder of modules": "import sys\nsys.meta_path.insert(0, F())",
    "a folder of a package": "import llmlab\nllmlab.__path__.append('x')",
    "a folder of packages": "import site\nsite.addsitedir('x')",
    "a file of the checker's": "open('auto*/exercises/wel*/average.py')",
    "a process that goes on": "%%python --bg\nprint(1)",
    "a module that is written": "open('helper.py', 'w').write(x)\nimport helper",
    "names that are computed": "globals().update(found)",
}


@pytest.mark.parametrize("cell", AROUND.values(), ids=AROUND.keys())
def test_a_way_around_the_reading_is_to_be_looked_at(cell: str) -> None:
    assert flagged(cell)


LEADING = {
    "the answer is imported": ("from lender import lent as embed",),
    "all names are imported": ("from lender import *", "def embed(t, i):\n    return lent(t, i)"),
    "a function is lent": ("import lender", "embed = lambda t, i: lender.lent(t, i)"),
    "a queue": (
        "import queue, llmlab.model as m\nq, r = queue.Queue(), queue.Queue()\n"
        "def serve():\n    while True:\n        r.put(m.embed(*q.get()))",
        "def embed(t, i):\n    q.put((t, i))\n    return r.get()",
    ),
    "a list": (
        "import llmlab.model as m\nkept = []\nkept.append(m.embed)",
        "embed = lambda t, i: kept[0](t, i)",
    ),
    "another module": (
        "import math, llmlab.model as m\nsetattr(math, 'f', m.embed)",
        "import math\nembed = lambda t, i: math.f(t, i)",
    ),
    "a loop": ("import llmlab.model as m\nfor embed in [lambda t, i: m.embed(t, i)]: pass",),
    "the names by text": ("import llmlab.model as m\nglobals()['em' + 'bed'] = m.embed",),
    "a function that sets it": (
        "import llmlab.model as m\ndef f():\n    global embed\n    embed = lambda t, i: m.embed(t, i)",
    ),
    "a form that never runs": (
        "import llmlab.model as m\nembed = lambda t, i: m.embed(t, i)",
        "if False:\n    def embed(t, i):\n        return t[i]",
    ),
    "a text": ("def embed(t, i):\n    return ask('import llmlab.model as m; m.embed(t, i)')",),
}


@pytest.mark.parametrize("cells", LEADING.values(), ids=LEADING.keys())
def test_an_answer_that_leads_to_the_reference_by_other_things_is_found(
    cells: tuple[str, ...],
) -> None:
    found = flagged(*cells, files={"lender.py": LENDER.encode()})
    assert EMBED.id in {one.where for one in found}


HARMLESS = [
    ("kept = []\nfor i in range(3):\n    kept.append(i)", "def embed(t, i):\n    return t[i]"),
    ("import helper", "def embed(t, i):\n    return helper.f(t, i)"),
    ("import timeit\ntimeit.timeit('embed(1, 2)', globals=globals())",),
    ("def evaluate(model, eval=True):\n    return model if eval else None",),
    ("text = 'import torch and see'\nprint('exec is a word')",),
    ("from pathlib import Path\nPath('notes.py.txt').write_text('x')",),
    ("import numpy as np\nnp.load('x.npy', allow_pickle=False)",),
    ("mode = 'eval'\nfor split in ('train', 'eval'):\n    print(split)",),
]


@pytest.mark.parametrize("cells", HARMLESS)
def test_what_only_looks_like_it_is_left_alone(cells: tuple[str, ...]) -> None:
    assert flagged(*cells, files={"helper.py": b"def f(t, i):\n    return t[i]\n"}) == []


FOLDED = {
    "'a%sb' % 'x'": "axb",
    "'%d' % 3": None,
    "'ab'.replace('a', 'c')": "cb",
    "'a'.replace('a', 'b' * 9)": None,
    "''.join(reversed('abc'))": "cba",
    "''.join(map(chr, [97, 98]))": "ab",
    "chr(97) + str('b')": "ab",
    "bytes([97, 98]).decode()": "ab",
    "bytes.fromhex('6162').decode()": "ab",
    "base64.b64decode('YWI=').decode()": "ab",
    "codecs.decode('no', 'rot13')": "ab",
    "b64decode('Y').decode()": None,
    "chr(10 ** 9)": None,
    "'a'.upper(b)": None,
}


@pytest.mark.parametrize("expression", FOLDED)
def test_texts_are_folded_however_they_are_put_together(expression: str) -> None:
    assert folded(ast.parse(expression, mode="eval").body) == FOLDED[expression]


GROWING = {
    "replacements": "f('aaaaaaaaaa'" + ".replace('a', 'aaaaaaaaaa')" * 40 + ")",
    "sums": "f(" + "+".join(["'a'"] * 3_000) + ")",
    "commands": "%timeit a b c\n" * 20_000,
    "commands in a block": "if True:\n" + "    %timeit a b c\n" * 20_000,
    "texts of code": "x = [" + f"{'import sys; y = ' + repr('import sys')!r}, " * 2_000 + "]",
    "modules of modules": "import m0\nembed = m0",
}


@pytest.mark.parametrize("cell", GROWING.values(), ids=GROWING.keys())
def test_what_a_reading_costs_is_bounded(cell: str) -> None:
    names = [f"m{n}" for n in range(40)]
    files = {f"{name}.py": "".join(f"import {one}\n" for one in names).encode() for name in names}
    began = time.process_time()
    flagged(cell, files=files)
    read_files(files)
    assert time.process_time() - began < 10
