"""What surrounds a student's code while a probe runs it: a time limit, a bounded ear, forbidden calls.

These guards serve feedback: they turn an endless loop or a call to `torch.softmax` into a sentence.
They are no security boundary, since they live in the student's own process; grading draws that
boundary around the process.
"""

from __future__ import annotations

import _thread
import contextlib
import functools
import inspect
import io
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FrameType, ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

HEARD_CHARACTERS = 2_000
_IMPORT_SECONDS = 60.0
_FUSED = "scaled_dot_product_attention"
# What the name of a kernel may begin with, for a kind of input or of machine.
_KINDS = re.compile("(special|safe|native|fused|linear|quantized|cudnn|miopen)_")
_INSTALLED = str(Path(torch.__file__).parent.parent) + os.sep
_PYTORCH = os.path.join(_INSTALLED, "torch") + os.sep
_OURS = tuple(os.path.join(_INSTALLED, name) + os.sep for name in ("autograder", "llmlab"))
_MOST_KNOWN = 20_000
_DYNAMO = "torch._dynamo.eval_frame"
_COMPILER = os.path.join(_INSTALLED, *_DYNAMO.split(".")) + ".py"
_COMPILED = "a compiled function"
_STARTERS = frozenset(
    mark + name
    for name in ("start_new_thread", "start_new", "start_joinable_thread")
    for mark in ("", "_")
)
_RAW = [getattr(_thread, name) for name in _STARTERS if hasattr(_thread, name)]
# Where threads start, and where TorchScript does.
_ENTRIES: list[tuple[Any, str]] = [
    *((module, name) for module in (_thread, threading) for name in _STARTERS),
    (torch._C.ScriptFunction, "__call__"),
    (torch._C.ScriptMethod, "__call__"),
    (torch._C, "_jit_interpret_graph"),
    *((torch._C.LiteScriptModule, name) for name in ("forward", "find_method", "run_method")),
]
_BESIDE = ("prim::fork", "prim::awaitable")
# In the text of a graph: `aten::softmax`, `prim::Constant[name="normalize"]`, `# /path/functional.py:6100:0`.
_OPERATION = re.compile(r'aten::\w+|(?<=name=")\w+')
_WRITTEN = re.compile(r"# (.+):(\d+):\d+$", re.MULTILINE)


class TimeLimitReached(BaseException):
    """The code ran for longer than it may; a BaseException, so that `except Exception` lets it by."""


