"""Honest notebooks of many habits: each earns exactly its points, and none is flagged or held."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import shutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from ipykernel.zmqshell import KernelMagics
from IPython.core import magics
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from autograder.grading.batch import Workers
from autograder.grading.engine import Job, Settings
from autograder.grading.intake import read_source
from autograder.grading.run import Run
from autograder.grading.submission import prepare, read_files
from tests.autograder.grading.conftest import LAB, Classroom, marked, solve

AVERAGE, SHARE, OUTPUT = LAB.exercises
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@dataclass
class Submitted:
    """What one honest student hands in: lab 00, solved, until a habit changes it."""

    notebook: NotebookNode
    files: dict[str, bytes] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LAB.exercises, 1))
    # What becomes of the notebook's text when it is written.
    written: Callable[[str], str] = lambda text: text

    def answer(self, name: str) -> NotebookNode:
        return marked(self.notebook, f"welcome-{name}-answer")

    def check(self, name: str) -> NotebookNode:
        return marked(self.notebook, f"welcome-{name}")

    def place(self, cell: NotebookNode) -> int:
        return next(number for number, one in enumerate(self.notebook.cells) if one is cell)

    def first(self, *cells: str) -> None:
        self.notebook.cells[:0] = [_code(one) for one in cells]

    def try_out(self, *cells: str) -> None:
        """Put cells between an answer and its check, where students try what they wrote."""
        place = self.place(self.answer("average")) + 1
        self.notebook.cells[place:place] = [_code(one) for one in cells]

    def last(self, *cells: str) -> None:
        self.notebook.cells += [_code(one) for one in cells]


def _code(text: str) -> NotebookNode:
    return new_code_cell(textwrap.dedent(text).strip("\n"))


Habit = Callable[[Submitted], None]
HABITS: dict[str, Habit] = {}


def habit(change: Habit) -> Habit:
    """Add a habit, by its function's name."""
    HABITS[change.__name__.replace("_", " ").strip()] = change
    return change


