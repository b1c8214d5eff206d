# %% [markdown]
# # Lab 05: Attention
#
# *The trophy does not fit into the suitcase because it is too big.* What is too big? To answer, the word *it* has to
# look at other words of the sentence, and at some more than at others. Attention is the part of a language model that
# looks. In this lab you build it, and the transformer block around it.
#
# **What you will be able to do after this lab:**
#
# - turn token ids into vectors that know what stands where;
# - write attention with a scale and a mask, and say what breaks without each;
# - run many heads side by side, and read what they look at;
# - put norms, sums and attention together into the block that the smallest GPT-2 stacks 12 times.
#
# **What you need first:** matrix products and softmax (lab 01), token ids (lab 03). **Time:** about four hours, in two
# sittings; 'A place to stop' marks the middle.

# %%
import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

import llmlab.model as library
from autograder import check, hint, progress
from llmlab.model import FeedForward, LayerNorm
from llmlab.model import MultiHeadAttention as ReferenceAttention
from llmlab.widgets import AttentionView

# %% [markdown]
# `library` is the finished version of what you write here. The demonstrations use it, so they run before you have
# written anything. Are you stuck? `hint("attention.embed")` shows a hint, and when you run it again, the next one.
#
# **The symbols.** A text has $n$ tokens (`length`), and the vocabulary $V$ of them. Each token has a vector of $d$
# numbers (`model_dim`); attention runs in $h$ heads (`num_heads`) of size $d_h$ (`head_dim`). $i$ is the position of
# the token that looks, $j$ that of one that is looked at, both from 0. A **batch** is several sequences at once, side
# by side in a **leading dimension**: (batch, length, model_dim). A token's vector is a *row*, and a matrix stands on
# its right: $q = x W_Q$.
#
# ## What holds for every answer
#
# Unless the text says otherwise, an answer leaves its inputs as they are: no `x += ...` on an argument. The gradient
# flows back to every input: no `detach`, no `no_grad`. Any leading dimensions will do that the docstring allows, and
# dimensions of size 1 stay. Answers are tensors; float32 or float64 makes no difference.

# %% [markdown]
# ## Look first: two heads at work
#
# Here is a sentence in which words come back. The next cell builds two attention *heads* for it **by hand**: nobody
# trained them, we chose their numbers so that each has one clear task. Heads with these tasks are found in trained
# models too: previous-token heads (Voita et al., 2019), duplicate-token heads (Wang et al., 2022). You train a model
# in lab 07. Run the cell. At the end of the lab you will be able to read each of its lines.

# %%
sentence = "the cat saw the dog and the dog saw the cat".split()
vocabulary = sorted(set(sentence))
ids = torch.tensor([vocabulary.index(word) for word in sentence])
length, half = len(sentence), 32


def random_table(rows: int, seed: int) -> Tensor:
    """Draw a table of vectors of length 1: random directions, so nearly at right angles."""
    table = torch.randn(rows, half, generator=torch.Generator().manual_seed(seed))
    return table / table.norm(dim=-1, keepdim=True)


