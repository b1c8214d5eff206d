"""Decoding SmolLM2 one token at a time, beside `transformers.generate` and beside the floor.

The floor is what no program that multiplies by every weight can beat: the bare products of all matrices with one
vector. It is measured twice, with the weights as a checkpoint holds them and as `llmlab.model.laid_out` lays them out.
All take turns within one run, and all compute with the same weights on the same cores. A token's time is the median
over all rounds; beside it stands that of the fastest tenth, which tells more on a machine that does other work too.

    python benchmarks/generate_throughput.py [--threads 2] [--cpu-time] [--rounds 8] [--tokens 16] [--prompt 64]
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).parent.parent
# Instead of this folder, whose tokenizers.py would stand in for the library that transformers needs.
sys.path[0] = str(ROOT)
FASTER_THAN_PEER = {torch.float32: 1.25, torch.bfloat16: 1.5}
WITHIN_FLOOR = 1.2
OURS, PLAIN, PEER = "llmlab, laid out for writing", "llmlab, as loaded", "transformers.generate"
FLOOR, FLOOR_LAID_OUT = "floor: products, as loaded", "floor: products, laid out"
# What runs for some tokens, and gives the seconds of each.
Runner = Callable[[int], Iterator[float]]
clock = time.perf_counter


def ours(model: nn.Module, prompt: list[int]) -> Runner:
    """Write with our model; the first token, for which the prompt is read, is not counted."""
    from llmlab.model import stream

    def run(count: int) -> Iterator[float]:
        steps = stream(model, [prompt], count + 1)
        next(steps)
        before = clock()
        for _ in steps:
            now = clock()
            yield now - before
            before = now

    return run


def peers(folder: Path, dtype: torch.dtype, prompt: list[int]) -> Runner:
    """Write with transformers, which tells a streamer of each token."""
    import transformers

    transformers.logging.set_verbosity_error()
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()

    class Clock(transformers.generation.BaseStreamer):
        def __init__(self) -> None:
            self.times: list[float] = []

        def put(self, value: Tensor) -> None:
            self.times.append(clock())

        def end(self) -> None: ...

    def run(count: int) -> Iterator[float]:
        clock = Clock()
        model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=count + 1,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
            streamer=clock,
        )
        # The streamer is handed the prompt first, and the first token waits for it to be read.
        times = clock.times[1:]
        yield from (after - before for before, after in pairwise(times))

    return run


def products(maps: list[Callable[[Tensor], Tensor]], inputs: list[Tensor]) -> Runner:
    """Multiply every matrix with a vector, and do nothing else."""

    @torch.inference_mode()
    def once() -> float:
        before = clock()
        for one, vector in zip(maps, inputs, strict=True):
            one(vector)
        return clock() - before

    def run(count: int) -> Iterator[float]:
        return (once() for _ in range(count))

    return run


def contestants(dtype: torch.dtype, prompt_length: int) -> dict[str, Runner]:
    """Make all that take turns, with the same weights."""
    from llmlab.data import models
    from llmlab.model import laid_out, load_gguf, save_huggingface
    from llmlab.model.layout import LinearMaps

    model = load_gguf(models.path("smollm2-135m-instruct"), dtype=dtype).eval()
    twin = laid_out(model)
    generator = torch.Generator().manual_seed(0)
    prompt = torch.randint(100, 40_000, (prompt_length,), generator=generator).tolist()

    def vector(size: int) -> Tensor:
        return torch.randn(1, 1, size, generator=generator).to(dtype)

    plain = [one.weight for one in model.modules() if isinstance(one, nn.Linear)]
    joined = [one for one in twin.modules() if isinstance(one, LinearMaps)]
    with tempfile.TemporaryDirectory() as folder:
        save_huggingface(model, Path(folder))
        peer = peers(Path(folder), dtype, prompt)
    return {
        OURS: ours(twin, prompt),
        PLAIN: ours(model, prompt),
        PEER: peer,
        FLOOR: products(
            [lambda x, weight=weight: functional.linear(x, weight) for weight in plain],
            [vector(weight.shape[1]) for weight in plain],
        ),
        FLOOR_LAID_OUT: products(joined, [vector(one.weight.shape[1]) for one in joined]),
    }


def measure(dtype: torch.dtype, rounds: int, tokens: int, prompt: int, console: Console) -> bool:
    """Let all take turns, print the table, and say whether the goals are met."""
    runners = contestants(dtype, prompt)
    times: dict[str, list[float]] = {name: [] for name in runners}
    for runner in runners.values():
        list(runner(2))  # whatever is done once is done before
    progress = Console(stderr=True)
    for _ in track(range(rounds), str(dtype), console=progress, transient=True):
        for name, runner in runners.items():
            times[name] += runner(tokens)

    table = Table(title=str(dtype).removeprefix("torch."))
    table.add_column("one token")
    for name in ("median ms", "fastest tenth ms", "tokens/s"):
        table.add_column(name, justify="right")
    middle = {name: median(seconds) for name, seconds in times.items()}
    fast = {name: quantiles(seconds, n=10)[0] for name, seconds in times.items()}
    for name in runners:
        table.add_row(
            name,
            f"{1000 * middle[name]:.1f}",
            f"{1000 * fast[name]:.1f}",
            f"{1 / middle[name]:.1f}",
        )
    console.print(table)
    goal = FASTER_THAN_PEER[dtype]
    for what, of in (("medians", middle), ("fastest tenths", fast)):
        console.print(
            f"{what}: {of[PEER] / of[OURS]:.2f} times as fast as transformers (goal: at least {goal:g}), "
            f"{of[OURS] / of[FLOOR]:.2f} of the floor (goal: at most {WITHIN_FLOOR:g}), "
            f"{of[OURS] / of[FLOOR_LAID_OUT]:.2f} of the floor laid out"
        )
    return middle[PEER] >= goal * middle[OURS] and middle[OURS] <= WITHIN_FLOOR * middle[FLOOR]


def main() -> int:
    """Measure in both kinds of numbers; return 1 if a goal is missed."""
    global clock
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="count the processor time of one thread, where the machine does other work too",
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=16, help="in each turn")
    parser.add_argument("--prompt", type=int, default=64, help="tokens that are read before")
    given = parser.parse_args()
    if given.cpu_time:
        given.threads, clock = 1, time.thread_time
    torch.set_num_threads(given.threads)

    import transformers

    console = Console()
    processor = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    console.print(
        f"{processor[1] if processor else platform.processor()}, {given.threads} threads"
        f"{', processor time' if given.cpu_time else ''}; PyTorch "
        f"{torch.__version__}, Transformers {transformers.__version__}; SmolLM2-135M, a prompt of "
        f"{given.prompt} tokens, {given.rounds} rounds of {given.tokens}"
    )
    met = [
        measure(dtype, given.rounds, given.tokens, given.prompt, console)
        for dtype in FASTER_THAN_PEER
    ]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