# Cells that stand before all others.
FIRST = {
    "mistyped magics": ("%tiem 1 + 1", "%mtplotlib inline", "%%tme\nx = 1", "%autorelaod 2"),
    "magics of other kernels": ("%%R\nx <- 1", "%%sql\nselect 1", "%%cython\nx = 1", "%use kandy"),
    "extensions": (
        "%load_ext autoreload\n%autoreload 2",
        "%load_ext watermark\n%watermark -v -p torch",
        "%load_ext memory_profiler",
        "%load_ext no_such_extension",
        "%reload_ext autoreload",
    ),
    "formatters": ("%load_ext nb_black", "%load_ext lab_black", "import jupyter_black\n"
        "jupyter_black.load()", "%load_ext jupyter_ruff"),
    "plots in the notebook": ("%matplotlib inline\n%config InlineBackend.figure_format = 'retina'",),
    "plots in a window": ("%matplotlib widget", "%matplotlib notebook", "%matplotlib"),
    "pylab": ("%pylab inline",),
    "the debugger on": ("%pdb on", "1 / 0", "%pdb off"),
    "long errors": ("%xmode Verbose", "1 / 0", "%tb", "%xmode Minimal"),
    "the shell": ("!ls -la", "files = !ls\nprint(files)", "!echo {1 + 1} $HOME", "!!pwd", "!which python"),
    "the shell in scripts": ("%%bash\nls\necho done", "%%sh\npwd", "%%script bash --no-raise-error\nexit 3"),
    "installing by hand": ("!pip install numpy -q", "!pip install -q watermark", "%conda info",
        "%pip install --quiet torch", "!python -m pip install --upgrade pip 2>&1 | tail -1 | cut -c1-5"),
    "listing what is installed": ("!pip list", "%pip list", "!pip freeze | head -3", "!nvidia-smi"),
    "other languages in cells": ("%%html\n<b>Hello</b>", "%%latex\n$x^2$", "%%markdown\n**Hello**",
        "%%javascript\nconsole.log('hello')", "%%svg\n<svg xmlns='http://www.w3.org/2000/svg'/>",
        "%%perl\nprint 1;", "%%ruby\nputs 1"),
    "help": ("print?", "?len", "torch.nn.Linear??", "str.join?", "*int*?", "help(len)", "check?", "check??"),
    "help of the checker": ("import autograder\nhelp(autograder.check)\nprint(check.__doc__)",
        "print(autograder.__name__, autograder.__doc__)", "dir(autograder)"),
    "what there is": ("%who", "%whos", "%who_ls", "%history -n 1-3", "%lsmagic", "%pwd", "dir()"),
    "the environment": ("%env", "%env TOKENIZERS_PARALLELISM=false", "%set_env OMP_NUM_THREADS 1"),
    "forgetting all": ("x = 1", "%reset -f", "from autograder import check, hint, progress"),
    "keeping values": ("x = 1\n%store x", "%store -r x", "%store"),
    "keeping a log": ("%logstart -o", "1 + 1", "%logstop"),
    "saving cells": ("x = 1", "%save mine 1", "%notebook mine.ipynb", "%macro again 1", "again"),
    "loading cells": ("%%writefile mine.py\nx = 1", "%load mine.py", "# %load mine.py\nx = 1", "%pycat mine.py"),
    "aliases of commands": ("%alias list_all ls -la", "%list_all", "%alias_magic t timeit", "%t 1 + 1",
        "%unalias list_all"),
    "captured output": ("%%capture out\nprint('hello')", "out.show()", "%%capture --no-stderr\nprint(1)"),
    "another folder": ("import os\nos.makedirs('work', exist_ok=True)\nos.chdir('work')", "os.chdir('..')",
        "%cd .", "%mkdir more", "%cd more", "%cd -"),
    "an import by star": ("from autograder import *",),
    "the checker by its module": ("import autograder as ag", "ag.check('welcome.equal_share')\nag.progress()"),
    "all outputs of a cell": (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.ast_node_interactivity = 'all'",
    ),
    "versions": (
        "import sys, platform, torch\nprint(sys.version, platform.platform(), torch.__version__)",
        "for name in ('torch', 'numpy', 'no_such_package'):\n"
        "    try:\n"
        "        print(name, __import__(name).__version__)\n"
        "    except ImportError:\n"
        "        print(name, 'is missing')",
        "import importlib\nfor name in ['torch', 'numpy']:\n"
        "    print(importlib.import_module(name).__version__)",
        "from importlib.metadata import version\nprint(version('torch'))",
        "import sys\nprint(sys.modules['torch'].__version__)",
        "assert sys.version_info >= (3, 10)",
    ),
    "where am I": (
        "try:\n    import google.colab\n    IN_COLAB = True\nexcept ImportError:\n    IN_COLAB = False",
        "import sys\nIN_COLAB = 'google.colab' in sys.modules",
        "IS_NOTEBOOK = get_ipython().__class__.__name__ == 'ZMQInteractiveShell'",
        "from IPython import get_ipython\nif 'google.colab' in str(get_ipython()):\n    !pip install x",
        "import importlib.util\nimportlib.util.find_spec('google.colab')",
        "import os\nON_KAGGLE = 'KAGGLE_URL_BASE' in os.environ",
    ),
    "Colab's drive": (
        "try:\n    from google.colab import drive\n    drive.mount('/content/drive')\n"
        "except ModuleNotFoundError:\n    pass",
        "%cd /content/drive/MyDrive",
    ),
    "paths": (
        "import sys\nsys.path.append('..')\nsys.path.insert(0, '/content/lab')",
        "import os\nos.environ['TOKENIZERS_PARALLELISM'] = 'false'\nos.environ.setdefault('A', 'b')",
    ),
    "quiet": (
        "import warnings\nwarnings.filterwarnings('ignore')\nwarnings.simplefilter('ignore')",
        "import logging\nlogging.basicConfig(level=logging.INFO)\nlogging.getLogger(__name__).info('hi')",
        "import sys\nsys.tracebacklimit = 3\nsys.setrecursionlimit(5000)",
    ),
    "seeds": (
        "import random\nimport numpy as np\nimport torch\n"
        "random.seed(0)\nnp.random.seed(0)\ntorch.manual_seed(0)\n"
        "torch.use_deterministic_algorithms(True)",
        "torch.set_default_dtype(torch.float64)\ntorch.set_printoptions(precision=2)",
    ),
    "a short way to print tensors": (
        "import torch\ntorch.Tensor.__repr__ = lambda self: f'{tuple(self.shape)} {self.dtype}'\n"
        "torch.arange(3)",
    ),
    "devices": (
        "import torch\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\n"
        "torch.zeros(3).to(device)",
        "torch.backends.cudnn.benchmark = True",
    ),
    "threads of torch": (
        "import torch\ntorch.set_num_threads(4)",
        "x = torch.randn(300, 300, requires_grad=True)\n(x @ x).sum().backward()",
    ),
    "a loader of data": (
        "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
        "data = TensorDataset(torch.arange(8.0)[:, None])\n"
        "for (batch,) in DataLoader(data, batch_size=4, shuffle=True):\n    print(batch.mean())",
    ),
    "a model of its own": (
        "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.layer = nn.Linear(2, 1)\n"
        "    def forward(self, x):\n        return F.softmax(self.layer(x), -1)\n"
        "net = Net()\noptimizer = torch.optim.AdamW(net.parameters())\n"
        "loss = net(torch.ones(1, 2)).sum()\nloss.backward()\noptimizer.step()\nnet.eval()",
        "torch.save(net.state_dict(), 'net.pt')\nnet.load_state_dict(torch.load('net.pt'))",
    ),
    "progress bars": (
        "from tqdm import tqdm\nfor _ in tqdm(range(10)):\n    pass",
        "from tqdm.auto import trange\nfor _ in trange(3):\n    pass",
        "from tqdm.notebook import tqdm as bar\nfor _ in bar(range(3)):\n    pass",
        "import sys\nfor n in range(5):\n    print(f'\\r{n}/5', end='', flush=True)\n"
        "    sys.stdout.write('\\r')\n",
    ),
    "rich output": (
        "from rich import print\nfrom rich.table import Table\nprint('[bold]Hello[/bold]', Table('a'))",
        "%load_ext rich",
        "from pprint import pprint\npprint({'a': [1, 2]})",
    ),
    "plots": (
        "import matplotlib.pyplot as plt\nplt.style.use('ggplot')\nplt.plot([1, 2, 3])\nplt.show()",
        "plt.rcParams['figure.figsize'] = (8, 4)\nplt.hist([1, 2, 2])\nplt.savefig('plot.png')",
        "import seaborn as sns\nsns.set_theme()",
        "import plotly.express as px\npx.line(x=[1], y=[2])",
    ),
    "tables": (
        "import pandas as pd\nframe = pd.DataFrame({'x': [1, 2], 'y': [3, 4]})\nframe.describe()",
        "frame.query('x > 1').eval('z = x + y')",
        "frame.to_csv('frame.csv', index=False)\npd.read_csv('frame.csv')",
        "pd.set_option('display.max_rows', 10)",
    ),
    "widgets": (
        "import ipywidgets as widgets\nslider = widgets.IntSlider(3)\ndisplay(slider)",
        "from ipywidgets import interact\n@interact(x=(0, 10))\ndef show(x=3):\n    return x * x",
        "out = widgets.Output()\nwith out:\n    print('inside')\nout",
    ),
    "showing things": (
        "from IPython.display import HTML, Image, Markdown, Math, clear_output, display",
        "display(HTML('<b>bold</b>'), Markdown('**bold**'), Math('x^2'))",
        "clear_output(wait=True)\nhandle = display('a', display_id=True)\nhandle.update('b')",
        "display(HTML('<style>.container { width: 100% !important; }</style>'))",
    ),
    "a question to the reader": (
        "try:\n    name = input('Your name? ')\nexcept Exception:\n    name = 'nobody'",
        "name = input('And again? ')",
        "import getpass",
    ),
    "files of its own": (
        "from pathlib import Path\nPath('mine.txt').write_text('hello')\n"
        "print(Path('mine.txt').read_text(), list(Path.cwd().glob('*.txt')))",
        "import json, csv\nwith open('mine.json', 'w') as file:\n    json.dump({'a': 1}, file)\n"
        "with open('mine.json') as file:\n    print(json.load(file))",
        "with open('mine.csv', 'w', newline='') as file:\n    csv.writer(file).writerow([1, 2])",
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder:\n    print(folder)",
        "import shutil, os, zipfile\nshutil.copy('mine.txt', 'copy.txt')\nos.remove('copy.txt')\n"
        "zipfile.ZipFile('mine.zip', 'w').write('mine.txt')",
        "import numpy as np\nnp.save('mine.npy', np.arange(3))\nnp.load('mine.npy')",
        "import sqlite3\nsqlite3.connect('mine.db').execute('create table t (x)')",
    ),
    "paths of Windows": (
        r"folder = 'C:\\Users\\me\\labs'" + "\n" + r"other = r'D:\new\table'" + "\nprint(folder, other)",
        r"data = 'C:\notes\welcome'",
        "from pathlib import PureWindowsPath\nPureWindowsPath(r'C:\\lab').as_posix()",
    ),
    "times": (
        "import time\nfrom datetime import datetime\nstart = time.perf_counter()\ntime.sleep(0.2)\n"
        "print(datetime.now(), time.perf_counter() - start)",
    ),
    "threads": (
        "import threading\nthread = threading.Thread(target=print, args=('hello',))\n"
        "thread.start()\nthread.join()",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool:\n    print(list(pool.map(abs, [-1, 2])))",
        "import os\nprint(os.cpu_count(), threading.active_count())",
    ),
    "a thread that goes on": (
        "import threading, time\n"
        "def tick():\n    while True:\n        time.sleep(0.5)\n"
        "threading.Thread(target=tick, daemon=True).start()",
    ),
    "cells that wait": (
        "import asyncio\nawait asyncio.sleep(0.05)",
        "async def one():\n    return 1\nprint(await asyncio.gather(one(), one()))",
        "async with asyncio.timeout(1):\n    await one()",
    ),
    "commands of the system": (
        "import subprocess\nprint(subprocess.run(['ls'], capture_output=True, text=True).stdout)",
        "import os\nos.system('echo hello')\nprint(os.listdir(), os.getpid())",
    ),
    "the kernel's own ways": (
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "ip = get_ipython()\nip.run_line_magic('load_ext', 'autoreload')",
        "get_ipython().system('ls')\nget_ipython().getoutput('pwd')",
        "get_ipython().run_cell_magic('bash', '', 'echo hello')",
        "get_ipython().magic('who')",
    ),
    "what earlier cells gave": ("1 + 1", "_ + 1", "Out", "In[-2]", "_i", "print(__name__)"),
    "an error on purpose": ("raise ValueError('on purpose')", "1 / 0", "assert 1 == 2, 'one is not two'"),
    "errors in what is written": ("for x in range(3)\n    print(x)", "def broken(:\n    pass", "  x = 1\ny = 2",
        "print 'hello'", "undefined_name", "return 3"),
    "errors that are shown": (
        "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError as error:\n"
        "    traceback.print_exc()\n    print(type(error).__name__, error.args)",
        "import sys\nprint(sys.exc_info())",
        "%debug",
    ),
    "looking at code": (
        "import inspect\ndef double(x):\n    return 2 * x\n"
        "print(inspect.getsource(double), inspect.signature(double), double.__name__)",
        "import dis\ndis.dis(double)",
        "import ast\nprint(ast.dump(ast.parse('1 + 1')), ast.literal_eval('[1]'))",
        "print(vars(double), double.__doc__, double.__dict__, type(double).__mro__)",
    ),
    "memory": (
        "import gc, sys\ngc.collect()\nprint(sys.getsizeof([1]), sys.getrefcount([]))",
        "import tracemalloc\ntracemalloc.start()\nprint(tracemalloc.get_traced_memory())\n"
        "tracemalloc.stop()",
        "import psutil\nprint(psutil.Process().memory_info().rss)",
    ),
    "output of its own": (
        "import contextlib, io\nbuffer = io.StringIO()\nwith contextlib.redirect_stdout(buffer):\n"
        "    print('hello')",
        "import sys\nold = sys.stdout\nsys.stdout = io.StringIO()\nprint('hidden')\nsys.stdout = old",
        "print('error', file=sys.stderr)\nprint('x' * 2000)",
    ),
    "much output": ("for n in range(3000):\n    print('line', n)", "list(range(3000))"),
    "regular expressions": (
        "import re\npattern = re.compile(r'\\d+')\nprint(pattern.findall('a1b22'))",
        "from re import compile\ncompile('a+').match('aa')",
    ),
    "deprecated imports": ("from __future__ import division, print_function", "from imp import reload"),
    "modules loaded again": (
        "%%writefile again.py\nvalue = 1",
        "import importlib\nimport again\nimportlib.reload(again)",
    ),
    "names that Python has": ("list = [1, 2]\nstr = 'text'\nid = 3\nmax = 4\ntype = 5", "del list, str, id, max, type"),
    "names that Python has, kept": (
        "str, id, max, min, type = 'text', 3, 4, 5, 6",
        "compile = globals = exec = eval = print = display = vars = dir = 'mine'",
        "torch = np = sys = os = json = autograder = get_ipython = base64 = 1",
    ),
    "all names of a library": ("from torch import *", "from numpy import *", "from os import *"),
    "settings that stay": (
        "import torch, numpy as np, warnings, locale, sys\ntorch.set_default_dtype(torch.float64)",
        "torch.set_grad_enabled(False)\ntorch.set_default_device('cpu')",
        "warnings.filterwarnings('error')\nnp.seterr(all='raise')\nnp.set_printoptions(precision=1)",
        "locale.setlocale(locale.LC_ALL, 'C')\ntorch.autograd.set_detect_anomaly(True)",
    ),
    "a folder that stays": ("import os\nos.makedirs('a/b')\nos.chdir('a/b')",),
    "output that goes into a file": (
        "import sys\nsys.stdout = open('out.txt', 'w')\nprint('hello')\nsys.stderr = sys.stdout",
    ),
    "a missing kernel's name": ("get_ipython = None", "del get_ipython"),
    "code in a text": (
        "text = 'import torch\\nprint(torch.ones(3))'\nlines = text.splitlines()",
        "example = \"\"\"\nimport sys\nfrom torch import nn\n\ndef f(x):\n    return x ** 2\n\"\"\"\nprint(example)",
        "data = b'\\x89PNG\\r\\n' + bytes(range(9))",
    ),
    "a dictionary that is filled": (
        "settings = {}\nsettings.update(lr=0.1)\nsettings.setdefault('n', 3)\nvars()",
        "print(sorted(globals())[:3], 'average' in globals(), len(locals()))",
    ),
    "objects that describe themselves": (
        "import dataclasses, enum, typing, abc, operator\n"
        "class Color(enum.Enum):\n    RED = 1\n"
        "@dataclasses.dataclass(frozen=True, order=True)\n"
        "class Point:\n    x: int\n    def __repr__(self):\n        return f'<{self.x}>'\n"
        "    def __getattr__(self, name):\n        raise AttributeError(name)\n"
        "print(Point(1), Color.RED, Point.__name__, getattr(Point(1), 'x'), operator.attrgetter('x')(Point(2)))",
        "class Base(abc.ABC):\n    registry = {}\n    def __init_subclass__(cls):\n"
        "        Base.registry[cls.__name__] = cls\nclass Child(Base):\n    pass",
        "class Meta(type):\n    def __call__(cls, *args):\n        return super().__call__(*args)\n"
        "class Single(metaclass=Meta):\n    __slots__ = ('a',)",
        "setattr(Child, 'name', 'child')\nhasattr(Child, 'name')\ndelattr(Child, 'name')",
    ),
    "hooks of a model": (
        "import torch\nlayer = torch.nn.Linear(2, 2)\nshapes = []\n"
        "handle = layer.register_forward_hook(lambda module, given, out: shapes.append(out.shape))\n"
        "layer(torch.ones(1, 2))\nhandle.remove()",
        "with torch.no_grad():\n    layer.weight.fill_(1)\nprint(sum(p.numel() for p in layer.parameters()))",
        "from torch.utils.tensorboard import SummaryWriter",
        "print(torch.compile, torch.jit)\nscripted = torch.jit.script(layer)",
    ),
    "print and input of its own": (
        "import builtins, functools, sys\nprint = functools.partial(print, flush=True)\nprint('hello')",
        "builtins.input = lambda prompt='': '3'\nprint(input())",
        "sys.excepthook = lambda *error: None",
        "from unittest.mock import patch\nwith patch('builtins.input', return_value='me'):\n    input()",
    ),
    "what the kernel shows": (
        "ip = get_ipython()\nip.ast_node_interactivity = 'all'\nip.Completer.use_jedi = False",
        "ip.display_formatter.formatters['text/html'].for_type(float, lambda x: f'<b>{x:.3f}</b>')\n1 / 3",
        "%config Completer.use_jedi = False",
        "ip.set_next_input('1 + 1')",
    ),
    "what comes from the net": ("!git clone -q https://example.com/lab", "!wget -q https://example.com/data.txt",
        "!curl -s https://example.com -o data.txt", "%%bash\ngit status || true"),
    "workers of their own": (
        "from concurrent.futures import ProcessPoolExecutor\nimport multiprocessing",
        "def double(x):\n    return 2 * x\nwith ProcessPoolExecutor(2) as pool:\n"
        "    print(list(pool.map(double, [1, 2])))",
        "with multiprocessing.Pool(2) as pool:\n    print(pool.map(double, [1, 2]))",
        "import torch\nfrom torch.utils.data import DataLoader\n"
        "print(len(list(DataLoader(list(range(8)), batch_size=2, num_workers=2))))",
    ),
    "an assistant": ("%load_ext jupyter_ai", "%%ai chatgpt\nWrite an average.", "%ai list"),
    "an interrupt that is handled": (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGALRM, lambda *_: None)\nsignal.setitimer(signal.ITIMER_REAL, 0.1)",
        "import time\ntime.sleep(0.2)\nsignal.alarm(0)",
        "import faulthandler\nfaulthandler.enable()",
    ),
    "letters of other tongues": (
        "größe = 3\nπ = 3.14159\nсреднее = [1, 2]\n平均 = sum(среднее) / 2\nprint(größe, π, 平均)",
        "# حساب المتوسط من اليمين إلى اليسار\n# ממוצע של רשימה\n# 平均値を計算する\nx = 'नमस्ते'",
        "print('🎉 Done! 👩🏽‍💻', '\\N{SNOWMAN}')\n# 🚀",
    ),
    "Colab's forms": (
        "#@title Settings { display-mode: 'form' }\nlearning_rate = 0.1 #@param {type:'number'}",
    ),
    "Jupytext's and VS Code's marks": ("# %% a cell\nx = 1\n# %%\ny = 2", "#region mine\nx = 1\n#endregion"),
    "marks for tools": (
        "x = 1  # type: ignore\ny = 2  # noqa: F841\n# fmt: off\nz = [1,2 ,3]\n# fmt: on",
        "# pylint: disable=all\n# mypy: ignore-errors\n# ruff: noqa",
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n__author__ = 'me'\n__version__ = '1.0'",
    ),
    "imports for types alone": (
        "from __future__ import annotations",
        "from typing import TYPE_CHECKING, Any, Optional\nif TYPE_CHECKING:\n"
        "    import pandas as pd\n    from numpy.typing import NDArray\n    from _typeshed import SupportsAdd",
        "import mypy_extensions\nfrom typing_extensions import Self\nfrom beartype import beartype",
    ),
    "imports of much": (
        "import torch, numpy as np, math, os, sys, json, itertools, functools, collections\n"
        "from collections import *\nfrom math import *\nfrom typing import *",
    ),
    "one import on each line twice": ("import torch\nimport torch", "import torch.nn as nn\nimport torch.nn as nn"),
    "packages that are not here": (
        "import tensorflow as tf",
        "try:\n    import cupy as np\nexcept ImportError:\n    import numpy as np",
        "try:\n    from numba import njit\nexcept ImportError:\n    njit = lambda f: f",
    ),
    "a look at the net": (
        "import requests\ntry:\n    requests.get('https://example.com', timeout=1)\n"
        "except Exception:\n    pass",
        "import urllib.request",
    ),
    "an exit that is caught": ("try:\n    exit_code = 0\n    raise SystemExit(0)\nexcept SystemExit:\n    pass",),
    "a main function": ("def main():\n    print('hello')\n\nif __name__ == '__main__':\n    main()",),
    "arguments of a program": (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--n', default=1)\n"
        "print(parser.parse_args([]))",
        "import sys\nprint(sys.argv)",
    ),
    "signals and endings": (
        "import atexit, signal\natexit.register(print, 'bye')\nprint(signal.getsignal(signal.SIGINT))",
    ),
    "events of the kernel": (
        "import time\ndef after(*_):\n    print(time.time())\n"
        "get_ipython().events.register('post_run_cell', after)",
        "get_ipython().events.unregister('post_run_cell', after)",
    ),
    "an own magic": (
        "from IPython.core.magic import register_line_magic\n"
        "@register_line_magic\ndef shout(line):\n    return line.upper()",
        "%shout hello",
    ),
    "the library's own": (
        "import llmlab\nprint(llmlab.__version__)",
        "import torch\nfrom llmlab.model import causal_mask\nprint(causal_mask(3))",
        "import llmlab.model as m\nm.causal_mask?",
    ),
}  # fmt: skip