def one_step_back(dim: int) -> Tensor:
    """Make the matrix that turns the wave vector of each position into that of the one before."""
    matrix = torch.zeros(dim, dim)
    for pair in range(dim // 2):
        angle = 10_000 ** (-2 * pair / dim)
        sine, cosine = math.sin(angle), math.cos(angle)
        rows = slice(2 * pair, 2 * pair + 2)
        matrix[rows, rows] = torch.tensor([[cosine, -sine], [sine, cosine]])
    return matrix


# Each token's vector has two halves: which word it is, and where it stands.
words = random_table(len(vocabulary), seed=1)[ids]
places = library.sinusoidal_positions(length, half)
x = torch.cat([words, places], dim=-1)

hand_made = ReferenceAttention(model_dim=2 * half, num_heads=2, bias=False)
with torch.no_grad():
    hand_made.query.weight.zero_()
    hand_made.key.weight.zero_()
    # Head 0 asks 'who stands one place before me?', and is found by its place.
    hand_made.query.weight[:half, half:] = 40 * one_step_back(half)
    hand_made.key.weight[:half, half:] = torch.eye(half)
    # Head 1 asks 'who is the same word as I?', and is found by its word.
    hand_made.query.weight[half:, :half] = 40 * torch.eye(half)
    hand_made.key.weight[half:, :half] = torch.eye(half)
    hand_made_weights = hand_made.weights(x, library.causal_mask(length))

AttentionView(sentence, hand_made_weights)

# %% [markdown]
# Each row is a token that asks. Each column is a token that is looked at. The stronger the color, the larger the
# share of attention; the shares of a row add up to 1. **Before you read on**, choose head 0, then head 1, and answer for
# yourself:
#
# 1. What does head 0 look at, whatever the words are?
# 2. Where does the last *cat* look in head 1? Why are there two places?
# 3. Why is everything above the diagonal empty?

# %% [markdown]
# ## A table with one row a token
#
# A model computes with numbers, and a token id is a poor number to compute with. Token 7 is not 'more' than token 3,
# and the mean of tokens 3 and 7 is not token 5. So each token gets a vector of its own, and all these vectors stand
# in one table, the **embedding table**
#
# $$E \in \mathbb{R}^{V \times d}, \qquad x_i = E_{t_i}$$
#
# where $V$ is the number of tokens in the vocabulary, $d$ (`model_dim`) the length of each vector, $t_i$ the id of
# the token at position $i$ and $x_i$ its vector: row number $t_i$ of the table.
#
# For example, with $V = 3$ and $d = 2$, the ids `[2, 0, 2]` pick
#
# $$E = \begin{pmatrix} 0.1 & 0.2 \\ 1.0 & -1.0 \\ 0.5 & 0.0 \end{pmatrix} \quad\longrightarrow\quad
# \begin{pmatrix} 0.5 & 0.0 \\ 0.1 & 0.2 \\ 0.5 & 0.0 \end{pmatrix}$$
#
# Each id keeps a vector of its own, and the two equal ids get two equal vectors.
#
# ### The table is learned
#
# At first the numbers of the table are random. Training changes them: the gradient flows from the loss back into the
# rows that were looked up. So a lookup has to stay connected to the table. The next cell shows that with a plain
# product: a row of zeros with a single 1 in it, times the table, is a lookup too, only a wasteful one.

# %%
table = torch.tensor([[0.1, 0.2], [1.0, -1.0], [0.5, 0.0]], requires_grad=True)
one_hot = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
vectors = one_hot @ table
vectors.sum().backward()
print("vectors:\n", vectors.detach())
print("gradient of the table:\n", table.grad)

# %% [markdown]
# Row 2 was used twice and gets twice the gradient. Row 1 was not used and gets none.
#
# **Write** `embed(table, ids)`. The ids can have any shape: one id, one sentence, a batch of sentences. The gradient
# has to reach the table. `torch.nn.functional.embedding` and `embedding_bag` are not allowed.


# %% exercise="attention.embed"
def embed(table: Tensor, ids: Tensor) -> Tensor:
    """Look up the vector of each token id.

    Args:
        table: One row a token, (vocabulary, model_dim).
        ids: Whole numbers from 0 to vocabulary - 1, of any shape: (...).

    Returns:
        The rows, (..., model_dim): the shape of the ids, followed by model_dim.
    """
    ### BEGIN SOLUTION
    return table[ids]
    ### END SOLUTION


# %% check="attention.embed"
check("attention.embed")

# %% [markdown]
# ## Attention does not see order
#
# Now an experiment that shows what is still missing. *dog bites man* and *man bites dog* have the same words. We send
# both through an attention layer of the library and look at what comes out for the word *dog*.

# %%
torch.manual_seed(0)
layer = ReferenceAttention(model_dim=16, num_heads=2)
animals = torch.randn(3, 16)  # the vectors of dog, bites, man


def dog_after_attention(order: list[int], with_positions: bool) -> Tensor:
    """Put the words in an order, let them attend, and give what comes out for 'dog'."""
    vectors = animals[order]
    if with_positions:
        vectors = vectors + library.sinusoidal_positions(3, 16)
    with torch.no_grad():
        return layer(vectors)[order.index(0)]


for with_positions in (False, True):
    first = dog_after_attention([0, 1, 2], with_positions)
    second = dog_after_attention([2, 1, 0], with_positions)
    difference = (first - second).abs().max().item()
    print(f"{'with' if with_positions else 'without'} positions: 'dog' differs by {difference:.4f}")

# %% [markdown]
# Without positions the difference is 0, up to rounding: attention treats its input as a *set*. Who bites whom is
# lost. So we put the place of each token into its vector.
#
# ## Waves for positions
#
# Adding the number of the place itself would not do: at place 1000 it would drown the word. Vaswani et al. (2017) add
# a vector of waves instead. Its numbers stay between -1 and 1. The first waves turn fast and tell neighbors apart.
# The last turn slowly and tell the beginning from the end, much as the hands of a clock do for seconds, minutes and
# hours:
#
# $$P_{p,\,2i} = \sin\!\left(\frac{p}{10000^{2i/d}}\right), \qquad P_{p,\,2i+1} = \cos\!\left(\frac{p}{10000^{2i/d}}\right)$$
#
# where $p$ is the position, counted from 0, $d$ (`model_dim`, even) is the length of the vector, and $i = 0, 1,
# \dots, d/2 - 1$ counts *pairs* of dimensions. The pair $i$ fills the dimensions $2i$ and $2i + 1$: a sine and,
# beside it, a cosine of the same angle. The exponent $2i/d$ runs from 0 up to nearly 1.
#
# For example, with $d = 4$ the two frequencies are $10000^{0} = 1$ and $10000^{-2/4} = 0.01$, and the vectors are
#
# | position | $\sin(p)$ | $\cos(p)$ | $\sin(0.01p)$ | $\cos(0.01p)$ |
# |---|---|---|---|---|
# | 0 | 0 | 1 | 0 | 1 |
# | 1 | 0.8415 | 0.5403 | 0.0100 | 1.0000 |
# | 2 | 0.9093 | -0.4161 | 0.0200 | 0.9998 |

# %%
waves = library.sinusoidal_positions(100, 64)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4))
for dimension, style in ((0, "-"), (8, "--"), (16, ":"), (32, "-.")):
    left.plot(waves[:, dimension], style, label=f"dimension {dimension}")
left.set(
    title="Later dimensions turn more slowly", xlabel="position (tokens)", ylabel="value (no unit)"
)
left.legend(loc="lower right", fontsize=8)
for position, style in ((20, "-"), (50, "--"), (80, ":")):
    right.plot(
        torch.arange(100) - position, waves @ waves[position], style, label=f"position {position}"
    )
right.set(
    title="The dot product depends on distance alone",
    xlabel="distance (tokens)",
    ylabel="dot product (no unit)",
)
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# Look at the picture on the right: three positions, one curve. Here is why. A pair $(\sin \omega p, \cos \omega p)$
# is a point on a circle, and going $k$ tokens further turns it by the angle $\omega k$, wherever it was:
#
# $$\begin{pmatrix} \sin \omega (p+k) \\ \cos \omega (p+k) \end{pmatrix} =
# \begin{pmatrix} \cos \omega k & \sin \omega k \\ -\sin \omega k & \cos \omega k \end{pmatrix}
# \begin{pmatrix} \sin \omega p \\ \cos \omega p \end{pmatrix}$$
#
# where $\omega$ is the frequency of the pair. So one fixed matrix says 'one place before', at every place of a text.
# That matrix is `one_step_back`, and it is what head 0 in the first picture asks with. It works because the sine and
# the cosine of a pair share one frequency.
#
# **Write** `sinusoidal_positions(length, model_dim)`. `model_dim` is even. The result is one tensor of real numbers.


# %% exercise="attention.sinusoidal_positions"
def sinusoidal_positions(length: int, model_dim: int) -> Tensor:
    """Make one vector of waves for each of the positions 0, 1, ..., length - 1.

    Args:
        length: How many positions, at least 1.
        model_dim: The length of each vector, an even number of at least 2.

    Returns:
        (length, model_dim), real numbers: sines in the even dimensions, cosines in the odd ones.
    """
    ### BEGIN SOLUTION
    frequencies = 10_000 ** -(torch.arange(0, model_dim, 2) / model_dim)
    angles = torch.arange(length)[:, None] * frequencies
    positions = torch.zeros(length, model_dim)
    positions[:, 0::2] = angles.sin()
    positions[:, 1::2] = angles.cos()
    return positions
    ### END SOLUTION


# %% check="attention.sinusoidal_positions"
check("attention.sinusoidal_positions")

# %% [markdown]
# The vector that enters the first layer is a sum: word plus place, $x_i = E_{t_i} + P_i$. That is how it was in 2017.
# Most models today (LLaMA, Qwen, Mistral) keep the circles and drop the sum: they turn the queries and keys themselves,
# by an angle that grows with the position. That is RoPE (Su et al., 2021), and you now know its main idea.

