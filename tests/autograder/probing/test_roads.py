"""Every road by which an answer can reach what its exercise forbids, and what each of them costs.

A road is built before the probe, as by an earlier cell of a notebook, and gives right values: each is tried without the
guard first, or its refusal would show nothing.
"""

# The roads go through private parts of PyTorch's, which its stubs do not know.
# mypy: disable-error-code="attr-defined, misc, no-untyped-call, operator, arg-type, call-arg"

from __future__ import annotations

import _thread
import asyncio
import contextlib
import ctypes
import functools
import importlib
import inspect
import io
import math
import operator
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from lightning.fabric import Fabric
from torch import Tensor, nn

from autograder.exercise.register import find
from autograder.judging.judge import Verdict
from autograder.notebook.checking import verdict_on
from autograder.probing import observing
from llmlab import foundations

pytestmark = pytest.mark.filterwarnings("ignore")

Answer = Callable[..., Any]
Road = Callable[[], Any]
ROADS: dict[tuple[str, str], Road] = {}
OPEN: dict[tuple[str, str], Road] = {}


def road(exercise: str, name: str = "", still_open: bool = False) -> Callable[[Road], Road]:
    """Add a road, as a decorator of what builds the answer."""

    def add(build: Road) -> Road:
        where = OPEN if still_open else ROADS
        key = (exercise, name or build.__name__.replace("_", " "))
        assert key not in where
        where[key] = build
        return build

    return add


def direct(exercise: str, **answers: Answer) -> None:
    """Add roads that need no building."""
    for name, answer in answers.items():
        road(exercise, name.strip("_").replace("_", " "))(lambda answer=answer: answer)


def text(exercise: str, name: str, source: str) -> None:
    """Add a road through TorchScript, whose function is called `f`."""
    road(exercise, f"text: {name}")(lambda: torch.jit.CompilationUnit(source + "\n").f)


def verdict_of(exercise: str, answer: Any) -> Verdict:
    asked = find(exercise)
    return verdict_on(asked, {asked.name: answer})


