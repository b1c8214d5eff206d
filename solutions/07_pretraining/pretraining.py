# %% [markdown]
# # Lab 07: Pretraining
#
# A language model begins as a heap of random numbers. Nobody tells it what a word is, or that a fox cannot be in two
# places. It reads, guesses the next token, is wrong, and changes a little; a few hundred times in this lab, a hundred
# thousand to a million times in a real one. This is **pretraining**, and it is where nearly all of a model's knowledge
# and of its cost comes from. In this lab you write the parts of a run, and then you run it, until it writes.
#
# **What you will be able to do after this lab:**
#
# - turn a stream of text into batches, and a batch into one number, the loss;
# - choose what decays, how fast to learn and how far to step, and say what breaks without each;
# - train with a batch that does not fit into memory;
# - stop a run and go on as if nothing had happened;
# - read a loss curve, and tell a healthy run from a sick one.
#
# **What you need first:** cross-entropy (lab 01), AdamW and the training loop (lab 02), the transformer (labs 05 and
# 06). **Time:** three and a half hours, in two sittings; *A place to stop* is marked in the middle.
#
# **Symbols:** $t_i$ is the $i$-th token of a text, $B$ rows of $n$ places are a batch, $V$ is the size of the vocabulary,
# $p$ a probability, $L$ the loss, $\nabla L$ its gradient for all weights, $\lVert g \rVert$ the length of a vector $g$,
# $s$ a step, $\eta$ the learning rate.
#
# Unless the text says otherwise, an answer leaves its inputs as they are.

# %%
import copy
import math
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import torch
from IPython.display import display
from torch import Tensor, nn

import llmlab
import llmlab.training as library
from autograder import check, hint, progress
from llmlab import foundations
from llmlab.data.batches import TokenBatches, Windows
from llmlab.data.packing import END_TOKEN, Pack, pack_texts
from llmlab.data.tales import stories
from llmlab.model import Sampling, Transformer, TransformerConfig, generate, load_huggingface
from llmlab.tokenization import ByteLevelBPE, Tokenizer, load_tokenizer
from llmlab.widgets import TrainingView

# %% [markdown]
# `library` is the finished version of what you write here. The demonstrations use it, so they run before you have
# written anything. Are you stuck? `hint("pretraining.inputs_and_targets")` shows a hint, and when you run it again,
# the next one.

# %% [markdown]
# ## Look first: before and after
#
# `tales-1m` is a model of one million weights that comes with this course. We trained it with the code that you are
# about to write, on little stories that a grammar of ours tells without end. Here it writes, and beside it the same
# model as it was before training.

# %%
folder = Path(llmlab.__file__).parent / "checkpoints" / "tales-1m"
trained, its_tokenizer = load_huggingface(folder).float(), load_tokenizer(folder)


def write(
    model: nn.Module,
    tokenizer: Tokenizer,
    seed: int = 0,
    temperature: float = 0.6,
    tokens: int = 250,
) -> str:
    """Let a model write one story, from the token that ends the one before."""
    end = tokenizer.special_tokens[END_TOKEN]
    generator = torch.Generator().manual_seed(seed)
    ids = generate(
        model, [[end]], tokens, Sampling(temperature=temperature), stop=[end], generator=generator
    )[0]
    return tokenizer.decode(token for token in ids if token != end)


torch.manual_seed(0)
untrained = Transformer(trained.config)
print("BEFORE:", write(untrained, its_tokenizer, tokens=40))
print("AFTER: ", write(trained, its_tokenizer, temperature=0.0))

# %% [markdown]
# Both have the same architecture. The difference is a row of numbers, found by guessing the next token some
# twenty-five million times. **Before you read on**: does the story keep its thread? Check who the hero is, what was
# lost, who helped, and who got it in the end. Set `temperature=0.5`, try some seeds, and see what gets lost first.
#
# ## From stories to tokens
#
# We make a corpus of 3,000 stories, train a small BPE tokenizer on some of them (lab 03), and write the token ids to
# disk, one story after the other, with an *end token* after each. Two bytes hold an id. A file like this is
# memory-mapped: training reads the pieces it needs, and a corpus can be larger than memory.

# %%
workshop = TemporaryDirectory()
told = list(islice(stories(seed=7), 3000))
tokenizer = ByteLevelBPE.train(told[:500], 800, special_tokens=[END_TOKEN])
pack_texts(told[:-100], Path(workshop.name, "train"), tokenizer)
pack_texts(told[-100:], Path(workshop.name, "validation"), tokenizer)

corpus = Pack(Path(workshop.name, "train"))
print(f"{corpus.manifest.documents:,} stories, {len(corpus):,} tokens of {corpus.manifest.dtype}")
print([tokenizer.decode([token]) for token in corpus.read(0, 16).tolist()])

