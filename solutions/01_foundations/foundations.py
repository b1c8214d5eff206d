# %% [markdown]
# # Lab 01: Foundations
#
# A language model is a machine that is seldom surprised. It reads a text, says how probable each next piece is, and
# learns by being surprised less. In this lab you build everything that sentence needs: vectors, derivatives,
# probabilities, a measure of surprise. At the end you put them together, and your first language model writes names
# that nobody has ever borne.
#
# **What you will be able to do after this lab:**
#
# - compare vectors, and do it for many at once with one matrix product;
# - find a gradient by trying, find it by rule, and let the one check the other;
# - turn scores into probabilities without overflow, and measure surprise in nats and bits;
# - count a language model out of data, say how good it is, and let it write.
#
# **What you need first:** Python, and a little of PyTorch's tensors (`shape`, indexing, `sum`). **Time:** about three
# hours, in two sittings; a place to stop is marked in the middle.
#
# **Symbols.** $a, b$ are vectors, $A, X, W$ matrices, $i, j$ places in them; $p, q$ are distributions, $s$ scores,
# $L$ a loss. $\log$ is the natural logarithm. A shape (2, 3) means 2 rows and 3 columns.
#
# **Unless the text says otherwise, an answer leaves its inputs as they are.** The questions that begin with *predict*
# are checked at once. Answer them before you run what follows.

# %%
import math
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from ipywidgets import FloatSlider, interact
from torch import Tensor

import llmlab.foundations as library
from autograder import check, hint, progress

# %% [markdown]
# `library` is the finished version of what you write here. The demonstrations use it, so they run before you have
# written anything. Are you stuck? `hint("foundations.softmax")` shows a hint, and when you run it again, the next
# one.
#
# ## Look first: who made these names?
#
# The names of this lab come from three peoples that do not exist. `library.names` draws them from a grammar of our
# own. The next cell shows three lists: names from the grammar, names that a language model wrote, and names whose
# letters were drawn evenly.

# %%
names = library.names(5000)
finished = library.BigramModel.fit(names[:4000])
even = library.BigramModel(torch.full((27, 27), 1 / 27))
generator = torch.Generator().manual_seed(11)
print("the grammar:  ", " ".join(names[4000:4008]))
print("a model:      ", " ".join(finished.write(generator) for _ in range(8)))
print("even letters: ", " ".join(even.write(generator, longest=8) for _ in range(8)))

# %% [markdown]
# Nobody would take the last list for names. The second is not perfect, and yet vowels and consonants alternate and
# names end where names end. The model that wrote it is a table of 27 by 27 numbers: its **parameters**, found from
# the data. It looks at **one** letter and guesses the next. You will make that table at the end of this lab. (The
# pieces that a text is read in are called **tokens**. Here they are letters.)

# %% [markdown]
# ## How alike are two vectors?
#
# For each letter, we count which letter comes after it. That gives each letter a list of 27 numbers: a **vector**.
# (The 27th 'letter' is the point, which marks the end of a name.) Letters that are used alike have vectors that are
# alike. So here is a question: *which letter behaves most like d?*
#
# To compare two vectors $a$ and $b$ of $d$ numbers, multiply number by number and add up. That is the **dot
# product**:
#
# $$a \cdot b = \sum_{i=1}^{d} a_i b_i$$
#
# where $a_i$ and $b_i$ are the $i$-th numbers. It is large when both are large in the same places. Let us try it.

# %%
letters = library.ALPHABET
counts = library.count_pairs(map(library.encode, names), 27).double()
asked = letters.index("d")
often = counts.sum(dim=-1)
nearest = (counts @ counts[asked]).argsort(descending=True)[:3]
print("largest dot products with d:", [letters[i] for i in nearest])
print(f"a comes {often[letters.index('a')]:.0f} times, d comes {often[asked]:.0f} times")

# %% [markdown]
# The answer is *a*, a vowel, and that is nonsense. The letter *a* is everywhere, so its vector is long, and a long
# vector has a large dot product with everything. We want to know about **directions**. So divide by both lengths. The
# **length** (norm) of a vector is $|a| = \sqrt{a \cdot a}$, and
#
# $$\cos(a, b) = \frac{a \cdot b}{|a| \, |b|}$$
#
# is the **cosine** of the angle between $a$ and $b$: 1 when they point the same way, 0 when they stand at right
# angles, -1 when they point in opposite directions. For example, $a = (3, 4)$ has the length 5, $b = (1, 0)$ has the
# length 1, their dot product is 3, and their cosine is $3/5 = 0.6$.
#
# ## All pairs at once
#
# A model compares thousands of vectors with thousands of others. It never does so one by one. Put $n$ vectors into
# the rows of a matrix $A$ and $m$ others into the rows of $B$. The **matrix product** $A B^\top$ has $n$ rows and $m$
# columns, and its entry in row $i$ and column $j$ is the dot product of row $i$ of $A$ with row $j$ of $B$:
#
# $$(A B^\top)_{ij} = \sum_{k=1}^{d} A_{ik} B_{jk}$$
#
# where $k$ runs over the $d$ numbers of each vector, and $\top$ turns a matrix so that its rows become columns. A
# matrix product is *many dot products*, row by column. In PyTorch it is `A @ B.T`. For example:

# %%
A = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
B = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
print(A @ B.T)

# %% [markdown]
# Row 0 holds $(3, 4) \cdot (1, 0) = 3$, then $(3, 4) \cdot (0, 1) = 4$, then $(3, 4) \cdot (1, 1) = 7$.
#
# ## Broadcasting, and its trap
#
# To bring each row of a matrix to length 1, divide each row by its own length. The matrix has the shape (2, 2), the
# lengths have the shape (2,). PyTorch **broadcasts**: it lines shapes up *from the right*, and stretches sizes of 1.
# Look at what that does here.

# %%
lengths = A.norm(dim=-1)
column = A.norm(dim=-1, keepdim=True)
print("lengths of the rows:", lengths.tolist())
print("divided by shape (2,): \n", A / lengths)
print("divided by shape (2, 1): \n", A / column)

