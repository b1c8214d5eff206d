"""Lab 06: the exercises on the whole model and on writing with it, with what people get wrong about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.exercise import Lab, fill_parameters, whole
from autograder.exercise.comparison import at_most
from llmlab import model
from llmlab.model import TransformerConfig
from llmlab.model.past import Past

LAB = Lab(6, "gpt", "A GPT")


# ----------------------------------------------------------------------------------------------
gpt = LAB.exercise(
    "GPT",
    points=4,
    reference=model.Transformer,
    hints=(
        "All the parts stand in __init__, in the order in which they are used.",
        "Tying means that two modules hold one and the same parameter. In forward, what one part "
        "gives goes into the next, and each block has to be told who may see whom.",
        "Make the head's weight the embedding's weight, if the configuration says so. Look the ids "
        "up; send the vectors through each block in turn, with the causal mask; norm them; and "
        "return what the head makes of them.",
    ),
)


def _filled(
    implementation: Any, generator: Generator, config: TransformerConfig
) -> tuple[Any, dict[str, Any]]:
    module = implementation(config)
    return module, {"parameters": fill_parameters(module, generator)}


@gpt.probe
def two_blocks(implementation: Any, generator: Generator) -> Any:
    """A model of two blocks and 11 tokens, fixed weights, and one text of six ids."""
    module, result = _filled(
        implementation, generator, TransformerConfig(11, 16, 8, 2, 2, hidden_dim=12)
    )
    return {**result, "output": module(torch.randint(0, 11, (1, 6), generator=generator))}


@gpt.probe
def three_blocks(implementation: Any, generator: Generator) -> Any:
    """A batch of two texts, three blocks with shared key-value heads, and the gradient of the embedding table."""
    config = TransformerConfig(9, 16, 16, 3, 4, num_kv_heads=2, hidden_dim=24)
    module, result = _filled(implementation, generator, config)
    output = module(torch.randint(0, 9, (2, 5), generator=generator))
    output.square().sum().backward()
    return {**result, "output": output, "gradient of the table": module.embedding.weight.grad}


def _stacked(
    self: model.Transformer, ids: Tensor, blocks: Sequence[Any], causal: bool = True
) -> Tensor:
    x = self.embedding(ids)
    for block in blocks:
        x = block(x, causal=causal)
    return x


@gpt.misconception(
    "The vectors go into the head as the last block leaves them. Blocks norm what they read and "
    "never what they add to, so the stream has to be normed once more at its end. Reread 'From the "
    "stream to the logits'."
)
class NoFinalNorm(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return self.head(_stacked(self, ids, list(self.blocks)))


@gpt.misconception(
    "Your blocks get no mask, so each token sees those after it. The model would learn to copy the "
    "next token instead of guessing it. Reread 'A stack of blocks'."
)
class SeesTheFuture(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return self.head(self.norm(_stacked(self, ids, list(self.blocks), causal=False)))


@gpt.misconception(
    "Your head has a table of its own, beside that of the embedding: the model has more "
    "parameters than it should, and the weights of a real model with one shared table would not "
    "fit. Reread 'One table, used twice'."
)
class NotTied(model.Transformer):
    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config.changed(tied_embeddings=False))


@gpt.misconception(
    "Only the first block is used: what the others would add is missing, and their weights would "
    "never learn. Reread 'A stack of blocks'."
)
class OneBlock(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return self.head(self.norm(_stacked(self, ids, [self.blocks[0]])))


@gpt.misconception(
    "The blocks read the embeddings side by side, and only the last one's result is kept. Each block "
    "has to work on what the block before it has left. Reread 'A stack of blocks'."
)
class NotChained(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        x = self.embedding(ids)
        for block in self.blocks:
            last = block(x, causal=True)
        return self.head(self.norm(last))


@gpt.misconception(
    "Your model returns probabilities. Loss, temperature and filters all start from the logits, so "
    "the softmax is left to whoever uses the model. Reread 'From the stream to the logits'."
)
class Probabilities(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(ids).softmax(dim=-1)


@gpt.misconception(
    "Your model gives logits for the last token alone. In training every token of a text is a "
    "guess at the next, so each of them needs its row. Reread 'From the stream to the logits'."
)
class LastOnly(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(ids)[:, -1]


# ----------------------------------------------------------------------------------------------
count = LAB.exercise(
    "count_parameters",
    points=3,
    reference=model.count_parameters,
    hints=(
        "Go through the table of the text row by row; what is multiplied by the number of layers?",
        "Queries and the output map are as wide as the model. Keys and values are only as wide as "
        "their heads together: the number of key-value heads times the size of a head.",
        "Add up attention (two square maps and two narrow ones), three maps of the feed-forward "
        "network, and two norms; take that times the layers. Add the last norm, and one table, or "
        "two where they are not tied.",
    ),
)


@count.probe
def as_many_key_heads(implementation: Any, generator: Generator) -> Any:
    """A tied model of 5 layers, with as many key-value heads as heads."""
    hidden = whole(generator, 20, 40)
    return implementation(TransformerConfig(100, 64, 24, 5, 4, hidden_dim=hidden))


@count.probe
def shared_key_heads(implementation: Any, generator: Generator) -> Any:
    """A model of 3 layers that is not tied, with 8 heads that share 2 key-value heads."""
    hidden = whole(generator, 50, 90)
    return implementation(
        TransformerConfig(
            77, 64, 48, 3, 8, num_kv_heads=2, hidden_dim=hidden, tied_embeddings=False
        )
    )


def _counted(
    config: TransformerConfig,
    *,
    kv_heads: int | None = None,
    maps: int = 3,
    norms: int = 2,
    last_norm: int = 1,
    tables: int | None = None,
    layers: int | None = None,
) -> int:
    dim, hidden = config.model_dim, config.hidden_dim or 0
    keys = (config.kv_heads if kv_heads is None else kv_heads) * config.head_dim
    block = 2 * dim * dim + 2 * dim * keys + maps * dim * hidden + norms * dim
    count = 2 - config.tied_embeddings if tables is None else tables
    stack = (config.num_layers if layers is None else layers) * block
    return count * config.vocabulary_size * dim + stack + last_norm * dim


@count.misconception(
    "You count two tables for every model. Where the embeddings are tied, head and embedding are one "
    "table, and its numbers count once. Reread 'One table, used twice'."
)
def both_tables(config: TransformerConfig) -> int:
    return _counted(config, tables=2)


@count.misconception(
    "You count one table for every model. Where the embeddings are not tied, the head has a table of "
    "its own. Reread 'Where the parameters are'."
)
def one_table(config: TransformerConfig) -> int:
    return _counted(config, tables=1)


@count.misconception(
    "Your keys and values are as wide as the queries. With fewer key-value heads these two maps are "
    "narrower, which is what such heads are for. Reread 'Where the parameters are'."
)
def wide_keys(config: TransformerConfig) -> int:
    return _counted(config, kv_heads=config.num_heads)


@count.misconception(
    "You count two maps in the feed-forward network. SwiGLU has a third one, the gate. Reread 'Where "
    "the parameters are'."
)
def two_maps(config: TransformerConfig) -> int:
    return _counted(config, maps=2)


@count.misconception(
    "The norms of the blocks are missing from your count. They are small, but each block has two with "
    "one weight a dimension, and a file of weights holds them too. Reread 'Where the parameters are'."
)
def no_norms(config: TransformerConfig) -> int:
    return _counted(config, norms=0)


@count.misconception(
    "The norm after the last block is missing from your count. Reread 'Where the parameters are'."
)
def no_last_norm(config: TransformerConfig) -> int:
    return _counted(config, last_norm=0)


@count.misconception(
    "You count a single block. The blocks have the same shape and not the same weights: each has its "
    "own. Reread 'Where the parameters are'."
)
def one_layer(config: TransformerConfig) -> int:
    return _counted(config, layers=1)


# ----------------------------------------------------------------------------------------------
initial = LAB.exercise(
    "initial_deviation",
    points=2,
    reference=model.initial_deviation,
    hints=(
        "Which maps of a block write into the stream, and how often is the stream added to in all?",
        "A sum of N independent draws has N times their variance. To keep the sum's size, each draw's "
        "deviation has to shrink by the root of N.",
        "If the name ends with that of one of the two maps that write into the stream, divide 0.02 by "
        "the root of twice the number of layers; otherwise return 0.02.",
    ),
)


@initial.probe
def twelve_layers(implementation: Any, generator: Generator) -> Any:
    """The matrices of a block, and the embedding table, in a model of 12 layers."""
    layer = whole(generator, 0, 11)
    attention = (f"attention.{part}" for part in ("query", "key", "value", "output"))
    feed_forward = (f"feed_forward.{part}" for part in ("gate", "up", "down"))
    parts = (*attention, *feed_forward)
    names = ["embedding.weight", *(f"blocks.{layer}.{part}.weight" for part in parts)]
    return {name: implementation(name, 12) for name in names}


@initial.probe
def other_depths(implementation: Any, generator: Generator) -> Any:
    """The map down of the first block, in models of 1, 2, 30 and 126 layers."""
    return [implementation("blocks.0.feed_forward.down.weight", depth) for depth in (1, 2, 30, 126)]


_WRITES = ("attention.output.weight", "feed_forward.down.weight")


@initial.misconception(
    "You count one addition for each block. A block adds twice: what attention gathered, and what the "
    "feed-forward network made of it. Reread 'How large a fresh weight is'."
)
def once_a_block(name: str, num_layers: int) -> float:
    return 0.02 / math.sqrt(num_layers) if name.endswith(_WRITES) else 0.02


@initial.misconception(
    "You divide by the number of additions, and not by its root: variances add up, deviations do not, "
    "so the additions become far too small. Reread 'How large a fresh weight is'."
)
def without_the_root(name: str, num_layers: int) -> float:
    return 0.02 / (2 * num_layers) if name.endswith(_WRITES) else 0.02


@initial.misconception(
    "All your matrices shrink with the depth. Only those that write into the stream have to; a query "
    "or a gate is read inside its block and added to nothing. Reread 'How large a fresh weight is'."
)
def all_of_them(name: str, num_layers: int) -> float:
    return 0.02 / math.sqrt(2 * num_layers)


@initial.misconception(
    "Only the attention's map to the stream shrinks. The feed-forward network adds to the same stream. "
    "Reread 'How large a fresh weight is'."
)
def attention_only(name: str, num_layers: int) -> float:
    return 0.02 / math.sqrt(2 * num_layers) if name.endswith(_WRITES[0]) else 0.02


@initial.misconception(
    "Only the feed-forward network's map to the stream shrinks. Attention adds to the same stream. "
    "Reread 'How large a fresh weight is'."
)
def feed_forward_only(name: str, num_layers: int) -> float:
    return 0.02 / math.sqrt(2 * num_layers) if name.endswith(_WRITES[1]) else 0.02


# ----------------------------------------------------------------------------------------------
temperature = LAB.exercise(
    "apply_temperature",
    points=2,
    reference=model.apply_temperature,
    hints=(
        "Work out by hand what happens to the difference of two logits in the worked example.",
        "One operation does it for every temperature above 0. At 0 you would divide by nothing, so "
        "this case is written apart: one logit of each row stays, all others become minus infinity.",
        "Above 0, divide. At 0, find where each row is largest, and put minus infinity everywhere else.",
    ),
)


def _spread(logits: Any) -> Any:
    # Adding a number to all logits changes no probability, and no answer's worth.
    return logits.softmax(dim=-1)


@temperature.probe
def three_temperatures(implementation: Any, generator: Generator) -> Any:
    """Eight logits at the temperatures 0.5, 1 and 2; compared as probabilities."""
    logits = 2 * torch.randn(8, generator=generator)
    return {f"temperature {t}": _spread(implementation(logits, t)) for t in (0.5, 1.0, 2.0)}


@temperature.probe
def temperature_zero(implementation: Any, generator: Generator) -> Any:
    """Two rows of five logits at the temperature 0; compared as probabilities."""
    logits = torch.randn(2, 5, generator=generator)
    return _spread(implementation(logits, 0.0))


@temperature.misconception(
    "Your logits are multiplied by the temperature: a high temperature makes the choice sharper, and it "
    "should make it more even. Reread 'Temperature'."
)
def multiplied(logits: Tensor, temperature: float) -> Tensor:
    return logits * temperature if temperature else model.apply_temperature(logits, 0.0)


@temperature.misconception(
    "Your temperature divides probabilities. What is drawn from depends on their ratios, and dividing "
    "all of them by one number leaves those as they are. Reread 'Temperature'."
)
def of_probabilities(logits: Tensor, temperature: float) -> Tensor:
    if not temperature:
        return model.apply_temperature(logits, 0.0)
    return (logits.softmax(dim=-1) / temperature).log()


@temperature.misconception(
    "Your code returns probabilities, and those are taken for logits afterwards: their softmax is "
    "nearly even, whatever the temperature. Reread 'Temperature'."
)
def returns_probabilities(logits: Tensor, temperature: float) -> Tensor:
    if not temperature:
        return model.apply_temperature(logits, 0.0)
    return (logits / temperature).softmax(dim=-1)


@temperature.misconception(
    "At the temperature 0 your code divides by 0, and infinities have no softmax. Reread 'Temperature 0'."
)
def divides_by_zero(logits: Tensor, temperature: float) -> Tensor:
    return logits / temperature


@temperature.misconception(
    "At the temperature 0 your code returns ones and zeros as logits. A logit of 0 is no ban: it still "
    "has its share of the softmax. Reread 'Temperature 0'."
)
def ones_and_zeros(logits: Tensor, temperature: float) -> Tensor:
    if temperature:
        return logits / temperature
    return torch.zeros_like(logits).scatter(-1, logits.argmax(dim=-1, keepdim=True), 1.0)


# ----------------------------------------------------------------------------------------------
nucleus = LAB.exercise(
    "top_p",
    points=3,
    reference=model.top_p,
    hints=(
        "Sort first, as in the worked example. For which tokens is the line not crossed yet when they "
        "come?",
        "A token is kept if what stands before it adds up to less than p. That is the cumulative sum "
        "without the token itself. What you find in sorted order has to go back to where it came from.",
        "Sort the logits downwards and remember the order; softmax; cumulative sum, less the own "
        "probability; mark what has p or more before it; scatter the marks back by the order; put minus "
        "infinity where they are.",
    ),
)


@nucleus.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The probabilities 0.05, 0.5, 0.15 and 0.3, with p = 0.7."""
    return implementation(torch.tensor([0.05, 0.5, 0.15, 0.3]).log(), 0.7)