# Cells between the answer of `average` and its check.
TRIED = {
    "prints": ("print(average([1, 2, 3]))", "average([1, 2, 3])", "average([]) if False else None"),
    "calls that fail": ("average([])", "average(3)", "average()"),
    "asserts": ("assert average([1, 2, 3]) == 2, 'wrong'\nprint('all passed')",),
    "timing": ("%timeit average([1, 2, 3])", "%time average([1, 2])", "%%timeit -n 10 -r 2\naverage([1, 2])",
        "%%time\nx = average([1, 2, 3])\nx"),
    "timing by a module": (
        "import timeit\nprint(timeit.timeit(lambda: average([1, 2]), number=100))",
        "timeit.timeit('average([1, 2])', globals=globals(), number=100)",
        "timeit.repeat('average(x)', setup='x = [1, 2]', globals=globals(), number=10)",
    ),
    "profiles": ("%prun average([1, 2])", "%%prun -l 5\naverage([1, 2])",
        "import cProfile\ncProfile.run('average([1, 2])')",
        "profile = cProfile.Profile()\nprofile.runcall(average, [1, 2])\nprofile.print_stats()"),
    "profiles that need an extension": ("%memit average([1, 2])", "%lprun -f average average([1, 2])",
        "%mprun -f average average([1])", "%%heat\naverage([1])", "%snakeviz average([1])"),
    "debugging": ("average('text')", "%debug", "import pdb\npdb.set_trace()", "breakpoint()"),
    "comparing with a package": (
        "import numpy as np\nimport statistics\n"
        "for numbers in ([1, 2], [3.5, 4]):\n"
        "    assert np.isclose(average(numbers), np.mean(numbers))\n"
        "    assert average(numbers) == statistics.mean(numbers)",
    ),
    "tests of its own": (
        "import unittest\nclass TestAverage(unittest.TestCase):\n"
        "    def test_two(self):\n        self.assertEqual(average([1, 3]), 2)\n"
        "unittest.main(argv=[''], exit=False, verbosity=2)",
    ),
    "tests as pytest has them": (
        "import pytest\n@pytest.mark.parametrize('numbers', [[1], [1, 2]])\n"
        "def test_average(numbers):\n    assert average(numbers)\ntest_average([1])",
    ),
    "an older form left behind": ("average_old = average\ndef mean(numbers):\n    return average_old(numbers)",),
    "the checks by hand": ("check('welcome.average')", "check('welcome.average')", "check()",
        "result = check('welcome.average')\nprint(result)"),
    "a check that fails by hand": ("check('welcome.equal_share')", "check('welcome.no_such')", "check(average)"),
    "a check that is caught": (
        "from autograder import CheckFailed\ntry:\n    check('welcome.model_output')\n"
        "except CheckFailed as error:\n    print(error)",
        "import autograder\ntry:\n    check('x')\nexcept autograder.AutograderError:\n    pass",
    ),
    "hints": ("hint('welcome.average')", "hint('welcome.average')", "hint('welcome.equal_share')", "progress()"),
    "source of what was written": ("average??", "import inspect\nprint(inspect.getsource(average))",
        "%psource average", "%pinfo average", "%pdoc average", "help(average)"),
    "random tries": (
        "import random\nfor _ in range(50):\n    xs = [random.random() for _ in range(9)]\n"
        "    assert min(xs) <= average(xs) <= max(xs)",
    ),
    "a copy of the answer": (
        "def average(numbers):\n    # the same once more\n    return sum(numbers) / len(numbers)",
    ),
    "a plot of the answer": ("import matplotlib.pyplot as plt\nplt.plot([average(range(1, n)) for n in range(2, 9)])",),
    "a wrapped answer": (
        "import functools\ndef traced(f):\n    @functools.wraps(f)\n    def inner(*args, **kwargs):\n"
        "        print('call', args)\n        return f(*args, **kwargs)\n    return inner\n"
        "average = traced(average)",
    ),
    "locals that are named as in the answer": (
        "import numpy as np\nnumbers = np.array([1, 2])\ntotal = numbers.sum()\nn = len(numbers)",
        "result = average(numbers)",
    ),
}  # fmt: skip