# %% [markdown]
# The row is cut into **windows** of equal length, wherever the cuts fall, and the windows are shuffled. A **batch** is a
# few of them, one a row: what one step learns from. Its gradient is that of a chance sample, which is why one speaks of
# *stochastic* gradient descent. Once through all windows is an **epoch**. Each window has one token more than the model
# reads. You see why in a moment.

# %%
windows = Windows(corpus, length=256)
batches = TokenBatches(windows, batch_size=8, seed=0)
batch = next(iter(batches))
print(f"{len(windows):,} windows; a batch has the shape {tuple(batch.shape)}")
print(repr(tokenizer.decode(batch[0, :40].tolist())))

# %% [markdown]
# ## One token further
#
# At *every* place of a window the model guesses the token that comes next. It may look at all tokens up to that place
# and at none after it: the causal mask of lab 05 sees to that. So one window of 257 tokens holds 256 questions, each
# with its answer, and no human had to write either:
#
# | the model reads | Once | upon | a | time |
# |---|---|---|---|---|
# | it should guess | upon | a | time | there |
#
# **Predict before you go on.** A batch has 8 windows of 257 tokens each. How many guesses does the model make on it?
# Give the number the name `guesses_in_batch`.

# %% exercise="pretraining.guesses_in_batch"
### BEGIN SOLUTION
guesses_in_batch = 8 * 256
### END SOLUTION

# %% check="pretraining.guesses_in_batch"
check("pretraining.guesses_in_batch")

# %% [markdown]
# With $t_0, t_1, \dots, t_n$ the tokens of a window, the **inputs** are $t_0, \dots, t_{n-1}$ and the **targets**
# $t_1, \dots, t_n$: the same row, one token further. For example, `[[5, 6, 7]]` gives the inputs `[[5, 6]]` and the
# targets `[[6, 7]]`.
#
# **Write** `inputs_and_targets(ids)`. It returns two tensors of ids, first the inputs and then the targets.