@nucleus.probe
def two_rows(implementation: Any, generator: Generator) -> Any:
    """Two rows of 30 logits each, with p = 0.9 and p = 0.35."""
    logits = 2 * torch.randn(2, 30, generator=generator)
    return {"p 0.9": implementation(logits, 0.9), "p 0.35": implementation(logits, 0.35)}


def _nucleus(
    logits: Tensor,
    p: float,
    *,
    own: bool = False,
    late: bool = False,
    upwards: bool = False,
    fill: float = -math.inf,
    back: bool = True,
) -> Tensor:
    ordered, order = logits.sort(dim=-1, descending=not upwards)
    shares = ordered.softmax(dim=-1)
    reached = shares.cumsum(dim=-1)
    out = reached > p if own else reached - shares >= p
    if late:
        out = torch.cat([torch.zeros_like(out[..., :1]), out[..., :-1]], dim=-1)
    if back:
        out = torch.zeros_like(out).scatter(-1, order, out)
    return logits.masked_fill(out, fill)


@nucleus.misconception(
    "The token that crosses the line is dropped, so what is kept adds up to less than p; where the "
    "likeliest token alone has more than p, nothing is left. Reread 'As many tokens as it takes'."
)
def crossing_dropped(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, own=True)


@nucleus.misconception(
    "You keep one token more than it takes: the one after that which crosses the line. Reread 'As many "
    "tokens as it takes'."
)
def one_more(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, late=True)