# %% [markdown]
# ## Queries, keys and values
#
# Think of a library without a catalog. You come with a question. Each book has a label on its back. You compare your
# question with every label, and then you read: a lot in the books whose labels fit, and little in the others.
#
# - The **query** $q_i$ is what token $i$ asks for.
# - The **key** $k_j$ is the label by which token $j$ is found.
# - The **value** $v_j$ is what token $j$ gives when it is found.
#
# The label is not the book. What a word is found by ('I am a noun, at place 3') and what it gives ('I mean an
# animal') are different things. So there are three maps, each with weights of its own, all applied to the same
# vectors: $q_i = x_i W_Q$, $k_j = x_j W_K$, $v_j = x_j W_V$, where $W_Q$, $W_K$, $W_V$ are learned matrices, $d \times
# d$. (`nn.Linear` adds a bias, and stores the transpose: its `weight` is $W_Q^\top$. Call it as a function, and it
# multiplies the right way round.)
#
# How well a label fits a question is a dot product, the **score** $s_{ij} = q_i \cdot k_j$. It is large when the two
# point the same way. With all queries as rows of $Q$ and all keys as rows of $K$, all scores come from one product:
# $S = QK^\top$, one row a query, one column a key.

# %% [markdown]
# ## From scores to weights
#
# Scores can be negative, and they add up to anything. To average the values we need shares: positive, and adding up
# to 1 for each query. The softmax makes them, along each *row*, over the keys:
#
# $$a_{ij} = \frac{e^{s_{ij}}}{\sum_{j'} e^{s_{ij'}}}, \qquad o_i = \sum_j a_{ij} \, v_j$$
#
# where $a_{ij}$ is the share of its attention that query $i$ gives to key $j$, $j'$ runs over all keys, and $o_i$ is
# what token $i$ has gathered. If you write the softmax yourself, take the largest score of each row away first:
# $e^{100}$ is too large for a 32-bit number, and the shares do not change.

# %% [markdown]
# ## Why the scores are scaled
#
# There is one more step, and an experiment shows why. We draw random queries and keys of a growing size, and measure
# how *even* the attention over 16 keys is. The measure is the entropy in bits. It is 4 when all 16 keys get the same
# share, and 0 when one key gets everything.

# %%
generator = torch.Generator().manual_seed(5)
sizes = [2**power for power in range(1, 11)]
entropies: dict[str, list[float]] = {"raw scores": [], "scores / root of the head size": []}
for size in sizes:
    query = torch.randn(500, size, generator=generator)
    key = torch.randn(16, size, generator=generator)
    for name, divisor in zip(entropies, (1.0, math.sqrt(size)), strict=True):
        shares = (query @ key.T / divisor).softmax(dim=-1)
        bits = -(shares * shares.clamp_min(1e-12).log2()).sum(dim=-1).mean()
        entropies[name].append(bits.item())

plt.figure(figsize=(6.5, 3.4))
for (name, values), style in zip(entropies.items(), ("o--", "s-"), strict=True):
    plt.plot(sizes, values, style, label=name)
plt.xscale("log", base=2)
plt.xlabel("head size (dimensions)")
plt.ylabel("entropy of the attention (bits)")
plt.title("Without the scale, attention collapses onto one key as heads grow")
plt.ylim(0, 4)
plt.legend()
plt.show()

# %% [markdown]
# A score is a sum of $d_h$ products, where $d_h$ is the **head size**, the length of a query. If the numbers in
# queries and keys are independent, with mean 0 and variance 1, each product has variance 1, too.
#
# **Predict.** By how much do the scores of heads of size 64 spread: what is their *standard deviation*? Give the number
# the name `score_spread`.

# %% exercise="attention.score_spread"
### BEGIN SOLUTION
score_spread = 64**0.5
### END SOLUTION

# %% check="attention.score_spread"
check("attention.score_spread")

# %% [markdown]
# The sum has variance $d_h$, so scores grow like $\sqrt{d_h}$. The softmax of large scores puts nearly everything on one key, by chance, before
# anything is learned. There its gradient is nearly 0, and learning stalls. Dividing by $\sqrt{d_h}$ brings the
# variance back to 1:
#
# $$\operatorname{Attention}(Q, K, V) = \operatorname{softmax}\!\left(\frac{QK^\top}{\sqrt{d_h}} + M\right) V$$
#
# where the rows of $Q$, $K$, $V$ are the queries, keys and values. This is equation 1 of Vaswani et al. (2017), with
# a mask $M$ that comes next.

# %% [markdown]
# ## What a mask says
#
# Some keys must not be seen: those of padding, or those of the future. A **mask** says which. In this course it is
# boolean, of shape (query, key), and **True means 'may attend'**, as in PyTorch's `scaled_dot_product_attention`. (In
# the formula, $M_{ij} = 0$ where the mask is True, and $M_{ij} = -\infty$ where it is False.)
#
# How do you hide a key? Three ideas, tried on the scores `[2, 1, 0]`, where the first key is to be hidden:

# %%
scores = torch.tensor([2.0, 1.0, 0.0])
may_attend = torch.tensor([False, True, True])
print("score set to 0:         ", scores.where(may_attend, 0.0).softmax(dim=-1))
print("weight set to 0 after:  ", scores.softmax(dim=-1) * may_attend)
print("score set to -infinity: ", scores.where(may_attend, -math.inf).softmax(dim=-1))

# %% [markdown]
# In the first line the hidden key still gets a share, since $e^0 = 1$. In the second it gets none, and the rest adds
# up to about a third. In the third the other keys share everything, in the right proportion.
#
# **A worked example.** One query, two keys, head size 4: $q = (1, 1, 1, 1)$, $k_1 = (1, 1, 1, 1)$, $k_2 = (1, -1, 1,
# -1)$, $v_1 = (10, 0)$, $v_2 = (0, 10)$.
#
# 1. Scores: $q \cdot k_1 = 4$ and $q \cdot k_2 = 0$.
# 2. Divided by $\sqrt{4} = 2$: $(2, 0)$.
# 3. Softmax: $(0.881, 0.119)$.
# 4. Average: $0.881 \, v_1 + 0.119 \, v_2 = (8.81, 1.19)$.
#
# With the mask `[[False, True]]` the answer is $(0, 10)$.
#
# **Write** `scaled_dot_product_attention(query, key, value, mask=None)`. There can be more keys than queries, and
# values can have a length of their own. In front of the last two dimensions there may be others, such as batch and
# heads. Each query may attend to at least one key. PyTorch's own attention functions, such as
# `torch.nn.functional.scaled_dot_product_attention`, are not allowed; `torch.softmax` is.