# %% exercise="pretraining.inputs_and_targets"
def inputs_and_targets(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Make of each row what the model reads, and what it should guess at each place.

    Args:
        ids: (batch, length + 1), at least two in each row.

    Returns:
        The inputs and the targets, each (batch, length).
    """
    ### BEGIN SOLUTION
    return ids[:, :-1], ids[:, 1:]
    ### END SOLUTION


# %% check="pretraining.inputs_and_targets"
check("pretraining.inputs_and_targets")

# %% [markdown]
# ## How surprised is it
#
# The model answers with **logits**, one score for each token of the vocabulary, at each place. The softmax over the
# vocabulary turns them into probabilities $p$. The loss is the mean surprise at the targets:
#
# $$L = -\frac{1}{B\,n} \sum_{b=1}^{B} \sum_{i=1}^{n} \log p_{b,i}(t_{b,i+1})$$
#
# where $p_{b,i}$ are the probabilities that the model gives at place $i$ of row $b$, and $t_{b,i+1}$ is the token that
# really came next. It is measured in **nats**: with the natural logarithm.
#
# **A worked example.** One row, two places, a vocabulary of two tokens. At the first place both logits are 0, so each
# token has the probability 0.5, and the surprise is $\log 2 = 0.693$. At the second the logits are $(\log 3, 0)$, so
# the probabilities are 0.75 and 0.25; if the target is token 0, the surprise is $-\log 0.75 = 0.288$. The loss is
# their mean, 0.490.
#
# What should the loss of a model be that knows nothing? It finds all $V$ tokens equally likely, so its surprise is
# $\log V$. That is a check worth doing before each run:

# %%
torch.manual_seed(0)
fresh = Transformer(trained.config.changed(vocabulary_size=tokenizer.vocab_size))
inputs, targets = library.inputs_and_targets(batch)
with torch.no_grad():
    print(f"loss of an untrained model: {library.next_token_loss(fresh(inputs), targets):.3f}")
print(f"log of the vocabulary size: {math.log(tokenizer.vocab_size):.3f}")

# %% [markdown]
# If the first loss of a run is far above that, the initialization is wrong. If it is far below, the answer leaks.
#
# **Write** `next_token_loss(logits, targets)`. It must hold for logits in the hundreds too, whose exponentials are too
# large for float32. `cross_entropy`, PyTorch's and the library's, and `nll_loss` are not allowed; `log_softmax` is. (It
# takes the largest logit away first, so that no exponential overflows.)


# %% exercise="pretraining.next_token_loss"
def next_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Average the surprise at the targets over all rows and places, in nats.

    Args:
        logits: (batch, length, vocabulary), also in the hundreds.
        targets: (batch, length), ids of the vocabulary; each of them counts.

    Returns:
        A tensor with one number and no axes, from which gradients can flow to the logits.
    """
    ### BEGIN SOLUTION
    log_probabilities = logits.log_softmax(dim=-1)
    return -log_probabilities.gather(-1, targets.unsqueeze(-1)).mean()
    ### END SOLUTION


# %% check="pretraining.next_token_loss"
check("pretraining.next_token_loss")

# %% [markdown]
# ## What decays, and what does not
#
# You wrote AdamW in lab 02. In each step it also shrinks the weights a little: **weight decay**. For a matrix that is
# healthy. It keeps weights from growing without need, and in a transformer a norm follows or precedes each matrix, so
# what shrinks is easily made good.
#
# Not everything is a matrix. A norm's weight is a scale that begins at 1, where it does no harm; drawn to 0 it would
# silence its layer. A bias has nothing to gain from being small. So there are two **groups**:
#
# | group | what | how many dimensions | weight decay |
# |---|---|---|---|
# | first | matrices and embedding tables | 2 or more | as asked |
# | second | weights of norms, biases, single numbers (0 dimensions) | fewer than 2 | 0 |
#
# Names do not count, since every model has its own; the number of dimensions does. PyTorch's optimizers take groups as
# a list of dictionaries, `[{"params": [...], "weight_decay": ...}, ...]`. In many models the embedding table and the
# last map are one and the same parameter (they are *tied*); it must be in the list once. Parameters whose
# `requires_grad` is false are not trained, so they belong in no group. Both groups come back, even if one is empty.
#
# For example, a linear map with a bias and a LayerNorm after it give a first group with one matrix, and a second with
# three vectors: the bias of the map, and the weight and the bias of the norm.
#
# **Write** `decay_groups(model, weight_decay)`.


# %% exercise="pretraining.decay_groups"
def decay_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Sort the trainable parameters into those that decay and those that do not.

    Args:
        model: `model.parameters()` gives each of its parameters once, tied ones too.
        weight_decay: For the first group.

    Returns:
        Two dictionaries, each with `params` (a list of parameters, perhaps empty) and `weight_decay`: first what has
        two dimensions or more, then the rest, with 0.
    """
    ### BEGIN SOLUTION
    parameters = [one for one in model.parameters() if one.requires_grad]
    return [
        {"params": [one for one in parameters if one.dim() >= 2], "weight_decay": weight_decay},
        {"params": [one for one in parameters if one.dim() < 2], "weight_decay": 0.0},
    ]
    ### END SOLUTION


# %% check="pretraining.decay_groups"
check("pretraining.decay_groups")

# %% [markdown]
# ## How fast to learn
#
# A number that one chooses, and that is not learned, is a **hyperparameter**. The learning rate is the one that decides
# most about a run. The next cell trains a very small model four times for 60 steps (some ten seconds in all).
# **Predict first**: which of the four ends lowest?


# %%
def short_run(rate: float, warmup_steps: int, steps: int = 60) -> list[float]:
    """Train a very small model, and give its losses."""
    torch.manual_seed(0)
    config = TransformerConfig(tokenizer.vocab_size, 64, 64, 2, 4, hidden_dim=128)
    model = Transformer(config)
    optimizer = library.make_optimizer(model, rate)

    def schedule(step: int) -> float:
        return foundations.cosine_with_warmup(
            step, warmup_steps=warmup_steps, total_steps=steps, peak=rate
        )

    reading = TokenBatches(Windows(corpus, length=64), batch_size=8, seed=0)
    return [step.loss for step in library.train(model, optimizer, schedule, reading, steps=steps)]


runs = {
    "0.0003": short_run(0.0003, 0),
    "0.003": short_run(0.003, 0),
    "0.03": short_run(0.03, 0),
    "0.03 after a warm-up of 20 steps": short_run(0.03, 20),
}
plt.figure(figsize=(6.5, 3.6))
for (name, losses), style in zip(runs.items(), (":", "-", "--", "-."), strict=True):
    plt.plot(losses, style, label=name)
plt.title("A small rate crawls, a large one stumbles, unless it warms up")
plt.xlabel("step")
plt.ylabel("loss (nats a token)")
plt.legend(title="learning rate", fontsize=8)
plt.show()
for name, losses in runs.items():
    print(f"{name:>33}: mean loss of the last ten steps {sum(losses[-10:]) / 10:.2f}")

# %% [markdown]
# At 0.0003 the model has hardly begun. At 0.03 without a warm-up it jumps up at first, and needs the rest of the run to
# make good for it. And now the surprise: the *same* rate, reached slowly, ends lower than the ten times smaller one.
#
# ## Slowly up, slowly down
#
# **Up.** At first AdamW's running means rest on one or two gradients, and the model is wrong about everything, so all
# gradients point the same way. Long steps now lead to places that are hard to come back from. So the rate rises in
# equal parts over the first few steps.
#
# **Down.** At the end steps that were right before are too long: they jump from one side of a narrow valley to the
# other. Half a cosine (Loshchilov & Hutter, 2016) goes down gently at both ends. For step $s$, counted from 0:
#
# $$\eta(s) = \begin{cases} \eta_{\max} \cdot \dfrac{s + 1}{w + 1} & \text{if } s < w \\[2ex]
# \eta_{\min} + (\eta_{\max} - \eta_{\min}) \cdot \dfrac{1 + \cos(\pi q)}{2}, \quad
# q = \min\!\left(1, \dfrac{s - w}{T - w}\right) & \text{otherwise} \end{cases}$$
#
# where $\eta_{\max}$ is the `peak`, $\eta_{\min}$ the `floor`, $w$ the `warmup_steps`, $T$ the `total_steps`, and $q$
# how far the way down has come, from 0 to 1. The way up starts near 0, whatever the floor: the floor is where the way
# down ends.
#
# **A worked example.** $w = 3$, $T = 11$, peak 1, floor 0.2. Steps 0, 1, 2 have 0.25, 0.5 and 0.75; step 3 is the first
# at the peak. At step 7 half of the way down is done, $q = 0.5$, and the rate is $0.2 + 0.8 \cdot 0.5 = 0.6$. From step
# 11 on it is 0.2. With $w = 0$ there is no way up, and step 0 has the peak.

# %%
plt.figure(figsize=(6.5, 2.8))
for floor, style in ((0.0, "-"), (0.1, "--")):
    rates = [
        foundations.cosine_with_warmup(
            step, warmup_steps=20, total_steps=200, peak=1.0, floor=floor
        )
        for step in range(240)
    ]
    plt.plot(rates, style, label=f"floor {floor:g}")
plt.title("Up in 20 steps, down in 180, and no further")
plt.xlabel("step")
plt.ylabel("learning rate (share of the peak)")
plt.legend()
plt.show()

# %% [markdown]
# **Write** `cosine_with_warmup`. It returns a plain number, not a tensor; `math.cos` and `math.pi` are at hand.


# %% exercise="pretraining.cosine_with_warmup"
def cosine_with_warmup(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    """Give the learning rate of a step.

    Args:
        step: Counted from 0; it can lie beyond `total_steps`.
        warmup_steps: How many steps come before the peak; 0 for none.
        total_steps: The step at which the floor is reached, above `warmup_steps`.
        peak: The largest learning rate.
        floor: The last learning rate.

    Returns:
        A plain number.
    """
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    share = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return floor + (peak - floor) * (1 + math.cos(math.pi * share)) / 2
    ### END SOLUTION


# %% check="pretraining.cosine_with_warmup"
check("pretraining.cosine_with_warmup")

# %% [markdown]
# ## A place to stop
#
# You have the loss, the groups and the schedule. The second sitting takes the steps. Run all cells again when you come
# back.
#
# ## A large batch in small parts
#
# Large models are trained on batches of millions of tokens: GPT-3 on 3.2 million (Brown et al., 2020). A gradient from
# many places is less a matter of chance, and longer steps can be trusted. But going backward needs what was computed
# on the way forward, for each place of the batch, and memory is soon full.
#
# The gradient of a mean is the mean of gradients. Cut the batch into $k$ parts of equal size, with losses
# $L_1, \dots, L_k$:
#
# $$L = \frac{1}{k} \sum_{j=1}^{k} L_j, \qquad \nabla L = \sum_{j=1}^{k} \nabla\!\left(\frac{L_j}{k}\right)$$
#
# And `backward()` *adds* to the gradients that are there. So one part after the other goes forward once and backward
# once, and what was computed for it is forgotten before the next begins; at the end the gradients hold the sum. The
# optimizer steps once.
#
# **A worked example.** Two parts with the losses 2 and 4, and for some weight the gradients 1 and 3. The loss of the
# whole is 3, and the weight's gradient $1/2 + 3/2 = 2$.
#
# **Predict.** A batch of 64 texts is cut into 8 parts. What becomes smaller than with the whole batch at once?
#
# - `"a"`: the memory for what is computed on the way forward.
# - `"b"`: the number of multiplications.
# - `"c"`: how much the gradient is a matter of chance.
# - `"d"`: the memory for the optimizer's running means.
#
# Give the letter the name `becomes_smaller`.

# %% exercise="pretraining.becomes_smaller"
### BEGIN SOLUTION
becomes_smaller = "a"
### END SOLUTION

# %% check="pretraining.becomes_smaller"
check("pretraining.becomes_smaller")

# %% [markdown]
# **Write** `accumulate_gradients(model, micro_batches)`. Each part is a batch of ids like the one above. The
# library's `inputs_and_targets` and `next_token_loss` do the rest. Joining the parts again, or keeping all of them until
# the end, would need the memory that is missing. Add to the gradients that are there, and do not clear or divide those:
# they belong to who calls you. `.item()` makes a number of a tensor with one.


# %% exercise="pretraining.accumulate_gradients"
def accumulate_gradients(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    """Add the gradient of one large batch to what is there, part by part.

    Args:
        model: Gives logits (batch, length, vocabulary) for ids (batch, length).
        micro_batches: The parts, each (batch, length + 1), all of one shape.

    Returns:
        The loss of the whole batch, a plain number and not a tensor.
    """
    ### BEGIN SOLUTION
    total = 0.0
    for ids in micro_batches:
        inputs, targets = library.inputs_and_targets(ids)
        loss = library.next_token_loss(model(inputs), targets) / len(micro_batches)
        loss.backward()
        total += loss.item()
    return total
    ### END SOLUTION


# %% check="pretraining.accumulate_gradients"
check("pretraining.accumulate_gradients")

# %% [markdown]
# ## A step that is too long
#
# Now and then a batch is unlike all others, as a line repeated a thousand times. Its gradient can be a hundred times as
# long as usual, and one step along it can throw a model back by days. The cure is old (Pascanu et al., 2012): keep the
# direction, and shorten the step. Put all gradients of all parameters into one long vector $g$. Its length is
#
# $$\lVert g \rVert = \sqrt{\sum_p \sum_i g_{p,i}^2}, \qquad g \leftarrow g \cdot \min\!\left(1, \frac{c}{\lVert g \rVert}\right)$$
#
# where $g_{p,i}$ is the $i$-th number of the gradient of parameter $p$, and $c$ the longest that is allowed
# (`max_norm`). **One** factor for all of them: otherwise the direction would change.
#
# For example, two parameters have the gradients $(3)$ and $(0, 4)$. The length is $\sqrt{9 + 16} = 5$. With $c = 1$ the
# factor is 0.2, and the gradients become $(0.6)$ and $(0, 0.8)$. With $c = 10$ they stay.
#
# The length is worth looking at in each step, since it tells of trouble before the loss does. So it is returned, as
# it was *before*.
#
# **Predict.** Two parameters have the gradients $(6)$ and $(0, 8)$, and $c = 5$. What becomes of the 8? Give the number
# the name `clipped_number`.

# %% exercise="pretraining.clipped_number"
### BEGIN SOLUTION
clipped_number = 8 * 5 / 10
### END SOLUTION

# %% check="pretraining.clipped_number"
check("pretraining.clipped_number")

# %% [markdown]
# **Write** `clip_gradient_norm(parameters, max_norm)`. Afterward each parameter's `grad` holds its shortened gradient:
# change it in place, or put a new tensor there. Parameters whose `grad` is `None` are left out, and keep it. Mind that
# `model.parameters()` can be gone through only once. What `torch.nn.utils` has for this is not allowed. The length is
# never 0 here.


# %% exercise="pretraining.clip_gradient_norm"
def clip_gradient_norm(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Shorten all gradients by one factor, so that together they are no longer than allowed.

    Args:
        parameters: Tensors with a `grad`, which may be None; they can perhaps be gone through only once.
        max_norm: The longest that is allowed.

    Returns:
        The length before, as a tensor with one number (or a plain number).
    """
    ### BEGIN SOLUTION
    gradients = [one.grad for one in parameters if one.grad is not None]
    length = torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()
    if length > max_norm:
        for gradient in gradients:
            gradient.mul_(max_norm / length)
    return length
    ### END SOLUTION


# %% check="pretraining.clip_gradient_norm"
check("pretraining.clip_gradient_norm")

# %% [markdown]
# ## Sixteen bits
#
# Most of the time of a run goes into matrix products, and hardware does them twice to sixteen times as fast in 16 bits
# as in 32. **bfloat16** keeps the range of float32, with 8 bits for the exponent, and gives up digits: 8 bits of them
# are left: the next number after 1 is 1.0078. Every result is rounded to the nearest number that there is.
#
# **Predict.** A weight of 1 in bfloat16 takes a thousand steps of 0.001, one after the other. What is it then?
#
# - `"a"`: 2.
# - `"b"`: nearly 2, about 1.98.
# - `"c"`: 1.
# - `"d"`: infinite.
#
# Give the letter the name `thousand_steps`, and then try it in the cell after the check.

# %% exercise="pretraining.thousand_steps"
### BEGIN SOLUTION
thousand_steps = "c"
### END SOLUTION

# %% check="pretraining.thousand_steps"
check("pretraining.thousand_steps")

# %%
weight = torch.tensor(1.0, dtype=torch.bfloat16)
for _ in range(1000):
    weight = weight + 0.001  # a thousand small steps
print("1 and a thousand steps of 0.001 in bfloat16:", weight.item())
print("The next number after 1 in bfloat16:", 1 + torch.finfo(torch.bfloat16).eps)

# %% [markdown]
# Eight bits are enough for a product, and not for a sum of many small steps: each was rounded away. So runs use **mixed
# precision** (Micikevicius et al., 2017): weights, gradients' sums and the optimizer's means in float32, and the
# products of the forward and backward pass in bfloat16. In PyTorch that is one line around the forward pass,
# `with torch.autocast("cpu", torch.bfloat16):`.
#
# ## A run that can be stopped
#
# Large runs take months, and machines do not: during the 54 days of training that Meta reported for Llama 3 there were
# 419 unexpected interruptions (Grattafiori et al., 2024). So runs are saved, and go on. What has to be in a **checkpoint**?
# Ask of each thing that changes: what if it began anew?
#
# | name | what it holds | without it |
# |---|---|---|
# | `model` | the weights | all is lost |
# | `optimizer` | AdamW's running means | the next steps have another length |
# | `step` | how many steps were taken | the schedule warms up again |
# | `batches` | the place in the data | the model reads again what it knows |
#
# With all four, the run goes on *bit for bit* as if nothing had happened. Model, optimizer and batches have a
# `state_dict()` each, a dictionary that can hold others. There is one trap: a `state_dict` does not copy.
#
# **Predict.** The cell after the check calls `small.state_dict()` `shared`, and a deep copy of it `kept`. Then a weight of
# 0.3 is raised by 1 in place. What do `shared` and `kept` hold now?
#
# - `"a"`: 0.3 and 0.3.
# - `"b"`: 1.3 and 0.3.
# - `"c"`: 0.3 and 1.3.
# - `"d"`: 1.3 and 1.3.
#
# Give the letter the name `shared_after_step`.

# %% exercise="pretraining.shared_after_step"
### BEGIN SOLUTION
shared_after_step = "b"
### END SOLUTION

# %% check="pretraining.shared_after_step"
check("pretraining.shared_after_step")

# %%
small = nn.Linear(1, 1, bias=False)
shared, kept = small.state_dict(), copy.deepcopy(small.state_dict())
before = small.weight.item()
with torch.no_grad():
    small.weight += 1  # a step
print(
    f"before {before:.3f}, shared {shared['weight'].item():.3f}, kept {kept['weight'].item():.3f}"
)

# %% [markdown]
# The tensors of a `state_dict` are the model's own, and the next step changes them. Written to disk at once, they do no
# harm. A snapshot that stays in memory needs a **copy** of all three states, since you cannot know what a `state_dict`
# shares, or how deep. `copy.deepcopy` copies dictionaries within dictionaries, and the tensors in them.
#
# **Write** `snapshot(model, optimizer, step, batches)`: a dictionary with the four names of the table and no others. It
# must not change when the run goes on, and the run must not notice it.


# %% exercise="pretraining.snapshot"
def snapshot(
    model: nn.Module, optimizer: torch.optim.Optimizer, step: int, batches: TokenBatches
) -> dict:
    """Copy all that a run needs to go on.

    Args:
        model: Has a `state_dict()`.
        optimizer: Has a `state_dict()`.
        step: How many steps were taken.
        batches: Has a `state_dict()`, with its place in the data.

    Returns:
        Copies of the states of model, optimizer and batches, and the step (the plain number that is given), under the
        names of the arguments.
    """
    ### BEGIN SOLUTION
    return copy.deepcopy(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "batches": batches.state_dict(),
        }
    )
    ### END SOLUTION