@nucleus.misconception(
    "Your marks stay in sorted order: the tokens at the first places of the vocabulary are kept, "
    "whoever they are. Reread 'Back to where they came from'."
)
def not_scattered(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, back=False)


@nucleus.misconception(
    "Your code adds up from the unlikeliest token on, and keeps the tail instead of the head. Reread 'As "
    "many tokens as it takes'."
)
def tail_kept(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, upwards=True)


@nucleus.misconception(
    "You compare each token's own probability with p. Top-p looks at what the likeliest tokens have "
    "together. Reread 'As many tokens as it takes'."
)
def own_probability(logits: Tensor, p: float) -> Tensor:
    return logits.masked_fill(logits.softmax(dim=-1) < p, -math.inf)


@nucleus.misconception(
    "The logits that you rule out become 0, and a logit of 0 still has a share of the softmax, often a "
    "large one. Reread 'What a filter does'."
)
def filled_with_zero(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, fill=0.0)


@nucleus.misconception(
    "Your code returns probabilities. A filter takes logits and gives logits, so that filters can follow "
    "each other. Reread 'What a filter does'."
)
def gives_probabilities(logits: Tensor, p: float) -> Tensor:
    return model.top_p(logits, p).softmax(dim=-1)


# ----------------------------------------------------------------------------------------------
writing = LAB.exercise(
    "write_on",
    points=4,
    reference=model.write_on,
    hints=(
        "Say aloud what one round does. What has the model to read, and which of its rows counts?",
        "Keep a list of your own that begins as a copy of the prompt. Each round reads the whole list, "
        "chooses from the row of the last token, and looks whether to stop before it gives anything.",
        "For each of the rounds: run the model on a tensor of one row; choose from the last row of its "
        "logits; return if the token is a stop token; otherwise yield it, and append it to your list.",
    ),
)