# %% exercise="attention.scaled_dot_product_attention"
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Average the values by how well their keys fit each query.

    Args:
        query: (..., query, head_dim). The leading dimensions are free: none, one, or several.
        key: (..., key, head_dim).
        value: (..., key, value_dim).
        mask: Boolean, True where a query may attend to a key; None: each to all. Its shape
            broadcasts to (..., query, key), as (query, key) and (batch, 1, 1, key) do.

    Returns:
        (..., query, value_dim). Scores in the hundreds give numbers, and no NaN.
    """
    ### BEGIN SOLUTION
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1) @ value
    ### END SOLUTION


# %% check="attention.scaled_dot_product_attention"
check("attention.scaled_dot_product_attention")

# %% [markdown]
# That is all of attention: compare, scale, mask, share out, average. Nothing in it is learned. What is learned are
# the maps that make the queries, keys and values.

# %% [markdown]
# ## No looking ahead
#
# A language model learns to guess the next token from those before it. If a token could look ahead, the answer would
# lie open: the model would copy the next token, its loss would fall to nearly 0, and it would be of no use for text
# that is not written yet. We change the **last** word of a sentence of six, and look at which outputs change.
#
# **Predict.** Attention has no mask yet. Which of the six outputs change?
#
# - `"a"`: the last one alone.
# - `"b"`: all six.
# - `"c"`: the last two.
# - `"d"`: all but the last.
# - `"e"`: none.
#
# Give the letter the name `last_word_effect`. Then run the experiment below.

# %% exercise="attention.last_word_effect"
### BEGIN SOLUTION
last_word_effect = "b"
### END SOLUTION

# %% check="attention.last_word_effect"
check("attention.last_word_effect")

# %%
torch.manual_seed(1)
layer = ReferenceAttention(model_dim=16, num_heads=2)
story = torch.randn(6, 16)
changed = story.clone()
changed[-1] = torch.randn(16)
with torch.no_grad():
    effects = {
        "no mask": (layer(changed) - layer(story)).norm(dim=-1),
        "causal mask": (
            layer(changed, library.causal_mask(6)) - layer(story, library.causal_mask(6))
        ).norm(dim=-1),
    }
plt.figure(figsize=(6.5, 3))
for shift, (name, effect) in zip((-0.2, 0.2), effects.items(), strict=True):
    plt.bar(
        torch.arange(6) + shift,
        effect,
        width=0.4,
        label=name,
        hatch="//" if shift < 0 else "",
        edgecolor="black",
    )
plt.title("Without a mask, the last token changes every output")
plt.xlabel("position (tokens)")
plt.ylabel("change of the output (norm)")
plt.legend()
plt.show()

# %% [markdown]
# The **causal mask** forbids it: row $i$ is the query at position $i$, column $j$ the key at position $j$, and the
# entry is True when $j \le i$. Each token sees those before it, and itself: if not, the first token would see
# nothing, and its softmax would have nothing to share out. For three tokens:
#
# $$\begin{pmatrix} \text{True} & \text{False} & \text{False} \\ \text{True} & \text{True} & \text{False} \\ \text{True} & \text{True} & \text{True} \end{pmatrix}$$
#
# **Write** `causal_mask(length)`.


# %% exercise="attention.causal_mask"
def causal_mask(length: int) -> Tensor:
    """Make the mask with which each token sees itself and those before it.

    Args:
        length: How many tokens, at least 1.

    Returns:
        (length, length), boolean: rows are queries, columns are keys, True means 'may attend'.
    """
    ### BEGIN SOLUTION
    return torch.ones(length, length, dtype=torch.bool).tril()
    ### END SOLUTION


# %% check="attention.causal_mask"
check("attention.causal_mask")

# %% [markdown]
# This triangle is also why training is fast: one pass over a text of 1000 tokens trains 1000 guesses at once, each of
# which sees only its own past.
#
# **Predict.** A sentence has 12 tokens, all scores of a head are equal, and the causal mask is on. Which share of its
# attention does the token at position 3 give to the token at position 1? Give the number the name `even_share`.

# %% exercise="attention.even_share"
### BEGIN SOLUTION
even_share = 1 / 4
### END SOLUTION

# %% check="attention.even_share"
check("attention.even_share")

# %% [markdown]
# ## A place to stop
#
# You have written attention itself. What follows makes a model's block of it, and does not need to come today.

# %% [markdown]
# ## Many heads
#
# One softmax makes one pattern. A word often needs two at once: the last *cat* in our first picture wants to know
# which word stands before it **and** where it stood earlier. What happens if one head asks both questions? We add the
# scores of the two hand-made heads and look at the last token.

# %%
with torch.no_grad():
    # The log of a weight is its score, up to a number that the softmax does not see.
    both = hand_made_weights.clamp_min(1e-9).log().sum(dim=0).softmax(dim=-1)
    wanted = {"head 0": hand_made_weights[0, -1], "head 1": hand_made_weights[1, -1]}
figure, axes = plt.subplots(1, 3, figsize=(11, 2.8), sharey=True)
for axis, (name, row) in zip(axes, [*wanted.items(), ("one head for both", both[-1])], strict=True):
    axis.bar(range(length), row)
    axis.set(title=name, xlabel="token that is looked at")
    axis.set_xticks(range(length), sentence, rotation=60)
axes[0].set_ylabel("share of attention")
figure.suptitle("One softmax for two questions blends them: the earlier 'cat' is lost", y=1.06)
plt.show()

# %% [markdown]
# So attention runs several times side by side, in **heads**. Each head works on its own part of the vectors. With $h$
# heads and vectors of length $d$, each head has the size $d_h = d / h$, compares queries and keys of that size, and
# scales by $\sqrt{d_h}$. The first $d_h$ dimensions belong to head 0, the next $d_h$ to head 1, and so on. The work
# is the same as for one wide head: $h$ products over $d/h$ dimensions in place of one over $d$.
#
# To compute all heads at once, we **cut** each vector into $h$ pieces, and then **swap** dimensions so that the heads
# stand before the tokens. Attention works on the last two dimensions, and these must be (length, head size). For
# example, two tokens of four dimensions, and two heads:
#
# $$\begin{pmatrix} 1 & 2 & 3 & 4 \\ 5 & 6 & 7 & 8 \end{pmatrix} \quad\longrightarrow\quad
# \text{head 0: } \begin{pmatrix} 1 & 2 \\ 5 & 6 \end{pmatrix}, \quad \text{head 1: } \begin{pmatrix} 3 & 4 \\ 7 & 8 \end{pmatrix}$$
#
# There is a trap here. A reshape straight to (heads, length, head size) gives the right *shape*, and this content:

# %%
two_tokens = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]])
print("reshaped at once, head 0:\n", two_tokens.reshape(2, 2, 2)[0])

# %% [markdown]
# Head 0 now holds the whole first token and nothing of the second. No error is raised; the model would only learn
# badly.
#
# **Write** `split_heads(x, num_heads)`. Its result is one tensor, in which the heads are a dimension.


# %% exercise="attention.split_heads"
def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """Cut each token's vector into equal parts, one a head, and put the heads before the tokens.

    Args:
        x: (..., length, model_dim). The leading dimensions are free: none, one, or several.
        num_heads: How many heads; it divides model_dim.

    Returns:
        (..., num_heads, length, model_dim / num_heads).
    """
    ### BEGIN SOLUTION
    head_dim = x.shape[-1] // num_heads
    cut = x.reshape(*x.shape[:-1], num_heads, head_dim)
    return cut.transpose(-3, -2)
    ### END SOLUTION


# %% check="attention.split_heads"
check("attention.split_heads")

# %% [markdown]
# **Predict.** A batch has 2 sequences of 10 tokens. The vectors have 12 numbers, and there are 3 heads. How many scores
# are computed in all? Give the number the name `score_count`.

# %% exercise="attention.score_count"
### BEGIN SOLUTION
score_count = 2 * 3 * 10 * 10
### END SOLUTION

# %% check="attention.score_count"
check("attention.score_count")

# %% [markdown]
# ## Joining the heads
#
# After attention each head has its own piece of an answer for each token. Joining undoes the split: **swap** heads
# and tokens back, then put each token's pieces side by side. What comes out is a vector with walls in it: the first
# $d_h$ numbers know only what head 0 found. So one more linear map, the **output** map $W_O$, mixes the pieces:
#
# $$\operatorname{MultiHead}(X) = \big[\, o^{(1)} \;\; o^{(2)} \;\; \cdots \;\; o^{(h)} \,\big] \, W_O, \qquad
# o^{(n)} = \operatorname{Attention}\big(Q^{(n)}, K^{(n)}, V^{(n)}\big)$$
#
# where $X$ holds one token's vector a row, $Q^{(n)}$, $K^{(n)}$ and $V^{(n)}$ are the parts of $XW_Q$, $XW_K$ and
# $XW_V$ that belong to head $n$, and the brackets put the $h$ answers side by side. Follow the shapes for 3 tokens,
# vectors of 8 and 2 heads:
#
# | step | shape |
# |---|---|
# | input `x` | (3, 8) |
# | after each of the maps query, key, value | (3, 8) |
# | split into heads | (2, 3, 4) |
# | after attention | (2, 3, 4) |
# | swapped back | (3, 2, 4) |
# | joined | (3, 8) |
# | after the output map | (3, 8) |
#
# **Write** `forward`. The four maps are given; call them as functions, as in `self.query(x)`: that multiplies by $W_Q$
# and adds a bias. A mask can be the same for all, or one for each sequence, (batch, 1, length, length). Use your `split_heads`
# and your `scaled_dot_product_attention`. (One of them is not right yet? Use `library.split_heads` or
# `library.scaled_dot_product_attention` until it is.) PyTorch's own attention functions are not allowed.


# %% exercise="attention.MultiHeadAttention"
class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own part of the vectors."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(model_dim, model_dim)
        self.key = nn.Linear(model_dim, model_dim)
        self.value = nn.Linear(model_dim, model_dim)
        self.output = nn.Linear(model_dim, model_dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let the tokens of each sequence attend to each other.

        Args:
            x: (..., length, model_dim). The leading dimensions are free: none, one, or several.
            mask: Boolean, True means 'may attend'; None: each to all. Its shape broadcasts to
                (..., num_heads, length, length), as (length, length) and (batch, 1, length,
                length) do.

        Returns:
            (..., length, model_dim).
        """
        ### BEGIN SOLUTION
        query = split_heads(self.query(x), self.num_heads)
        key = split_heads(self.key(x), self.num_heads)
        value = split_heads(self.value(x), self.num_heads)
        gathered = scaled_dot_product_attention(query, key, value, mask)
        joined = gathered.transpose(-3, -2).flatten(-2)
        return self.output(joined)
        ### END SOLUTION