# %% check="pretraining.snapshot"
check("pretraining.snapshot")

# %% [markdown]
# ## It runs: your own pretraining
#
# From here on everything is yours. (If an answer is still missing, these cells stop with `NotImplementedError`. Come
# back later.) The next cell is a whole training loop. Read it: each line is one of the ideas above.

# %%
STEPS, PARTS = 200, 2


def my_schedule(step: int) -> float:
    """Rise for 20 steps to 0.01, then fall to a twentieth of that."""
    return cosine_with_warmup(step, warmup_steps=20, total_steps=STEPS, peak=0.01, floor=0.0005)


def my_steps(
    model: nn.Module, optimizer: torch.optim.Optimizer, reading: TokenBatches, first: int, last: int
) -> Iterable[library.Step]:
    """Take steps, and report after each of them."""
    source = iter(reading)
    for number in range(first, last):
        for group in optimizer.param_groups:
            group["lr"] = my_schedule(number)
        optimizer.zero_grad()
        loss = accumulate_gradients(model, list(islice(source, PARTS)))
        length = clip_gradient_norm(model.parameters(), 1.0)
        optimizer.step()
        yield library.Step(number, loss, my_schedule(number), float(length))


def my_run() -> tuple[Transformer, torch.optim.Optimizer, TokenBatches]:
    """Begin a run: a new model, an optimizer with two groups, and batches from the first on."""
    torch.manual_seed(0)
    model = Transformer(
        TransformerConfig(
            tokenizer.vocab_size, 256, model_dim=128, num_layers=2, num_heads=4, hidden_dim=256
        )
    )
    optimizer = torch.optim.AdamW(decay_groups(model, 0.1), lr=0.0, betas=(0.9, 0.95), fused=True)
    return model, optimizer, TokenBatches(windows, batch_size=4, seed=0)