# %% [markdown]
# The first result is wrong, and no error was raised. The shape (2,) was taken for a *row* and divided the columns:
# the 4 of the first vector was divided by the length of the second. With `keepdim=True` the lengths stay a column of
# shape (2, 1), and each row is divided by its own. You will meet this trap again; its cure is always `keepdim=True`.
#
# **Predict.** `C` has four rows and three columns. What does `C / C.norm(dim=-1)` do?
#
# - `"a"`: it raises an error.
# - `"b"`: it divides each row by its own length.
# - `"c"`: it divides the columns by lengths of rows, as above.
# - `"d"`: it gives a result of the shape (4, 4, 3): all rows with all lengths.

# %% exercise="foundations.four_rows"
### BEGIN SOLUTION
four_rows = "a"
### END SOLUTION

# %% check="foundations.four_rows"
check("foundations.four_rows")

# %% [markdown]
# **Write** `cosine_similarity(first, second)`. No vector has the length 0. Your result has to hold all pairs. Loops
# are not needed. What `torch.nn.functional` has for it (`cosine_similarity`, `cosine_embedding_loss`, `normalize`) is
# not allowed; `norm` is.


# %% exercise="foundations.cosine_similarity"
def cosine_similarity(first: Tensor, second: Tensor) -> Tensor:
    """Compare the direction of each vector with that of each other one.

    Args:
        first: Vectors in its rows, (n, dim).
        second: Vectors in its rows, (m, dim).

    Returns:
        (n, m): in row i and column j the cosine of row i of first and row j of second.
    """
    ### BEGIN SOLUTION
    first = first / first.norm(dim=-1, keepdim=True)
    second = second / second.norm(dim=-1, keepdim=True)
    return first @ second.T
    ### END SOLUTION


# %% check="foundations.cosine_similarity"
check("foundations.cosine_similarity")

# %% [markdown]
# Now ask again.

# %%
nearest = library.cosine_similarity(counts[[asked]], counts)[0].argsort(descending=True)[1:4]
print("largest cosines with d, after d itself:", [letters[i] for i in nearest])

shown = [letters.index(letter) for letter in "aeiousnlrmpktbdg"]
alike = library.cosine_similarity(counts[shown], counts[shown])
plt.figure(figsize=(5.6, 4.8))
plt.imshow(alike, cmap="Blues", vmin=0, vmax=1)
plt.xticks(range(len(shown)), [letters[i] for i in shown])
plt.yticks(range(len(shown)), [letters[i] for i in shown])
plt.colorbar(label="cosine (no unit)")
plt.axhline(4.5, color="black", linewidth=1)
plt.axvline(4.5, color="black", linewidth=1)
plt.title("Vowels are like vowels,\nconsonants are like consonants")
plt.xlabel("letter")
plt.ylabel("letter")
plt.show()

# %% [markdown]
# Nobody told the computer what a vowel is. It follows from which letters come next. (*u* is the least sure of the
# vowels: only one of the three peoples uses it.) That is the idea behind every word vector since (Firth, 1957: *you
# shall know a word by the company it keeps*), and attention in lab 05 compares vectors in this way.

# %% [markdown]
# ## How a result moves
#
# To train a model is to ask, of each of its numbers: *if this number were a little larger, would the result be better
# or worse?* The answer to all these questions together is the **gradient**. There is a way to find it that needs no
# mathematics at all: try it. Move one number a little, and look.
#
# ## Which difference?
#
# Take $f(x) = x^2$ at $x = 3$. Its slope is $2x = 6$. There are two ways to try. **Forward**: go one step $h$ ahead
# and compare with where you were. **Central**: compare one step ahead with one step behind.
#
# $$\text{forward: } \frac{f(x + h) - f(x)}{h} \qquad\qquad \text{central: } \frac{f(x + h) - f(x - h)}{2h}$$
#
# With $h = 0.1$ the forward difference is $(9.61 - 9) / 0.1 = 6.1$, and the central one $(9.61 - 8.41) / 0.2 = 6$. Is
# that luck? The next cell tries both on $e^x$, with steps from large to tiny, in single and in double precision.

# %%
steps = 10.0 ** torch.arange(-12, 0.5, 0.5, dtype=torch.float64)
plt.figure(figsize=(6.8, 3.8))
for kind, styles in ((torch.float64, ("o--", "s-")), (torch.float32, (":", "-."))):
    x, h = torch.tensor(1.0, dtype=kind), steps.to(kind)
    forward = ((x + h).exp() - x.exp()) / h
    central = ((x + h).exp() - (x - h).exp()) / (2 * h)
    for name, slope, style in zip(("forward", "central"), (forward, central), styles, strict=True):
        error = (slope.double() - math.e).abs().clamp_min(1e-12)
        plt.loglog(steps, error, style, markersize=4, label=f"{name}, {str(kind)[6:]}")
plt.title("The central difference is better, and the best step is not the smallest")
plt.xlabel("step h (no unit)")
plt.ylabel("error of the slope (no unit)")
plt.legend(fontsize=8)
plt.show()

# %% [markdown]
# Read it from right to left. As the step shrinks, the error of the forward difference falls with $h$ and that of the
# central one with $h^2$: ten times smaller a step, a hundred times smaller an error. Then both turn around. The two
# values of $f$ become so alike that their difference is made of rounding errors. A float32 has about 7 decimal
# digits, a float64 about 16. So gradients are tried in **float64**, with **central** differences and a step of about
# $10^{-5}$.
#
# ## One entry at a time
#
# A function of a whole tensor has one slope for each entry: how the result moves when *this* entry moves and **all
# others stay**. For $f(x_0, x_1) = x_0^2 x_1$ at $(3, 2)$ and $h = 0.1$:
#
# | entry | moved up | moved down | central difference |
# |---|---|---|---|
# | $x_0$ | $f(3.1, 2) = 19.22$ | $f(2.9, 2) = 16.82$ | $(19.22 - 16.82) / 0.2 = 12$ |
# | $x_1$ | $f(3, 2.1) = 18.9$ | $f(3, 1.9) = 17.1$ | $(18.9 - 17.1) / 0.2 = 9$ |
#
# In the second line $x_0$ is 3 again. The gradient is the tensor $(12, 9)$: it has the shape of $x$.
#
# **Write** `numerical_gradient(function, x, step=1e-5)` with central differences. `x` can have any shape, and the
# caller still needs it, so work on copies (`x.clone()`). A tensor of any shape has its entries in one line if you
# look at it through `view(-1)`. A view shares its memory with the tensor: what you change in `copy.view(-1)[i]`
# changes in `copy`.