# %% check="attention.MultiHeadAttention"
check("attention.MultiHeadAttention")

# %% [markdown]
# You have written the heart of every large language model. GPT-2 small (Radford et al., 2019) has 12 of these heads
# in each of 12 layers, of size 64. Today, to save memory, several query heads share one key head and one value head
# (grouped-query attention, Ainslie et al., 2023), or keys and values are made from one short vector a token (latent
# attention, DeepSeek-V2, 2024). Many models also norm queries and keys, so that scores stay small (QK-norm; Qwen3, 2025).

# %% [markdown]
# ## In your own words
#
# Go back to the two heads of the first picture, and to the three panels of bars above.

# %% [markdown] question="attention.why_many_heads" points=2
# **Why do transformers use many small heads, and not one head as wide as the model?** Say what a single softmax
# cannot do, and give an example of your own: a sentence and a word in it that has to look at two places for two
# reasons. Then say what many heads cost, compared with one wide head. Four to six sentences.
#
# ### BEGIN SOLUTION
# A head makes one row of weights for each token, and these weights add up to 1: one pattern a token. When a token
# needs two different things, a single head has to blend the two questions into one score, and the value that comes
# back is one average in which the two findings can no longer be told apart. With several heads each question has its
# own query, key and value maps and its own softmax; the findings arrive in different parts of the vector, and the
# output map combines them. Example: in 'The keys to the old cabinet are lost', the word 'are' looks at 'keys' for the
# number of its subject and at the word before it for the place where the phrase ends. The cost is about the same: h
# heads of size d/h need as many multiplications and parameters as one head of size d (there are h times as many
# weights to store). What is given up is the size of each head: smaller queries and keys can tell apart less.
#
# Marking: 1 point for the reason (one softmax gives one pattern or one average; several heads keep several patterns
# apart) together with an example in which two places are looked at for two different reasons. 1 point for the cost
# (about the same work and number of parameters, since each head is smaller by the factor h). Half a point off the
# first if the example has one reason only. An answer that says 'more heads, more parameters' gets no point for the
# cost.
# ### END SOLUTION