# Other ways to write `average`; with what they need.
ANSWERS = {
    "a loop": """
        def average(numbers):
            total = 0
            for number in numbers:
                total += number
            return total / len(numbers)
    """,
    "a lambda": "average = lambda numbers: sum(numbers) / len(numbers)",
    "type hints": """
        from collections.abc import Sequence
        from typing import Union
        Number = Union[int, float]
        def average(numbers: Sequence[Number]) -> "float | int":
            result: float = sum(numbers) / len(numbers)
            return result
    """,
    "annotations of the future": """
        from __future__ import annotations
        def average(numbers: list[NotThere] | None) -> float:
            return sum(numbers) / len(numbers)
    """,
    "f-strings and a walrus": """
        def average(numbers: list[float]) -> float:
            if (n := len(numbers)) == 0:
                raise ValueError(f"{numbers!r} is {'empty'}")
            print(f"{n=}, {sum(numbers):.2f}")
            return sum(numbers) / n
    """,
    "match": """
        def average(numbers: list[float]) -> float:
            match numbers:
                case [one]:
                    return one
                case [first, *rest]:
                    return (first + sum(rest)) / (1 + len(rest))
    """,
    "tabs": "def average(numbers):\n\ttotal = sum(numbers)\n\treturn total / len(numbers)",
    "a very long line": f"def average(numbers):\n    return sum(numbers) / len(numbers)  # {'x' * 5000}",
    "semicolons": "def average(numbers): total = sum(numbers); return total / len(numbers);",
    "helpers": """
        def add(numbers):
            return sum(numbers)

        def count(numbers):
            return len(numbers)

        def average(numbers):
            return add(numbers) / count(numbers)
    """,
    "a closure": """
        def make(divide):
            def inner(numbers):
                return divide(sum(numbers), len(numbers))
            return inner
        average = make(lambda a, b: a / b)
    """,
    "a cache": """
        from functools import lru_cache, reduce
        @lru_cache(maxsize=None)
        def _average(numbers):
            return reduce(lambda a, b: a + b, numbers) / len(numbers)
        def average(numbers):
            return _average(tuple(numbers))
    """,
    "a generator": """
        def running(numbers):
            total = 0
            for n, number in enumerate(numbers, 1):
                total += number
                yield total / n
        def average(numbers):
            *_, last = running(numbers)
            return last
    """,
    "a class": """
        from dataclasses import dataclass, field
        @dataclass
        class Mean:
            total: float = 0.0
            count: int = 0
            seen: list = field(default_factory=list)
            def add(self, number):
                self.total += number
                self.count += 1
                return self
            @property
            def value(self):
                return self.total / self.count
        def average(numbers):
            mean = Mean()
            for number in numbers:
                mean.add(number)
            return mean.value
    """,
    "an object that is called": """
        class Average:
            def __call__(self, numbers):
                return sum(numbers) / len(numbers)
        average = Average()
    """,
    "recursion": """
        def total(numbers):
            return numbers[0] + total(numbers[1:]) if numbers else 0
        def average(numbers):
            return total(list(numbers)) / len(numbers)
    """,
    "numpy": """
        import numpy as np
        def average(numbers):
            return float(np.asarray(numbers, dtype=float).sum() / len(numbers))
    """,
    "torch": """
        import torch
        def average(numbers):
            return torch.tensor(numbers, dtype=torch.float64).mean().item()
    """,
    "pandas": """
        import pandas as pd
        def average(numbers):
            return float(pd.Series(numbers).sum() / len(numbers))
    """,
    "fractions": """
        from fractions import Fraction
        def average(numbers):
            return float(sum(map(Fraction, numbers)) / len(numbers))
    """,
    "fsum": """
        import math
        def average(numbers):
            return math.fsum(numbers) / len(numbers)
    """,
    "try and except": """
        def average(numbers):
            try:
                return sum(numbers) / len(numbers)
            except ZeroDivisionError:
                return float("nan")
            finally:
                pass
    """,
    "a context": """
        import contextlib
        @contextlib.contextmanager
        def step(name):
            print("begin", name)
            yield
            print("end", name)
        def average(numbers):
            with step("average"):
                return sum(numbers) / len(numbers)
    """,
    "asserts in the answer": """
        def average(numbers):
            assert isinstance(numbers, (list, tuple)), type(numbers)
            assert len(numbers) > 0
            result = sum(numbers) / len(numbers)
            assert min(numbers) <= result <= max(numbers)
            return result
    """,
    "logs in the answer": """
        import logging
        logger = logging.getLogger(__name__)
        def average(numbers):
            logger.debug("average of %s", numbers)
            return sum(numbers) / len(numbers)
    """,
    "a bar in the answer": """
        from tqdm.auto import tqdm
        def average(numbers):
            total = 0
            for number in tqdm(numbers, desc="adding"):
                total += number
            return total / len(numbers)
    """,
    "a nap in the answer": """
        import time
        def average(numbers):
            time.sleep(0.2)
            return sum(numbers) / len(numbers)
    """,
    "names of other tongues": """
        def average(числа):
            # ממוצע 平均 🎉
            summe = sum(числа)
            return summe / len(числа)
    """,
    "threads in the answer": """
        from concurrent.futures import ThreadPoolExecutor
        def average(numbers):
            with ThreadPoolExecutor(2) as pool:
                return sum(pool.map(float, numbers)) / len(numbers)
    """,
    "an old attempt in comments": """
        # def average(numbers):
        #     return statistics.mean(numbers)
        '''
        import statistics
        average = statistics.fmean
        '''
        def average(numbers):
            # the sum, shared out
            return sum(numbers) / len(numbers)
    """,
    "examples in the docstring": '''
        def average(numbers):
            """Return the average.

            >>> average([1, 2, 6])
            3.0
            """
            return sum(numbers) / len(numbers)
    ''',
    "code that is set aside": """
        '''
        import gc, sys
        sys.settrace(print)
        exec("def average(numbers): return 0")
        '''
        def average(numbers):
            "Do not: from statistics import fmean; import sys; sys._getframe()."
            return sum(numbers) / len(numbers)
    """,
    "two forms, the last one right": """
        def average(numbers):
            return sum(numbers)
        def average(numbers):
            return sum(numbers) / len(numbers)
    """,
    "tests below the answer": """
        def average(numbers):
            return sum(numbers) / len(numbers)

        print(average([1, 2, 6]))
        assert average([1, 2, 6]) == 3.0
        average([1, 2, 6])
    """,
    "a magic in the answer's cell": """
        %matplotlib inline
        !echo working
        def average(numbers):
            return sum(numbers) / len(numbers)
        %timeit -n 3 -r 1 average([1, 2])
    """,
    "a magic before the answer's cell": """
        %%time
        def average(numbers):
            return sum(numbers) / len(numbers)
    """,
    "a constant of the cell": """
        DIGITS = 12
        def average(numbers, *, digits=DIGITS):
            return round(sum(numbers) / len(numbers), digits)
    """,
    "a global": """
        calls = 0
        def average(numbers):
            global calls
            calls += 1
            return sum(numbers) / len(numbers)
    """,
    "eval's namesakes": """
        class Model:
            def eval(self):
                return self
            def compile(self):
                return self
        model = Model().eval().compile()
        def average(numbers):
            return sum(numbers) / len(numbers)
    """,
}