# %% exercise="foundations.numerical_gradient"
def numerical_gradient(function, x: Tensor, step: float = 1e-5) -> Tensor:
    """Estimate the gradient of a function of one tensor by central differences.

    Args:
        function: Takes a tensor of the shape of x; returns one number, a tensor of shape ().
        x: Where the gradient is wanted, in float64, of any shape.
        step: How far each entry is moved.

    Returns:
        The gradient, in the shape of x.
    """
    ### BEGIN SOLUTION
    gradient = torch.zeros_like(x)
    for i in range(x.numel()):
        above, below = x.clone(), x.clone()
        above.view(-1)[i] += step
        below.view(-1)[i] -= step
        gradient.view(-1)[i] = (function(above) - function(below)).item() / (2 * step)
    return gradient
    ### END SOLUTION


# %% check="foundations.numerical_gradient"
check("foundations.numerical_gradient")

# %% [markdown]
# You can now differentiate anything that a computer can compute. So why is this not how models are trained?
#
# **Predict.** A part of a model turns 300 inputs into 50 outputs: it has a weight for each pair of an input and an
# output, and a bias for each output. How often does your code call the loss to find the gradient of all these
# numbers? Give the number the name `calls_needed`.

# %% exercise="foundations.calls_needed"
### BEGIN SOLUTION
calls_needed = 2 * (300 * 50 + 50)
### END SOLUTION

# %% check="foundations.calls_needed"
check("foundations.calls_needed")

# %% [markdown]
# The smallest GPT-2 has 124 million such numbers (Radford et al., 2019): 248 million runs of the model for one step
# of training. We need all slopes at once, and the chain rule has them.

# %% [markdown]
# ## The rule, from one entry
#
# Nearly all the numbers of a language model stand in maps of this kind:
#
# $$Y = X W + b \qquad\qquad Y_{no} = \sum_{i} X_{ni} W_{io} + b_o$$
#
# where $X$ holds one example a row (some examples at once are a **batch**; shape: batch by inputs), $W$ is the weight
# (inputs by outputs), $b$ the bias (outputs), and $n$, $i$, $o$ count examples, inputs and outputs. After it come
# other things, and at the end one number, the **loss** $L$: how bad the result is. Suppose somebody tells us how $L$
# moves with $Y$: the **upstream gradient** $G$, with $G_{no} = \partial L / \partial Y_{no}$. How does $L$ move with
# one weight, $W_{io}$?
#
# Follow the paths. $W_{io}$ enters $Y_{no}$ for **every** example $n$, each time multiplied by $X_{ni}$. Each of
# these moves $L$ by $G_{no}$. All paths add up:
#
# $$\frac{\partial L}{\partial W_{io}} = \sum_{n} X_{ni} \, G_{no}$$
#
# A sum over a shared index is a matrix product. Which one? The result has the shape of $W$, inputs by outputs, and
# there is only one way to multiply $X$ (batch by inputs) and $G$ (batch by outputs) that gives it. For $X$ it is the
# same: $X_{ni}$ enters $Y_{no}$ for every output $o$, each time multiplied by $W_{io}$, so $\partial L / \partial
# X_{ni} = \sum_{o} G_{no} W_{io}$.
#
# ## The bias is shared
#
# One bias $b_o$ is added to output $o$ of **every** example. It is one number with many paths, and the paths add up:
# $\partial L / \partial b_o = \sum_n G_{no}$. No division: if the loss is an average over the batch, that division is
# in $G$ already.
#
# **A worked example.** A batch of two, two inputs, one output:
#
# $$X = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}, \quad W = \begin{pmatrix} 5 \\ 6 \end{pmatrix}, \quad
# G = \begin{pmatrix} 1 \\ 10 \end{pmatrix}$$
#
# - For $X$: row 0 is $1 \cdot (5, 6)$, row 1 is $10 \cdot (5, 6)$: $\begin{pmatrix} 5 & 6 \\ 50 & 60 \end{pmatrix}$.
# - For $W$: $1 \cdot 1 + 3 \cdot 10 = 31$ and $2 \cdot 1 + 4 \cdot 10 = 42$: $\begin{pmatrix} 31 \\ 42 \end{pmatrix}$.
# - For $b$: $1 + 10 = 11$.
#
# **Write** `linear_gradients(x, weight, upstream)`. It returns three gradients: of `x`, of `weight`, and of the bias,
# as a tuple in this order. `backward`, `torch.autograd.grad` and whatever else finds gradients by itself is not
# allowed: this is what they do.


