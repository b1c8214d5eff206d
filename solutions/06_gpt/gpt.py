# %% [markdown]
# # Lab 06: A GPT
#
# You have blocks that gather and think. A model that talks is a stack of them, a table at each end, and a loop that
# asks again and again: *what comes next?* In this lab you build the whole of it, and at the end you pour the weights of
# a real model into what you have written, and it answers you.
#
# **What you will be able to do after this lab:**
#
# - put embeddings, blocks, a norm and a shared table together into a language model, and count its parameters;
# - say how large fresh weights have to be, and what happens to a deep model if they are not;
# - choose the next token: greedy, with temperature, with top-p, and say what each is good for;
# - write token by token, and keep keys and values so that each new token costs the same;
# - open a file of real weights and give every tensor its place in a model of your own.
#
# **What you need first:** the block (lab 05), tokens (lab 03), softmax (lab 01). **Time:** two sittings of about two hours;
# a place to stop is marked in the middle.
#
# **Symbols.** $V$ tokens in the vocabulary; $d$ numbers in a token's vector; $L$ blocks; $h$ query heads of $d_h$ numbers
# each; $g$ key-value heads; $f$ the width of the feed-forward network. $x$ is the *residual stream*: the vectors to which
# each block adds. $z$ are logits, $p$ probabilities, $T$ the temperature. A *batch* is several texts that a model reads
# at once.
#
# Unless the text says otherwise, an answer leaves its inputs as they are.

# %%
import itertools
import math
import time
from collections.abc import Callable, Collection, Iterator
from functools import cache

import matplotlib.pyplot as plt
import torch
from IPython.display import Pretty, display
from torch import Tensor, nn

import llmlab.model as library
from autograder import check, hint, progress
from llmlab.data import models, tales
from llmlab.errors import LlmlabError
from llmlab.tokenization import load_tokenizer
from llmlab.widgets import AttentionView, ResidualView, SamplingView

# %% [markdown]
# `library` is the finished version of what you write here. The demonstrations use it, so they run before you have
# written anything. Are you stuck? `hint("gpt.GPT")` shows a hint, and when you run it again, the next one.
#
# ### A model to talk to
#
# We need a model that has learned something. The best is **SmolLM2-135M-Instruct** (Allal et al., 2025), a real open
# model that is small enough for a laptop. If it is not on this machine, the next cell says how to get it, and the lab
# goes on with `tales-1m`, a model of this course that has read nothing but little stories, and tells them. How it was
# trained is lab 07.

# %%
try:
    weights_file = models.path("smollm2-135m-instruct")
    name = "SmolLM2"
except LlmlabError as error:
    print(error)
    weights_file = models.path("tales-1m")
    name = "tales-1m"

file = library.GGUFFile(weights_file) if weights_file.suffix == ".gguf" else None
if file is not None:
    talker, tokenizer = file.model(), file.tokenizer()
else:
    talker, tokenizer = library.load_huggingface(weights_file).float(), load_tokenizer(weights_file)
talker.requires_grad_(False)


def label(token: int) -> str:
    """Write one token."""
    return tokenizer.decode([token])


parameters = sum(parameter.numel() for parameter in talker.parameters())
print(f"The model of this lab is {name}: {parameters:,} parameters.")

# %% [markdown]
# ## Look first: what comes next
#
# A language model does one thing. It reads a text, and gives every token of its vocabulary a **logit**: a number that
# says how well this token would follow. The softmax makes probabilities of them. Here they are, for the beginning of a
# story. The thin bars are what the model gives, the thick ones are what we draw from once you move a slider.

# %%
prompt = "Once upon a time there was a"
prompt_ids = tokenizer.encode(prompt)
with torch.no_grad():
    prompt_logits = talker(torch.tensor([prompt_ids]))[0, -1]
SamplingView(prompt_logits, label, prompt)

# %% [markdown]
# **Before you read on**, move the sliders and find out:
#
# 1. What does the temperature do to the bars at 0.3, at 2, and at 0?
# 2. With top-p at 0.5, which tokens are left? Which are left at 0.9, and which at 0.9 and a temperature of 2?
# 3. Press *Draw 100* at temperature 1 and count what lands among the *others*. Now set top-p to 0.9 and draw again.
#
# By the end of this lab you have written what is behind the first and the third slider, the model that makes the bars,
# and the loop that turns them into text.

# %% [markdown]
# ## A stack of blocks
#
# A GPT is short to describe. Look up each token's vector; send the vectors through one block after the other; norm them
# once more; and compare each with every token of the vocabulary:
#
# $$x^{(0)} = E_{t}, \qquad x^{(l)} = \operatorname{Block}_l\big(x^{(l-1)}\big), \qquad
# z = \operatorname{norm}\big(x^{(L)}\big) \, U^\top$$
#
# where $t$ are the ids, $E$ is the embedding table, $x^{(l)}$ the vectors after block $l = 1, \dots, L$, $U$ the table
# of the **head** with one row a token, and $z$ the logits: for each place of the text one row, with one number for each
# token of the vocabulary.
#
# Each block reads what the block before it has left. Every token sees itself and those before it, so that the row of
# each token is an honest guess at the next one. The blocks of this lab are the library's, in the form of LLaMA
# (Touvron et al., 2023): RMSNorm, SwiGLU, and rotary positions, which turn queries and keys inside attention. So no
# positions are added to the embeddings. Call a block as `block(x, causal=True)`; that is the causal mask of lab 05.
#
# ## From the stream to the logits
#
# In lab 05 you saw that a pre-norm block norms what it *reads*, and never what it adds to. So the stream that leaves the
# last block has been normed by nobody. A last norm brings it into the size that the head expects.
#
# What the head gives are **logits**, and a model returns those: the loss, the temperature and the filters all begin
# from logits. It returns them for every place and not only for the last. In training, a text of 1000 tokens is 1000
# guesses at once.
#
# **Predict.** A model with a vocabulary of 9 tokens reads a batch of 2 texts, each of 5 ids. How many logits does it return,
# in all? Give the number the name `logit_count`.

# %% exercise="gpt.logit_count"
### BEGIN SOLUTION
logit_count = 2 * 5 * 9
### END SOLUTION

# %% check="gpt.logit_count"
check("gpt.logit_count")