# Answers that are wrong or left out, with what they earn.
LESS = {
    "nothing is written": ("average", "def average(numbers):\n    raise NotImplementedError", 0),
    "the answer is deleted": ("average", "", 0),
    "the answer has a typing error": ("average", "def average(numbers)\n    return sum(numbers)", 0),
    "a whole division": ("average", "def average(numbers):\n    return sum(numbers) // len(numbers)", 0),
    "a sum alone": ("average", "def average(numbers):\n    return sum(numbers)", 0),
    "a print and no return": ("average", "def average(numbers):\n    print(sum(numbers) / len(numbers))", 0),
    "a share in percent": ("equal_share", "equal_share = 25", 0),
    "a share as a word": ("equal_share", "equal_share = 'a quarter'", 0),
    "a share that is a fraction": (
        "equal_share", "from fractions import Fraction\nequal_share = float(Fraction(1, 4))", 1,
    ),
    "a share that is computed": ("equal_share", "words = 'the cat sat down'.split()\nequal_share = 1 / len(words)", 1),
    "the wrong letter": ("model_output", "model_output = 'a'", 0),
    "two quotes": ("model_output", 'model_output = "b"  # I think so', 1),
    "a letter by type": ("model_output", "model_output: str = 'b'", 1),
}  # fmt: skip