class ForbiddenCall(BaseException):
    """The code called a function that the exercise forbids; the argument is its name."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeLimitReached` inside the block once it has run for `seconds`.

    The alarm repeats, so that code which swallows it once does not escape. While a library is being imported the
    clock stands still, for at most `_IMPORT_SECONDS`: the first optimizer of a process loads PyTorch's compiler, which
    is no fault of the code's. Where there is no alarm signal (Windows) or the caller is no main thread, the block is
    interrupted between two bytecodes instead.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and hasattr(signal, "setitimer"):
        latest = time.monotonic() + seconds + _IMPORT_SECONDS

        def ring(signum: int, frame: FrameType | None) -> None:
            if _is_importing(frame) and time.monotonic() < latest:
                signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
                return
            raise TimeLimitReached

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        return

    import ctypes

    target = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(
        seconds,
        ctypes.pythonapi.PyThreadState_SetAsyncExc,
        (target, ctypes.py_object(TimeLimitReached)),
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class _Bounded(io.TextIOBase):
    """Keeps the first characters written to it and counts the rest."""

    def __init__(self) -> None:
        self.kept = io.StringIO()
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = HEARD_CHARACTERS - self.written
        if room > 0:
            self.kept.write(text[:room])
        self.written += len(text)
        return len(text)


@dataclass
class Heard:
    """What the code printed (its beginning) and what warnings it gave."""

    printed: str = ""
    characters: int = 0
    warnings: list[str] = field(default_factory=list)


@contextlib.contextmanager
def listening() -> Iterator[Heard]:
    """Hold back what the block prints, on either stream, and its warnings."""
    heard, ear = Heard(), _Bounded()
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(ear),
        contextlib.redirect_stderr(ear),
    ):
        warnings.simplefilter("always")
        try:
            yield heard
        finally:
            heard.printed, heard.characters = ear.kept.getvalue(), ear.written
            sentences = dict.fromkeys(str(warning.message)[:300] for warning in caught)
            heard.warnings.extend(list(sentences)[:5])


def _operation(name: str) -> str:
    """Name the operation behind the name of a function of PyTorch's, however it was reached.

    `torch.softmax`, `torch.special.softmax`, `Tensor.softmax_`, `torch.ops.aten._softmax` and `aten::softmax` in
    TorchScript are one operation.
    """
    operation = name.rsplit("::", 1)[-1].split(".")[0].strip("_").lower()
    while match := _KINDS.match(operation):
        operation = operation[match.end() :]
    # One function, and a kernel of its own for each kind of machine.
    return _FUSED if operation.startswith("scaled_dot_product_") else operation


def _codes(implementation: Any) -> set[CodeType]:
    """Collect the code of a function, or of the methods that a class itself defines, with the functions inside."""
    if isinstance(implementation, type):
        members = [getattr(member, "__func__", member) for member in vars(implementation).values()]
    else:
        members = [implementation]
    # Decorated functions share the wrapper's code; what tells them apart is inside.
    inner = [inspect.unwrap(member) for member in members if callable(member)]
    waiting = [member.__code__ for member in inner if hasattr(member, "__code__")]
    found: set[CodeType] = set()
    while waiting:
        code = waiting.pop()
        found.add(code)
        # What `torch.func.grad` returned before the probe is a function inside it.
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return found


def _classes(reference: Any) -> list[Any]:
    """List a reference and, of a class, those that it inherits its work from."""
    home = reference.__module__.split(".")[0]
    line = getattr(reference, "__mro__", (reference,))
    return [one for one in line if one.__module__.split(".")[0] == home]


def _found(name: str) -> Any:
    """Find what a dotted name means, as `torch.nn.utils.clip_grad_norm_`; None if it means nothing here."""
    parts = name.split(".")
    value: Any = sys.modules.get(parts[0])
    for part in parts[1:]:
        value = getattr(value, part, None)
    return value


def _text_of(graph: Any) -> str:
    """Write down all that a graph of TorchScript runs: itself, what it calls, and what it starts beside itself."""
    inlined = graph.copy()
    torch._C._jit_pass_inline(inlined)
    started = [one for kind in _BESIDE for one in inlined.findAllNodes(kind)]
    return "\n".join([str(graph), str(inlined), *(_text_of(one.g("Subgraph")) for one in started)])


class _Forbidden:
    """What an exercise forbids, and what the names, codes and graphs are by which it is known.

    A class or a module on the list stands for the file in which it is written: `torch.optim.SGD` is also the
    functions that do its work.
    """

    def __init__(self, functions: tuple[str, ...], reference: Any) -> None:
        self.functions, self.words = functions, dict[str, str]()
        self.codes, self.files = dict[CodeType, str](), dict[str, str]()
        self.is_complete = True
        for name in functions:
            self._add(name, _found(name))
        if reference is not None:
            name = f"{reference.__module__}.{reference.__qualname__}"
            for one in _classes(reference):
                self.codes |= dict.fromkeys(_codes(one), name)
        self.anything = bool(functions or self.codes)
        # The name to tell of a road that cannot be read.
        self.first = functions[0] if functions else next(iter(self.codes.values()), "")
        self._spelled, self._known = dict[str, str](), dict[int, tuple[CodeType, str]]()

    def _add(self, name: str, found: Any) -> None:
        whole = sys.modules.get(found.__module__) if isinstance(found, type) else found
        if isinstance(whole, ModuleType) and whole.__file__:
            self.files[whole.__file__] = name
        self.codes |= dict.fromkeys(_codes(found), name)
        if not name.startswith("torch."):
            # The library's own is meant alone; another function of its name may be the student's.
            self.is_complete &= found is not None
        elif not isinstance(found, ModuleType):
            self.words.setdefault(_operation(name.rsplit(".", 1)[-1]), name)
            if isinstance(found, BuiltinFunctionType):
                self.words.setdefault(_operation(found.__name__), name)

    def by_name(self, spelled: str) -> str:
        """Give the function that an operation's name stands for; empty if that is allowed."""
        if spelled not in self._spelled:
            self._spelled[spelled] = self._by_operation(_operation(spelled))
        return self._spelled[spelled]

    def _by_operation(self, operation: str) -> str:
        if operation in self.words:
            return self.words[operation]
        if operation.endswith("_backward"):
            return self.words.get("backward", "")
        # `cross_entropy_loss`, `nll_loss2d`, `batch_norm_with_update`: the long name of one that has two words.
        for word, name in self.words.items():
            rest = operation.removeprefix(word)
            if "_" in word and rest != operation and not rest[0].isalpha():
                return name
        return ""

    def by_code(self, code: CodeType) -> str:
        """Give the function that a code belongs to; empty if that is allowed."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        known = self._known.get(id(code))
        if known is None:
            # Kept with the code, so that no other gets its number.
            known = self._known[id(code)] = code, self._by_place(code)
        return known[1]

    def _by_place(self, code: CodeType) -> str:
        if code in self.codes:
            return self.codes[code]
        place = code.co_filename
        if place in self.files:
            return self.files[place]
        # The same under another name.
        for one, name in self.codes.items():
            same = (place, code.co_firstlineno) == (one.co_filename, one.co_firstlineno)
            if same and code.co_code == one.co_code:
                return name
        if place == _COMPILER and code.co_name == "compile_wrapper":
            return _COMPILED
        # In other libraries than PyTorch a short name can mean anything.
        telling = place.startswith(_PYTORCH) or len(code.co_name) >= len("softmax")
        if telling and place.startswith(_INSTALLED) and not place.startswith(_OURS):
            return self.by_name(code.co_name)
        return ""

    def by_call(self, frame: FrameType, function: Any) -> str:
        """Give what a function that is written in C is; empty if that is allowed."""
        name = function.__name__
        if name in _STARTERS and function in _RAW and frame.f_code.co_filename != __file__:
            return self.first
        if not name and frame.f_code.co_name == "__call__":
            name = getattr(frame.f_locals.get("self"), "__name__", "")
        found = self.by_name(name)
        if found:
            place = getattr(function, "__module__", None) or type(function.__self__).__module__
            return found if place.split(".")[0] == "torch" else ""
        return ""

    def in_script(self, script: Any) -> str:
        """Give what TorchScript runs that is forbidden; empty if nothing is."""
        if isinstance(script, torch._C.LiteScriptModule):
            text = "\n".join(torch._C._export_operator_list(script))
        else:
            text = _text_of(getattr(script, "graph", script))
        for operation in dict.fromkeys(_OPERATION.findall(text)):
            if name := self.by_name(operation):
                return name
        written = dict.fromkeys(_WRITTEN.findall(text))
        for place, line in written:
            for code, name in self.codes.items():
                if place == code.co_filename and int(line) in {at for *_, at in code.co_lines()}:
                    return name
        return next((self.files[place] for place, _ in written if place in self.files), "")


class _ForbidInside(TorchDispatchMode):
    """Looks at the operations that a function of PyTorch's written in Python is made of."""

    def __init__(self, watch: _Watch) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.watch = watch

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here, and skipping would import the compiler: more than a second.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.watch.require(self.watch.forbidden.by_name(getattr(func, "__name__", "")))
        return func(*args, **(kwargs or {}))