class _Chain:
    """Stands for a model in the probes: logits from all tokens so far, by which none comes back at once."""

    vocabulary = 12

    def __init__(self, generator: Generator) -> None:
        self.table = torch.randn(self.vocabulary, self.vocabulary, generator=generator)
        self.table -= 4 * torch.eye(self.vocabulary)
        self.calls = 0

    def __call__(self, ids: Tensor) -> Tensor:
        self.calls += 1
        if ids.dim() != 2:
            raise ValueError(
                f"the model reads a batch of ids, (1, length), and was given {tuple(ids.shape)}"
            )
        return self.table[ids].cumsum(dim=1)


def _likeliest(logits: Tensor) -> int:
    return int(logits.argmax())


@writing.probe
def six_tokens(implementation: Any, generator: Generator) -> Any:
    """Six tokens after a prompt of three, the likeliest each time; and the prompt afterwards."""
    prompt = [whole(generator, 0, 11) for _ in range(3)]
    tokens = list(implementation(_Chain(generator), prompt, 6, _likeliest))
    return {"tokens": tokens, "prompt": prompt}


@writing.probe
def until_a_stop_token(implementation: Any, generator: Generator) -> Any:
    """At most 40 tokens, and four of the twelve tokens end the text."""
    stop = {whole(generator, 0, 2) + 3 * third for third in range(4)}
    return list(implementation(_Chain(generator), [0], 40, _likeliest, stop))