@habit
def untouched(one: Submitted) -> None:
    pass


@habit
def every_magic_of_the_list_alone(one: Submitted) -> None:
    lines, _ = listed_magics()
    one.first(*(f"%{name}" for name in sorted(lines)))


@habit
def every_magic_of_the_list_by_its_name(one: Submitted) -> None:
    # Without the percent sign, as `automagic` lets one write.
    lines, _ = listed_magics()
    one.first(*sorted(lines - {"reset"}))


@habit
def help_of_every_magic(one: Submitted) -> None:
    lines, cells = listed_magics()
    one.first(*(f"%{name}?" for name in sorted(lines)), *(f"%%{name}?" for name in sorted(cells)))


@habit
def every_magic_of_a_cell(one: Submitted) -> None:
    _, cells = listed_magics()
    one.first(*(f"%%{name}\nx = 1" for name in sorted(cells)))


@habit
def every_magic_of_a_cell_with_a_word(one: Submitted) -> None:
    _, cells = listed_magics()
    one.first(*(f"%%{name} word\nx = 1" for name in sorted(cells)))


def listed_magics() -> tuple[set[str], set[str]]:
    """Name the magics of IPython's and the kernel's list, of lines and of cells."""
    tables = [getattr(one, "magics", {}) for one in (*vars(magics).values(), KernelMagics)]
    found = [table for table in tables if isinstance(table, dict)]
    lines = {name for table in found for name in table.get("line", {})}
    cells = {name for table in found for name in table.get("cell", {})} - {"!"}
    scripts = {"bash", "sh", "perl", "ruby", "python", "python3", "pypy"}
    return lines, cells | scripts


@habit
def a_helper_written_by_a_cell(one: Submitted) -> None:
    one.first(
        "%%writefile helper.py\ndef total(numbers):\n    return sum(numbers)", "import helper"
    )
    one.answer(
        "average"
    ).source = (
        "from helper import total\ndef average(numbers):\n    return total(numbers) / len(numbers)"
    )


@habit
def a_helper_beside_the_notebook(one: Submitted) -> None:
    one.files["helper.py"] = b"def total(numbers):\n    return sum(numbers)\n"
    one.answer(
        "average"
    ).source = (
        "import helper as h\ndef average(numbers):\n    return h.total(numbers) / len(numbers)"
    )


@habit
def a_package_beside_the_notebook(one: Submitted) -> None:
    one.files |= {"tools/__init__.py": b"", "tools/adding.py": b"total = sum\n"}
    one.answer("average").source = (
        "from tools.adding import total\n"
        "def average(numbers):\n    return total(numbers) / len(numbers)"
    )


@habit
def a_script_that_is_run(one: Submitted) -> None:
    one.files["setup_me.py"] = (
        b"import math\n\ndef total(numbers):\n    return math.fsum(numbers)\n"
    )
    one.first("%run setup_me.py", "%run -i ./setup_me", "run -t setup_me.py one two")
    one.answer("average").source = "def average(numbers):\n    return total(numbers) / len(numbers)"


@habit
def files_named_as_modules_of_Python(one: Submitted) -> None:
    names = ("average", "random", "statistics", "test", "token", "types", "utils", "welcome")
    one.files |= {f"{name}.py": b"print('mine')\n" for name in names}
    one.first("import utils", "import random")


@habit
def files_of_many_kinds(one: Submitted) -> None:
    one.files |= {
        "notes.txt": "Meine Notizen: gr\u00fcn.\nimport this is no code\n".encode("latin-1"),
        "README.md": b"# Lab\n",
        ".DS_Store": b"\x00\x00\x00\x01Bud1",
        ".ipynb_checkpoints/welcome-checkpoint.ipynb": b"{}",
        ".vscode/settings.json": b"{}",
        ".idea/workspace.xml": b"<project/>",
        "Thumbs.db": b"\xd0\xcf\x11\xe0",
        "desktop.ini": b"[.ShellClassInfo]\r\n",
        "data/table.csv": b"a,b\n1,2\n",
        "picture.png": b"\x89PNG\r\n",
        "requirements.txt": b"torch>=2.0\nnumpy\n-e .\n",
        "environment.yml": b"name: llm\n",
        "empty.txt": b"",
    }
    one.first("print(open('data/table.csv').read())", "import csv")


@habit
def metadata_of_VS_Code(one: Submitted) -> None:
    one.notebook.metadata.vscode = {"interpreter": {"hash": "31f2aee4e71d21fbe5cf8b01ff0e069b"}}
    one.notebook.metadata.kernelspec = {
        "display_name": ".venv (3.11.4)", "language": "python", "name": "python3",
    }  # fmt: skip
    for cell in one.notebook.cells:
        cell.metadata.vscode = {"languageId": "python" if cell.cell_type == "code" else "markdown"}


@habit
def metadata_of_the_interactive_window(one: Submitted) -> None:
    for number, cell in enumerate(one.notebook.cells):
        cell.metadata |= {
            "interactive": {"uuid": f"{number}"},
            "polyglot_notebook": {"kernelName": "p"},
        }