held_out = list(
    islice(TokenBatches(Windows(Pack(Path(workshop.name, "validation")), 256), 8, seed=0), 2)
)


def my_validation(model: nn.Module) -> float:
    """Measure the loss on stories that the model has never read."""
    with torch.no_grad():
        pairs = [inputs_and_targets(ids) for ids in held_out]
        return sum(next_token_loss(model(read), asked).item() for read, asked in pairs) / len(pairs)


# %% [markdown]
# Now start it. It takes about a minute. Watch the view while it runs:
#
# 1. The loss begins near $\log V$. What has the model learned when it reaches 5? When it reaches 2? Look at what it
#    writes (the view shows the first 120 tokens).
# 2. Where is the gradient longest?
# 3. What does the loss do while the learning rate falls?

# %%
model, optimizer, reading = my_run()
view = TrainingView(total_steps=STEPS, title="My first pretraining")
shown = display(view, display_id=True)
half_way = None
for step in view.follow(my_steps(model, optimizer, reading, 0, STEPS)):
    taken = step.number + 1
    if taken in (25, 50, 100, STEPS):
        view.add_sample(taken, write(model, tokenizer, tokens=120))
        view.add_validation(taken, my_validation(model))
    if taken == STEPS - 20:
        half_way = snapshot(model, optimizer, taken, reading)