class _Forbid(TorchFunctionMode):
    """Looks at the functions of PyTorch that one thread calls, also those that are called from C."""

    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        watch = self.watch
        if watch.is_over:
            return func(*args, **(kwargs or {}))
        if sys.getprofile() is not watch:
            sys.setprofile(watch)  # another profiler took its place
        watch.require(watch.forbidden.by_name(getattr(func, "__name__", "")))
        # This mode is off while a function runs: `softmin` would call `softmax` unseen.
        inside = hasattr(func, "__code__")
        with _ForbidInside(watch) if inside else contextlib.nullcontext():
            return func(*args, **(kwargs or {}))


class _Watch:
    """Sees the calls of every thread that starts while it is on, and remembers those that are forbidden."""

    def __init__(self, forbidden: _Forbidden) -> None:
        self.forbidden, self.seen = forbidden, list[str]()
        self.is_over, self.thread = False, threading.get_ident()
        self.stances = contextlib.ExitStack()

    def require(self, name: str) -> None:
        """Raise `ForbiddenCall` if there is a name, and remember it; another thread ends without a word."""
        if name and not self.is_over:
            self.seen.append(name)
            raise ForbiddenCall(name) if threading.get_ident() == self.thread else SystemExit

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Look at a call; this is what Python calls as its profiler."""
        if event == "call":
            name = self.forbidden.by_code(frame.f_code)
            if name == _COMPILED:
                self._uncompile()
            elif name:
                self.require(name)
        elif event == "c_call":
            name = self.forbidden.by_call(frame, argument)
            if name:
                self.require(name)
        if self.is_over:
            sys.setprofile(None)  # in a thread that goes on

    def _uncompile(self) -> None:
        """Have compiled functions run as they are written: what was compiled calls nothing that could be seen."""
        if not self.is_over and sys.modules[_DYNAMO]._stance.stance != "force_eager":
            self.stances.enter_context(torch.compiler.set_stance("force_eager"))

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[None]:
        """Watch this thread."""
        before = sys.getprofile()
        with contextlib.ExitStack() as stack:
            if self.forbidden.functions:
                stack.enter_context(_Forbid(self))
            if "backward" in self.forbidden.words:
                unpack = functools.partial(_raise_unpacked, self)
                stack.enter_context(torch.autograd.graph.saved_tensors_hooks(_as_it_is, unpack))
            sys.setprofile(self)
            try:
                yield
            finally:
                sys.setprofile(before)

    def in_new_thread(self, start: Callable[..., Any]) -> Callable[..., Any]:
        """Make of what starts a thread one whose threads are watched."""

        def started(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            def watched(*given: Any, **named: Any) -> Any:
                with self.in_thread():
                    return function(*given, **named)

            return start(watched, *args, **kwargs)

        return started

    def before_script(self, call: Any) -> Callable[..., Any]:
        """Make of what runs TorchScript one that reads it first."""

        def read(script: Any, *args: Any, **kwargs: Any) -> Any:
            self.require(self.forbidden.in_script(script))
            return call(script, *args, **kwargs)

        return read

    @contextlib.contextmanager
    def around(self) -> Iterator[None]:
        """Watch this thread, those that it starts, and what TorchScript runs."""
        changed = [(place, name, getattr(place, name, None)) for place, name in _ENTRIES]
        for place, name, was in changed:
            if was is not None:
                wrapper = self.in_new_thread if name in _STARTERS else self.before_script
                setattr(place, name, wrapper(was))
        try:
            with self.in_thread():
                yield
        finally:
            self.is_over = True
            self.stances.close()
            for place, name, was in changed:
                if was is not None:
                    setattr(place, name, was)


def _as_it_is(tensor: Tensor) -> Tensor:
    return tensor


def _raise_unpacked(watch: _Watch, tensor: Tensor) -> Tensor:
    """Hand out what a graph has kept: whoever asks for it computes gradients, by whatever way."""
    watch.require(watch.forbidden.words["backward"])
    return tensor


_LISTS: dict[tuple[tuple[str, ...], Any], _Forbidden] = {}


def _list_of(functions: tuple[str, ...], reference: Any) -> _Forbidden:
    """Read an exercise's list once, as long as all that it names is there."""
    found = _LISTS.get((functions, reference))
    if found is None:
        found = _Forbidden(functions, reference)
        if found.is_complete:
            _LISTS[functions, reference] = found
    return found


@contextlib.contextmanager
def forbidding(functions: tuple[str, ...], reference: Any) -> Iterator[None]:
    """Raise `ForbiddenCall` when the block calls one of PyTorch's `functions`, or the reference.

    Threads that the block starts are watched too; in them, the exception ends the thread or what it was asked for,
    and is raised here when the block is done.

    Args:
        functions: Dotted names, as `torch.softmax`. A class or a module stands for the whole file that it is written
            in. Functions of PyTorch's and of other installed libraries that bear the name are meant too.
        reference: What is right; None if it may be called.
    """
    forbidden = _list_of(functions, reference)
    if not forbidden.anything:
        yield
        return
    watch = _Watch(forbidden)
    try:
        with watch.around():
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if watch.seen and not isinstance(error, ForbiddenCall):
            raise ForbiddenCall(watch.seen[0]).with_traceback(error.__traceback__) from None
        raise
    if watch.seen:
        raise ForbiddenCall(watch.seen[0])