@habit
def metadata_of_Colab(one: Submitted) -> None:
    one.notebook.metadata |= {
        "colab": {"provenance": [], "toc_visible": True, "gpuType": "T4"},
        "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
    }
    for number, cell in enumerate(one.notebook.cells):
        cell.metadata |= {
            "id": f"a{number}B", "outputId": f"{number}-ab", "cellView": "form",
            "colab": {"base_uri": "https://localhost:8080/", "height": 34},
            "executionInfo": {"status": "ok", "timestamp": 1, "user": {"displayName": "Me"}},
        }  # fmt: skip


@habit
def metadata_of_Kaggle(one: Submitted) -> None:
    one.notebook.metadata.kaggle = {"accelerator": "none", "dataSources": [], "isGpuEnabled": False}
    for cell in one.notebook.cells:
        cell.metadata |= {
            "_cell_guid": "b1", "_uuid": "8f", "trusted": True,
            "execution": {"iopub.execute_input": "2026-01-01T00:00:00.000000Z"},
            "papermill": {"duration": 0.1, "status": "completed", "exception": False},
        }  # fmt: skip


@habit
def metadata_of_Deepnote(one: Submitted) -> None:
    one.notebook.metadata |= {"deepnote_notebook_id": "1", "deepnote_execution_queue": []}
    for cell in one.notebook.cells:
        cell.metadata |= {
            "deepnote_cell_type": "code",
            "source_hash": "a",
            "deepnote_to_be_reexecuted": False,
        }


@habit
def metadata_of_JupyterLab(one: Submitted) -> None:
    one.notebook.metadata |= {
        "toc-autonumbering": True, "toc-showcode": False, "widgets": {},
        "language_info": {"name": "python", "version": "3.9.7", "codemirror_mode": {"name": "ipython"}},
    }  # fmt: skip
    for cell in one.notebook.cells:
        cell.metadata |= {
            "jupyter": {"source_hidden": True, "outputs_hidden": True}, "collapsed": True,
            "tags": ["hide-input", "mine"], "scrolled": True, "editable": True,
            "slideshow": {"slide_type": "subslide"}, "jp-MarkdownHeadingCollapsed": True,
            "name": "mine", "heading_collapsed": True, "hidden": False, "format": "text/plain",
            "pycharm": {"name": "#%%\n", "is_executing": True}, "ExecuteTime": {"end_time": "now"},
            "nbdime-conflicts": {"local_diff": []}, "deletable": True, "run_control": {"frozen": False},
        }  # fmt: skip


@habit
def metadata_of_DataSpell_and_Databricks(one: Submitted) -> None:
    one.notebook.metadata |= {"application/vnd.databricks.v1+notebook": {"dashboards": []}}
    for cell in one.notebook.cells:
        cell.metadata |= {"application/vnd.databricks.v1+cell": {"title": "", "showTitle": False}}


@habit
def metadata_of_widgets(one: Submitted) -> None:
    state = {
        "abc": {"model_module": "@jupyter-widgets/controls", "model_module_version": "2.0.0",
                "model_name": "IntSliderModel", "state": {"value": 3, "children": ["IPY_MODEL_def"]}}
    }  # fmt: skip
    widgets = {"version_major": 2, "version_minor": 0, "state": state}
    one.notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": widgets}


@habit
def metadata_of_Jupytext(one: Submitted) -> None:
    one.notebook.metadata.jupytext = {"formats": "ipynb,py:percent", "text_representation": {}}
    one.notebook.metadata.authors = [{"name": "Me"}]
    one.notebook.metadata.title = "My lab"


@habit
def no_metadata_at_all(one: Submitted) -> None:
    one.notebook.metadata = NotebookNode()
    for cell in one.notebook.cells:
        marks = cell.metadata.get("nbgrader")
        cell.metadata = NotebookNode({"nbgrader": marks} if marks else {})


@habit
def the_kernel_of_a_conda_environment(one: Submitted) -> None:
    spec = {
        "display_name": "Python [conda env:llm]",
        "language": "python",
        "name": "conda-env-llm-py",
    }
    one.notebook.metadata.kernelspec = spec


@habit
def the_kernel_of_an_own_name(one: Submitted) -> None:
    one.notebook.metadata.kernelspec = {"display_name": "Mein Kernel", "name": "mein-kernel"}


@habit
def line_ends_of_Windows_in_the_file(one: Submitted) -> None:
    one.written = lambda text: text.replace("\n", "\r\n")


@habit
def line_ends_of_Windows_in_cells(one: Submitted) -> None:
    one.try_out("x = 1\ny = 2")
    for cell in one.notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")


@habit
def line_ends_of_an_old_Mac_in_cells(one: Submitted) -> None:
    one.try_out("x = 1\ny = 2")
    for cell in one.notebook.cells:
        cell.source = cell.source.replace("\n", "\r")


@habit
def a_byte_order_mark(one: Submitted) -> None:
    one.written = lambda text: "\ufeff" + text


@habit
def spaces_that_do_not_break(one: Submitted) -> None:
    one.notebook.cells.insert(0, new_markdown_cell("Some\u00a0text\u200b\u2028and more\u2029"))
    one.first("text = 'a\u00a0b\u2028c\x0c\x85d'  # from\u00a0a web page")


@habit
def a_form_feed_between_functions(one: Submitted) -> None:
    one.answer("average").source = "\x0c\n" + one.answer("average").source


@habit
def all_in_one_line(one: Submitted) -> None:
    one.written = lambda text: json.dumps(json.loads(text), separators=(",", ":"))


@habit
def sources_as_one_text_and_escapes(one: Submitted) -> None:
    one.first("print('größer 🎉')")
    one.written = lambda text: json.dumps(one.notebook, ensure_ascii=True, indent=4, sort_keys=True)


@habit
def white_space_at_the_end_of_a_check(one: Submitted) -> None:
    one.check("average").source += "  \n\n"
    one.check("equal_share").source += "\n"


@habit
def a_check_that_was_copied(one: Submitted) -> None:
    check = one.check("average")
    one.notebook.cells.insert(one.place(check), _copied(check))


@habit
def a_check_that_was_copied_to_the_end(one: Submitted) -> None:
    one.notebook.cells.append(_copied(one.check("average")))


@habit
def an_answer_that_was_copied(one: Submitted) -> None:
    answer = one.answer("average")
    copied = _copied(answer)
    copied.source = "def average(numbers):\n    return 0  # the first try"
    one.notebook.cells.insert(one.place(answer), copied)


def _copied(cell: NotebookNode) -> NotebookNode:
    twin = copy.deepcopy(cell)
    twin.id = f"{cell.id}-copy"
    return twin


@habit
def a_check_with_a_comment(one: Submitted) -> None:
    one.check("average").source = "# my check\n" + one.check("average").source


@habit
def a_split_answer(one: Submitted) -> None:
    answer = one.answer("average")
    one.notebook.cells.insert(
        one.place(answer), _code("def total(numbers):\n    return sum(numbers)")
    )
    answer.source = "def average(numbers):\n    return total(numbers) / len(numbers)"


@habit
def an_answer_in_a_cell_of_its_own(one: Submitted) -> None:
    answer = one.answer("average")
    one.try_out(answer.source)
    answer.source = "# see below"


@habit
def cells_in_another_order(one: Submitted) -> None:
    cells = one.notebook.cells
    answer, check = one.answer("average"), one.check("average")
    for cell in (answer, check):
        cells.remove(cell)
    cells += [answer, check]