shown.update(view)  # what a saved page shows is the end of the run, not its beginning
for seed in (1, 2):
    print(write(model, tokenizer, seed=seed), "\n")

# %% [markdown]
# It writes. Two hundred steps ago it did not know what a letter is. Now most of its sentences are whole. But look at the
# names and the colors: the hero changes from sentence to sentence. A model of this age knows what kind of word must come
# next. To know that the kite was red, it has to look back at one certain place, and that it learns much later:
# `tales-1m`, with the same code, took 12,000 steps, and its loss came down in stairs, one for each thing that it had
# learned to look back at (`loss.svg` beside its weights). You have seen the heads that do this in lab 05.
#
# ### Back to the snapshot
#
# We begin a new run, put your snapshot into it, and take the last twenty steps again.

# %%
again, its_optimizer, its_reading = my_run()
again.load_state_dict(half_way["model"])
its_optimizer.load_state_dict(half_way["optimizer"])
its_reading.load_state_dict(half_way["batches"])
resumed = list(my_steps(again, its_optimizer, its_reading, half_way["step"], STEPS))
largest = max(
    (one - two).abs().max().item()
    for one, two in zip(model.parameters(), again.parameters(), strict=True)
)
print(f"{len(resumed)} steps again, last loss {resumed[-1].loss:.6f}")
print(f"The largest difference between the weights of the two runs: {largest}")