def unguarded(exercise: str, answer: Any, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    """Try an answer without the guard."""
    with monkeypatch.context() as patch:
        patch.setattr(observing, "forbidding", lambda *_: contextlib.nullcontext())
        return verdict_of(exercise, answer)


# softmax

SOFTMAX = "foundations.softmax"


class _Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        shares = torch.softmax(scores, -1)
        ctx.save_for_backward(shares)
        return shares

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        (shares,) = ctx.saved_tensors
        flowing = upstream[0] * shares
        return flowing - shares * flowing.sum(-1, keepdim=True)


def in_thread(function: Answer, *args: Any) -> Any:
    """Call a function in a thread of its own."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(function(*args)))
    thread.start()
    thread.join()
    return result[0] if result else None


def in_raw_thread(start: Answer, function: Answer, *args: Any) -> Any:
    """Call a function in a thread that the module `threading` knows nothing of."""
    done: queue.Queue[Any] = queue.Queue()

    def run() -> None:
        try:
            done.put(function(*args))
        finally:
            done.put(None)

    start(run, ())
    return done.get(timeout=5)


direct(
    SOFTMAX,
    torch=lambda s: torch.softmax(s, -1),
    method=lambda s: s.softmax(-1),
    functional=lambda s: F.softmax(s, -1),
    module=lambda s: nn.Softmax(-1)(s),
    log_module=lambda s: nn.LogSoftmax(-1)(s).exp(),
    logsumexp=lambda s: (s - s.logsumexp(-1, keepdim=True)).exp(),
    special=lambda s: torch.special.log_softmax(s, -1).exp(),
    special_logsumexp=lambda s: (s - torch.special.logsumexp(s, -1, keepdim=True)).exp(),
    variable_functions=lambda s: torch._C._VariableFunctions.softmax(s, -1),
    special_inner=lambda s: torch._C._special.special_softmax(s, -1),
    aten=lambda s: torch.ops.aten.softmax.int(s, -1),
    aten_inner=lambda s: torch.ops.aten._softmax(s, -1, False),
    aten_log=lambda s: torch.ops.aten._log_softmax.default(s, -1, False).exp(),
    safe=lambda s: torch.ops.aten._safe_softmax(s, -1),
    masked_inner=lambda s: torch._masked_softmax(s, torch.zeros_like(s, dtype=torch.bool), -1),
    masked=lambda s: torch.masked.softmax(s, -1),
    masked_logsumexp=lambda s: (s - torch.masked.logsumexp(s, -1, keepdim=True)).exp(),
    refs_functional=lambda s: torch._refs.nn.functional.softmax(s, -1),
    refs_logsumexp=lambda s: (s - torch._refs.logsumexp(s, -1, keepdim=True)).exp(),
    decomposition=lambda s: torch._decomp.decompositions._softmax(s, -1, False),
    distribution=lambda s: torch.distributions.Categorical(logits=s).probs,
    distribution_utility=lambda s: torch.distributions.utils.logits_to_probs(s),
    one_hot=lambda s: torch.distributions.OneHotCategorical(logits=s).mean,
    partial=lambda s: functools.partial(torch.softmax, dim=-1)(s),
    mapped=lambda s: next(map(torch.softmax, [s], [-1])),
    method_caller=lambda s: operator.methodcaller("softmax", -1)(s),
    vmap=lambda s: torch.vmap(lambda row: torch.softmax(row, -1))(s[None])[0],
    own_function=lambda s: _Own.apply(s),
    without_overrides=lambda s: _without_overrides(s),
    without_subclasses=lambda s: _without_subclasses(s),
    thread=lambda s: in_thread(lambda: torch.softmax(s, -1)),
    thread_of_torch=lambda s: in_thread(torch.softmax, s, -1),
    thread_partial=lambda s: in_thread(functools.partial(torch.softmax, dim=-1), s),
    thread_mapped=lambda s: in_thread(lambda: next(map(torch.softmax, [s], [-1]))),
    thread_method_caller=lambda s: in_thread(operator.methodcaller("softmax", -1), s),
    thread_aten=lambda s: in_thread(lambda: torch.ops.aten._softmax(s, -1, False)),
    thread_module=lambda s: in_thread(nn.Softmax(-1), s),
    thread_inner=lambda s: in_thread(lambda: torch._softmax(s, -1, False)),
    thread_in_thread=lambda s: in_thread(in_thread, functools.partial(F.softmax, dim=-1), s),
    pool=lambda s: ThreadPoolExecutor(1).submit(torch.softmax, s, -1).result(),
    pool_mapped=lambda s: next(ThreadPoolExecutor(1).map(torch.softmax, [s], [-1])),
    asynchronous=lambda s: asyncio.new_event_loop().run_until_complete(
        asyncio.to_thread(functools.partial(torch.softmax, dim=-1), s)
    ),
    raw_thread=lambda s: in_raw_thread(
        _thread.start_new_thread, functools.partial(torch.softmax, dim=-1), s
    ),
    called_by_pythonapi=lambda s: _by_pythonapi(torch.softmax, s, -1),
    fork=lambda s: torch.jit.wait(torch.jit.fork(torch.softmax, s, -1)),
    scipy=lambda s: (
        torch.from_numpy(_scipy().softmax(s.detach().numpy(), -1))
        if not s.requires_grad
        else torch.softmax(s, -1)
    ),
    library_log_softmax=lambda s: foundations.log_softmax(s).exp(),
    library_logsumexp=lambda s: (s - foundations.logsumexp(s).unsqueeze(-1)).exp(),
)


def _scipy() -> Any:
    return importlib.import_module("scipy.special")


def _by_pythonapi(function: Any, *args: Any) -> Any:
    call = ctypes.pythonapi.PyObject_CallObject
    call.argtypes, call.restype = [ctypes.py_object, ctypes.py_object], ctypes.py_object
    return call(function, args)


def _without_overrides(scores: Tensor) -> Tensor:
    with torch._C.DisableTorchFunction():
        return torch._softmax(scores, -1, False)


def _without_subclasses(scores: Tensor) -> Tensor:
    with torch._C.DisableTorchFunctionSubclass():
        return torch.softmax(scores, -1)


text(SOFTMAX, "torch", "def f(s: Tensor):\n    return torch.softmax(s, -1)")
text(SOFTMAX, "method", "def f(s: Tensor):\n    return s.softmax(-1)")
text(
    SOFTMAX,
    "a call",
    "def g(s: Tensor):\n    return s.log_softmax(-1)\ndef f(s: Tensor):\n    return g(s).exp()",
)
text(
    SOFTMAX,
    "a branch",
    "def f(s: Tensor):\n    for i in range(1):\n        if s.dim() > 0:\n"
    "            s = torch.softmax(s, -1)\n    return s",
)
text(
    SOFTMAX,
    "a fork",
    "def g(s: Tensor):\n    return torch.softmax(s, -1)\n"
    "def f(s: Tensor):\n    return torch.jit.wait(torch.jit.fork(g, s))",
)


def _of_functional(scores: Tensor) -> Tensor:
    return F.softmax(scores, dim=-1)


@road(SOFTMAX)
def scripted_function() -> Any:
    return torch.jit.script(_of_functional)


@road(SOFTMAX)
def traced_function() -> Any:
    return torch.jit.trace(lambda s: torch.softmax(s, -1), torch.ones(2, 3))


@road(SOFTMAX)
def scripted_module() -> Any:
    return torch.jit.script(nn.Softmax(-1))


@road(SOFTMAX)
def traced_module_in_a_function() -> Any:
    module = torch.jit.trace(nn.Softmax(-1), torch.ones(2, 3))
    return lambda scores: module(scores)


@road(SOFTMAX)
def loaded_module() -> Any:
    memory = io.BytesIO()
    torch.jit.save(torch.jit.script(nn.Softmax(-1)), memory)
    memory.seek(0)
    return torch.jit.load(memory)


@road(SOFTMAX)
def frozen_module() -> Any:
    return torch.jit.freeze(torch.jit.script(nn.Softmax(-1)).eval())


@road(SOFTMAX)
def method_of_a_script() -> Any:
    return torch.jit.script(nn.Softmax(-1))._c._get_method("forward")


@road(SOFTMAX, still_open=True)
def script_by_its_own_call() -> Any:
    function = torch.jit.CompilationUnit("def f(s: Tensor):\n    return torch.softmax(s, -1)\n").f
    call = torch._C.ScriptFunction.__call__
    return lambda scores: call(function, scores)


@road(SOFTMAX)
def script_called_by_partial() -> Any:
    function = torch.jit.CompilationUnit("def f(s: Tensor):\n    return torch.softmax(s, -1)\n").f
    return functools.partial(function)


@road(SOFTMAX)
def script_in_a_thread() -> Any:
    function = torch.jit.CompilationUnit("def f(s: Tensor):\n    return torch.softmax(s, -1)\n").f
    return lambda scores: in_thread(function, scores)


@road(SOFTMAX)
def interpreted_graph() -> Any:
    unit = torch.jit.CompilationUnit("def f(s: Tensor):\n    return torch.softmax(s, -1)\n")
    graph = unit.f.graph
    return lambda scores: torch._C._jit_interpret_graph(graph, (scores,))


@road(SOFTMAX)
def small_interpreter() -> Any:
    kept = torch.jit.script(nn.Softmax(-1))._save_to_buffer_for_lite_interpreter()
    module = torch._C._load_for_lite_interpreter_from_buffer(kept, None)
    return lambda scores: module.forward((scores,))


@road(SOFTMAX)
def traced_by_fx() -> Any:
    return torch.fx.symbolic_trace(nn.Softmax(-1))


@road(SOFTMAX)
def made_by_fx() -> Any:
    from torch.fx.experimental.proxy_tensor import make_fx

    return make_fx(lambda s: torch.softmax(s, -1), tracing_mode="symbolic")(torch.ones(2, 3))


@road(SOFTMAX)
def compiled() -> Any:
    return torch.compile(_of_functional, backend="eager")


@road(SOFTMAX)
def compiled_and_warm() -> Any:
    torch._dynamo.reset()
    answer = torch.compile(_of_functional, backend="eager", dynamic=True)
    for shape in ((2, 4), (3, 3), (4, 3), (3,), (2, 2, 3)):
        answer(torch.ones(shape))
        answer(torch.ones(shape, requires_grad=True))
    return answer


@road(SOFTMAX)
def compiled_through_autograd() -> Any:
    torch._dynamo.reset()
    answer = torch.compile(_of_functional, backend="aot_eager", dynamic=True)
    answer(torch.ones(2, 4))
    return answer


@road(SOFTMAX)
def traced_reference() -> Any:
    return torch.jit.trace(inspect.unwrap(foundations.softmax), torch.ones(2, 3))


@road(SOFTMAX)
def reference_of_another_name() -> Any:
    function: Any = inspect.unwrap(foundations.softmax)
    code = function.__code__.replace(co_name="mine", co_qualname="mine")
    return type(function)(code, function.__globals__, "mine", function.__defaults__)


@road(SOFTMAX)
def raw_thread_kept_before() -> Any:
    start = _thread.start_new_thread
    return lambda scores: in_raw_thread(start, functools.partial(torch.softmax, dim=-1), scores)


@road(SOFTMAX, still_open=True)
def raw_thread_kept_in_a_container() -> Any:
    start = functools.partial(_thread.start_new_thread)
    return lambda scores: in_raw_thread(start, functools.partial(torch.softmax, dim=-1), scores)


@road(SOFTMAX)
def profile_taken_away() -> Any:
    def answer(scores: Tensor) -> Tensor:
        sys.setprofile(None)
        scores = scores + 0
        return next(iter([torch.masked.softmax(scores, -1)]))

    return answer


class _Waiting:
    """A thread that began before the probe and does what it is asked."""

    def __init__(self) -> None:
        self.asked: queue.Queue[Any] = queue.Queue()
        self.done: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self.work, daemon=True).start()

    def work(self) -> None:
        while True:
            function, args = self.asked.get()
            self.done.put(function(*args))

    def __call__(self, scores: Tensor) -> Any:
        self.asked.put((torch.softmax, (scores, -1)))
        return self.done.get(timeout=5)


@road(SOFTMAX, still_open=True)
def thread_that_waited() -> Any:
    return _Waiting()


# cosine_similarity

COSINE = "foundations.cosine_similarity"


def _norms(first: Tensor, second: Tensor, normalize: Answer) -> Any:
    return normalize(first) @ normalize(second).mT


direct(
    COSINE,
    functional=lambda a, b: F.cosine_similarity(a[:, None], b[None], dim=-1),
    torch=lambda a, b: torch.cosine_similarity(a[:, None], b[None], dim=-1),
    module=lambda a, b: nn.CosineSimilarity(-1)(a[:, None], b[None]),
    aten=lambda a, b: torch.ops.aten.cosine_similarity(a[:, None], b[None], -1),
    normalize=lambda a, b: _norms(a, b, lambda x: F.normalize(x, dim=-1)),
    normalize_by_partial=lambda a, b: _norms(a, b, functools.partial(F.normalize, dim=-1)),
    masked_normalize=lambda a, b: _norms(a, b, lambda x: torch.masked.normalize(x, 2.0, -1)),
    thread=lambda a, b: in_thread(F.cosine_similarity, a[:, None], b[None], -1),
    thread_normalize=lambda a, b: in_thread(_norms, a, b, lambda x: F.normalize(x, dim=-1)),
    vmap=lambda a, b: torch.vmap(lambda x: F.cosine_similarity(x[None], b, dim=-1))(a),
    embedding_loss=lambda a, b: (
        1
        - F.cosine_embedding_loss(
            a.repeat_interleave(len(b), 0),
            b.repeat(len(a), 1),
            torch.ones(len(a) * len(b)),
            reduction="none",
        ).view(len(a), len(b))
    ),
)
text(
    COSINE,
    "torch",
    "def f(a: Tensor, b: Tensor):\n"
    "    return torch.cosine_similarity(a.unsqueeze(1), b.unsqueeze(0), -1)",
)


def _normalized(first: Tensor, second: Tensor) -> Tensor:
    return F.normalize(first, dim=-1) @ F.normalize(second, dim=-1).mT


@road(COSINE)
def scripted_normalize() -> Any:
    return torch.jit.script(_normalized)


@road(COSINE)
def traced_normalize() -> Any:
    return torch.jit.trace(_normalized, (torch.ones(2, 3), torch.ones(4, 3)))


# linear_gradients

LINEAR = "foundations.linear_gradients"


def _leaves(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
    bias = torch.zeros(weight.shape[1])
    leaves = tuple(one.detach().clone().requires_grad_() for one in (x, weight, bias))
    return leaves, leaves[0] @ leaves[1] + leaves[2]


def _map(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return x @ weight + bias


def _bias(weight: Tensor) -> Tensor:
    return torch.zeros(weight.shape[1])


def _by_backward(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    leaves, y = _leaves(x, weight, upstream)
    y.backward(upstream)
    return tuple(one.grad for one in leaves)


def _by_backward_of_autograd(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    leaves, y = _leaves(x, weight, upstream)
    torch.autograd.backward(y, upstream)
    return tuple(one.grad for one in leaves)


def _by_grad(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    leaves, y = _leaves(x, weight, upstream)
    return torch.autograd.grad(y, leaves, upstream)


def _by_engine(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    leaves, y = _leaves(x, weight, upstream)
    engine = torch.autograd.Variable._execution_engine
    engine.run_backward((y,), (upstream,), False, False, (), True, True)
    return tuple(one.grad for one in leaves)


def _by_engine_mapped(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    leaves, y = _leaves(x, weight, upstream)
    run = functools.partial(torch.autograd.Variable._execution_engine.run_backward)
    run((y,), (upstream,), False, False, (), True, True)
    return tuple(one.grad for one in leaves)


def _by_node(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    leaves, _ = _leaves(x, weight, upstream)
    product = leaves[0] @ leaves[1]
    return (*product.grad_fn(upstream), upstream.sum(0))


def _by_vjp(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    return torch.func.vjp(_map, x, weight, _bias(weight))[1](upstream)


def _by_func_grad(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    total = torch.func.grad(lambda *at: (_map(*at) * upstream).sum(), argnums=(0, 1, 2))
    return total(x, weight, _bias(weight))


def _by_jacobian(jacobian: Answer) -> Answer:
    def answer(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
        parts = jacobian(x, weight, _bias(weight))
        return tuple(torch.tensordot(upstream, one, dims=2) for one in parts)

    return answer


def _by_forward_mode(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    import torch.autograd.forward_ad as forward

    def slope(at: int, entry: int) -> Tensor:
        inputs = [x, weight, _bias(weight)]
        tangent = torch.zeros_like(inputs[at])
        tangent.view(-1)[entry] = 1
        with forward.dual_level():
            inputs[at] = forward.make_dual(inputs[at], tangent)
            return (forward.unpack_dual(_map(*inputs)).tangent * upstream).sum()

    inputs = [x, weight, _bias(weight)]
    return tuple(
        torch.stack([slope(at, entry) for entry in range(one.numel())]).view(one.shape)
        for at, one in enumerate(inputs)
    )


def _by_linearizing(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    inputs = (x, weight, _bias(weight))
    _, slope = torch.func.linearize(_map, *inputs)

    def along(at: int, entry: int) -> Tensor:
        tangents = [torch.zeros_like(one) for one in inputs]
        tangents[at].view(-1)[entry] = 1
        return (slope(*tangents) * upstream).sum()

    return tuple(
        torch.stack([along(at, entry) for entry in range(one.numel())]).view(one.shape)
        for at, one in enumerate(inputs)
    )


def _by_convolution(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    found = torch.ops.aten.convolution_backward(
        upstream[..., None],
        x[..., None],
        weight.T[..., None].contiguous(),
        [weight.shape[1]],
        *([1], [0], [1], False, [0], 1, [True, True, True]),
    )
    return found[0][..., 0], found[1][..., 0].T, found[2]


def _by_conv_gradients(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    kernel = weight.T[..., None].contiguous()
    of_x = torch.nn.grad.conv1d_input(x[..., None].shape, kernel, upstream[..., None])
    of_weight = torch.nn.grad.conv1d_weight(x[..., None], kernel.shape, upstream[..., None])
    return of_x[..., 0], of_weight[..., 0].T, upstream.sum(0)


def _by_library(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
    inputs = [one.double() for one in (x, weight, _bias(weight))]

    def at(place: int) -> Tensor:
        def moved(one: Tensor) -> Tensor:
            tried = [*inputs[:place], one, *inputs[place + 1 :]]
            return (_map(*tried) * upstream).sum()

        return foundations.numerical_gradient(moved, inputs[place], 1e-4).float()

    return at(0), at(1), at(2)


direct(
    LINEAR,
    backward=_by_backward,
    backward_of_autograd=_by_backward_of_autograd,
    grad=_by_grad,
    engine=_by_engine,
    engine_by_partial=_by_engine_mapped,
    node=_by_node,
    vjp=_by_vjp,
    func_grad=_by_func_grad,
    jacrev=_by_jacobian(lambda *at: torch.func.jacrev(_map, (0, 1, 2))(*at)),
    jacfwd=_by_jacobian(lambda *at: torch.func.jacfwd(_map, (0, 1, 2))(*at)),
    jacobian=_by_jacobian(lambda *at: torch.autograd.functional.jacobian(_map, at)),
    functional_vjp=lambda x, w, u: torch.autograd.functional.vjp(_map, (x, w, _bias(w)), u)[1],
    forward_mode=_by_forward_mode,
    linearize=_by_linearizing,
    convolution_backward=_by_convolution,
    conv_gradients=_by_conv_gradients,
    library=_by_library,
    thread=lambda *at: in_thread(_by_backward, *at),
    thread_grad=lambda *at: in_thread(_by_grad, *at),
    thread_vjp=lambda *at: in_thread(_by_vjp, *at),
    thread_engine=lambda *at: in_thread(_by_engine_mapped, *at),
    thread_node=lambda *at: in_thread(_by_node, *at),
    thread_forward_mode=lambda *at: in_thread(_by_forward_mode, *at),
)


@road(LINEAR)
def gradient_made_before() -> Any:
    total = torch.func.grad(lambda u, *at: (_map(*at) * u).sum(), argnums=(1, 2, 3))
    return lambda x, weight, upstream: total(upstream, x, weight, _bias(weight))


@road(LINEAR)
def jacobian_made_before() -> Any:
    return _by_jacobian(torch.func.jacrev(_map, (0, 1, 2)))


text(
    LINEAR,
    "backward",
    "def f(x: Tensor, weight: Tensor, upstream: Tensor):\n"
    "    a = x.clone().requires_grad_()\n"
    "    w = weight.clone().requires_grad_()\n"
    "    b = torch.zeros(weight.size(1)).requires_grad_()\n"
    "    given: Optional[List[Optional[Tensor]]] = [upstream]\n"
    "    torch.autograd.backward([torch.mm(a, w) + b], given)\n"
    "    return a.grad, w.grad, b.grad",
)
text(
    LINEAR,
    "grad",
    "def f(x: Tensor, weight: Tensor, upstream: Tensor):\n"
    "    a = x.clone().requires_grad_()\n"
    "    w = weight.clone().requires_grad_()\n"
    "    b = torch.zeros(weight.size(1)).requires_grad_()\n"
    "    given: Optional[List[Optional[Tensor]]] = [upstream]\n"
    "    y = torch.mm(a, w) + b\n"
    "    g = torch.autograd.grad([y], [a, w, b], given)\n"
    "    return g[0], g[1], g[2]",
)


# entropy and kl_divergence

ENTROPY, KL = "foundations.entropy", "foundations.kl_divergence"
direct(
    ENTROPY,
    entr=lambda p: torch.special.entr(p).sum(-1),
    inner=lambda p: torch._C._special.special_entr(p).sum(-1),
    aten=lambda p: torch.ops.aten.special_entr(p).sum(-1),
    refs=lambda p: torch._refs.special.entr(p).sum(-1),
    thread=lambda p: in_thread(torch.special.entr, p).sum(-1),
)
text(ENTROPY, "special", "def f(p: Tensor):\n    return torch.special.entr(p).sum(-1)")


@road(ENTROPY, still_open=True)
def numbers_of_another_library() -> Any:
    entr = _scipy().entr
    return lambda p: torch.from_numpy(entr(p.numpy())).sum(-1)


def _categorical(p: Tensor) -> Any:
    return torch.distributions.Categorical(probs=p)


direct(
    KL,
    functional=lambda p, q: F.kl_div(q.clamp_min(1e-38).log(), p, reduction="none").sum(-1),
    torch=lambda p, q: torch.kl_div(q.clamp_min(1e-38).log(), p, 0).sum(-1),
    aten=lambda p, q: torch.ops.aten.kl_div(q.clamp_min(1e-38).log(), p, 0).sum(-1),
    module=lambda p, q: nn.KLDivLoss(reduction="none")(q.clamp_min(1e-38).log(), p).sum(-1),
    distribution=lambda p, q: torch.distributions.kl_divergence(_categorical(p), _categorical(q)),
    distribution_inner=lambda p, q: torch.distributions.kl._kl_categorical_categorical(
        _categorical(p), _categorical(q)
    ),
    thread=lambda p, q: in_thread(F.kl_div, q.clamp_min(1e-38).log(), p, None, None, "none").sum(
        -1
    ),
    thread_distribution=lambda p, q: in_thread(
        torch.distributions.kl_divergence, _categorical(p), _categorical(q)
    ),
)
text(
    KL,
    "torch",
    "def f(p: Tensor, q: Tensor):\n    return torch.kl_div(q.clamp(1e-38).log(), p, 0).sum(-1)",
)


# cross_entropy and next_token_loss

CROSS, NEXT = "foundations.cross_entropy", "pretraining.next_token_loss"


def _with_mark(loss: Answer) -> Answer:
    """Leave out what does not count before the loss."""

    def answer(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Any:
        counted = targets != ignore_index
        return loss(scores[counted], targets[counted])

    return answer


def _flat(loss: Answer) -> Answer:
    def answer(logits: Tensor, targets: Tensor) -> Any:
        return loss(logits.flatten(0, 1), targets.flatten())

    return answer


def _log_shares(scores: Tensor) -> Tensor:
    shifted = scores - scores.amax(-1, keepdim=True)
    return shifted - shifted.exp().sum(-1, keepdim=True).log()


def _linear_cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    return F.linear_cross_entropy(scores, torch.eye(scores.shape[-1]), targets)


LOSSES: dict[str, Answer] = {
    "functional": F.cross_entropy,
    "lambda": lambda s, t: F.cross_entropy(s, t),
    "module": lambda s, t: nn.CrossEntropyLoss()(s, t),
    "nll": lambda s, t: F.nll_loss(_log_shares(s), t),
    "nll of torch": lambda s, t: torch._C._nn.nll_loss(_log_shares(s), t, None, 1, -100),
    "nll of any size": lambda s, t: torch._C._nn.nll_loss_nd(_log_shares(s), t, None, 1, -100),
    "nll module": lambda s, t: nn.NLLLoss()(_log_shares(s), t),
    "nll forward": lambda s, t: torch.ops.aten.nll_loss_forward(_log_shares(s), t, None, 1, -100)[
        0
    ],
    "nll of images": lambda s, t: torch._C._nn.nll_loss2d(
        _log_shares(s)[..., None, None], t[..., None, None], None, 1, -100
    ),
    "inner": lambda s, t: torch._C._nn.cross_entropy_loss(s, t, None, 1, -100, 0.0),
    "aten": lambda s, t: torch.ops.aten.cross_entropy_loss(s, t),
    "linear": _linear_cross_entropy,
    "thread": lambda s, t: in_thread(F.cross_entropy, s, t),
    "thread inner": lambda s, t: in_thread(
        functools.partial(torch._C._nn.cross_entropy_loss), *(s, t, None, 1, -100, 0.0)
    ),
    "decomposition": lambda s, t: torch._decomp.decompositions.nll_loss_forward(
        _log_shares(s), t, None, 1, -100
    )[0],
    "refs": lambda s, t: torch._refs.nn.functional.nll_loss(_log_shares(s), t),
}
for _name, _loss in LOSSES.items():
    road(CROSS, _name)(lambda loss=_loss: _with_mark(loss))
    road(NEXT, _name)(lambda loss=_loss: _flat(loss))
direct(
    CROSS,
    log_softmax=_with_mark(lambda s, t: -s.log_softmax(-1)[torch.arange(len(t)), t].mean()),
    distribution=_with_mark(
        lambda s, t: -torch.distributions.Categorical(logits=s).log_prob(t).mean()
    ),
)
direct(NEXT, library=_flat(lambda s, t: foundations.cross_entropy(s, t)))
text(
    CROSS,
    "torch",
    "def f(s: Tensor, t: Tensor, ignore_index: int = -100):\n"
    "    return torch.nn.functional.cross_entropy(s, t, ignore_index=ignore_index)",
)
text(
    NEXT,
    "inner",
    "def f(s: Tensor, t: Tensor):\n"
    "    return torch._C._nn.cross_entropy_loss(s.flatten(0, 1), t.flatten(), None, 1, -100, 0.0)",
)


def _traced_loss(scores: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten())


@road(NEXT)
def traced_loss() -> Any:
    return torch.jit.trace(_traced_loss, (torch.ones(2, 3, 4), torch.ones(2, 3, dtype=torch.long)))


# attention

EMBED, ATTEND = "attention.embed", "attention.scaled_dot_product_attention"
HEADS, NORM, GELU = (
    "attention.MultiHeadAttention",
    "attention.layer_norm",
    "attention.feed_forward",
)


def _bag(table: Tensor, ids: Tensor) -> Tensor:
    found = F.embedding_bag(ids.reshape(-1, 1), table, mode="sum")
    return found.view(*ids.shape, table.shape[-1])


direct(
    EMBED,
    functional=lambda table, ids: F.embedding(ids, table),
    torch=lambda table, ids: torch.embedding(table, ids),
    aten=lambda table, ids: torch.ops.aten.embedding(table, ids),
    module=lambda table, ids: torch.func.functional_call(
        nn.Embedding(*table.shape), {"weight": table}, (ids,)
    ),
    bag=_bag,
    decomposition=lambda table, ids: torch._decomp.decompositions.embedding(table, ids),
    thread=lambda table, ids: in_thread(functools.partial(torch.embedding, table), ids),
)
text(EMBED, "torch", "def f(table: Tensor, ids: Tensor):\n    return torch.embedding(table, ids)")


def _attend(attention: Answer) -> Answer:
    return lambda q, k, v, mask=None: attention(q, k, v, mask)


def _transformer_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    added = None
    if mask is not None:
        added = torch.zeros(mask.shape).masked_fill(~mask, -math.inf)
    return torch.ops.aten._scaled_dot_product_attention_math(query, key, value, added)[0]


direct(
    ATTEND,
    functional=_attend(F.scaled_dot_product_attention),
    inner=_attend(lambda *at: torch._C._nn.scaled_dot_product_attention(*at)),
    aten=_attend(lambda *at: torch.ops.aten.scaled_dot_product_attention(*at)),
    mathematical=_attend(_transformer_attention),
    thread=_attend(lambda *at: in_thread(F.scaled_dot_product_attention, *at)),
    thread_aten=_attend(
        lambda *at: in_thread(lambda: torch.ops.aten.scaled_dot_product_attention(*at))
    ),
    fused_of_library=_attend(lambda *at: _fused(*at)),
)


def _fused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    from llmlab.model.attention import fused_attention

    if mask is not None and mask.dim() > 2:
        mask = mask.unsqueeze(-3)
    found = fused_attention(query.unsqueeze(-3), key.unsqueeze(-3), value.unsqueeze(-3), mask)
    return found.squeeze(-3)


text(
    ATTEND,
    "functional",
    "def f(q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor] = None):\n"
    "    return torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)",
)


class _Heads(nn.Module):
    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(model_dim, model_dim)
        self.key = nn.Linear(model_dim, model_dim)
        self.value = nn.Linear(model_dim, model_dim)
        self.output = nn.Linear(model_dim, model_dim)

    def heads(self, x: Tensor) -> list[Tensor]:
        maps = (self.query, self.key, self.value)
        return [one(x).unflatten(-1, (self.num_heads, -1)).transpose(-3, -2) for one in maps]

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        return F.scaled_dot_product_attention(q, k, v, mask)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        gathered = self.attend(*self.heads(x), mask)
        return self.output(gathered.transpose(-3, -2).flatten(-2))


class _HeadsInThread(_Heads):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        found: Tensor = in_thread(F.scaled_dot_product_attention, q, k, v, mask)
        return found


class _HeadsOfPyTorch(_Heads):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        maps = (self.query, self.key, self.value)
        flat = x.reshape(-1, *x.shape[-2:])
        kept = None
        if mask is not None:
            shape = (*x.shape[:-2], self.num_heads, x.shape[-2], x.shape[-2])
            kept = ~mask.expand(shape).reshape(-1, *shape[-2:])
        y, _ = F.multi_head_attention_forward(
            *[flat.transpose(0, 1)] * 3,
            x.shape[-1],
            self.num_heads,
            torch.cat([one.weight for one in maps]),
            torch.cat([one.bias for one in maps]),
            *(None, None, False, 0.0),
            self.output.weight,
            self.output.bias,
            attn_mask=kept,
        )
        return y.transpose(0, 1).reshape(x.shape)


ATTEND_TEXT = (
    "def f(q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor] = None):\n"
    "    return torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)"
)


class _HeadsInText(_Heads):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        found: Tensor = torch.jit.CompilationUnit(ATTEND_TEXT + "\n").f(q, k, v, mask)
        return found


direct(
    HEADS,
    functional=_Heads,
    thread=_HeadsInThread,
    text=_HeadsInText,
    whole=_HeadsOfPyTorch,
)

direct(
    NORM,
    functional=lambda x, w, b, epsilon=1e-5: F.layer_norm(x, w.shape, w, b, epsilon),
    torch=lambda x, w, b, epsilon=1e-5: torch.layer_norm(x, w.shape, w, b, epsilon),
    native=lambda x, w, b, epsilon=1e-5: torch.native_layer_norm(x, w.shape, w, b, epsilon)[0],
    aten=lambda x, w, b, epsilon=1e-5: torch.ops.aten.native_layer_norm(x, w.shape, w, b, epsilon)[
        0
    ],
    rms=lambda x, w, b, epsilon=1e-5: (
        F.rms_norm(x - x.mean(-1, keepdim=True), w.shape, w, epsilon) + b
    ),
    fused_rms=lambda x, w, b, epsilon=1e-5: (
        torch._fused_rms_norm(x - x.mean(-1, keepdim=True), w.shape, w, epsilon)[0] + b
    ),
    group=lambda x, w, b, epsilon=1e-5: F.group_norm(
        x.reshape(-1, x.shape[-1]), 1, w, b, epsilon
    ).view(x.shape),
    instance=lambda x, w, b, epsilon=1e-5: (
        F.instance_norm(x.reshape(1, -1, x.shape[-1]), eps=epsilon).view(x.shape) * w + b
    ),
    batch=lambda x, w, b, epsilon=1e-5: (
        F.batch_norm(
            x.reshape(-1, x.shape[-1]).T, None, None, training=True, eps=epsilon
        ).T.reshape(x.shape)
        * w
        + b
    ),
    refs=lambda x, w, b, epsilon=1e-5: torch._refs.nn.functional.layer_norm(
        x, w.shape, w, b, epsilon
    ),
    decomposition=lambda x, w, b, epsilon=1e-5: torch._refs.native_layer_norm(
        x, w.shape, w, b, epsilon
    )[0],
    thread=lambda x, w, b, epsilon=1e-5: in_thread(F.layer_norm, x, w.shape, w, b, epsilon),
)
text(
    NORM,
    "torch",
    "def f(x: Tensor, w: Tensor, b: Tensor, epsilon: float = 1e-5):\n"
    "    return torch.layer_norm(x, [w.size(0)], w, b, epsilon)",
)


def _network(gelu: Answer) -> Answer:
    return lambda x, up, up_bias, down, down_bias: gelu(x @ up + up_bias) @ down + down_bias


direct(
    GELU,
    functional=_network(lambda x: F.gelu(x)),
    inner=_network(lambda x: torch._C._nn.gelu(x)),
    aten=_network(lambda x: torch.ops.aten.gelu(x)),
    module=_network(lambda x: nn.GELU()(x)),
    refs=_network(lambda x: torch._refs.nn.functional.gelu(x)),
    thread=_network(lambda x: in_thread(functools.partial(F.gelu), x)),
    transformers=_network(lambda x: importlib.import_module("transformers.activations").gelu(x)),
)
text(
    GELU,
    "functional",
    "def f(x: Tensor, u: Tensor, ub: Tensor, d: Tensor, db: Tensor):\n"
    "    return torch.nn.functional.gelu(x @ u + ub) @ d + db",
)


# clip_gradient_norm

CLIP = "pretraining.clip_gradient_norm"


def _clip(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    return nn.utils.clip_grad_norm_(list(parameters), max_norm)


def _clip_by_hand(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    wanted = [one for one in parameters if one.grad is not None]
    length = nn.utils.get_total_norm([one.grad for one in wanted])
    nn.utils.clip_grads_with_norm_(wanted, max_norm, length)
    return length


def _clip_inner(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    inner = torch.nn.utils.clip_grad
    wanted = [one for one in parameters if one.grad is not None]
    length = inner._get_total_norm([one.grad for one in wanted])
    inner._clip_grads_with_norm_(wanted, max_norm, length)
    return length


def _clip_by_fabric(parameters: Iterable[Tensor], max_norm: float) -> Any:
    fabric = Fabric(accelerator="cpu")
    holder = nn.Module()
    holder.kept = nn.ParameterList(parameters)
    return fabric.clip_gradients(
        holder, torch.optim.SGD(holder.parameters(), 0.1), max_norm=max_norm
    )


direct(
    CLIP,
    whole=_clip,
    halves=_clip_by_hand,
    inner_halves=_clip_inner,
    old_name=lambda p, m: torch.nn.utils.clip_grad.clip_grad_norm(list(p), m),
    partial=lambda p, m: functools.partial(nn.utils.clip_grad_norm_, list(p))(m),
    thread=lambda p, m: in_thread(_clip, list(p), m),
    thread_inner=lambda p, m: in_thread(_clip_inner, list(p), m),
    unwrapped=lambda p, m: nn.utils.clip_grad_norm_.__wrapped__(list(p), m),
)


# optimizers

SGD, ADAMW = "learning.SGD", "learning.AdamW"


class _Held:
    """An optimizer that has one of PyTorch's do the work."""

    kind: Any = torch.optim.SGD

    def __init__(self, params: Any, *args: Any, **kwargs: Any) -> None:
        params = list(params)
        self.inner = self.kind(params, *args, **kwargs)
        self.param_groups, self.state = self.inner.param_groups, self.inner.state

    def step(self) -> None:
        self.inner.step()


class _HeldAdamW(_Held):
    kind = torch.optim.AdamW


class _SubclassedSGD(torch.optim.SGD):
    pass


class _SubclassedAdamW(torch.optim.AdamW):
    pass


class _LibrarysAdamW(_Held):
    kind = foundations.AdamW


class _AdamWithDecay(_Held):
    kind = functools.partial(torch.optim.Adam, decoupled_weight_decay=True)

    def __init__(self, params: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(params, *args, **{"weight_decay": 0.01, **kwargs})


class _ManyAtOnce(_Held):
    kind = functools.partial(torch.optim.SGD, foreach=True)


def _options(group: Any) -> dict[str, Any]:
    plain = {"weight_decay": 0.0, "dampening": 0.0, "nesterov": False, "maximize": False}
    return {**plain, "momentum": group["momentum"], "lr": group["lr"]}


class _ByFunction(torch.optim.Optimizer):
    def __init__(self, params: Any, lr: float, momentum: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for one in group["params"]:
                buffers = [self.state[one].get("v")]
                self.run([one], [one.grad], buffers, group)
                self.state[one]["v"] = buffers[0]

    def run(self, ones: Any, gradients: Any, buffers: Any, group: Any) -> None:
        sys.modules["torch.optim.sgd"].sgd(
            ones,
            gradients,
            buffers,
            **_options(group),
        )


class _ByInnerFunction(_ByFunction):
    def run(self, ones: Any, gradients: Any, buffers: Any, group: Any) -> None:
        sys.modules["torch.optim.sgd"]._single_tensor_sgd(
            ones,
            gradients,
            buffers,
            None,
            None,
            **_options(group),
            has_sparse_grad=False,
        )


class _ByFusedOperation(_ByFunction):
    def run(self, ones: Any, gradients: Any, buffers: Any, group: Any) -> None:
        first = buffers[0] is None
        buffers[0] = torch.zeros_like(ones[0]) if first else buffers[0]
        torch._fused_sgd_(
            ones,
            gradients,
            buffers if group["momentum"] else [],
            **_options(group),
            is_first_step=first,
        )


class _InThread(_Held):
    def step(self) -> None:
        in_thread(self.inner.step)


class _FusedAdamW(torch.optim.Optimizer):
    def __init__(
        self,
        params: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for one in group["params"]:
                state = self.state[one]
                if not state:
                    state["m"], state["s"] = torch.zeros_like(one), torch.zeros_like(one)
                    state["t"] = torch.zeros(())
                state["t"] += 1
                self.run(one, state, group)

    def run(self, one: Any, state: Any, group: Any) -> None:
        torch._fused_adamw_(
            [one],
            [one.grad],
            [state["m"]],
            [state["s"]],
            [],
            [state["t"]],
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )


class _AdamAndDecay(_FusedAdamW):
    def run(self, one: Any, state: Any, group: Any) -> None:
        one -= group["lr"] * group["weight_decay"] * one
        torch._fused_adam_(
            [one],
            [one.grad],
            [state["m"]],
            [state["s"]],
            [],
            [state["t"]],
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=0.0,
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )


class _LibrarysAdam(foundations.Adam):
    decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


direct(
    SGD,
    handed_in=torch.optim.SGD,
    subclassed=_SubclassedSGD,
    held=_Held,
    by_function=_ByFunction,
    by_inner_function=_ByInnerFunction,
    by_fused_operation=_ByFusedOperation,
    in_thread=_InThread,
    many_at_once=_ManyAtOnce,
)
direct(
    ADAMW,
    handed_in=torch.optim.AdamW,
    subclassed=_SubclassedAdamW,
    held=_HeldAdamW,
    fused_operation=_FusedAdamW,
    fused_adam_and_decay=_AdamAndDecay,
    adam_with_decay=_AdamWithDecay,
    librarys_adam=_LibrarysAdam,
    librarys_own=_LibrarysAdamW,
)


def _ids(roads: dict[tuple[str, str], Road]) -> list[str]:
    return [f"{exercise.split('.')[-1]}: {name}" for exercise, name in roads]


@pytest.mark.parametrize(("place", "build"), ROADS.items(), ids=_ids(ROADS))
def test_a_road_to_what_is_forbidden_costs_the_points(
    place: tuple[str, str], build: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise, _ = place
    leads = unguarded(exercise, build(), monkeypatch)
    assert leads.passed, f"this road leads nowhere: {leads.sentence}"
    verdict = verdict_of(exercise, build())
    assert verdict.points == 0
    assert verdict.sentence.endswith("which this exercise asks you to do without."), (
        verdict.sentence
    )


@pytest.mark.parametrize(("place", "build"), OPEN.items(), ids=_ids(OPEN))
def test_what_is_not_promised_is_still_open(
    place: tuple[str, str], build: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stands in SECURITY.md; one that was closed is moved to the others."""
    assert verdict_of(place[0], build()).passed