@habit
def checks_at_the_end(one: Submitted) -> None:
    for name in ("average", "equal_share", "model_output"):
        check = one.check(name)
        one.notebook.cells.remove(check)
        one.notebook.cells.append(check)


@habit
def all_answers_at_the_top(one: Submitted) -> None:
    for name in ("average", "equal_share", "model_output"):
        answer = one.answer(name)
        one.notebook.cells.remove(answer)
        one.notebook.cells.insert(0, answer)


@habit
def the_given_text_deleted(one: Submitted) -> None:
    one.notebook.cells = [
        cell
        for cell in one.notebook.cells
        if cell.cell_type == "code" or "nbgrader" in cell.metadata
    ]


@habit
def the_given_cells_changed(one: Submitted) -> None:
    for cell in one.notebook.cells:
        if cell.cell_type == "code" and "AttentionView" in cell.source:
            cell.source = cell.source.replace("2.0", "3.0") + "\n# what if it is 3?"


@habit
def empty_cells(one: Submitted) -> None:
    one.first("", " ", "# nothing", "pass", "...", "#")
    one.last("", "\n\n", "")


@habit
def raw_cells(one: Submitted) -> None:
    one.notebook.cells.insert(0, new_raw_cell("---\ntitle: My lab\n---"))
    one.notebook.cells.append(new_raw_cell("\\newpage", metadata={"raw_mimetype": "text/latex"}))


@habit
def text_with_pictures_formulas_and_HTML(one: Submitted) -> None:
    cell = new_markdown_cell(
        "![me](attachment:me.png) $\\bar{x} = \\frac{1}{n}$ <details><summary>More</summary>text</details>\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n\n```python\nimport ctypes\n```\n<script>1</script>"
    )
    cell.attachments = {"me.png": {"image/png": PIXEL}}
    one.notebook.cells.insert(0, cell)
    one.notebook.cells.append(
        new_markdown_cell("مرحبا שלום 你好 नमस्ते 🎉👩🏽‍💻 &nbsp; <br> [link](https://a.b)")
    )
    marked(one.notebook, "welcome-expectations").source = "I **believe** that 2 < 3 & $x$ 🎉."


@habit
def ids_that_stand_twice(one: Submitted) -> None:
    one.written = lambda text: re.sub('"id": "[^"]*"', '"id": "twice"', text)


@habit
def no_ids_as_in_an_older_format(one: Submitted) -> None:
    one.notebook.nbformat_minor = 4
    for cell in one.notebook.cells:
        cell.pop("id", None)


@habit
def a_far_older_minor_format(one: Submitted) -> None:
    one.notebook.nbformat_minor = 0
    for cell in one.notebook.cells:
        cell.pop("id", None)


@habit
def an_exit_at_the_end(one: Submitted) -> None:
    one.last("exit()", "print('never')")


@habit
def an_exit_that_keeps_the_kernel(one: Submitted) -> None:
    one.first("exit(keep_kernel=True)")
    one.last("quit")


@habit
def an_end_that_only_raises(one: Submitted) -> None:
    one.last("import sys\nsys.exit('finished')", "raise SystemExit")


@habit
def a_newer_minor_format(one: Submitted) -> None:
    one.written = lambda text: text.replace('"nbformat_minor": 5', '"nbformat_minor": 6')


@habit
def outputs_of_an_earlier_run(one: Submitted) -> None:
    code = [cell for cell in one.notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 7):
        cell.execution_count = number
        data = {"text/plain": "1", "text/html": "<b>1</b>", "image/png": PIXEL}
        cell.outputs = [
            new_output("stream", text="hello\n", name="stderr"),
            new_output("display_data", data=data, metadata={"needs_background": "light"}),
            new_output("execute_result", data=data, execution_count=number),
            new_output("error", ename="E", evalue="e", traceback=["\x1b[0;31mE\x1b[0m"]),
        ]


@habit
def results_of_checks_that_failed_at_home(one: Submitted) -> None:
    for name in ("average", "equal_share"):
        one.check(name).outputs = [
            new_output("error", ename="CheckFailed", evalue="no", traceback=[])
        ]


def _rows() -> dict[str, Habit]:
    """Make a habit of each row of cells and answers."""
    rows: dict[str, Habit] = {}
    for name, cells in FIRST.items():
        rows[name] = lambda one, cells=cells: one.first(*cells)  # type: ignore[misc]
    for name, cells in TRIED.items():
        rows[f"tried: {name}"] = lambda one, cells=cells: one.try_out(*cells)  # type: ignore[misc]
    for name, code in ANSWERS.items():
        rows[f"answered by {name}"] = lambda one, code=code: _answer(one, "average", code, 1)  # type: ignore[misc]
    for name, row in LESS.items():
        rows[name] = lambda one, row=row: _answer(one, *row)  # type: ignore[misc]
    return rows


def _answer(one: Submitted, name: str, code: str, points: int) -> None:
    one.answer(name).source = textwrap.dedent(code).strip("\n")
    one.points[f"welcome.{name}"] = points


HABITS |= _rows()


@dataclass(frozen=True)
class Graded:
    """What came of one submission, and what it should have earned."""

    run: Run
    points: dict[str, int]


@pytest.fixture(scope="module")
def graded(
    sandbox: None, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Graded]:
    """Grade all habits as the submissions of one class."""
    folder = tmp_path_factory.mktemp("habits")
    room = Classroom(shutil.copytree(template, folder / "llm101"))
    course = room.course
    assignment = course.assignment(LAB.folder, "welcome")
    made, jobs, runs = {}, [], {}
    for number, (name, change) in enumerate(HABITS.items()):
        one = made[name] = Submitted(room.released())
        solve(one.notebook)
        change(one)
        text = one.written(nbformat.writes(one.notebook))
        place = folder / str(number)
        for file, content in one.files.items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(content)
        prepared = prepare(text.encode(), assignment, course.sanitizer(LAB.folder, "welcome"))
        assert prepared.outcome == "graded", (name, prepared.reason)
        notebook, files = json.dumps(prepared.notebook), read_files(place)
        violations = (*files.left_out, *prepared.violations)
        found = read_source(notebook, assignment.sources, files.contents)
        job = Job(name, assignment, notebook, files.contents, name, name, violations=violations)
        jobs.append(dataclasses.replace(job, findings=found))
    with Workers(Settings(), 2) as workers:
        workers.warm()
        for job, result in workers.run(jobs):
            runs[job.student] = Graded(result.run, made[job.student].points)
    return runs


# What is said of honest notebooks as well: a check was copied, a command asked for the network, `exit()` was called.
MAY_BE_SAID = {"changed check", "ended", "form", "left processes", "network"}


def test_there_are_more_than_a_hundred_habits() -> None:
    assert len(HABITS) > 100


@pytest.mark.parametrize("name", HABITS)
def test_an_honest_notebook_earns_its_points_and_is_not_flagged(
    name: str, graded: dict[str, Graded]
) -> None:
    run = graded[name].run
    assert (run.outcome, run.fault) == ("graded", ""), run.reason
    assert {one.exercise: one.points for one in run.verdicts} == graded[name].points
    assert run.flagged == ()
    assert run.held == ()
    assert {one.kind for one in run.violations} <= MAY_BE_SAID