# %% [markdown]
# On one processor the difference is 0 or so small that only the order of additions can have made it. The library
# writes the same to disk, in a way that a crash in the middle does no harm: `llmlab.training.save_checkpoint`.

# %% [markdown]
# ## How to read a loss curve
#
# Here are four curves, drawn from formulas so that each shows one thing clearly. Give each a diagnosis before you
# read on.

# %%
steps = torch.arange(1, 1001)
noise = 0.06 * torch.randn(4, 1000, generator=torch.Generator().manual_seed(3))
healthy = 1.6 + 5.2 * steps**-0.35
curves = {
    "A": healthy + noise[0],
    "B": healthy
    + noise[1]
    + 2.2 * torch.exp(-((steps - 520).clamp(min=0)) / 60.0) * (steps >= 520),
    "C": 4.9 + 1.7 * torch.exp(-steps / 60.0) + 4 * noise[2],
    "D": (healthy - 0.9 * (steps / 1000) ** 2) + noise[3],
}
figure, axes = plt.subplots(2, 2, figsize=(9, 5), sharex=True, sharey=True)
for (name, curve), axis in zip(curves.items(), axes.flat, strict=True):
    axis.plot(steps, curve, linewidth=0.8, label="training")
    axis.set_title(name)
    if name == "D":
        axis.plot(steps[::50], (healthy + 0.9 * (steps / 1000) ** 2)[::50], "x", label="validation")
    axis.legend(fontsize=8)