# %% [markdown]
# ## Keeping vectors in bounds
#
# A model stacks many layers. What happens to the size of a vector on its way through 40 of them? We add up random
# layers, once as they are and once with a norm before each layer.

# %%
torch.manual_seed(3)
layers = [nn.Linear(64, 64, bias=False) for _ in range(40)]
with torch.no_grad():
    raw = normed = torch.randn(16, 64)
    norm = LayerNorm(64)
    lengths: dict[str, list[float]] = {"no norm": [], "norm before each layer": []}
    for step in layers:
        raw = raw + 3 * step(raw)
        normed = normed + 3 * step(norm(normed))
        lengths["no norm"].append(raw.square().mean().sqrt().item())
        lengths["norm before each layer"].append(normed.square().mean().sqrt().item())
plt.figure(figsize=(6.5, 3.2))
for (name, values), style in zip(lengths.items(), ("o--", "s-"), strict=True):
    plt.plot(range(1, 41), values, style, markersize=3, label=name)
plt.yscale("log")
plt.title("Without a norm, vectors grow by a factor in each layer")
plt.xlabel("depth (layers)")
plt.ylabel("root mean square (no unit)")
plt.legend()
plt.show()

# %% [markdown]
# **LayerNorm** (Ba et al., 2016) looks at *one token at a time*, and gives its $d$ numbers
# a mean of 0 and a variance of 1. Then it lets the model choose a scale and a shift for each dimension:
#
# $$\mu = \frac{1}{d} \sum_{i=1}^{d} x_i, \qquad \sigma^2 = \frac{1}{d} \sum_{i=1}^{d} (x_i - \mu)^2, \qquad
# y_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w_i + b_i$$
#
# where $x_i$ is the $i$-th number of the token's vector, $\mu$ their mean, $\sigma^2$ their variance (it divides by
# $d$, not by $d - 1$), $\epsilon$ a small number that keeps a constant vector from a division by 0, $w_i$ and $b_i$
# the learned weight and bias, and $y_i$ the result.
#
# For example, $x = (1, 3, 5, 7)$ has the mean 4 and the variance $(9 + 1 + 1 + 9) / 4 = 5$. Without weight and bias
# it becomes $(-1.342, -0.447, 0.447, 1.342)$. With $w_i = 2$ and $b_i = 1$: $(-1.683, 0.106, 1.894, 3.683)$.
#
# Why not over the tokens of a batch? Then what a token becomes would depend on its neighbors, on those of the future
# too.
#
# **Write** `layer_norm(x, weight, bias, epsilon=1e-5)`. PyTorch's norm functions are not allowed; `mean` is. The gradient
# reaches `x`, `weight` and `bias`.


# %% exercise="attention.layer_norm"
def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Bring each token's vector to mean 0 and variance 1, then scale and shift it.

    Args:
        x: (..., model_dim). The leading dimensions are free: none, one, or several.
        weight: The scale of each dimension, (model_dim,).
        bias: The shift of each dimension, (model_dim,).
        epsilon: What is added to the variance.

    Returns:
        The shape of x.
    """
    ### BEGIN SOLUTION
    centered = x - x.mean(dim=-1, keepdim=True)
    variance = centered.square().mean(dim=-1, keepdim=True)
    return centered / torch.sqrt(variance + epsilon) * weight + bias
    ### END SOLUTION


# %% check="attention.layer_norm"
check("attention.layer_norm")

# %% [markdown]
# LLaMA and most models since leave the mean alone and divide by the root mean square: RMSNorm (Zhang & Sennrich,
# 2019). It costs less and works as well.

# %% [markdown]
# ## A network for each token
#
# Attention averages, and an average of values is all that it can make. So each block of a model has a second part, which
# works on each token by itself, the same for all tokens: the **feed-forward network**. It makes the vector wider,
# bends each number, and makes it narrow again:
#
# $$\operatorname{FFN}(x) = \operatorname{GELU}(x W_1 + b_1) \, W_2 + b_2, \qquad
# \operatorname{GELU}(z) = z \cdot \tfrac12 \Big(1 + \operatorname{erf}\big(z / \sqrt{2}\big)\Big)$$
#
# where $x$ is a token's vector, $W_1$ a learned matrix of $d$ rows and $4d$ columns, $W_2$ one of $4d$ rows and $d$
# columns, and $b_1$, $b_2$ are learned biases. GELU (Hendrycks & Gimpel, 2016) is the bend: it multiplies each number
# $z$ by the chance that a standard normal draw lies below it, so large numbers pass, and very negative ones become 0.
# $\operatorname{erf}$ is the error function, `torch.erf`. Without a bend, $W_1$ and $W_2$ would be as good as one
# matrix.
#
# **A worked example.** $x = (1)$, $W_1 = (2, -2)$, $b_1 = (0, 1)$, $W_2 = (1, 10)^\top$, $b_2 = 5$. The first map gives
# $(2, -1)$, GELU $(1.954, -0.159)$, and the second map $1.954 - 1.587 + 5 = 5.368$.
#
# **Predict.** How many times as many weights as the four maps of attention do $W_1$ and $W_2$ hold together? Leave the
# biases out. Give the number the name `network_share`.

# %% exercise="attention.network_share"
### BEGIN SOLUTION
network_share = (2 * 4) / 4
### END SOLUTION

# %% check="attention.network_share"
check("attention.network_share")

# %% [markdown]
# **Write** `feed_forward(x, up, up_bias, down, down_bias)`, with $W_1$ as `up` and $W_2$ as `down`, which stand as in the
# formula. PyTorch's `gelu` is not allowed; `torch.erf` is. Write the exact GELU, not an approximation by a tanh or a
# sigmoid. The gradient reaches all five inputs.


# %% exercise="attention.feed_forward"
def feed_forward(x: Tensor, up: Tensor, up_bias: Tensor, down: Tensor, down_bias: Tensor) -> Tensor:
    """Widen each token's vector, bend each number by GELU, and make the vector narrow again.

    Args:
        x: (..., model_dim). The leading dimensions are free: none, one, or several.
        up: The first matrix, (model_dim, hidden_dim).
        up_bias: (hidden_dim,).
        down: The second matrix, (hidden_dim, model_dim).
        down_bias: (model_dim,).

    Returns:
        The shape of x.
    """
    ### BEGIN SOLUTION
    hidden = x @ up + up_bias
    bent = 0.5 * hidden * (1 + torch.erf(hidden / math.sqrt(2)))
    return bent @ down + down_bias
    ### END SOLUTION


# %% check="attention.feed_forward"
check("attention.feed_forward")

# %% [markdown]
# LLaMA and most models since use SwiGLU (Shazeer, 2020), which has three matrices: the network is made wide twice, by
# $W_{\text{gate}}$ and by $W_{\text{up}}$, the first result is bent and multiplied with the second, number by number
# (the **gate** says how much of each passes), and $W_{\text{down}}$ makes the product narrow.

# %% [markdown]
# ## Adding instead of replacing
#
# A layer could *replace* its input: $x \leftarrow f(x)$. Then whatever a layer does not pass on is lost, and
# gradients have to squeeze through each layer on the way back. He et al. (2015) let a layer *add* to its input
# instead:
#
# $$x \leftarrow x + f(x)$$
#
# where $x$ is a token's vector and $f$ the layer. The gradient of $x + f(x)$ with respect to $x$ is $1 + f'(x)$. The
# 1 is a straight way down. The vector that runs through the whole model, and to which each layer adds a little, is
# called the **residual stream**. One thing matters for the straight way: the sum adds the input *as it came*, before
# any norm.
#
# ## Where the norm stands
#
# There are two places for a norm. The paper of 2017 norms **after** each sum (post-norm). GPT-2 and most models since
# norm **inside** the branch, before each layer (pre-norm):
#
# $$\text{post-norm: } x \leftarrow \operatorname{norm}(x + f(x)) \qquad\qquad \text{pre-norm: } x \leftarrow x + f(\operatorname{norm}(x))$$
#
# In post-norm a norm sits *on* the way, twice in each block. In pre-norm the way is free. The next cell shows what
# that does to fresh, random blocks. Sixteen random tokens go through 24 of them, and after each we measure how *alike*
# the tokens have become: all vectors are brought to length 1, and then the product of two is their cosine; we take its
# mean over all pairs of two different tokens. At 1 all tokens point the same way, and nobody can tell them apart.

# %%
depth, width = 24, 64


class Replacing(library.TransformerBlock):
    """A block that replaces its input instead of adding to it."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # noqa: D102
        x = self.attention(self.attention_norm(x), mask)
        return self.feed_forward(self.feed_forward_norm(x))


