"""Measure training beside `transformers`' GPT-2 with fused attention, at equal size, in one run.

    python benchmarks/train_throughput.py
    python benchmarks/train_throughput.py --preset gpt2-124m --device cuda --precision bfloat16 --compiled

Each trains in a process of its own, which also gives the peak of its memory. They take steps in turn, one after the
other, and between them the machine's rate in large matrix products is measured, so that what disturbs one disturbs
all. Both get the same random batches, groups, AdamW kernel and clipping, and neither has dropout. What is reported is
the median over the rounds, and the median of the ratio within a round.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

# A file beside this one has the name of a library, which Python would find in its place.
HERE = Path(__file__).resolve().parent
sys.path = [str(HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != HERE)]

from llmlab.model import PRESETS, Transformer, TransformerConfig, preset  # noqa: E402
from llmlab.training import (  # noqa: E402
    decay_groups,
    flops_per_token,
    inputs_and_targets,
    make_optimizer,
    matmul_rate,
)

# GPT-2's shape at a size of which a processor takes a step in about a second.
SMALL = PRESETS["gpt2-124m"].changed(
    vocabulary_size=8192, max_length=256, model_dim=384, num_layers=6, num_heads=6
)
MIB = 2**20


class Ours(nn.Module):
    """The library's model and loss."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.model = Transformer(config)

    def forward(self, ids: Tensor) -> Tensor:
        """Give the loss of a batch."""
        inputs, targets = inputs_and_targets(ids)
        loss: Tensor = self.model(inputs, targets=targets)
        return loss


class Theirs(nn.Module):
    """GPT-2 of `transformers`."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        from transformers import GPT2Config, GPT2LMHeadModel

        self.model = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=config.vocabulary_size,
                n_positions=config.max_length,
                n_embd=config.model_dim,
                n_layer=config.num_layers,
                n_head=config.num_heads,
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                attn_implementation="sdpa",
                use_cache=False,
                bos_token_id=None,
                eos_token_id=None,
                loss_type="ForCausalLM",
            )
        )

    def forward(self, ids: Tensor) -> Tensor:
        """Give the loss of a batch; the inputs are the same, and the targets are given as they are."""
        inputs, targets = inputs_and_targets(ids)
        targets = targets.contiguous()
        loss: Tensor = self.model(inputs, labels=targets, shift_labels=targets).loss
        return loss


WHO = {"llmlab": Ours, "transformers": Theirs}


def work(who: str, options: argparse.Namespace) -> None:
    """Take a step for each line that is read, and answer with its seconds and the peak of memory."""
    config = SMALL if options.preset == "small" else preset(options.preset)
    device = torch.device(options.device)
    if who == "transformers":
        import transformers.models.gpt2.modeling_gpt2  # noqa: F401 - its code is not counted as its memory
    before = _peak(device)
    torch.manual_seed(0)
    model = WHO[who](config).to(device)
    optimizer = make_optimizer(model, 1e-4)
    if options.compiled:
        model.compile()
    kind = getattr(torch, options.precision)
    mixed = (
        contextlib.nullcontext()
        if kind == torch.float32
        else torch.autocast(device.type, dtype=kind)
    )
    generator = torch.Generator().manual_seed(1)
    shape = (options.batch, options.length + 1)
    for _ in sys.stdin:
        ids = torch.randint(config.vocabulary_size, shape, generator=generator).to(device)
        _wait(device)
        began, worked = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        with mixed:
            loss = model(ids)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        _wait(device)
        seconds, processor = time.perf_counter() - began, time.process_time() - worked
        decayed = sum(one.numel() for one in decay_groups(model, 0.1)[0]["params"])
        answer = {
            "seconds": seconds,
            "processor": processor,
            "bytes": _peak(device) - before,
            "loss": loss.item(),
            "weights": decayed,
        }
        print(json.dumps(answer), flush=True)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _peak(device: torch.device) -> int:
    """Give the most memory that this process has held: of the GPU's, or else of the machine's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Worker:
    """One of the two, in its own process."""

    def __init__(self, who: str) -> None:
        command = [sys.executable, __file__, *sys.argv[1:], "--worker", who]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def step(self) -> dict[str, Any]:
        """Let it take a step."""
        assert self.process.stdin is not None  # noqa: S101 - it was opened above
        assert self.process.stdout is not None  # noqa: S101 - likewise
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("A worker has ended early; see what it printed above.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Let it go."""
        self.process.communicate()


def compare(options: argparse.Namespace) -> None:
    """Let both take steps in turn, and print what was measured."""
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    console = Console(width=110)
    config = SMALL if options.preset == "small" else preset(options.preset)
    kind = getattr(torch, options.precision)
    workers = {who: Worker(who) for who in WHO}
    seen: dict[str, list[dict[str, Any]]] = {who: [] for who in WHO}
    rates = []
    for worker in workers.values():
        for _ in range(options.warm_up):
            worker.step()
    for turn in track(range(options.rounds), "steps in turn", console=console, transient=True):
        order = list(workers) if turn % 2 else list(reversed(workers))
        for who in order:
            seen[who].append(workers[who].step())
        rates.append(matmul_rate(options.device, kind, seconds=0.1))
    for worker in workers.values():
        worker.end()

    tokens = options.batch * options.length
    flops = flops_per_token(config, options.length) * tokens
    rate = statistics.median(rates)
    console.print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, {options.device}, "
        f"{options.precision}{', compiled' if options.compiled else ''}; torch {torch.__version__}"
    )
    console.print(
        f"{options.preset}: {seen['llmlab'][0]['weights']:,} weights in matrices, batches of {options.batch} x "
        f"{options.length}; matrix products: {rate / 1e9:,.0f} GFLOP/s"
    )
    table = Table(
        "who",
        "seconds a step",
        "of processor",
        "tokens/s",
        "share of the matrix rate",
        "peak MiB",
        "loss",
    )
    for who, steps in seen.items():
        seconds = statistics.median(step["seconds"] for step in steps)
        shares = [flops / step["seconds"] / one for step, one in zip(steps, rates, strict=True)]
        processor = statistics.median(step["processor"] for step in steps)
        figures = [f"{seconds:.3f}", f"{processor:.3f}"]
        figures += [f"{tokens / seconds:,.0f}", f"{statistics.median(shares):.0%}"]
        last = steps[-1]
        table.add_row(who, *figures, f"{last['bytes'] / MIB:,.0f}", f"{last['loss']:.3f}")
    console.print(table)
    pairs = list(zip(seen["llmlab"], seen["transformers"], strict=True))
    faster, thriftier = (
        statistics.median(theirs[name] / ours[name] for ours, theirs in pairs)
        for name in ("seconds", "processor")
    )
    memory = seen["llmlab"][-1]["bytes"] / seen["transformers"][-1]["bytes"]
    console.print(
        f"llmlab takes {faster:.2f} times as many steps a second (goal: at least 1.05; {thriftier:.2f} times as many a "
        f"second of the processor, which others on the machine do not disturb), with {memory:.2f} times the memory "
        "(goal: at most 1)."
    )


def main() -> None:
    """Read the options, and compare or work."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--preset", default="small", help="`small`, or a preset of GPT-2.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--compiled", action="store_true", help="Compile both with torch.compile.")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--worker", choices=list(WHO), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options)
    else:
        compare(options)


if __name__ == "__main__":
    main()