for axis in axes[-1]:
    axis.set_xlabel("step")
for axis in axes[:, 0]:
    axis.set_ylabel("loss (nats a token)")
figure.suptitle("Four runs: one is healthy")
plt.show()

# %% [markdown]
# - **A** is healthy: steep, then ever flatter, close to a power law (Kaplan et al., 2020). The noise is that of the
#   batches.
# - **B** has a *spike*: a bad batch, or steps that had become too long. It came back by itself. If it does not, one
#   goes back to a checkpoint before it and leaves some batches out (Chowdhery et al., 2022).
# - **C** has stopped early and is noisy: the learning rate is too large. It learned how often each token occurs, and
#   its steps are too long for more.
# - **D** learns by heart: training and validation part. Pretraining seldom looks like this, since most text is read
#   once. It happens when a small corpus is read many times.
#
# Two more that you would notice in the numbers: a loss that turns into **NaN** (a division by 0 or an overflow; look at
# the gradient norm in the steps before), and a loss that is *too good* from the beginning (the answer leaks: look at
# the shift and the mask).

# %% [markdown] question="pretraining.two_changes" points=2
# **A friend's run is unstable, and she makes two changes at once.** She halves the learning rate, and she cuts each
# batch of 64 texts into 8 parts with gradient accumulation, but forgets to divide the loss by 8. She clips gradients
# at 1, as before, and uses AdamW. The run is now stable, and she concludes that the smaller learning rate has cured
# it. What did the forgotten division do to the gradients, before and after clipping? Why did AdamW hardly notice?
# What should she do to find out what the cure was? Four to six sentences.
#
# ### BEGIN SOLUTION
# Without the division the accumulated gradient is the sum over the parts, so it is eight times as long as that of the
# mean, and the loss that is reported as a sum is eight times as high. Nearly every gradient is now longer than 1, so
# clipping shortens it to exactly 1 in nearly every step: all steps get gradients of the same length, bad batches no
# longer stand out, and the measured norm no longer means what it meant. AdamW divides the mean of the gradients by the
# root of the mean of their squares, so a constant factor cancels: gradients eight times as large give the same step.
# So the change in clipping, and not the factor itself, may have helped, beside the smaller learning rate; from one run
# with two changes nobody can tell. She should divide the loss, and run again with each change alone: the old rate with
# a correct accumulation, and the new rate without, from the same seed and the same data.
#
# Marking: 1 point for the gradients (eight times as long before clipping, therefore almost always clipped to length
# 1) with AdamW's indifference to a constant factor. 1 point for the method (one change at a time, same seed and
# data). Half a point off the first if either clipping or AdamW is missing.
# ### END SOLUTION

# %% [markdown]
# ## The same, by a library
#
# For a real run one takes a library for everything around the idea. Ours is Lightning, and the command is
#
# ```bash
# llmlab train --config tales-1m
# llmlab train --config tales-1m --model.learning_rate 0.002 --trainer.max_steps 500
# llmlab train --config tales-1m --resume auto
# ```
#
# The model in `llmlab/training/module.py` is the loop that you wrote, cut into the methods that Lightning calls.
# `tales-1m` was trained with the first of these lines. Lab 08 takes it to several processes.
#
# ## What you have built
#
# This is a pretraining run, and it fits on a page. Compare yours with `llmlab/training/loop.py`. Then play:
#
# - Take the warm-up away, or clip at 0.01, and look at the view.
# - Train for 400 steps instead of 200. Does the hero keep the name?
# - Put a text of your own into `told`.

# %%
progress()

# %% [markdown]
# ## Where to read on
#
# - Loshchilov & Hutter (2016), *SGDR*, and (2017), *Decoupled Weight Decay Regularization*: the cosine, and AdamW.
# - Pascanu, Mikolov & Bengio (2012), *On the Difficulty of Training Recurrent Neural Networks*: clipping.
# - Micikevicius et al. (2017), *Mixed Precision Training*.
# - Kaplan et al. (2020), *Scaling Laws for Neural Language Models*: the shape of curve A.
# - Brown et al. (2020), *Language Models are Few-Shot Learners*: appendix B holds GPT-3's settings.
# - Chowdhery et al. (2022), *PaLM*: section 5.1 on spikes.
# - Eldan & Li (2023), *TinyStories*: how small can a model be and still tell a story?
# - Hu et al. (2024), *MiniCPM*: a schedule with a level part, from which a run can be prolonged.
# - Kimi Team (2025), *Kimi K2*: a run of 15.5 trillion tokens by Muon, without a spike.
# - Grattafiori et al. (2024), *The Llama 3 Herd of Models*: section 3.3 on what breaks in 54 days.
#
# In the project, `course/07_pretraining.md` tells the history, and shows a run on two machines.