# %% [markdown]
# ## One table, used twice
#
# The embedding turns an id into a vector. The head turns a vector into a number for each id: how alike is what the
# stream says to *this* token? Both tables have the shape (vocabulary, model_dim), and both say what a token means. Press
# & Wolf (2017) let the two be **one** table, and small models do so still: GPT-2, SmolLM2, and Llama 3.2 with 1 billion
# parameters. To **tie** them is not to copy the numbers, which would drift apart with the first step of training. The
# two modules have to hold the same parameter:

# %%
first, second = nn.Linear(3, 2, bias=False), nn.Linear(3, 2, bias=False)
second.weight = first.weight  # not a copy: one parameter with two names
with torch.no_grad():
    first.weight.fill_(7.0)
print("the second has changed too:", second.weight[0].tolist())
print("parameters of the pair:", len(list(nn.ModuleList([first, second]).parameters())))

# %% [markdown]
# **Write** the tie in `__init__`, if `config.tied_embeddings` says so, and `forward`. All parts are given. Either of the two
# modules may take the other's parameter. Lab 07 trains such a model, so the gradient has to reach every parameter.


# %% exercise="gpt.GPT"
class GPT(nn.Module):
    """A language model in LLaMA's form, with rotary positions inside its blocks."""

    def __init__(self, config: library.TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = library.TokenEmbedding(config.vocabulary_size, config.model_dim)
        self.blocks = nn.ModuleList(
            library.TransformerBlock.from_config(config) for _ in range(config.num_layers)
        )
        self.norm = library.RMSNorm(config.model_dim, config.norm_epsilon)
        self.head = nn.Linear(config.model_dim, config.vocabulary_size, bias=False)
        ### BEGIN SOLUTION
        if config.tied_embeddings:
            self.head.weight = self.embedding.weight
        ### END SOLUTION

    def forward(self, ids: Tensor) -> Tensor:
        """Compute the logits of the token that follows each token.

        Args:
            ids: Whole numbers, (batch, length).

        Returns:
            (batch, length, vocabulary_size).
        """
        ### BEGIN SOLUTION
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, causal=True)
        return self.head(self.norm(x))
        ### END SOLUTION


# %% check="gpt.GPT"
check("gpt.GPT")

# %% [markdown]
# ## Where the parameters are
#
# How large is your model? It can be told from the configuration, before a single number is made. Its fields are $V$
# (`vocabulary_size`), $d$ (`model_dim`), $L$ (`num_layers`), $h$ (`num_heads`), $d_h = d / h$ (`head_dim`), $g$ (`kv_heads`)
# and $f$ (`hidden_dim`):
#
# | part | shapes | how often |
# |---|---|---|
# | embedding table | $V \times d$ | once |
# | query, output | $d \times d$ each | in each block |
# | key, value | $d \times g\,d_h$ each | in each block |
# | gate, up, down (SwiGLU) | $d \times f$ each | in each block |
# | two norms | $d$ each | in each block |
# | last norm | $d$ | once |
# | head | $V \times d$ | once, and not at all if it is tied |
#
# Keys and values are narrower when query heads share them (grouped-query attention). There are no biases.
#
# **A worked example.** $V = 10$, $d = 8$, $L = 2$, $h = 2$, $g = 1$, $f = 12$, tied. The table has 80 numbers. A block
# has $2 \cdot 8 \cdot 8 = 128$ for query and output, $2 \cdot 8 \cdot 4 = 64$ for key and value, $3 \cdot 8 \cdot 12 =
# 288$ for the feed-forward network and $2 \cdot 8 = 16$ for its norms: 496. In all, $80 + 2 \cdot 496 + 8 = 1080$.
#
# **Write** `count_parameters(config)`. `config.tied_embeddings` says whether the head is tied. (Making the model and counting
# its numbers is allowed too, if you have the memory for it. Arithmetic tells the size of any model at once.)


# %% exercise="gpt.count_parameters"
def count_parameters(config: library.TransformerConfig) -> int:
    """Count what a model in LLaMA's form learns; a table that is used twice counts once.

    Args:
        config: The sizes, with `hidden_dim` given and without biases.

    Returns:
        A whole number.
    """
    ### BEGIN SOLUTION
    d, keys = config.model_dim, config.kv_heads * config.head_dim
    block = 2 * d * d + 2 * d * keys + 3 * d * config.hidden_dim + 2 * d
    tables = (1 if config.tied_embeddings else 2) * config.vocabulary_size * d
    return tables + config.num_layers * block + d
    ### END SOLUTION


# %% check="gpt.count_parameters"
check("gpt.count_parameters")

# %% [markdown]
# Which part is the largest? It depends on the size of the model:

# %%
names = ["tales-1m", "smollm2-135m", "llama-3.2-1b", "mistral-7b"]
shares: dict[str, list[float]] = {"tables": [], "attention": [], "feed-forward": []}
for preset_name in names:
    config = library.preset(preset_name)
    total = library.count_parameters(config)
    width, keys = config.model_dim, config.kv_heads * config.head_dim
    attention = config.num_layers * 2 * width * (width + keys)
    feed_forward = config.num_layers * 3 * width * config.hidden_dim
    for part, number in zip(
        shares, (total - attention - feed_forward, attention, feed_forward), strict=True
    ):
        shares[part].append(number / total)
totals = [library.count_parameters(library.preset(preset_name)) for preset_name in names]
figure, axis = plt.subplots(figsize=(7.5, 3))
left = [0.0] * len(names)
for (part, values), hatch in zip(shares.items(), ("//", "", ".."), strict=True):
    bars = axis.barh(names, values, left=left, label=part, hatch=hatch, edgecolor="black")
    axis.bar_label(
        bars, [f"{value:.0%}" for value in values], label_type="center", backgroundcolor="white"
    )
    left = [a + b for a, b in zip(left, values, strict=True)]
axis.set_yticks(
    range(len(names)),
    [f"{n}\n{total / 1e6:,.0f} million" for n, total in zip(names, totals, strict=True)],
)
axis.invert_yaxis()
axis.set(xlabel="share of the parameters", xlim=(0, 1))
axis.set_title("Most of a model is its feed-forward networks")
axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)
plt.show()

# %% [markdown]
# The feed-forward networks are the largest part at every size. The table of the vocabulary is a fifth of SmolLM2 and of
# the small Llama, which is why they use it twice. In a model of 7 billion it hardly counts, and there are two of them.
#
# ## How large a fresh weight is
#
# Training begins from random numbers, and it matters how large they are. GPT-2 (Radford et al., 2019) draws its
# matrices from a normal distribution with a standard deviation of 0.02. That is right for a shallow model. What happens
# in a deep one? We make a fresh model of 48 blocks and measure the residual stream after each.