def likeness_by_depth(blocks: list[nn.Module]) -> list[float]:
    """Give the mean cosine between two tokens after each of the blocks, with random weights."""
    generator = torch.Generator().manual_seed(8)
    stream, found = torch.randn(8, 16, width, generator=generator), []
    for block in blocks:
        # Weights of this size keep the length of a vector, so that only the norms and sums matter.
        for part in block.modules():
            if isinstance(part, nn.Linear):
                nn.init.normal_(part.weight, std=part.in_features**-0.5, generator=generator)
                nn.init.zeros_(part.bias)
        stream = block(stream)
        direction = stream / stream.norm(dim=-1, keepdim=True)
        cosines = direction @ direction.mT
        # Each of 16 tokens has the cosine 1 with itself: without these, 16 x 15 pairs are left.
        found.append(((cosines.sum(dim=(-1, -2)) - 16) / (16 * 15)).mean().item())
    return found


kinds = {
    "replacing, no sum": [Replacing(width, 4) for _ in range(depth)],
    "sums, post-norm": [library.TransformerBlock(width, 4, norm_first=False) for _ in range(depth)],
    "sums, pre-norm": [library.TransformerBlock(width, 4) for _ in range(depth)],
}
plt.figure(figsize=(6.5, 3.4))
with torch.no_grad():
    for (name, blocks), style in zip(kinds.items(), ("o--", "^:", "s-"), strict=True):
        plt.plot(range(1, depth + 1), likeness_by_depth(blocks), style, markersize=4, label=name)
plt.title("Only with a free path do tokens stay different through many layers")
plt.xlabel("depth (blocks)")
plt.ylabel("likeness of two tokens (cosine)")
plt.legend()
plt.show()

# %% [markdown]
# Attention averages, so stacked attention makes tokens alike. Without sums it takes a few layers (Dong et al., 2021).
# With sums and post-norm it takes longer: when $x$ and $f(x)$ are of equal size, each norm shrinks the share of the
# original $x$ by $\sqrt{2}$, and there are two in each block, so the share **halves in every block**. In pre-norm
# nothing shrinks it: after $n$ blocks it stands beside $2n$ additions, a share of about $1/\sqrt{1 + 2n}$.
#
# The gradient, on its way back, meets the same path. That is why post-norm models need a learning rate that begins near
# 0 and grows slowly (a warm-up), and pre-norm models can do without (Xiong et al., 2020). Some models norm after each
# part, but still inside the sum (OLMo 2, 2024): the path stays free.
#
# ## A whole block
#
# A **transformer block** has two parts, each with its own norm before it and a sum after it. First **gather**:
# attention brings in what other tokens know. Then **think**: the feed-forward network works on what each token has
# gathered:
#
# $$x' = x + \operatorname{Attention}\big(\operatorname{norm}_1(x)\big), \qquad y = x' + \operatorname{FFN}\big(\operatorname{norm}_2(x')\big)$$
#
# where $x$ enters the block, $x'$ is what the first part makes of it, $y$ leaves the block, $\operatorname{norm}_1$
# and $\operatorname{norm}_2$ are two LayerNorms with weights of their own, and $\operatorname{FFN}$ is the
# feed-forward network.
#
# **A worked example.** One token with the vector $(1, 3)$. Suppose that attention returns what it is given (with one
# token it can look only at itself), and that the network doubles what it is given. Then $\operatorname{norm}_1(x) =
# (-1, 1)$ and $x' = (1, 3) + (-1, 1) = (0, 4)$. Next $\operatorname{norm}_2(x') = (-1, 1)$, doubled $(-2, 2)$, and $y
# = (0, 4) + (-2, 2) = (-2, 6)$.
#
# **Write** `forward`. The parts are given: call them as functions. They are the library's here (`FeedForward` holds the
# two matrices, and computes your formula), so that this exercise does not depend on an earlier one; at the end of the
# lab you put in your own. The gradient reaches the input and all weights.