@writing.probe
def as_soon_as_chosen(implementation: Any, generator: Generator) -> Any:
    """The first two of twenty tokens, and how often the model was called for them."""
    chain = _Chain(generator)
    tokens = list(islice(iter(implementation(chain, [4, 7], 20, _likeliest)), 2))
    return {"tokens": tokens, "calls": chain.calls}


Choose = Callable[[Tensor], int]


def _written(
    chain: Any,
    ids: list[int],
    rounds: int,
    choose: Choose,
    stop: Collection[int] = (),
    *,
    place: int = -1,
    seen: slice = slice(None),
    append: bool = True,
    give_stop: bool = False,
) -> Iterator[int]:
    for _ in range(rounds):
        token = int(choose(chain(torch.tensor([ids[seen]]))[0, place]))
        if token in stop and not give_stop:
            return
        yield token
        if token in stop:
            return
        if append:
            ids.append(token)


@writing.misconception(
    "You choose from the first row of the logits, which guesses the second token of the prompt. The row "
    "of the last token is the one that guesses what comes next. Reread 'One token after the other'."
)
def first_row(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose, stop, place=0)


@writing.misconception(
    "What was written is never read: each round begins from the prompt again and says the same token. "
    "Reread 'One token after the other'."
)
def never_appended(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose, stop, append=False)