# %%
deep = library.TransformerConfig(100, 64, 128, 48, 4, hidden_dim=512)
texts = torch.randint(0, 100, (64,), generator=torch.Generator().manual_seed(1))
torch.manual_seed(2)
fresh = library.Transformer(deep)
sizes = {"smaller where a block adds": library.residual_stream(fresh, texts)}
with torch.no_grad():
    for name_of, parameter in fresh.named_parameters():
        parameter *= 0.02 / library.initial_deviation(name_of, 48) if parameter.dim() == 2 else 1.0
sizes["all matrices with 0.02"] = library.residual_stream(fresh, texts)
sizes = {kind: stream.square().mean(dim=(1, 2)).sqrt() for kind, stream in sizes.items()}
plt.figure(figsize=(6.5, 3.2))
for (kind, size), style in zip(sizes.items(), ("-", "--"), strict=True):
    plt.plot(size, style, label=kind)
growth = [float(size[-1] / size[0]) for size in sizes.values()]
large = f"{growth[1]:.0f}-fold, or {growth[0]:.1f}-fold with small writers"
plt.title(f"In 48 blocks a fresh stream grows {large}")
plt.xlabel("depth (blocks)")
plt.ylabel("root mean square (no unit)")
plt.ylim(bottom=0)
plt.legend()
plt.show()

# %% [markdown]
# Each block adds **twice** to the stream: what attention gathered, and what the feed-forward network made of it. After
# $L$ blocks the stream is a sum of $2L$ additions. Variances of independent draws add up, so the sum has $2L$ times
# their variance, and $\sqrt{2L}$ times their deviation. The deeper the model, the more the last blocks shout over the
# embedding, and over each other.
#
# **Predict.** All additions are drawn alike. How many times as large is the deviation of their sum in a model of 50 blocks
# as in one of 2 blocks? Give the number the name `deeper_stream`.

# %% exercise="gpt.deeper_stream"
### BEGIN SOLUTION
deeper_stream = math.sqrt(50 / 2)
### END SOLUTION

# %% check="gpt.deeper_stream"
check("gpt.deeper_stream")

# %% [markdown]
# GPT-2 undoes this at the source: the matrices that **write** into the stream are drawn smaller by that root,
#
# $$\sigma = \frac{0.02}{\sqrt{2L}} \text{ for } \texttt{attention.output} \text{ and } \texttt{feed\_forward.down},
# \qquad \sigma = 0.02 \text{ for all others}$$
#
# where $\sigma$ is the standard deviation of the draw and $L$ the number of blocks. Queries, keys, values, gates and
# ups are read inside the block and added to nothing, so they stay as they are.
#
# For example, with 8 blocks there are 16 additions, and `blocks.5.attention.output.weight` is drawn with $0.02 / 4 =
# 0.005$, `blocks.5.attention.query.weight` with 0.02.
#
# **Write** `initial_deviation(name, num_layers)`. The name is that of a matrix of the model, as `named_parameters`
# gives it; `embedding.weight` and `head.weight` are among them.


# %% exercise="gpt.initial_deviation"
def initial_deviation(name: str, num_layers: int) -> float:
    """Give the standard deviation with which a matrix is drawn.

    Args:
        name: As `blocks.5.attention.output.weight`, or `embedding.weight`.
        num_layers: How many blocks the model has, at least 1.

    Returns:
        The deviation.
    """
    ### BEGIN SOLUTION
    if name.endswith(("attention.output.weight", "feed_forward.down.weight")):
        return 0.02 / math.sqrt(2 * num_layers)
    return 0.02
    ### END SOLUTION


# %% check="gpt.initial_deviation"
check("gpt.initial_deviation")

# %% [markdown]
# What does a model with fresh weights say? Nothing yet: all tokens are about equally likely. Its loss should be close to
# $\ln V$ nats (the unit of natural logarithms), the surprise of a guess among $V$ equal tokens. Whoever starts a training run looks at this number first. If
# it is far larger, the weights are too large.