# %% exercise="attention.TransformerBlock"
class TransformerBlock(nn.Module):
    """One layer of a transformer, with the norms before attention and feed-forward network."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.attention_norm = LayerNorm(model_dim)
        self.attention = ReferenceAttention(model_dim, num_heads)
        self.feed_forward_norm = LayerNorm(model_dim)
        self.feed_forward = FeedForward(model_dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pass sequences through the block.

        Args:
            x: (..., length, model_dim). The leading dimensions are free: none, one, or several.
            mask: Boolean, True means 'may attend', or None; goes to the attention as it is, as in
                `self.attention(x, mask)`.

        Returns:
            (..., length, model_dim).
        """
        ### BEGIN SOLUTION
        x = x + self.attention(self.attention_norm(x), mask)
        return x + self.feed_forward(self.feed_forward_norm(x))
        ### END SOLUTION


# %% check="attention.TransformerBlock"
check("attention.TransformerBlock")

# %% [markdown]
# ## It runs: your own stack
#
# From here on everything is yours. (If an answer is still missing, these cells stop with `NotImplementedError`. Come
# back later.) We stack four of your blocks, with your attention and your network in them, on your embeddings and
# positions. Then we change one word in the middle. What should happen to the outputs before it, and after it?

# %%
torch.manual_seed(7)
width, text = 32, "once upon a time there was a small robot in a garden".split()
lexicon = sorted({*text, "dragon"})
own_table = torch.randn(len(lexicon), width)


class OwnFeedForward(FeedForward):
    """The library's matrices, in your formula; `nn.Linear` stores the transposes."""

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        up, down = self.up, self.down
        return feed_forward(x, up.weight.T, up.bias, down.weight.T, down.bias)


own_blocks = [TransformerBlock(width, num_heads=4) for _ in range(4)]
for block in own_blocks:
    block.attention = MultiHeadAttention(width, num_heads=4)
    block.feed_forward = OwnFeedForward(width)


def run_stack(tokens: list[str]) -> Tensor:
    """Send tokens through embeddings, positions and four blocks, all of them yours."""
    token_ids = torch.tensor([lexicon.index(token) for token in tokens])
    stream = embed(own_table, token_ids) + sinusoidal_positions(len(tokens), width)
    for block in own_blocks:
        stream = block(stream, causal_mask(len(tokens)))
    return layer_norm(stream, torch.ones(width), torch.zeros(width))


with torch.no_grad():
    other = ["dragon" if token == "robot" else token for token in text]  # noqa: S105
    moved = (run_stack(other) - run_stack(text)).norm(dim=-1)
plt.figure(figsize=(7, 3))
plt.bar(range(len(text)), moved)
plt.xticks(range(len(text)), text, rotation=50)
plt.title("'robot' becomes 'dragon': the past stays as it was")
plt.xlabel("token")
plt.ylabel("change of the output (norm)")
plt.show()

# %% [markdown]
# The tokens before stay exactly as they were, through four layers. The tokens after change a little: they have heard
# of it. This is a GPT in all but size, training and the last map from vectors to words.
#
# ## It talks: two heads make an induction head
#
# A trained model does something that looks like learning while it reads: shown *A B ... A*, it guesses *B*, even if
# it has never seen *A* and *B* together before. Olsson et al. (2022) found the parts that do this. They are two heads
# in two layers, and both are ones that you know:
#
# 1. **Layer 0, previous token.** Each token gathers the word *before* it, and carries it along.
# 2. **Layer 1, induction.** Each token asks: 'who carries *my* word?' The answer is the token that came *after* an
#    earlier me.
#
# Their numbers below are made by hand; everything that computes is yours. With the identity matrix as values, your
# attention returns its own weights: row $i$ of weights, times the identity, is row $i$ of weights.


# %%
def two_layers(tokens: list[str]) -> tuple[Tensor, str]:
    """Run the two hand-made layers: give their weights (layer, head, query, key) and the next word."""
    names = sorted(set(tokens))
    dictionary = random_table(len(names), seed=2)
    mine = embed(dictionary, torch.tensor([names.index(token) for token in tokens]))
    place = sinusoidal_positions(len(tokens), half)
    mask, identity = causal_mask(len(tokens)), torch.eye(len(tokens))

    before = scaled_dot_product_attention(40 * place @ one_step_back(half).T, place, identity, mask)
    carried = before @ mine  # the word before each token
    found = scaled_dot_product_attention(40 * mine, carried, identity, mask)
    guess = found[-1] @ mine @ dictionary.T  # how alike what was found is to each word
    return torch.stack([before, found])[:, None], names[int(guess.argmax())]


riddle = "<start> a purple fox met two lazy owls yesterday and today a purple".split()
pattern, next_word = two_layers(riddle)
print(" ".join(riddle), "->", next_word)
AttentionView(riddle, pattern)

# %% [markdown]
# Choose layer 1 (the second one) and look at the last row: the last *purple* looks at *fox*, since *fox* carries
# *purple*. Nothing was trained, and no weight knows about foxes. Feed each guess back in, and it writes:

# %%
written = list(riddle)
for _ in range(10):
    written.append(two_layers(written)[1])
print(" ".join(written))

# %% [markdown]
# Try your own riddle. Invent words: it does not matter which. Then break it on purpose: use `sinusoidal_positions`
# without the step back, or leave out the factor 40, and look at the widget again.
#
# ## What you have built
#
# Embeddings, positions, attention with scale and mask, heads, a norm, a network, and the block that holds them together.
# That is all there is in a GPT but for training, and it fits on two pages. Compare your answers with `llmlab/model/`: it is
# short, and it has the same names.

# %%
progress()

# %% [markdown]
# ## Where to read on
#
# - Vaswani et al. (2017), *Attention Is All You Need*. Sections 3.2 and 3.5 are what you built.
# - Ba, Kiros & Hinton (2016), *Layer Normalization*. He et al. (2015), *Deep Residual Learning for Image Recognition*.
# - Xiong et al. (2020), *On Layer Normalization in the Transformer Architecture*: pre-norm against post-norm.
# - Su et al. (2021), *RoFormer: Enhanced Transformer with Rotary Position Embedding*: the waves, as rotations.
# - Olsson et al. (2022), *In-context Learning and Induction Heads*: what you ran last, found in trained models.
# - Dao et al. (2022), *FlashAttention*: the same result as yours, without ever storing the weights.
# - Ainslie et al. (2023), *GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints*.
# - Dong, Cordonnier & Loukas (2021), *Attention is Not All You Need*: why attention without sums makes all tokens alike.
# - Voita et al. (2019), *Analyzing Multi-Head Self-Attention*; Wang et al. (2022), *Interpretability in the Wild*:
#   heads with tasks.
#
# In the project, `course/05_attention.md` tells the history, and lab 06 stacks what you have built into a model that writes.