# %% exercise="foundations.linear_gradients"
def linear_gradients(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute what flows back through y = x @ weight + bias.

    Args:
        x: The input of the map, (batch, inputs).
        weight: Its matrix, (inputs, outputs).
        upstream: The gradient of the loss with respect to y, (batch, outputs).

    Returns:
        The gradients with respect to x, (batch, inputs), to the weight, (inputs, outputs), and to
        the bias, (outputs,).
    """
    ### BEGIN SOLUTION
    return upstream @ weight.T, x.T @ upstream, upstream.sum(dim=0)
    ### END SOLUTION


# %% check="foundations.linear_gradients"
check("foundations.linear_gradients")

# %% [markdown]
# How do you know that a rule is right? Try it. The library's gradient checker compares a gradient that was computed
# with one that was measured, and names the entry where they differ most. Here the loss is the sum of the squares of
# $Y$, so $G = 2Y$. The second time, the gradient of the bias is divided by the size of the batch, a mistake that many
# have made.

# %%
generator = torch.Generator().manual_seed(2)
x, weight, bias = (torch.randn(size, generator=generator) for size in ((4, 3), (3, 2), (2,)))


def squares(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Send a batch through a linear map, and add up the squares of what comes out."""
    return (x @ weight + bias).square().sum()


right = library.linear_gradients(x, weight, 2 * (x @ weight + bias))
wrong = (*right[:2], right[2] / 4)
for gradients in (right, wrong):
    print(library.check_gradients(squares, [x, weight, bias], gradients))

# %% [markdown]
# Replace `library.linear_gradients` by yours and run the cell again. Whenever you write a derivative by hand, check
# it this way. In lab 02 you build a machine that applies the chain rule by itself.

# %% [markdown]
# ## From scores to shares
#
# A model gives each possible next token a **score** (or **logit**), any number at all: 2.1 for *a*, -0.3 for *k*. To
# choose by chance we need **probabilities**: none negative, all together 1. The **softmax** makes them, in two steps.
# The exponential makes every score positive, and the division shares 1 out among them:
#
# $$p_i = \frac{e^{s_i}}{\sum_j e^{s_j}}$$
#
# where $s_i$ is the score of outcome $i$, $p_i$ its probability, and $j$ runs over all outcomes. Equal steps in score
# are equal *factors* in probability: one more point of score, $e = 2.718$ times the probability, wherever it started.
# For example, the scores $(2, 1, 0)$ have the exponentials $(7.389, 2.718, 1)$, which add up to $11.107$, so the
# probabilities are $(0.665, 0.245, 0.090)$.
#
# What would *not* do? Dividing the scores by their sum: they can be negative, and $(1, -1)$ adds up to 0.
#
# ## Too large for a float
#
# The formula is right, and a program that follows it to the letter breaks. Look.

# %%
for scores in ([2.0, 1.0, 0.0], [90.0, 89.0, 88.0]):
    powers = torch.tensor(scores).exp()
    print("scores:      ", scores)
    print("exponentials:", powers)
    print("shares:      ", powers / powers.sum(), "\n")

# %% [markdown]
# $e^{90}$ is larger than any float32, so it becomes infinite, and $\infty/\infty$ is `nan`, *not a number*. One
# `nan` in a model turns all its numbers into `nan` at the next step of training.
#
# Here is the way out. The two rows of scores differ by 88 in every place, and their shares are the same: adding a
# number $c$ to **all** scores of a row multiplies all exponentials by $e^c$, above and below the line, and it
# cancels. So choose $c$ to your advantage: take the **largest score of the row** away from all of them. Then the
# largest exponential is $e^0 = 1$ and nothing overflows. Whatever lies far below becomes 0, and that does no harm.
# Each row has its own largest score.
#
# **Write** `softmax(scores)`, along the last dimension: each row is a distribution. The last dimension is `dim=-1`,
# however many there are; `dim=1` is the last one of a matrix alone. Large scores, such as 1000 and -1000, must be
# fine. A model is trained through this function, so a gradient has to flow back to the scores: build new tensors, and
# change none in place. PyTorch's `softmax`, `log_softmax` and `logsumexp` are not allowed, nor are the library's.


# %% exercise="foundations.softmax"
def softmax(scores: Tensor) -> Tensor:
    """Turn each row of scores into probabilities.

    Args:
        scores: (..., outcomes). The leading dimensions are free: none, one, or several.

    Returns:
        The same shape; along the last dimension the numbers add up to 1. A gradient flows back to
        the scores.
    """
    ### BEGIN SOLUTION
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum(dim=-1, keepdim=True)
    ### END SOLUTION


# %% check="foundations.softmax"
check("foundations.softmax")

# %% [markdown]
# **A place to stop.** You can compare vectors, find gradients, and make probabilities of scores. The second half asks
# how good probabilities are, and builds the model. When you come back, run the cells above again (in the *Run* menu:
# *Run All Above Selected Cell*).

# %% [markdown]
# ## Surprise
#
# A friend says: 'it will rain tomorrow'. How much have you been told? In a desert, a lot. In a rain forest, nearly
# nothing. What tells you much is what was *improbable*. Shannon (1948) asked for a measure of it with one property:
# the surprise at two independent events is the **sum** of their surprises. Their probabilities multiply, so only a
# logarithm will do:
#
# $$\text{surprise}(p) = -\log p$$
#
# where $p$ is the probability of what happened. The sign makes it positive, for the logarithm of a number below 1 is
# negative. What was certain ($p = 1$) has the surprise 0. What was impossible ($p = 0$) would be infinitely
# surprising.

# %%
p = torch.linspace(0.001, 1, 400)
plt.figure(figsize=(6, 3.2))
plt.plot(p, -p.log())
for value, name in ((0.5, "a coin"), (1 / 6, "a die"), (1 / 27, "one letter of 27")):
    plt.plot(value, -math.log(value), "ko", markersize=5)
    plt.annotate(f"{name}: {-math.log(value):.2f}", (value + 0.02, -math.log(value) + 0.1))
plt.title("The less probable, the more surprising")
plt.xlabel("probability of what happened (no unit)")
plt.ylabel("surprise (nats)")
plt.show()

# %% [markdown]
# ## Bits and nats
#
# Which logarithm? With base 2 the unit is the **bit**, the surprise at a fair coin. With the natural logarithm (base
# $e$) the unit is the **nat**. They measure the same thing, as inches and centimeters do: one bit is $\ln 2 = 0.693$
# nats. PyTorch's `log` is the natural one, its derivative is the simplest, and so losses are in nats. **In this
# course every logarithm is natural**, unless we say so.
#
# **Predict.** Four tokens came, and a model had given them the probabilities 1/2, 1/4, 1/8 and 1/2. How surprised was
# it on average, in **bits**? Give the number the name `average_bits`.

# %% exercise="foundations.average_bits"
### BEGIN SOLUTION
average_bits = (1 + 2 + 3 + 1) / 4
### END SOLUTION

# %% check="foundations.average_bits"
check("foundations.average_bits")

# %% [markdown]
# ## The average surprise
#
# How surprising is a distribution *on average*? What is rare is very surprising and rarely happens. So weigh each
# surprise by how often it comes. That is the **entropy**:
#
# $$H(p) = -\sum_i p_i \log p_i$$
#
# where $p_i$ is the probability of outcome $i$. It is small when one outcome is nearly certain, and largest, $\log
# n$, when all $n$ outcomes are equally likely. For example,
#
# $$H(0.5, 0.25, 0.25) = 0.5 \cdot 0.693 + 0.25 \cdot 1.386 + 0.25 \cdot 1.386 = 1.040 \text{ nats},$$
#
# which is $1.040 / 0.693 = 1.5$ bits.
#
# **An outcome of probability 0 adds nothing**: it never happens, so it surprises nobody, and $p \log p$ tends to 0
# with $p$. Your computer does not know that. It computes $0 \cdot (-\infty)$, and that is `nan`. Take care of it.
#
# **Write** `entropy(probabilities)`, in nats. `torch.special.entr` is not allowed.


# %% exercise="foundations.entropy"
def entropy(probabilities: Tensor) -> Tensor:
    """Compute the average surprise of each distribution, in nats.

    Args:
        probabilities: (..., outcomes); along the last dimension they add up to 1. Some may be 0.

    Returns:
        (...): one number for each distribution.
    """
    ### BEGIN SOLUTION
    safe = torch.where(probabilities > 0, probabilities, 1.0)
    return -(probabilities * safe.log()).sum(dim=-1)
    ### END SOLUTION


# %% check="foundations.entropy"
check("foundations.entropy")

# %% [markdown]
# ## Play: temperature
#
# Whoever uses a model can make it bolder or more careful. Before the softmax, all scores are divided by one number,
# the **temperature** $T$: $p = \operatorname{softmax}(s / T)$.
#
# **Predict.** Two letters have the scores 3 and 1. At $T = 1$ the first is $e^{3 - 1} = 7.4$ times as probable as the
# second. How many times as probable is it at $T = 2$?
#
# - `"a"`: 7.4 times, as before.
# - `"b"`: 3.7 times.
# - `"c"`: 2.7 times.
# - `"d"`: 0.4 times.

# %% exercise="foundations.warmer"
### BEGIN SOLUTION
warmer = "c"
### END SOLUTION

# %% check="foundations.warmer"
check("foundations.warmer")

# %% [markdown]
# Below is what the finished model thinks comes after the letter *k*. First three temperatures side by side, then a
# slider to play with. **Before you move it**, guess: what is the entropy at each end?

# %%
after_k = finished.probabilities[letters.index("k")].log()


def draw_temperature(axis: plt.Axes, temperature: float) -> None:
    """Draw what comes after k at a temperature, with the entropy in the title."""
    probabilities = library.softmax(after_k / temperature)
    nats = library.entropy(probabilities).item()
    axis.bar(range(27), probabilities, edgecolor="black")
    axis.set_xticks(range(27), list(letters), fontsize=7)
    axis.set(ylim=(0, 1), xlabel="letter after k", ylabel="probability (no unit)")
    axis.set_title(f"T = {temperature:g}: {nats:.2f} nats, {nats / math.log(2):.2f} bits")


figure, axes = plt.subplots(1, 3, figsize=(13, 2.8), sharey=True)
for axis, temperature in zip(axes, (0.3, 1.0, 5.0), strict=True):
    draw_temperature(axis, temperature)
    axis.label_outer()
figure.suptitle("A low temperature makes the model sure, a high one makes it even", y=1.08)
plt.show()


# %%
def play(temperature: float) -> None:
    """Draw one picture for the slider."""
    _, axis = plt.subplots(figsize=(6.5, 2.8))
    draw_temperature(axis, temperature)
    plt.show()


_ = interact(play, temperature=FloatSlider(1.0, min=0.1, max=10, step=0.1))

# %% [markdown]
# At the lowest temperature one letter takes all, and the entropy falls to nearly 0. The higher the temperature, the
# nearer it comes to $\log 27 = 3.30$ nats, where every letter is as likely as any other.

# %% [markdown]
# ## Believing the wrong thing
#
# Suppose outcomes are drawn from $p$, and you believe that they come from $q$. At outcome $i$ you are surprised by
# $-\log q_i$, and someone who knows the truth by $-\log p_i$. How much more are you surprised, on average over what
# **really happens**?
#
# $$D(p \,\|\, q) = \sum_i p_i \big( (-\log q_i) - (-\log p_i) \big) = \sum_i p_i \log \frac{p_i}{q_i}$$
#
# where $p$ is the truth and $q$ the belief. This is the **Kullback-Leibler divergence** (Kullback & Leibler, 1951).
# It is never negative: nobody predicts better than one who knows the truth. It is 0 only when $p$ and $q$ are equal.
# And as with entropy, an outcome with $p_i = 0$ adds nothing, for it is never drawn.
#
# ## Which way round?
#
# It looks like a distance, and it is not one. Let the truth be a fair coin, $p = (0.5, 0.5)$, and let somebody
# believe in a loaded one, $q = (0.9, 0.1)$:
#
# - $D(p \,\|\, q) = 0.5 \log \frac{0.5}{0.9} + 0.5 \log \frac{0.5}{0.1} = -0.294 + 0.805 = 0.511$ nats.
# - $D(q \,\|\, p) = 0.9 \log \frac{0.9}{0.5} + 0.1 \log \frac{0.1}{0.5} = 0.529 - 0.161 = 0.368$ nats.
#
# The first is the price of believing in a loaded coin when the coin is fair. The second is the price of believing in
# a fair coin when it is loaded. The order says **who draws**: the first one does.
#
# **Write** `kl_divergence(p, q)`, in nats. Wherever `p` is above 0, `q` is too. `p` can be 0, and then `q` may be 0
# as well. `torch.nn.functional.kl_div` and `torch.distributions.kl_divergence` are not allowed.


# %% exercise="foundations.kl_divergence"
def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Compute how much more surprise q brings than p when p draws, in nats.

    Args:
        p: The distributions that draw, (..., outcomes). Some probabilities may be 0.
        q: The distributions that are believed, (..., outcomes).

    Returns:
        (...): one number for each pair of distributions.
    """
    ### BEGIN SOLUTION
    drawn = p > 0
    extra = torch.where(drawn, p, 1.0).log() - torch.where(drawn, q, 1.0).log()
    return (p * extra).sum(dim=-1)
    ### END SOLUTION


# %% check="foundations.kl_divergence"
check("foundations.kl_divergence")

# %% [markdown]
# You will meet this number again: it keeps a chatbot near the model that it was made from (RLHF), and it lets a small
# model learn from a large one (distillation).

# %% [markdown]
# ## Surprise at what came
#
# The whole surprise of one who believes $q$ while $p$ draws is the **cross-entropy** $H(p, q) = -\sum_i p_i \log
# q_i$. It is $H(p) + D(p \,\|\, q)$: what nobody can avoid, plus what the wrong belief costs. To make it small, the
# only thing a model can do is to bring its belief nearer to the truth.
#
# But we do not know the truth $p$ of a language. We have texts that were drawn from it. So we average over what came:
#
# $$L = -\frac{1}{N} \sum_{n=1}^{N} \log q_n(t_n), \qquad q_n = \operatorname{softmax}(s_n)$$
#
# where $N$ is the number of tokens, $t_n$ the token that came at place $n$ (the **target**), $s_n$ the row of scores
# that the model gave there, and $q_n(t_n)$ the probability of the target. This is the loss of every language model,
# from the one that you build today to the largest there are. Before any training, all of $V$ tokens are about equally
# likely and the loss is about $\log V$. If yours starts elsewhere, look for a mistake.
#
# ## The logarithm of zero
#
# Here is a model that is very sure and wrong: its scores are $(1000, 0, -1000)$, and the last class was the right
# one.

# %%
scores = torch.tensor([1000.0, 0.0, -1000.0])
print("softmax, then log:   ", library.softmax(scores).log())
print("log of the softmax:  ", library.log_softmax(scores))

# %% [markdown]
# The softmax rounds $e^{-2000}$ to 0, and the logarithm of 0 is minus infinity. The loss would be infinite and its
# gradient `nan`. Yet the right answer is an ordinary number. Do the algebra before the arithmetic. With the row's
# largest score $m$,
#
# $$\log \frac{e^{s_i}}{\sum_j e^{s_j}} = (s_i - m) - \log \sum_j e^{s_j - m}$$
#
# and on the right no small probability is ever computed. One of the exponentials is $e^0 = 1$, so the sum is at least
# 1 and its logarithm harmless.
#
# ## What counts
#
# Texts in a batch differ in length, so the short ones are filled up with padding, and padding must not count. By
# convention such places have the target -100 (PyTorch's `ignore_index`). They belong **neither in the sum nor in the
# number that it is divided by**.
#
# **A worked example.** Three places, two classes:
#
# | scores | target | probability of the target | surprise |
# |---|---|---|---|
# | $(0, 0)$ | 1 | 0.5 | 0.693 |
# | $(2, 0)$ | 0 | 0.881 | 0.127 |
# | $(5, 1)$ | -100 | | |
#
# The loss is $(0.693 + 0.127) / 2 = 0.410$.
#
# **Write** `cross_entropy(scores, targets, ignore_index=-100)`, in nats. At least one target counts. PyTorch's
# `cross_entropy`, `nll_loss`, `log_softmax` and `logsumexp` are not allowed. To pick one entry from each row, index
# with two lists: `table[torch.arange(n), columns]`.


# %% exercise="foundations.cross_entropy"
def cross_entropy(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Average the surprise at the targets, in nats.

    Args:
        scores: One row of scores a token, (tokens, classes). Any size of score is fine.
        targets: The class that came, (tokens,), or ignore_index where nothing counts.
        ignore_index: The mark of targets that do not count.

    Returns:
        One number, a tensor of shape (); the gradient reaches the scores.
    """
    ### BEGIN SOLUTION
    counted = targets != ignore_index
    scores, targets = scores[counted], targets[counted]
    shifted = scores - scores.amax(dim=-1, keepdim=True)
    log_probabilities = shifted - shifted.exp().sum(dim=-1, keepdim=True).log()
    return -log_probabilities[torch.arange(len(targets)), targets].mean()
    ### END SOLUTION


# %% check="foundations.cross_entropy"
check("foundations.cross_entropy")

# %% [markdown]
# ## Counting is the best guess
#
# Now to the model. Before the names, a coin. It fell on heads 7 times out of 10. What is the probability of heads?
# You would say 0.7, and here is why that is right: of all the coins that there could be, the one with 0.7 makes what
# you *saw* the most probable.

# %%
heads = torch.linspace(0.01, 0.99, 200)
surprise = -(7 * heads.log() + 3 * (1 - heads).log()) / 10
best = heads[surprise.argmin()].item()
plt.figure(figsize=(6, 3))
plt.plot(heads, surprise)
plt.plot(best, surprise.min(), "ko")
plt.annotate(f"least surprise at {best:.2f}", (best - 0.15, surprise.min() + 0.25))
plt.title("The share that was counted makes the data least surprising")
plt.xlabel("believed probability of heads (no unit)")
plt.ylabel("average surprise (nats)")
plt.show()

# %% [markdown]
# To choose the numbers that make the data most probable is called **maximum likelihood**. It is the same as least
# average surprise, for the logarithm turns a product of probabilities into a sum. And for a table of probabilities,
# the answer is the *share that was counted*. No training is needed.
#
# ## A table of counts
#
# A **bigram model** guesses the next token from the last one alone. Its parameters are a table with a row for each
# token that can stand *before*, and a column for each that can come *after*. A name is a list of ids, with the
# boundary (id 0, written as a point) at **both ends**, since how names begin and when they end is a part of the
# language:

# %%
ids = library.encode("abe")
print("ids:  ", ids)
print("pairs:", list(pairwise(ids)))

# %% [markdown]
# So *abe* has four pairs. (`pairwise` is Python's own, from `itertools`.) Count the pairs of all names, each name by
# itself: the end of one name and the beginning of the next are no pair. Then turn each **row** into shares:
#
# $$q(b \mid a) = \frac{n_{ab}}{\sum_{b'} n_{ab'}}$$
#
# where $n_{ab}$ counts how often token $b$ came right after token $a$, $b'$ runs over all tokens, and $q(b \mid a)$
# reads 'the probability of $b$, given $a$'. For example, the two sequences $[0, 1, 1, 1, 2, 0]$ and $[0, 2, 1, 0]$
# over three tokens give
#
# $$n = \begin{pmatrix} 0 & 1 & 1 \\ 1 & 2 & 1 \\ 1 & 1 & 0 \end{pmatrix} \quad\longrightarrow\quad
# q = \begin{pmatrix} 0 & 0.5 & 0.5 \\ 0.25 & 0.5 & 0.25 \\ 0.5 & 0.5 & 0 \end{pmatrix}$$
#
# There is a trap in the counting. `table[first, second] += 1` with two *tensors* of ids adds 1 to each place that is
# named, **once**, however often it is named. A loop over the pairs counts each.
#
# ## What was never seen
#
# A pair that never came in the data has the count 0, the probability 0, and so an infinite surprise on the day it
# comes. But *not seen* is not *impossible*. **Smoothing** pretends that every pair was seen $k$ times more than it
# was:
#
# $$q(b \mid a) = \frac{n_{ab} + k}{\sum_{b'} (n_{ab'} + k)}$$
#
# where $k$ is the smoothing. It joins the *counts*, above the line and below it, so the rows still add up to 1. With
# $k = 1$ the first row of the example becomes $(1, 2, 2) / 5$. Laplace (1814) used $k = 1$ to ask how probable it is
# that the sun will rise tomorrow.
#
# **Write** `bigram_probabilities(sequences, vocabulary_size, smoothing=0.0)`. Every token is followed by something at
# least once, or the smoothing is above 0, in all that is checked. (Without smoothing, the row of a token that nothing
# follows is 0/0, `nan`. No cell looks such a row up.)


# %% exercise="foundations.bigram_probabilities"
def bigram_probabilities(
    sequences: list[list[int]], vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    """Estimate by counting how probable each token is after each other one.

    Args:
        sequences: Lists of token ids, each with the boundary, id 0, at both ends.
        vocabulary_size: How many tokens there are; ids run from 0 to vocabulary_size - 1.
        smoothing: What is added to every count.

    Returns:
        (vocabulary_size, vocabulary_size): row a holds the probabilities of what follows a.
    """
    ### BEGIN SOLUTION
    counts = torch.zeros(vocabulary_size, vocabulary_size)
    for sequence in sequences:
        for current, following in pairwise(sequence):
            counts[current, following] += 1
    counts = counts + smoothing
    return counts / counts.sum(dim=-1, keepdim=True)
    ### END SOLUTION


# %% check="foundations.bigram_probabilities"
check("foundations.bigram_probabilities")

# %% [markdown]
# ## How many choices?
#
# A loss of 2.1 nats says little to a person. **Perplexity** turns it back into a number of choices: how many equally
# likely tokens would be as hard to guess?
#
# $$\text{perplexity} = \exp\!\left( -\frac{1}{N} \sum_{n=1}^{N} \log q_n(t_n) \right)$$
#
# where $\log q_n(t_n)$ is the log-probability that the model gave to the $n$-th of $N$ tokens. The exponential undoes
# the natural logarithm, so the base is $e$. (With bits it would be 2. Mixing the two is a common mistake.) The
# average is over *tokens*, whatever the length of the text.
#
# For example, three tokens that had the probabilities $0.5$, $0.25$ and $0.1$ have the surprises $0.693$, $1.386$ and
# $2.303$, on average $1.461$, and the perplexity is $e^{1.461} = 4.31$.
#
# **Predict.** A text is written down twice in a row, and each token has the same probability as the first time. What
# happens to the perplexity?
#
# - `"a"`: it doubles.
# - `"b"`: it stays as it was.
# - `"c"`: it is squared.
# - `"d"`: its root is taken.

# %% exercise="foundations.longer_text"
### BEGIN SOLUTION
longer_text = "b"
### END SOLUTION

# %% check="foundations.longer_text"
check("foundations.longer_text")

# %% [markdown]
# **Write** `perplexity(log_probabilities)`.


# %% exercise="foundations.perplexity"
def perplexity(log_probabilities: Tensor) -> Tensor:
    """Compute the number of equally likely tokens that would be as hard to guess.

    Args:
        log_probabilities: The natural logarithm of the probability of each token, (tokens,).

    Returns:
        One number, as a tensor or a Python number.
    """
    ### BEGIN SOLUTION
    return (-log_probabilities.mean()).exp()
    ### END SOLUTION


# %% check="foundations.perplexity"
check("foundations.perplexity")

# %% [markdown]
# ## It runs: your own language model
#
# From here on everything is yours. (If an answer is still missing, these cells stop with `NotImplementedError`. Come
# back later.) We keep 1000 of the 5000 names apart. The model does not see them when it counts, so they tell how well
# it guesses names that are **new** to it.

# %%
sequences = [library.encode(name) for name in names]
known, new = sequences[:4000], sequences[4000:]


def your_table() -> Tensor:
    """Count your model out of the 4000 names."""
    return bigram_probabilities(known, 27, smoothing=0.1)


plt.figure(figsize=(6.4, 5.6))
plt.imshow(your_table(), cmap="Blues", vmin=0, vmax=0.6)
plt.xticks(range(27), list(letters))
plt.yticks(range(27), list(letters))
plt.colorbar(label="probability (no unit)")
plt.title("The whole model:\neach row says what comes after one letter")
plt.xlabel("next letter")
plt.ylabel("letter before")
plt.show()

# %% [markdown]
# Read a row or two. What comes after *k*? After *w*? Which letters end names? (The rows of *c*, *j*, *q*, *x*, *y*
# and *z* are even: no name has these letters.) Now let it write. To write a name, start at the boundary, draw a
# letter from its row, go on from there, and stop at the next boundary. With a temperature, your softmax comes in.


# %%
def write(table: Tensor, generator: torch.Generator, temperature: float = 1.0) -> str:
    """Draw a name, letter by letter, until the boundary comes."""
    ids = [0]
    while len(ids) < 25:
        row = softmax(table[ids[-1]].log() / temperature)
        ids.append(torch.multinomial(row, 1, generator=generator).item())
        if ids[-1] == 0:
            break
    return library.decode(ids)


table, generator = your_table(), torch.Generator().manual_seed(1948)
for temperature in (0.2, 1.0, 3.0):
    print(f"T = {temperature}:", " ".join(write(table, generator, temperature) for _ in range(10)))

# %% [markdown]
# These are your model's names, not anyone's. Change the seed and the temperature. At a low temperature it writes the
# same few syllables, at a high one the rare pairs come through. One letter of memory is not much.
#
# How good is it? We gather the log-probability of every letter of a text, and your `perplexity` does the rest.


# %%
def log_probabilities_of(table: Tensor, sequences: list[list[int]]) -> Tensor:
    """Look up the log-probability of every token that follows another."""
    pairs = [pair for ids in sequences for pair in pairwise(ids)]
    current, following = torch.tensor(pairs).T
    return table[current, following].log()


table = your_table()
print(f"even odds:   {perplexity(log_probabilities_of(torch.full((27, 27), 1 / 27), new)):.2f}")
print(f"known names: {perplexity(log_probabilities_of(table, known)):.2f}")
print(f"new names:   {perplexity(log_probabilities_of(table, new)):.2f}")

# %% [markdown]
# Guessing the next letter is now as hard as a choice among about 8, where it was 27. On new names the model does
# nearly as well as on those that it counted: it has learned what names are like, and not these names. Does that
# always hold? We count again, from only **200** names. (A number like $k$, which is chosen and not found by counting
# or by descent, is called a **hyperparameter**.)

# %%
few = known[:200]
smoothings = [0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
curves: dict[str, list[float]] = {"the 200 names": [], "1000 new names": []}
for smoothing in smoothings:
    small = bigram_probabilities(few, 27, smoothing)
    for name, text in zip(curves, (few, new), strict=True):
        curves[name].append(float(perplexity(log_probabilities_of(small, text))))
print(
    f"without smoothing: {curves['the 200 names'][0]:.2f} on the names that were counted, "
    f"{curves['1000 new names'][0]} on new ones"
)

plt.figure(figsize=(6.2, 3.4))
for (name, values), style in zip(curves.items(), ("o--", "s-"), strict=True):
    plt.plot(smoothings[1:], values[1:], style, label=name)
plt.xscale("log")
plt.title("A little smoothing costs on known names and pays on new ones")
plt.xlabel("smoothing k (pairs)")
plt.ylabel("perplexity (choices)")
plt.legend()
plt.show()

# %% [markdown]
# ## In your own words
#
# Look at the last picture, and at the line printed above it.

# %% [markdown] question="foundations.why_smooth" points=2
# **Without smoothing, no other table makes the 200 names less surprising, and yet the perplexity on new names is
# infinite.** Explain both halves of this sentence. Then say what smoothing changes, what it costs on the names that
# were counted, and why too much of it is bad. How would you choose $k$, and on which names? Five to seven sentences.
#
# ### BEGIN SOLUTION
# The table of shares is the maximum-likelihood estimate: of all tables it makes the counted names most probable,
# which is the same as the smallest average surprise on them. But it takes 'not seen among 200 names' for
# 'impossible': such a pair has the probability 0. Among the new names one such pair comes, its surprise is -log 0,
# infinite, and the average with it, whatever the model thinks of all other letters. Smoothing adds k to each count,
# so that no probability is 0; the probability for the unseen pairs is taken from the seen ones, and therefore the
# counted names become a little more surprising. With a very large k the counts drown and every row becomes even: the
# perplexity goes toward 27. A good k is the one with the lowest perplexity on names that were not counted; these
# names must not be those on which the final result is reported, or the result is too good.
#
# Marking: 1 point for both halves (shares are the most likely table for the data at hand; a pair that was never seen
# gets probability 0 and one of them makes the average infinite). 1 point for smoothing: where the probability comes
# from, what too much does, and that k is chosen on names that were not counted. Half a point off the second if k is
# chosen on the 200 names themselves, for there 0 is always best.
# ### END SOLUTION

# %% [markdown]
# ## The same model by descent
#
# Counting works because a table is simple. For a network with millions of numbers there is no such shortcut, and what
# remains is the gradient. To see that it leads to the same place, we start from a table of scores that are all 0,
# compute **your** cross-entropy on all pairs, and take a step against the gradient, 120 times (**gradient descent**;
# where each step sees some pairs drawn by chance, it is called *stochastic*). PyTorch finds the gradient here, by the
# chain rule, as you did by hand.

# %%
current, following = torch.tensor([pair for ids in known[:2000] for pair in pairwise(ids)]).T
scores = torch.zeros(27, 27, requires_grad=True)
losses = []
for _ in range(120):
    loss = cross_entropy(scores[current], following)
    losses.append(loss.item())
    (gradient,) = torch.autograd.grad(loss, scores)
    with torch.no_grad():
        scores -= 40 * gradient

counted = (
    -log_probabilities_of(bigram_probabilities(known[:2000], 27, 1e-6), known[:2000]).mean().item()
)
plt.figure(figsize=(6.2, 3.4))
plt.plot(losses, label="by descent")
plt.axhline(counted, color="black", linestyle="--", label="by counting")
plt.axhline(math.log(27), color="gray", linestyle=":", label="even odds, log 27")
plt.title("Step by step, descent comes to what counting found")
plt.xlabel("step")
plt.ylabel("loss (nats)")
plt.legend()
plt.show()

# %% [markdown]
# It starts at $\log 27 = 3.30$, as it should, and comes down to the line. Nothing can be below the line: it is the
# most likely table. To get lower, a model has to see more than one letter. Names here come from three peoples, and
# one letter does not tell which. In lab 02 you build a network that looks further back, and it beats this model on
# the same names.
#
# ## What you have built
#
# Cosines for all pairs, gradients by trying and by rule, a softmax that does not overflow, entropy, divergence, the
# loss of all language models, and a language model. Compare your answers with `llmlab/foundations/`: it is short, and
# it has the same names.

# %%
progress()

# %% [markdown]
# ## Where to read on
#
# - Shannon (1948), *A Mathematical Theory of Communication*. Section 3 writes English with tables like yours; section 6
#   defines entropy.
# - Markov (1913), *An Example of Statistical Investigation of the Text Eugene Onegin*: the first bigram model, of vowels
#   and consonants, counted by hand.
# - Kullback & Leibler (1951), *On Information and Sufficiency*.
# - Jelinek et al. (1977), *Perplexity: a measure of the difficulty of speech recognition tasks*.
# - Chen & Goodman (1999), *An Empirical Study of Smoothing Techniques for Language Modeling*: better ways
#   than adding $k$.
# - Goldberg (1991), *What Every Computer Scientist Should Know About Floating-Point Arithmetic*.
# - Parr & Howard (2018), *The Matrix Calculus You Need For Deep Learning*. arXiv:1802.01528.
# - Mielke et al. (2021), *Between words and characters*: on what a token is, which lab 03 asks. arXiv:2112.10508.
#
# In the project, `course/01_foundations.md` tells the history, and lab 02 goes on with the same names.