@writing.misconception(
    "The model reads the last token alone, and has forgotten all that came before. It has no memory: each "
    "round has to show it the whole text. Reread 'One token after the other'."
)
def last_token_alone(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose, stop, seen=slice(-1, None))


@writing.misconception(
    "The stop token is given too. It is a sign to whoever writes, and no part of the text. Reread 'When "
    "to stop'."
)
def stop_given(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose, stop, give_stop=True)


@writing.misconception(
    "Nothing stops the writing before its last round: when the model says that it has finished, your "
    "code goes on. Reread 'When to stop'."
)
def never_stopped(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose)


@writing.misconception(
    "Your code writes the whole text before it gives its first token, and a reader would wait for all of "
    "it. Reread 'Giving tokens as they come'."
)
def all_at_once(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> list[int]:
    return list(_written(model, list(prompt), max_new_tokens, choose, stop))


@writing.misconception(
    "You count the prompt's tokens among the new ones, so a long prompt leaves no room for an answer. "
    "Reread 'When to stop'."
)
def prompt_counted(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens - len(prompt), choose, stop)


@writing.misconception(
    "Your code appends to the list that it was given: whoever called it finds the prompt changed, and the "
    "next answer begins where this one ended. Reread 'One token after the other'."
)
def prompt_extended(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, prompt, max_new_tokens, choose, stop)


# ----------------------------------------------------------------------------------------------
past = LAB.exercise(
    "attend_with_past",
    points=4,
    reference=model.attend_with_past,
    hints=(
        "Follow the new tokens alone. Which two of their three vectors will later tokens ask for again?",
        "How many tokens came before can be read off the kept keys: it is the size of their "
        "dimension of tokens. It is also the position of the first new token. The queries are the last "
        "of all positions, and library.causal_mask can be told so.",
        "Project the new tokens at their true positions; put the kept keys before the new keys, and "
        "the kept values before the new values; attend with a mask of (new, all); join the heads and "
        "send them through the output map; return that, and the two tensors that have grown.",
    ),
)


class Multiplications(TorchDispatchMode):
    """Counts the multiplications and additions of matrix products with a map's weights."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here, and skipping would import the compiler: more than a second.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            self.total += 2 * result.numel() * args[-1].shape[0]
        return result


def _attention(generator: Generator, dim: int, heads: int, kv_heads: int) -> Any:
    attention = model.MultiHeadAttention(dim, heads, kv_heads, bias=False, rotary_base=10_000.0)
    fill_parameters(attention, generator)
    return attention.requires_grad_(False)


def _in_parts(implementation: Any, attention: Any, x: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    outputs, kept = [], None
    for part in x.split(list(sizes), dim=1):
        output, kept = implementation(attention, part, kept)
        outputs.append(output)
    return outputs


@past.probe
def prompt_alone(implementation: Any, generator: Generator) -> Any:
    """A prompt of five tokens at the beginning, without a past."""
    attention = _attention(generator, 8, 2, 2)
    return _in_parts(implementation, attention, torch.randn(1, 5, 8, generator=generator), [5])


@past.probe
def in_parts(implementation: Any, generator: Generator) -> Any:
    """A batch of two: four tokens, then one, then three, with key-value heads that are shared."""
    attention = _attention(generator, 16, 4, 2)
    x = 2 * torch.randn(2, 8, 16, generator=generator)
    return _in_parts(implementation, attention, x, [4, 1, 3])


@past.probe_with(at_most(1.05))
def work_of_the_maps(implementation: Any, generator: Generator) -> Any:
    """The operations of the four maps, for a prompt of ten tokens and then ten single tokens."""
    attention = _attention(generator, 16, 4, 4)
    x = torch.randn(1, 20, 16, generator=generator)
    with Multiplications() as counted:
        _in_parts(implementation, attention, x, [10] + [1] * 10)
    return counted.total


def _attended(
    attention: Any,
    x: Tensor,
    past: Past | None,
    *,
    from_zero: bool = False,
    mask: Callable[[int, int], Tensor | None] = model.causal_mask,
    output_map: bool = True,
    past_first: bool = True,
) -> tuple[Tensor, Past]:
    before = 0 if past is None or from_zero else past[0].shape[-2]
    query, key, value = attention.project(x, torch.arange(before, before + x.shape[1]))
    if past is not None:
        keys, values = ((past[0], key), (past[1], value))
        key, value = (torch.cat(pair if past_first else pair[::-1], -2) for pair in (keys, values))
    seen = mask(query.shape[-2], key.shape[-2])
    gathered = model.join_heads(model.fused_attention(query, key, value, seen))
    return attention.output(gathered) if output_map else gathered, (key, value)


@past.misconception(
    "Your new tokens stand at the positions 0, 1, 2, ... again, whatever came before, so their distances "
    "to the earlier tokens are wrong. Reread 'Where a new token stands'."
)
def from_position_zero(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    return _attended(attention, x, past, from_zero=True)


@past.misconception(
    "Your new tokens see only each other: the keys and values that were kept are not put before theirs. "
    "Reread 'What is kept'."
)
def past_unused(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    before = 0 if past is None else past[0].shape[-2]
    query, key, value = attention.project(x, torch.arange(before, before + x.shape[1]))
    gathered = model.fused_attention(query, key, value, model.causal_mask(x.shape[1]))
    kept = (key, value) if past is None else tuple(map(_joined, past, (key, value)))
    return attention.output(model.join_heads(gathered)), kept  # type: ignore[return-value]


def _joined(old: Tensor, new: Tensor) -> Tensor:
    return torch.cat([old, new], dim=-2)


@past.misconception(
    "What you hand back has not grown: the new tokens are used once, and the next step does not find "
    "them. Reread 'What is kept'."
)
def past_not_extended(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    output, grown = _attended(attention, x, past)
    return output, grown if past is None else past


@past.misconception(
    "You hand back the keys and values of the new tokens alone: the next step has forgotten all tokens "
    "before them. Reread 'What is kept'."
)
def past_replaced(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    output, (key, value) = _attended(attention, x, past)
    new = x.shape[1]
    return output, (key[..., -new:, :], value[..., -new:, :])


@past.misconception(
    "Your mask takes the queries for the first positions, and they are the last: a new token sees the "
    "beginning of the text and not what it should. Reread 'Who sees whom now'."
)
def mask_at_the_beginning(
    attention: Any, x: Tensor, past: Past | None = None
) -> tuple[Tensor, Past]:
    return _attended(
        attention, x, past, mask=lambda new, all_: torch.ones(new, all_, dtype=torch.bool).tril()
    )


@past.misconception(
    "Your tokens are not masked. A single new token may see everything, but the tokens of a prompt come "
    "together, and each would see those after it. Reread 'Who sees whom now'."
)
def no_mask(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    return _attended(attention, x, past, mask=lambda new, all_: None)


@past.misconception(
    "The output map is missing: what the heads gathered is joined and returned as it is. Reread 'What is "
    "kept': only keys and values are remembered, and the rest of attention is as in lab 05."
)
def no_output_map(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    return _attended(attention, x, past, output_map=False)


@past.misconception(
    "Your numbers are right, and nothing is saved: the vectors of all earlier tokens are kept, and their "
    "keys and values are computed again in every step. Reread 'What is kept'."
)
def computed_again(attention: Any, x: Tensor, past: Any = None) -> tuple[Tensor, Tensor]:
    everything = x if past is None else torch.cat([past, x], dim=1)
    output, _ = _attended(attention, everything, None)
    return output[:, -x.shape[1] :], everything


# ----------------------------------------------------------------------------------------------
naming = LAB.exercise(
    "name_from_gguf",
    points=2,
    reference=model.name_from_gguf,
    hints=(
        "Split a name at its dots. What are the first two pieces of a name with a layer, and what is "
        "the last piece of every name?",
        "Two dictionaries hold all of it: one for the three names outside the blocks, one for the nine "
        "inside. What stands between `blk` and the part is the number of the layer, of any length.",
        "Split at the dots. With two pieces, look the first up in the short dictionary; with four, look "
        "the third up in the long one and put the number between `blocks` and what you found. Put "
        "the last piece at the end. Return None where a piece is not known.",
    ),
)

_PARTS = (
    *("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output"),
    *("ffn_norm", "ffn_gate", "ffn_up", "ffn_down"),
)


@naming.probe
def one_block(implementation: Any, generator: Generator) -> Any:
    """The nine tensors of one block with a layer from 2 to 9."""
    layer = whole(generator, 2, 9)
    return {name: implementation(f"blk.{layer}.{name}.weight") for name in _PARTS}


@naming.probe
def others(implementation: Any, generator: Generator) -> Any:
    """Tensors outside the blocks, layers of two and three digits, and two names that are not known."""
    names = ["token_embd.weight", "output_norm.weight", "output.weight"]
    names += [f"blk.{whole(generator, 10, 99)}.ffn_down.weight", "blk.125.attn_q.weight"]
    names += ["rope_freqs.weight", "blk.3.ssm_in.weight"]
    return {name: implementation(name) for name in names}


def _swapped(name: str, first: str, second: str) -> str | None:
    swap = {first: second, second: first}
    return model.name_from_gguf(".".join(swap.get(piece, piece) for piece in name.split(".")))


@naming.misconception(
    "Your gate and your up are exchanged. They have the same shape, so the weights load without a word, "
    "and the model talks nonsense. Reread 'Whose weights are these'."
)
def gate_and_up(name: str) -> str | None:
    return _swapped(name, "ffn_gate", "ffn_up")


@naming.misconception(
    "Your two norms of a block are exchanged: each would scale what the other is for. Reread 'Whose "
    "weights are these'."
)
def norms_exchanged(name: str) -> str | None:
    return _swapped(name, "attn_norm", "ffn_norm")


@naming.misconception(
    "Your keys and values are exchanged. Their maps have the same shape, so nothing complains. Reread "
    "'Whose weights are these'."
)
def keys_and_values(name: str) -> str | None:
    return _swapped(name, "attn_k", "attn_v")


@naming.misconception(
    "You take one digit for the number of the layer, and a model of 30 layers has numbers of two. Reread "
    "'Whose weights are these'."
)
def one_digit(name: str) -> str | None:
    pieces = name.split(".")
    if len(pieces) == 4:
        pieces[1] = pieces[1][0]
    return model.name_from_gguf(".".join(pieces))


@naming.misconception(
    "Your layers are counted from 1. Both files count them from 0, so each block would get its "
    "neighbor's weights. Reread 'Whose weights are these'."
)
def from_one(name: str) -> str | None:
    pieces = name.split(".")
    if len(pieces) == 4:
        pieces[1] = str(int(pieces[1]) + 1)
    return model.name_from_gguf(".".join(pieces))


@naming.misconception(
    "The last piece of the name, `weight`, is missing. A module can have several parameters, and the "
    "name says which. Reread 'Whose weights are these'."
)
def without_weight(name: str) -> str | None:
    found = model.name_from_gguf(name)
    return found.removesuffix(".weight") if found else None


@naming.misconception(
    "A name that is not in the table is returned as it came, and would be taken for one of ours. Reread "
    "'Whose weights are these'."
)
def unknown_kept(name: str) -> str | None:
    return model.name_from_gguf(name) or name