# %%
torch.manual_seed(3)
fresh = library.Transformer(library.preset("tales-1m"))
ids = torch.randint(0, 1024, (4, 65), generator=torch.Generator().manual_seed(0))
with torch.no_grad():
    fresh_loss = nn.functional.cross_entropy(fresh(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
print(f"loss of a fresh model: {fresh_loss:.3f} nats; ln 1024 = {math.log(1024):.3f}")

# %% [markdown]
# ## Temperature
#
# From here on the model is trained, and the question is what to do with its logits. The simplest is to take the largest
# each time: **greedy**. That is repeatable, and it is dull: models caught in it repeat themselves. The other way is to
# **draw** a token by its probability. Between the two lies one number, the temperature $T$:
#
# $$p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}$$
#
# where $z_i$ is the logit of token $i$, $j$ runs over the vocabulary, and $p_i$ is the probability with which $i$ is
# drawn. What counts in a softmax are *differences* of logits: $p_i / p_j = e^{(z_i - z_j) / T}$. Dividing by a small $T$
# stretches all differences and makes the choice sharper. A large $T$ shrinks them and makes it more even. Nothing
# changes the *order*. For the logits $(2, 1, 0)$:
#
# | $T$ | logits | probabilities |
# |---|---|---|
# | 0.5 | $(4, 2, 0)$ | 0.867, 0.117, 0.016 |
# | 1 | $(2, 1, 0)$ | 0.665, 0.245, 0.090 |
# | 2 | $(1, 0.5, 0)$ | 0.506, 0.307, 0.186 |
#
# The temperature works on logits. Dividing *probabilities* by a number would leave their ratios as they are.
#
# ### Temperature 0
#
# As $T$ goes to 0, the largest logit takes everything: greedy. There the formula would divide by 0, so this case is
# written apart. The largest logit of each row stays as it is, and **all others become $-\infty$**, since $e^{-\infty} =
# 0$. (A logit of 0 would be no ban: $e^0 = 1$.) Our function gives logits, so that a filter can follow: $(2, 1, 0)$
# becomes $(2, -\infty, -\infty)$.
#
# **Write** `apply_temperature(logits, temperature)`. What counts is the softmax of what you return: a number added to all
# logits of a row changes nothing, and at $T = 0$ a number so low that its softmax is 0 does as well as $-\infty$.


# %% exercise="gpt.apply_temperature"
def apply_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Make the choice sharper or more even.

    Args:
        logits: (..., vocabulary). The leading dimensions are free; the largest logit of a row occurs once.
        temperature: 0 or more. At 0 only the largest logit of each row is left.

    Returns:
        Logits of the same shape, whose softmax gives the probabilities.
    """
    ### BEGIN SOLUTION
    if temperature > 0:
        return logits / temperature
    largest = logits.max(dim=-1, keepdim=True).values
    return logits.masked_fill(logits < largest, -math.inf)
    ### END SOLUTION


# %% check="gpt.apply_temperature"
check("gpt.apply_temperature")

# %% [markdown]
# ## What a filter does
#
# At temperature 1 you draw what the model has learned, and that sounds right. Yet texts drawn so fall apart. Here is
# why. We take the distribution of the first picture, leave out the likeliest tokens, and ask how much all the others have
# **together**.

# %%
chances = prompt_logits.softmax(dim=-1).sort(descending=True).values
behind = (1 - chances.cumsum(dim=0)).clamp_min(1e-9)
few = max(50, len(chances) // 50)
beyond = behind[few - 1].item()
figure, axis = plt.subplots(figsize=(6.5, 3.2))
ranks = torch.arange(1, len(chances) + 1)
axis.loglog(ranks, chances, "-", label="the token at this rank")
axis.loglog(ranks[:-1], behind[:-1], "--", label="all tokens behind it together")
axis.axvline(few, color="gray", linestyle=":")
axis.set(xlabel="rank of the token", ylabel="probability", ylim=(1e-7, 1.5))
axis.set_title(
    f"The last {1 - few / len(chances):.0%} of the vocabulary have {beyond:.1%} together"
)
axis.legend()
plt.show()
print(f"At least one of them in 20 tokens drawn here: {1 - (1 - beyond) ** 20:.0%}")

# %% [markdown]
# Each of these tokens is hardly ever right, and there are very many of them. Sooner or later one is drawn, and from then
# on the model has to go on from nonsense. So the tail is cut off before drawing. A **filter** takes logits and
# gives logits: those of the tokens that it rules out become $-\infty$, all others stay as they are, and the softmax
# shares their probability out again. Filters can follow each other. The oldest is **top-k** (Fan et al., 2018), which
# keeps the $k$ largest logits:


# %%
def top_k(logits: Tensor, k: int) -> Tensor:
    """Keep the k largest logits of each row."""
    smallest_kept = logits.topk(k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < smallest_kept, -math.inf)


print("top-2 of (3, 1, 2, 0):", top_k(torch.tensor([3.0, 1.0, 2.0, 0.0]), 2).tolist())

# %% [markdown]
# ## As many tokens as it takes
#
# How many should be kept? After *Once upon a* one token is enough. After *there was a* hundreds make sense. A fixed $k$
# is too many at one place and too few at another. Holtzman et al. (2019) let the model say how sure it is: **top-p**
# keeps the likeliest tokens, *as many as it takes* until they have the probability $p$ together:
#
# 1. Sort the tokens, the likeliest first.
# 2. For each, add up the probabilities of those *before* it, not counting itself.
# 3. Keep a token if this sum is less than $p$: the line is not reached yet when it comes. So the token that *crosses*
#    the line is kept, and the likeliest is kept always.
#
# **A worked example** with $p = 0.7$ and the probabilities $(0.05, 0.5, 0.15, 0.3)$:
#
# | sorted | 0.5 | 0.3 | 0.15 | 0.05 |
# |---|---|---|---|---|
# | token | 1 | 3 | 2 | 0 |
# | sum before | 0 | 0.5 | 0.8 | 0.95 |
# | less than 0.7 | yes | yes | no | no |
#
# Tokens 1 and 3 are kept; they have 0.8 together. Token 3 crosses the line. After the softmax they have 0.625 and 0.375.
#
# **Predict.** You want a temperature of 2 and top-p with $p = 0.9$, one after the other. Which order leaves more tokens to
# draw from?
#
# - `"a"`: the temperature first, then top-p.
# - `"b"`: top-p first, then the temperature.
# - `"c"`: neither; the order of the tokens is the same at every temperature.
#
# Give the letter the name `filter_order`.

# %% exercise="gpt.filter_order"
### BEGIN SOLUTION
filter_order = "a"
### END SOLUTION

# %% check="gpt.filter_order"
check("gpt.filter_order")

# %% [markdown]
# ### Back to where they came from
#
# The marks *keep* and *drop* are found in sorted order, and the logits stand in the order of the vocabulary. `sort`
# gives both: the sorted numbers, and for each of them the place that it came from. `scatter` puts things back:

# %%
numbers = torch.tensor([0.05, 0.5, 0.15, 0.3])
ordered, order = numbers.sort(descending=True)
print("came from:   ", order.tolist())
marks = torch.tensor([False, False, True, True])  # in sorted order: drop the last two
print("back at home:", torch.zeros_like(marks).scatter(-1, order, marks).tolist())

# %% [markdown]
# **Write** `top_p(logits, p)`. What you rule out becomes $-\infty$ itself, so that one can count what is left. Of two equal
# logits either may come first; nobody will ask.


# %% exercise="gpt.top_p"
def top_p(logits: Tensor, p: float) -> Tensor:
    """Keep the likeliest tokens, as many as it takes to have the probability p together.

    Args:
        logits: (..., vocabulary). The leading dimensions are free; some can be minus infinity already.
        p: Above 0 and at most 1.

    Returns:
        Logits of the same shape, minus infinity where a token is ruled out.
    """
    ### BEGIN SOLUTION
    ordered, order = logits.sort(dim=-1, descending=True)
    shares = ordered.softmax(dim=-1)
    before = shares.cumsum(dim=-1) - shares
    dropped = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before >= p)
    return logits.masked_fill(dropped, -math.inf)
    ### END SOLUTION


# %% check="gpt.top_p"
check("gpt.top_p")

# %% [markdown]
# How many tokens does top-p keep at each place of a text? The next cell lets the model read one and counts. The same $p$
# leaves one token where the model is sure, and many where it is not:

# %%
reading_text = " ".join(next(tales.stories(seed=5)).split()[:50])
reading = tokenizer.encode(reading_text)
with torch.no_grad():
    reading_logits = talker(torch.tensor([reading]))[0]
kept = (library.top_p(reading_logits, 0.9) > -math.inf).sum(dim=-1)
figure, axis = plt.subplots(figsize=(11, 3))
axis.bar(range(len(reading)), kept)
axis.set_yscale("log")
axis.set_xticks(range(len(reading)), [label(token) for token in reading], rotation=90, fontsize=7)
axis.set(xlabel="token that was read last", ylabel="tokens kept (log scale)")
axis.set_title(f"The same p = 0.9 keeps from {int(kept.min())} to {int(kept.max()):,} tokens")
plt.show()

# %% [markdown]
# What people use in practice (2025): a temperature of 0.6 to 1 with top-p of 0.9 to 0.95 for chat and stories; a
# temperature of 0, or a low one, for code and calculations. **Min-p** (Nguyen et al., 2024), the fourth slider of the widget,
# keeps all tokens that are at least a certain share as likely as the likeliest. Its authors found that it bears high
# temperatures better; Schaeffer et al. (2025) went through their experiments and found no gain over top-p.

# %% [markdown]
# **A place to stop.** You have a whole model, and the choice of a token. The second half writes with them, keeps what was
# read, and fills your model with real weights. After a break, run the cells from the top and go on here.

# %% [markdown]
# ## One token after the other
#
# Now the loop. A model guesses *one* token. To write a text, take its guess, put it at the end of what it has read, and
# ask again. One round:
#
# 1. The model reads the **whole** text so far. It has no memory of its own: what it is not shown, it does not know. Give
#    it a batch of one, a tensor of the shape (1, length).
# 2. It gives a row of logits for each token. The row of the **last** token is the guess at what comes next: `logits[0,
#    -1]`.
# 3. `choose` makes a token of this row, the logits as they are, of the shape (vocabulary,). It is a function that is handed
#    in: greedy, or one that draws. So ask it once in each round: asked again, it may say something else.
# 4. The token is put at the end, and the next round begins.
#
# Keep the text in a list of your own. The prompt belongs to whoever called you, and should stay as it was.
#
# ### When to stop
#
# A text ends after `max_new_tokens` new tokens (those of the prompt do not count), or earlier, if the model says so. It
# says so by a token: `<|im_end|>` in SmolLM2, a line end in our little stories. Such **stop** tokens are a sign for
# whoever writes. They are not given to the reader. Only a token that was chosen ends the text: one in the prompt ends
# nothing. With `max_new_tokens=0` nothing is given.
#
# ### Giving tokens as they come
#
# Every chat window shows words as they are found. In Python a function that gives one thing after the other is a
# **generator**: it has `yield` where another has `return`, and it rests between two of them until somebody asks for
# more.

# %%


def countdown(number: int) -> Iterator[int]:
    """Give the numbers from `number` down to 1."""
    while number > 0:
        print(f"  (working on {number})")
        yield number
        number -= 1


for number in countdown(3):
    print("got", number)

# %% [markdown]
# A `return` in a generator ends it.
#
# **An example.** A model whose guess is always 'the last token plus 1', the prompt `[3, 4]`, `max_new_tokens=5` and
# `stop={8}` give 5, then 6, then 7, and end.
#
# **Write** `write_on(model, prompt, max_new_tokens, choose, stop)`.


# %% exercise="gpt.write_on"
def write_on(
    model: Callable[[Tensor], Tensor],
    prompt: list[int],
    max_new_tokens: int,
    choose: Callable[[Tensor], int],
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Write on from a prompt, and give each token as soon as it is chosen.

    Args:
        model: Takes ids (1, length) and gives logits (1, length, vocabulary).
        prompt: The ids to begin with, at least one. It stays as it is.
        max_new_tokens: How many tokens are given at most.
        choose: Takes the logits of one place, (vocabulary,), and gives the id of a token. It is asked once a round.
        stop: Tokens that end the text when they are chosen, and are not given themselves.

    Yields:
        The ids of the new tokens, one after the other.
    """
    ### BEGIN SOLUTION
    ids = list(prompt)
    for _ in range(max_new_tokens):
        logits = model(torch.tensor([ids]))
        token = choose(logits[0, -1])
        if token in stop:
            return
        yield token
        ids.append(token)
    ### END SOLUTION


# %% check="gpt.write_on"
check("gpt.write_on")

# %% [markdown]
# Here is the library's version at work, on one prompt and with three ways to choose. Run the cell more than once: which
# of the texts change?


# %%
def chooser(temperature: float, p: float, seed: int | None = None) -> Callable[[Tensor], int]:
    """Make a function that draws the next token."""
    generator = torch.Generator()
    generator.seed() if seed is None else generator.manual_seed(seed)

    def choose(logits: Tensor) -> int:
        chances = library.top_p(library.apply_temperature(logits, temperature), p).softmax(dim=-1)
        return int(torch.multinomial(chances, 1, generator=generator))

    return choose


with torch.no_grad():
    for title, choose in {
        "greedy": chooser(0, 1),
        "temperature 0.8, top-p 0.9": chooser(0.8, 0.9),
        "temperature 2, no filter": chooser(2, 1),
    }.items():
        new = list(library.write_on(talker, prompt_ids, 12, choose))
        print(f"{title}:\n    {prompt}{tokenizer.decode(new)}\n")

# %% [markdown]
# ## What is kept
#
# Your loop is right, and wasteful. To write token 100 the model reads 99 tokens, and it has read 98 of them one round
# before. Nothing about them has changed: a token sees only what stands before it, so its vectors in every layer are the
# same as they were. Count the tokens that go through the model:

# %%
written = torch.arange(1, 501)
work = 2 * library.count_parameters(library.preset("smollm2-135m")) / 1e9
figure, axis = plt.subplots(figsize=(6.5, 3.2))
axis.plot(written, work * written, "--", label="read everything again")
axis.plot(written, torch.full((500,), work), "-", label="read only the new token")
axis.set(xlabel="tokens so far", ylabel="billion operations for the next one")
axis.set_title("SmolLM2: without a memory, each token costs more than the one before")
axis.legend()
plt.show()
ratio = written.sum().item() / 500
print(f"500 tokens need {ratio:.0f} times the operations when everything is read again.")

# %% [markdown]
# (A model of $P$ parameters needs about $2P$ operations for each token that it reads: one multiplication and one addition
# with every weight. What attention itself needs comes on top, and is small for short texts.)
#
# What does a **new** token need from the old ones? Follow it through a block. Its own query, key and value come from its
# own vector. The norms and the feed-forward network work on each token by itself. Only in attention does it look at
# others: its query is compared with **their keys**, and it gathers **their values**. So these two are kept from round
# to round, in every layer, and nothing else. That is the **KV cache**. Each round, the new keys and values are put
# behind the kept ones, and handed on to the next round.
#
# **Predict.** A prompt has 100 tokens, and 10 new tokens are written with a cache. How many tokens go through the model, all
# rounds together? Give the number the name `tokens_read`.

# %% exercise="gpt.tokens_read"
### BEGIN SOLUTION
tokens_read = 100 + 9
### END SOLUTION

# %% check="gpt.tokens_read"
check("gpt.tokens_read")

# %% [markdown]
# ### Where a new token stands
#
# Rotary positions turn queries and keys by their place in the text. A new token that comes after 5 kept ones stands at
# position 5, though it is the first in its tensor. If it were turned as if it stood at 0, its distances to the others
# would be wrong. The kept keys have been turned already.
#
# ### Who sees whom now
#
# There can be more keys than queries. The queries are the **last** of the positions. When 2 new tokens come after 3 kept
# ones, the mask has 2 rows and 5 columns:
#
# $$\begin{pmatrix} \text{True} & \text{True} & \text{True} & \text{True} & \text{False} \\ \text{True} & \text{True} & \text{True} & \text{True} & \text{True} \end{pmatrix}$$
#
# `library.causal_mask(2, 5)` makes it. One new token sees everything, and needs no mask. The tokens of a prompt come
# together, and need one.
#
# **Write** `attend_with_past(attention, x, past)`. What you may use:
#
# - `attention.project(x, positions)` gives queries, keys and values of the tokens in `x`, split into heads, with queries
#   and keys turned by `positions`, a tensor of whole numbers. Their shape is (batch, heads, new, head_dim); of keys and
#   values there can be fewer heads.
# - `library.fused_attention(query, key, value, mask)` is your attention of lab 05, and knows that heads can be shared.
# - `library.join_heads` and `attention.output`, as in lab 05.
#
# You say what `past` is: you get back what you returned. The pair of all keys and all values so far will do. At the
# beginning it is None. Two texts may go on from one past, so it stays as it is, and nothing is kept elsewhere. New tokens
# come one by one or several at once, with a past or without.


# %% exercise="gpt.attend_with_past"
def attend_with_past(
    attention: library.MultiHeadAttention, x: Tensor, past: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Let new tokens attend to all tokens so far, without reading the old ones again.

    Args:
        attention: Makes queries, keys and values, and has the output map.
        x: The new tokens alone, (batch, new, model_dim).
        past: What was returned with the tokens before; None at the beginning. It stays as it is, and may be used again.

    Returns:
        Two things: what the new tokens gathered, (batch, new, model_dim), and the past for the next call.
    """
    ### BEGIN SOLUTION
    before = 0 if past is None else past[0].shape[-2]
    query, key, value = attention.project(x, torch.arange(before, before + x.shape[-2]))
    if past is not None:
        key = torch.cat([past[0], key], dim=-2)
        value = torch.cat([past[1], value], dim=-2)
    mask = library.causal_mask(query.shape[-2], key.shape[-2])
    gathered = library.fused_attention(query, key, value, mask)
    return attention.output(library.join_heads(gathered)), (key, value)
    ### END SOLUTION


# %% check="gpt.attend_with_past"
check("gpt.attend_with_past")

# %% [markdown]
# A model with a memory is now short to write: the block of lab 05, with your attention in it, and one past for each
# layer. To the loop it looks like any other model. It reads only what it has not read yet.


# %%
class Remembering:
    """A model that keeps keys and values from call to call.

    Args:
        model: A `GPT` or the library's `Transformer`.
        attend: `attend_with_past`, yours or the library's.
    """

    def __init__(self, model: nn.Module, attend: Callable) -> None:
        self.model, self.attend = model, attend
        self.pasts: list = [None] * len(model.blocks)
        self.read = 0

    @torch.no_grad()
    def __call__(self, ids: Tensor) -> Tensor:
        """Give the logits of the tokens that were not read before."""
        x = self.model.embedding(ids[:, self.read :])
        for layer, block in enumerate(self.model.blocks):
            gathered, self.pasts[layer] = self.attend(
                block.attention, block.attention_norm(x), self.pasts[layer]
            )
            x = x + gathered
            x = x + block.feed_forward(block.feed_forward_norm(x))
        self.read = ids.shape[1]
        return self.model.head(self.model.norm(x))


seconds = {}
with torch.no_grad():
    for kind, model in {
        "reads all again": talker,
        "remembers": Remembering(talker, library.attend_with_past),
    }.items():
        started = time.perf_counter()
        text = list(library.write_on(model, reading[:50], 8, chooser(0, 1)))
        seconds[kind] = time.perf_counter() - started
        print(f"{kind + ':':17}{seconds[kind]:5.2f} s  {tokenizer.decode(text)!r}")

# %% [markdown]
# The same words, and sooner. The longer the text, the larger the gain. The price is memory, and it is what limits how
# long a text a model can serve. The next question is about that.

# %% [markdown] question="gpt.why_keys_and_values" points=2
# **Why are keys and values kept, and queries not?** Say for each of the three what later tokens need it for. Then work
# out what the cache of SmolLM2 takes for each token of text (30 layers, 3 key-value heads of 64 numbers, 2 bytes a
# number), and for a text of 8,192 tokens. How much would it be if each of the 9 query heads had a key-value head of its
# own? What is traded for what? Five to seven sentences, with numbers.
#
# ### BEGIN SOLUTION
# A token's query asks once, at the moment when the token is read: with it the token gathers from those before it. No
# later token ever compares anything with it, so it can be forgotten. Its key is what every later query is compared with,
# and its value is what every later token gathers when the key fits. Both are needed again in each later step, and in
# each layer, and they never change, since a token sees only what stands before it. For each token the cache holds 2 (key
# and value) times 30 layers times 3 heads times 64 numbers times 2 bytes = 23,040 bytes, about 23 kB. 8,192 tokens take
# 189 million bytes (180 MiB), as much as 70 % of the model's own weights in 2-byte numbers (135 million times 2 = 270
# million bytes). With 9 key-value heads it would be three times as much: 69 kB a token, 566 million bytes. Memory is
# traded for time: without the cache nothing is stored, and each new token costs as much as reading the whole text.
#
# Marking: 1 point for the reason (keys and values are asked for by later tokens and do not change, a query is used once,
# by its own token). 1 point for the numbers (23,040 bytes a token, about 189 MB for 8,192 tokens, three times that
# without sharing) and the trade (memory for repeated work). Half a point if one of the factors 2, 30, 3, 64, 2 is
# missing and the rest is right. An answer that says 'the queries are too large to keep' gets no point for the reason.
# ### END SOLUTION

# %% [markdown]
# ## Whose weights are these
#
# You have a model. What it lacks is somebody else's electricity: SmolLM2 was trained on two trillion tokens. Its weights
# are a file, and a file of weights is a list of named tensors. The names are those of whoever wrote the file. This one
# is in GGUF, the format of llama.cpp, in which most people run open models on their own machines:

# %%
if file is not None:
    print(f"{weights_file.name} begins with:")
    for tensor_name, kind, numbers in itertools.islice(file.tensors(), 10):
        print(f"  {tensor_name:24} {tuple(numbers.shape)!s:14} {kind}")
else:
    print("There is no GGUF file here; the exercise needs only the names below.")

# %% [markdown]
# (`Q4_1` and `Q8_0` say how the numbers are stored: in 4 and in 8 bits each, with scales for groups of 32.)
# Your model calls the same things by other names:
#
# | in the file | in your model |
# |---|---|
# | `token_embd.weight` | `embedding.weight` |
# | `blk.N.attn_norm.weight` | `blocks.N.attention_norm.weight` |
# | `blk.N.attn_q.weight` | `blocks.N.attention.query.weight` |
# | `blk.N.attn_k.weight` | `blocks.N.attention.key.weight` |
# | `blk.N.attn_v.weight` | `blocks.N.attention.value.weight` |
# | `blk.N.attn_output.weight` | `blocks.N.attention.output.weight` |
# | `blk.N.ffn_norm.weight` | `blocks.N.feed_forward_norm.weight` |
# | `blk.N.ffn_gate.weight` | `blocks.N.feed_forward.gate.weight` |
# | `blk.N.ffn_up.weight` | `blocks.N.feed_forward.up.weight` |
# | `blk.N.ffn_down.weight` | `blocks.N.feed_forward.down.weight` |
# | `output_norm.weight` | `norm.weight` |
# | `output.weight` | `head.weight` |
#
# `N` is the number of the layer, counted from 0 in both, and of as many digits as it needs.
#
# **Predict.** You mix up two names inside the blocks and load SmolLM2 ($h = 9$, $g = 3$). Which mistake raises an error?
#
# - `"a"`: `gate` and `up` exchanged.
# - `"b"`: `key` and `value` exchanged.
# - `"c"`: `query` and `key` exchanged.
# - `"d"`: the two norms exchanged.
#
# Give the letter the name `loud_exchange`.

# %% exercise="gpt.loud_exchange"
### BEGIN SOLUTION
loud_exchange = "c"
### END SOLUTION

# %% check="gpt.loud_exchange"
check("gpt.loud_exchange")

# %% [markdown]
# So care is worth it here: most mistakes load without a word, and only what the model says is nonsense.
#
# **Write** `name_from_gguf(name)`. The last piece of a name is `weight` or, in other files, `bias`; it stays what it is. A
# name that is not in the table, with either of the two in place of `weight`, belongs to a model of another kind: give None.


# %% exercise="gpt.name_from_gguf"
def name_from_gguf(name: str) -> str | None:
    """Translate the name of a tensor in a GGUF file into that of a parameter of `GPT`.

    Args:
        name: As `blk.12.attn_q.weight`: two pieces or four, of which the last is `weight` or `bias`.

    Returns:
        As `blocks.12.attention.query.weight`; None for a name that is not in the table.
    """
    ### BEGIN SOLUTION
    outside = {"token_embd": "embedding", "output_norm": "norm", "output": "head"}
    inside = {
        **{"attn_norm": "attention_norm", "ffn_norm": "feed_forward_norm"},
        **{"attn_q": "attention.query", "attn_k": "attention.key", "attn_v": "attention.value"},
        **{"attn_output": "attention.output", "ffn_gate": "feed_forward.gate"},
        **{"ffn_up": "feed_forward.up", "ffn_down": "feed_forward.down"},
    }
    pieces = name.split(".")
    if len(pieces) == 2 and pieces[0] in outside:
        return f"{outside[pieces[0]]}.{pieces[1]}"
    if len(pieces) == 4 and pieces[0] == "blk" and pieces[2] in inside:
        return f"blocks.{pieces[1]}.{inside[pieces[2]]}.{pieces[3]}"
    return None
    ### END SOLUTION


# %% check="gpt.name_from_gguf"
check("gpt.name_from_gguf")

# %% [markdown]
# ## It talks: your model, their weights
#
# From here on everything is yours. (If an answer is still missing, these cells stop with `NotImplementedError`. Come
# back later.) The next cell makes your `GPT` in the size of the model that we talk to, and fills it tensor by tensor
# under the names that you translate.
#
# One thing is done for you. llama.cpp pairs the dimensions of a head for its rotations in another order than we do,
# (0, 1) instead of (0, 32), and stores the rows of queries and keys to match. `halves_paired` puts them back. Leave it
# out, and you get a model that is fluent and confused.


# %%
def weights() -> Iterator[tuple[str, Tensor]]:
    """Give each tensor under the name that your model has for it."""
    if file is None:
        # Without a file, they come from the model above, whose names are yours already.
        yield from talker.named_parameters()
        return
    heads = {"attn_q": talker.config.num_heads, "attn_k": talker.config.kv_heads}
    for tensor_name, _, numbers in file.tensors():
        part = tensor_name.split(".")[-2]
        if part in heads:
            numbers = library.halves_paired(numbers, heads[part])
        yield name_from_gguf(tensor_name), numbers


@cache
def my_model() -> GPT:
    """Make your model and fill it, once."""
    model = GPT(talker.config).requires_grad_(False)
    places = dict(model.named_parameters())  # a table that is used twice stands here once
    missing = set(places)
    for place, numbers in weights():
        places[place].copy_(numbers)
        missing.discard(place)
    print("parameters that got no weights:", sorted(missing) or "none")
    return model


mine = my_model()
held = sum(parameter.numel() for parameter in mine.parameters())
print(f"you counted {count_parameters(talker.config):,} parameters, and your model has {held:,}")
with torch.no_grad():
    difference = mine(torch.tensor([reading])) - talker(torch.tensor([reading]))
print(f"largest difference to the library's logits: {difference.abs().max():.1e}")

# %% [markdown]
# Now ask it something. SmolLM2 was trained to answer within a form: each message stands between `<|im_start|>` and
# `<|im_end|>`, and the answer begins where the form says `assistant`. (`tales-1m` knows no questions; it
# tells a story instead.) The words appear as your loop gives them.


# %%
def ask(
    question: str, temperature: float = 0.0, p: float = 0.9, most: int = 40, seed: int = 0
) -> None:
    """Ask the model, and show its answer token by token."""
    generator = torch.Generator().manual_seed(seed)

    def choose(logits: Tensor) -> int:
        chances = top_p(apply_temperature(logits, temperature), p).softmax(dim=-1)
        return int(torch.multinomial(chances, 1, generator=generator))

    if name == "SmolLM2":
        form = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        shown, stop = f"You: {question}\nYour model: ", tokenizer.encode("<|im_end|>")
    else:
        form = shown = question
        stop = tokenizer.encode("<|endoftext|>")
    answer: list[int] = []
    remembering = Remembering(my_model(), attend_with_past)
    page = display(Pretty(shown), display_id=True)
    for token in write_on(remembering, tokenizer.encode(form), most, choose, stop):
        answer.append(token)
        page.update(Pretty(shown + tokenizer.decode(answer)))


ask("What is the capital of France?" if name == "SmolLM2" else prompt)

# %% [markdown]
# Every number of this answer went through your model, your temperature, your filter, your loop and your cache. Ask it
# other things: it is small, and errs with confidence. Ask again with a temperature and another seed:

# %%
question = "What does an owl eat?" if name == "SmolLM2" else prompt
ask(question, temperature=0.7, seed=1)

# %% [markdown]
# ### Look inside: its heads
#
# These are the attention weights of the model with which you filled yours, all layers and heads. The cell looks for the
# head that attends most to the token before, which you built by hand in lab 05, and shows that one first. Find others:
# heads that look at the first token (many do, when there is nothing to be found), at the same word, at the beginning of
# the sentence.

# %%
sentence = " ".join(reading_text.split()[:18])
if name == "SmolLM2":
    sentence = "The cat sat on the mat. The cat slept."
sentence_ids = torch.tensor(tokenizer.encode(sentence))
heads = talker.attention_weights(sentence_ids[None])[:, 0]
previous = heads.diagonal(offset=-1, dim1=-2, dim2=-1)[..., 1:].mean(dim=-1)
layer, head = divmod(int(previous.argmax()), heads.shape[1])
share = previous[layer, head].item()
print(f"Layer {layer}, head {head} gives {share:.0%} of its attention to the token before.")
AttentionView([label(token) for token in sentence_ids.tolist()], heads, layer=layer, head=head)

# %% [markdown]
# ### Look inside: what each layer would say
#
# The head can read the stream at any height, and not only at its end. This is the **logit lens** (nostalgebraist, 2020):
# what would the model say if it stopped after each layer? Look at the last column from the bottom to the top. At the
# bottom it mostly says the word itself: one table, used twice. In the middle it often says nothing that makes sense,
# since those layers write for each other and not for the head. So switch the view to **the rank of the final token**,
# which is its place when all tokens are sorted. In which layers does the answer rise to the top? (Tokens such as
# `<filename>` are signs from SmolLM2's training data, where they stood before the name of a file.)

# %%
fact = prompt
if name == "SmolLM2":
    fact = "The capital of France is Paris, and the capital of Spain is"
ResidualView(talker, torch.tensor(tokenizer.encode(fact)), label)

# %% [markdown]
# ### Look again at the bars
#
# The first widget once more, on your own model and a prompt of your own. Ask for something with one right answer, and
# for something with many.

# %%
prompts = (fact, "My favorite food is") if name == "SmolLM2" else (prompt, prompt + " little")
with torch.no_grad():
    for text in prompts:
        logits = my_model()(torch.tensor([tokenizer.encode(text)]))[0, -1]
        display(
            SamplingView(logits, label, text, top_p=0.9, rows=8, title="Your model's next token")
        )

# %% [markdown]
# Some things to try:
#
# - Exchange `gate` and `up` in your `name_from_gguf`, run the cell that fills your model again, and ask. Then leave out
#   `halves_paired`.
# - Write a filter of your own, such as min-p, and use it in `ask`.
# - Give `ask` a long text and a question about it. From which length on does it lose the thread?
#
# ## What you have built
#
# A whole language model: the stack, the shared table, weights of the right size, the choice of a token, the loop, and the
# memory that makes it fast. Compare your answers with `llmlab/model/`: `transformer.py` is your `GPT` and knows GPT-2 as
# well, `generation.py` writes many texts at once, `cache.py` keeps keys and values in one piece of memory.

# %%
progress()

# %% [markdown]
# ## Where to read on
#
# - Radford et al. (2019), *Language Models are Unsupervised Multitask Learners*: GPT-2; the smaller fresh weights are in
#   section 2.3.
# - Press & Wolf (2017), *Using the Output Embedding to Improve Language Models*: one table, used twice.
# - Touvron et al. (2023), *LLaMA: Open and Efficient Foundation Language Models*: the form of your blocks.
# - Fan, Lewis & Dauphin (2018), *Hierarchical Neural Story Generation*: top-k. Holtzman et al. (2019), *The Curious Case
#   of Neural Text Degeneration*: top-p, and why likely texts are dull. Nguyen et al. (2024), *Turning Up the Heat: Min-p
#   Sampling for Creative and Coherent LLM Outputs*, and Schaeffer et al. (2025), *Turning Down the Heat*, against it.
# - Shazeer (2019), *Fast Transformer Decoding: One Write-Head is All You Need*; Ainslie et al. (2023), *GQA*: fewer keys
#   and values to keep. Kwon et al. (2023), *Efficient Memory Management for Large Language Model Serving with
#   PagedAttention*: keeping them for many readers at once.
# - nostalgebraist (2020), *interpreting GPT: the logit lens*; Belrose et al. (2023), *Eliciting Latent Predictions from
#   Transformers with the Tuned Lens*.
# - Allal et al. (2025), *SmolLM2: When Smol Goes Big*: the model that you have run, and what it was trained on.
#
# In the project, `course/06_gpt.md` tells the history, and lab 07 trains a model from its first fresh weight on.
