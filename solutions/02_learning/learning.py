# %% [markdown]
# # Lab 02: Learning
#
# In lab 01 a language model was a table of counts: which letter follows which. You looked at one letter and guessed
# the next. Three letters would tell you more, but of three letters there are $27^3 = 19{,}683$ combinations, and most
# of them never stand in your data. Counting ends here. In this lab a model *learns* instead: it is wrong, it asks
# which of its numbers is to blame, and it changes each of them a little. Every large language model is made in this
# way.
#
# **What you will be able to do after this lab:**
#
# - fit a model by gradient descent, and tell learning from learning by heart;
# - write backpropagation, the engine inside PyTorch;
# - write SGD with momentum, and AdamW, which trains today's models;
# - train a neural language model that beats the bigram of lab 01.
#
# **What you need first:** gradients, cross-entropy and the bigram (lab 01). **Time:** two sittings of about two hours;
# a place to stop is marked in the middle.
#
# **Symbols.** $x$ is an input, $y$ its right answer and $\hat y$ a prediction; $w$ is a weight, $L$ the loss, $g$ a
# gradient, $\eta$ the learning rate; $i$ counts examples and $j$ features; $\log$ is the natural logarithm. The arrow
# in $w \leftarrow \dots$ means that $w$ gets a new value.

# %%
import copy
import math
from collections import Counter, defaultdict

import matplotlib.pyplot as plt
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

import llmlab.foundations as library
from autograder import check, hint, progress
from llmlab.foundations import ALPHABET, BigramModel, encode, names
from llmlab.widgets import DescentView, GraphView

# %% [markdown]
# `library` is the finished version of what you write here. The demonstrations use it, so they run before you have
# written anything. Are you stuck? `hint("learning.gradient_descent")` shows a hint, and when you run it again, the
# next one. Unless the text says otherwise, an answer leaves its inputs as they are.

# %% [markdown]
# ## Learning from examples
#
# How long does it take to read a text? Here are 30 readings (the numbers are invented): the length of a text in
# hundreds of words, and the minutes that it took. **Find the line yourself first.** Change `minutes_per_hundred` and
# `minutes_to_begin`, run the cell again, and get the loss below 0.5.

# %%
generator = torch.Generator().manual_seed(2)
lengths = 1 + 9 * torch.rand(30, generator=generator)
minutes = 0.6 * lengths + 1.5 + 0.5 * torch.randn(30, generator=generator)

minutes_per_hundred, minutes_to_begin = 0.2, 5.0
guesses = minutes_per_hundred * lengths + minutes_to_begin
loss = (guesses - minutes).square().mean()

plt.figure(figsize=(6.5, 3.2))
plt.plot(lengths, minutes, "o", label="readings")
ends = torch.tensor([1.0, 10.0])
plt.plot(ends, minutes_per_hundred * ends + minutes_to_begin, "--", label="your line")
plt.title(f"This line has a loss of {loss:.2f}")
plt.xlabel("length (hundreds of words)")
plt.ylabel("time (minutes)")
plt.legend()
plt.show()

# %% [markdown]
# What you did by hand is **supervised learning**. There are *examples*: inputs, each with the right answer, its
# *target*. There is a *model*, which turns inputs into predictions, and has numbers that can be changed: its
# *weights*. There is a *loss*, one number that says how wrong the predictions are. Learning is changing the weights
# so that the loss falls.
#
# Our model is linear, and our loss the **mean squared error**:
#
# $$\hat y_i = \sum_j x_{ij} w_j, \qquad L(w) = \frac{1}{n} \sum_{i=1}^{n} (\hat y_i - y_i)^2$$
#
# where $x_{ij}$ is feature $j$ of example $i$, $w_j$ the weight of that feature, $\hat y_i$ the prediction, $y_i$ the
# target and $n$ the number of examples. A line that need not pass through 0 has two features: the length, and the
# number 1, whose weight is the time to begin.

# %% [markdown]
# ## Which loss for which answer
#
# A time is a number, and being wrong by little is better than being wrong by much: the squared error says so. The
# next letter of a name is a *choice*. There a model gives probabilities, and the loss is the **cross-entropy** of lab
# 01, $-\log p$, where $p$ is the probability that the model gave to the right letter.
#
# Why not the squared error $(1 - p)^2$ for choices too? Look at how hard each loss *pushes*. A model chooses between
# two letters; its score for the right one runs from hopeless to certain.

# %%
scores = torch.linspace(-8, 8, 200, requires_grad=True)
plt.figure(figsize=(6.5, 3.2))
for name, style, one_loss in (
    ("cross-entropy, -log p", "-", -functional.logsigmoid(scores)),
    ("squared error, (1 - p)²", "--", (1 - scores.sigmoid()).square()),
):
    (slope,) = torch.autograd.grad(one_loss.sum(), scores)
    plt.plot(scores.detach(), -slope, style, label=name)
plt.title("Where the model is most wrong, the squared error hardly pushes")
plt.xlabel("score of the right letter, less that of the other (no unit)")
plt.ylabel("push on the score (no unit)")
plt.legend()
plt.show()

# %% [markdown]
# On the left the model is sure of the wrong letter. The cross-entropy pushes with its full strength of 1 there; the
# squared error has given up. So: numbers are learned with the squared error, choices with the cross-entropy.

# %% [markdown]
# ## Down the slope
#
# You turned two knobs and watched the loss. With a million weights you need to know, for each of them, which way is
# down. The **gradient** says it: one number a weight, how fast the loss rises when that weight grows. A step goes
# *against* it:
#
# $$\frac{\partial L}{\partial w_j} = \frac{2}{n} \sum_{i=1}^{n} (\hat y_i - y_i)\, x_{ij}, \qquad
# w_j \leftarrow w_j - \eta \, \frac{\partial L}{\partial w_j}$$
#
# where $\eta$ (say 'eta') is the **learning rate**, how far a step follows the gradient. Read the formula as a
# question of blame: weight $j$ is to blame for an error as far as its feature took part in the prediction. The 2
# comes from the square, the $1/n$ from the mean. Thanks to the mean a learning rate that suits ten examples suits a
# thousand.
#
# **A worked example.** One feature, two examples: inputs 1 and 2, targets 3 and 5, weight $w = 1$.
#
# 1. Predictions: 1 and 2. Errors: $-2$ and $-3$. Loss: $(4 + 9)/2 = 6.5$.
# 2. Gradient: $\frac{2}{2}(-2 \cdot 1 - 3 \cdot 2) = -8$. The loss falls when $w$ grows.
# 3. With $\eta = 0.1$ the new weight is $1 - 0.1 \cdot (-8) = 1.8$, and the loss is 1.7.
#
# Then the errors have changed, so the gradient has, and the next step computes it anew.
#
# **Write** `gradient_descent(inputs, targets, weights, learning_rate, steps)` by the formula above. (How PyTorch gets
# its gradients comes later, and you write that too.)


# %% exercise="learning.gradient_descent"
def gradient_descent(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    """Fit a linear model by steps down the mean squared error.

    Args:
        inputs: One example a row, (examples, features).
        targets: The right answers, (examples,).
        weights: Where the descent begins, (features,). They must not be changed in place.
        learning_rate: How far each step follows the gradient.
        steps: How many steps, at least 1.

    Returns:
        The weights after the last step, (features,).
    """
    ### BEGIN SOLUTION
    for _ in range(steps):
        errors = inputs @ weights - targets
        gradient = 2 / len(targets) * (inputs.T @ errors)
        weights = weights - learning_rate * gradient
    return weights
    ### END SOLUTION


# %% check="learning.gradient_descent"
check("learning.gradient_descent")

# %% [markdown]
# One number is still yours to choose: the learning rate. What is chosen and not learned is called a
# **hyperparameter**. What happens when this one is wrong?

# %%
features = torch.stack([lengths, torch.ones(30)], dim=1)
plt.figure(figsize=(6.5, 3.2))
for rate, style in ((0.0003, ":"), (0.02, "-"), (0.03, "--")):
    walked, line = [], torch.zeros(2)
    for _ in range(60):
        walked.append((features @ line - minutes).square().mean())
        line = library.gradient_descent(features, minutes, line, rate, steps=1)
    plt.plot(walked, style, label=f"learning rate {rate}")
plt.yscale("log")
plt.title("Too small a learning rate crawls, too large a one climbs")
plt.xlabel("steps")
plt.ylabel("loss (minutes²)")
plt.legend()
plt.show()

# %% [markdown]
# Between the best rate and disaster there is not much room. Remember that; it comes back below.
#
# **Think before you run anything.** Say that the lengths were given in words, and not in hundreds of words: each input
# is 100 times as large, and the right weight 100 times as small. By which number would you divide the learning rate, so
# that this weight takes the same way to its goal, step by step, in the new unit? Write down one step in both units, and
# give the number the name `rate_divisor`.

# %% exercise="learning.rate_divisor"
### BEGIN SOLUTION
rate_divisor = 100 * 100
### END SOLUTION

# %% check="learning.rate_divisor"
check("learning.rate_divisor")

# %% [markdown]
# ## Too good on what it has seen
#
# A straight line is a modest model. Let us take a proud one. Here are 12 temperatures of one day (invented, with an
# unsteady thermometer), and polynomials of three degrees, each fitted so that its loss on the 12 points is as low as it
# can be. **Predict before you run the cell with the picture:** which degree has the lowest loss on these 12 points?
#
# - `"a"`: 1, a straight line, since it is disturbed least by the errors.
# - `"b"`: 4, which can follow a day and no more.
# - `"c"`: 11, whatever the points are.
# - `"d"`: Nobody can say without the points.
#
# Give the letter the name `closest_degree`. And which would you trust?

# %% exercise="learning.closest_degree"
### BEGIN SOLUTION
closest_degree = "c"
### END SOLUTION

# %% check="learning.closest_degree"
check("learning.closest_degree")

# %%
generator = torch.Generator().manual_seed(4)


def measured(count: int) -> tuple[Tensor, Tensor]:
    """Read the thermometer at random hours: a smooth day, and an error of about 1.5 degrees."""
    hours = 24 * torch.rand(count, generator=generator, dtype=torch.float64)
    errors = 1.5 * torch.randn(count, generator=generator, dtype=torch.float64)
    return hours, 15 - 6 * torch.cos((hours - 4) * math.pi / 12) + errors


def powers(hours: Tensor, degree: int) -> Tensor:
    """Make the features of a polynomial: powers of the hour, scaled to -1 to 1."""
    return torch.stack([((hours - 12) / 12) ** power for power in range(degree + 1)], dim=1)


def fitted(degree: int) -> Tensor:
    """Give the weights with the lowest training loss of all."""
    return torch.linalg.lstsq(powers(seen[0], degree), seen[1][:, None]).solution[:, 0]


def mean_square(degree: int, examples: tuple[Tensor, Tensor]) -> float:
    """Measure the loss of the fitted polynomial on examples."""
    return (powers(examples[0], degree) @ fitted(degree) - examples[1]).square().mean().item()


seen, unseen = measured(12), measured(200)
clock = torch.linspace(0, 24, 300, dtype=torch.float64)
figure, axes = plt.subplots(1, 3, figsize=(11, 3), sharey=True)
for axis, degree in zip(axes, (1, 4, 11), strict=True):
    axis.plot(clock, powers(clock, degree) @ fitted(degree))
    axis.plot(*seen, "o", color="black")
    axis.set(title=f"degree {degree}: loss {mean_square(degree, seen):.2f}", xlabel="time (hours)")
axes[0].set(ylim=(-5, 35), ylabel="temperature (°C)")
figure.suptitle("The curve that meets every point is the one that nobody believes", y=1.04)
plt.show()

# %% [markdown]
# The polynomial of degree 11 has 12 weights, one for each point, and goes through all of them. It has learned the
# errors of the thermometer by heart. That is **overfitting**. The line on the left has the opposite trouble: it
# cannot bend, and misses the day itself. That is **underfitting**. How would you find out, without looking at a
# picture?

# %%
degrees = range(12)
plt.figure(figsize=(6.5, 3.4))
for examples, style, name in ((seen, "o-", "12 it has seen"), (unseen, "s--", "200 it has not")):
    plt.plot(degrees, [mean_square(degree, examples) for degree in degrees], style, label=name)
plt.yscale("log")
plt.ylim(0.1, 1e5)
plt.title("On what was seen more is always better; on the rest it turns")
plt.xlabel("degree of the polynomial")
plt.ylabel("loss (°C²)")
plt.legend()
plt.show()

# %% [markdown]
# ## Examples set aside
#
# The loss on examples that were learned from says how well a model remembers. What you want to know is how it does on
# examples that it has **never** met. So some are set aside before anything begins, in two sets, for two tasks:
#
# - The **training set**, most of the examples: the weights are fitted to it.
# - The **validation set**: you choose by it. Which degree, which learning rate, when to stop?
# - The **test set**: used once, at the end, for the number that you report.
#
# Why are validation and test two sets? Of twenty models one looks best on the validation set, partly since it *is*
# good and partly since it was lucky there. Choosing picks the luck too. Only examples that took no part in any choice
# give an honest number.
#
# Data often come sorted, by date, by class, by length, so the examples are shuffled first. Inputs and targets must be
# shuffled *alike*, or each input gets the answer of another. And the order is drawn by a seed that you can name, so that
# tomorrow's split is today's.
#
# For example, 20 examples give 16, 2 and 2. With the order 13, 4, 0, 19, ..., the test set holds the inputs 13 and 4
# with the targets 13 and 4, the validation set those of 0 and 19, and the training set all others. (Which pile is
# dealt first is up to you.)
#
# **Write** `split_examples(inputs, targets, generator)`.


# %% exercise="learning.split_examples"
def split_examples(
    inputs: Tensor, targets: Tensor, generator: Generator
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Divide examples at random into a training, a validation and a test set.

    Args:
        inputs: One example a row, (examples, ...); at least 10 examples.
        targets: The right answers in the same order, (examples, ...).
        generator: Draws the order; equal seeds give equal sets. `torch.randperm` takes one.

    Returns:
        Three pairs of inputs and targets: training, validation, test. Validation and test have a
        tenth of the examples each, rounded down; all others are for training. Every example is
        in exactly one set.
    """
    ### BEGIN SOLUTION
    order = torch.randperm(len(inputs), generator=generator)
    tenth = len(inputs) // 10
    places = order[2 * tenth :], order[tenth : 2 * tenth], order[:tenth]
    training, validation, test = ((inputs[place], targets[place]) for place in places)
    return training, validation, test
    ### END SOLUTION


# %% check="learning.split_examples"
check("learning.split_examples")

# %% [markdown]
# ## Numbers that remember
#
# For a linear model we worked the gradient out on paper. Nobody does that for a network of a hundred layers. Finite
# differences, as in lab 01, would need one run of the network for each weight: a million runs for one step.
#
# A better idea: whatever a program computes, it computes by small operations, and for each of them we know how fast its
# result changes with its inputs. So let each number **remember** how it was made:
# from which numbers (its *parents*), and with which *slopes*. The gradient of the whole is then a matter of
# bookkeeping.
#
# ### Slopes of one operation
#
# A **slope** answers one question: when this input alone grows by a little, how many times as much does the result
# grow?
#
# - *Sum* $a + b$: if $a$ grows by 0.01, so does the sum. Both slopes are 1.
# - *Product* $a \cdot b$: if $a$ grows by $h$, the product becomes $(a + h)\, b = ab + h\,b$. It has grown by $h\,b$.
#   So what is the slope to $a$? And to $b$?
# - *Power* $a^n$, with a fixed number $n$, which may be negative or a fraction: the slope is $n \, a^{n-1}$.
# - *Hyperbolic tangent* $t = \tanh a$, which bends any number into the range from -1 to 1: the slope is $1 - t^2$. It
#   is 1 at 0 and vanishes far from it.
#
# For example, $4 \cdot (-2)$ has the data $-8$ and the slopes $-2$ and $4$, in the order of the parents; $3^2$ has
# the slope $2 \cdot 3^1 = 6$; and $\tanh 1 = 0.7616$ has the slope $1 - 0.58 = 0.42$.
#
# **Write** the three operations. The sum is there to be looked at: it makes a new `Value` from the number, the
# parents, the slopes, and a sign for the picture.


# %% exercise="learning.Value"
class Value:
    """A number that remembers how it was made.

    Attributes:
        data: The number.
        grad: How fast the final result changes with it; 0 until somebody computes it.
        parents: The Values that it was made from; empty for a number that was given.
        slopes: How fast it changes with each of its parents, in their order.
        operation, label: A sign and a name for the picture.
    """

    def __init__(
        self,
        data: float,
        parents: tuple = (),
        slopes: tuple[float, ...] = (),
        operation: str = "",
        label: str = "",
    ) -> None:
        self.data, self.grad = data, 0.0
        self.parents, self.slopes = parents, slopes
        self.operation, self.label = operation, label

    def __add__(self, other: "Value") -> "Value":
        """Add: both slopes are 1."""
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other: "Value") -> "Value":
        """Multiply with another Value."""
        ### BEGIN SOLUTION
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")
        ### END SOLUTION

    def __pow__(self, exponent: float) -> "Value":
        """Raise to a power; the exponent is a plain number, and no parent."""
        ### BEGIN SOLUTION
        slope = exponent * self.data ** (exponent - 1)
        return Value(self.data**exponent, (self,), (slope,), f"**{exponent}")
        ### END SOLUTION

    def tanh(self) -> "Value":
        """Bend into the range from -1 to 1; `math.tanh` computes the number."""
        ### BEGIN SOLUTION
        bent = math.tanh(self.data)
        return Value(bent, (self,), (1 - bent**2,), "tanh")
        ### END SOLUTION


# %% check="learning.Value"
check("learning.Value")

# %% [markdown]
# ## Backward through the graph
#
# Now a computation is a **graph**: numbers, and arrows from parents to what was made from them. Below is $L = (ab +
# a)^2$ with $a = 2$ and $b = -3$. The question is how fast $L$ changes with $a$ and with $b$.
#
# Press *Step* (or use the arrow keys), one node at a time, and watch the gradients. Before each step, say what the
# next one will write where.

# %%
a, b = library.Value(2.0, label="a"), library.Value(-3.0, label="b")
c = a * b
c.label = "c"
d = c + a
d.label = "d"
result = d**2
result.label = "L"
GraphView(result, title="How fast does L change with a and b?")

# %% [markdown]
# The walk begins at the end. $L$ changes with itself as fast as it does: its gradient is **1**. Then each node passes
# its gradient on to its parents, times the slope between them. That is the **chain rule**: if $L$ changes 8 times as
# fast as $d$, downward, and $d$ as fast as $c$, then $L$ changes $-8 \cdot 1$ times as fast as $c$.
#
# ### Gradients add up
#
# $a$ is used twice: in the product and in the sum. Each use is a way of its own to change $L$, and the effects add
# up: $-8$ by way of the sum, and $-8 \cdot (-3) = 24$ by way of the product, 16 together. In a formula,
#
# $$\frac{\partial L}{\partial p} = \sum_{c \,\in\, \text{uses of } p} s_{cp} \, \frac{\partial L}{\partial c}$$
#
# where $p$ is a number, $c$ runs over all that was made from it directly, and $s_{cp}$ is the slope of $c$ with
# respect to $p$.
#
# **Try it by hand.** With $z = x \cdot x + x$ and $x = 3$: which gradient of $z$ does $x$ get in the end? Go through the
# uses of $x$ one by one. Give the number the name `gradient_of_x`.

# %% exercise="learning.gradient_of_x"
### BEGIN SOLUTION
gradient_of_x = 3 + 3 + 1
### END SOLUTION

# %% check="learning.gradient_of_x"
check("learning.gradient_of_x")

# %% [markdown]
# ### Each node when it is complete
#
# A node may pass its gradient on only when *all* that was made from it has passed its own. Here $c$ comes before $a$,
# since $a$ still waits for what comes through $c$. Which order is safe for every graph?
#
# List the nodes so that each stands **after its parents**: a *topological order*. It is easily made by a function
# that visits a node: if the node was visited before, do nothing; otherwise visit its parents first, and then append
# the node to the list. Turned around, the list begins with the result, and each node comes after everything made from
# it. For the graph above the list is $a, b, c, d, L$, and the walk is $L, d, c, b, a$.
#
# **Write** `backward(result)`. It returns nothing; it writes into `grad`, and into nothing else. All gradients are 0
# when it begins. A graph may be a single number.


# %% exercise="learning.backward"
def backward(result: Value) -> None:
    """Write into each number of a graph how fast the result changes with it.

    Args:
        result: The last number of the graph. It and all that it was made from have `parents`,
            `slopes` (one a parent) and `grad`, which is 0. Some numbers may be used more than once.
    """
    ### BEGIN SOLUTION
    order: list[Value] = []
    visited = set()

    def visit(node: Value) -> None:
        if node in visited:
            return
        visited.add(node)
        for parent in node.parents:
            visit(parent)
        order.append(node)

    visit(result)
    result.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad += slope * node.grad
    ### END SOLUTION


# %% check="learning.backward"
check("learning.backward")

# %% [markdown]
# That is backpropagation (Linnainmaa, 1970; Rumelhart, Hinton & Williams, 1986), all of it. It costs about twice as
# much as computing the result did, for *all* gradients at once, whether there are two numbers or a trillion. PyTorch does the
# same with tensors in place of numbers. Here both differentiate one neuron. Your classes are at work in the next
# cell, so it needs them to be written.

# %%
weights = [Value(0.7, label="w1"), Value(-0.4, label="w2")]
inputs = [Value(1.5, label="x1"), Value(2.0, label="x2")]
bias = Value(0.1, label="b")
neuron = (weights[0] * inputs[0] + weights[1] * inputs[1] + bias).tanh()
neuron.label = "out"
backward(neuron)

theirs = torch.tensor([0.7, -0.4], requires_grad=True)
torch.tanh(theirs @ torch.tensor([1.5, 2.0]) + 0.1).backward()
print("yours:    ", [round(weight.grad, 4) for weight in weights])
print("PyTorch's:", [round(gradient, 4) for gradient in theirs.grad.tolist()])
GraphView(neuron, title="Your own numbers")

# %% [markdown]
# **A place to stop.** You can fit a model and have its gradients. What follows is how to use them: optimizers, the
# training loop, and a language model. After a break, run the cells from the top and go on here.

# %% [markdown]
# ## Steps with a memory
#
# You have gradients. What is the best use of them? The surface below has two weights, and the color is the loss. It
# is a *ravine*: steep across, flat along. Play with **SGD**, your `gradient_descent` for any loss. (The name is
# *stochastic gradient descent*: stochastic means that chance plays a part. In practice each step's gradient comes from
# a **batch**, a few examples drawn at random, and not from all.)
#
# 1. Raise the learning rate step by step. At which one does the path begin to jump from wall to wall? At which one
#    does it leave the picture?
# 2. Go back to the largest rate that holds. What is slow now, and why can you not make it faster?
# 3. Choose **momentum**, with the same learning rate. What has changed?

# %%
DescentView("ravine", "SGD", learning_rate=0.05, steps=50)

# %% [markdown]
# The steep direction allows no rate above 0.1, and at that rate the flat one crawls. A ball would do better. Rolling
# down, it gathers speed where the slope keeps its direction, and where the slope flips from side to side, the pushes
# cancel. So each weight gets a **velocity** $v$, which remembers past gradients (Polyak, 1964):
#
# $$v \leftarrow \mu \, v + g, \qquad w \leftarrow w - \eta \, v$$
#
# where $g$ is the gradient of the weight, $\mu$ ('mu', the `momentum`) is the part of the velocity that is kept,
# $\eta$ the learning rate, and $v$ starts at 0. For example, with $\mu = 0.9$ and a gradient that is 1 at every step,
# $v$ is $1, 1.9, 2.71, \dots$, and in the end $1 / (1 - 0.9) = 10$: along the ravine the steps become ten times as
# long.
#
# In PyTorch an optimizer is an object. It keeps for each parameter a dictionary of its own, `self.state[parameter]`,
# which is empty before the first step. Going through the parameters is the same in all optimizers, so it is given.
#
# **Write** the update of one parameter. Change the parameter in place (`parameter -= ...`), or the model would not
# see it. Leave the gradient as it is, and keep no hold of its tensor: PyTorch may write the next gradient into it.
# `torch.optim.SGD` is this optimizer, and not allowed.


# %% exercise="learning.SGD"
class SGD(torch.optim.Optimizer):
    """Stochastic gradient descent with momentum."""

    def __init__(self, params, lr: float, momentum: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        """Move each parameter by one step; the gradients are in `parameter.grad`, and stay as they are."""
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for parameter in group["params"]:
                state = self.state[parameter]  # a dictionary of this parameter's own
                ### BEGIN SOLUTION
                velocity = momentum * state.get("velocity", 0.0) + parameter.grad
                parameter -= lr * velocity
                state["velocity"] = velocity
                ### END SOLUTION


# %% check="learning.SGD"
check("learning.SGD")

# %% [markdown]
# Yours is in the menu now, as 'my SGD'. (If it is not written yet, the line under the picture says so; choose
# another.)

# %%
DescentView(
    "ravine",
    "my SGD",
    learning_rate=0.02,
    steps=80,
    own={"my SGD": lambda parameters, rate, momentum: SGD(parameters, rate, momentum)},
)

# %% [markdown]
# ## Steps of a fitting size
#
# Momentum helps where directions differ in steepness by a factor of 20. In a language model they differ by far more:
# the vector of a frequent letter gets a gradient in every batch, that of a rare one hardly ever. One learning rate
# for all of them is a poor compromise. Could each weight have a rate of its own?
#
# ### Two running means
#
# **Adam** (Kingma & Ba, 2014) keeps two running means for each weight: of its gradients, $m$, and of their *squares*,
# $s$. The root of $s$ says how large this weight's gradients usually are. Dividing by it gives every weight steps of
# about the same size, $\eta$, however large or small its gradients are.
#
# ### Correcting the start
#
# Both means begin at 0. With $\beta_1 = 0.9$ and a first gradient of 1, $m$ is 0.1 after the first step: ten times
# too small. With $\beta_2 = 0.999$, $s$ is 0.001: a thousand times too small. The remedy is exact. If every gradient
# were 1, $m$ would be $1 - \beta_1^t$ after $t$ steps, and it should be 1; so it is divided by $1 - \beta_1^t$, and $s$
# by $1 - \beta_2^t$.
#
# **Predict.** The first gradient of a weight is 20, and $\eta = 0.01$. By how much does Adam's first step change the
# weight, with both means corrected? (Give the length, without a sign.) The name is `first_step`.

# %% exercise="learning.first_step"
### BEGIN SOLUTION
first_step = 0.01
### END SOLUTION

# %% check="learning.first_step"
check("learning.first_step")

# %% [markdown]
# ### Decay on its own
#
# Where examples are seen many times, large weights are often a sign of learning by heart, and it helps to shrink all of
# them a little at each step: **weight decay**. Language models that read their text once have little to learn by heart;
# they decay all the same, since it keeps the optimization steady (D'Angelo et al., 2023). The obvious way is to add
# $\lambda w$ to the gradient. But then the decay is divided by the root of $s$ too, and weights with large gradients
# hardly decay. **AdamW** (Loshchilov & Hutter, 2017) keeps the decay out of both means and shrinks the weight directly.
# The picture shows this, and the correction before it.

# %%
steps = torch.arange(1, 101)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4))
for beta, style in ((0.9, "-"), (0.99, "--")):
    left.plot(steps, 1 - beta**steps, style, label=f"as it is, beta {beta}")
left.axhline(1, linestyle=":", color="black", label="corrected")
left.set(title="A mean that begins at 0 takes long to arrive", xlabel="steps")
left.set(ylabel="running mean of gradients of 1 (no unit)")
for kind, size, style, name in (
    (library.Adam, 10.0, "--", "decay in the gradient, gradients of 10"),
    (library.AdamW, 10.0, "-", "decay on its own, gradients of any size"),
    (library.Adam, 0.1, ":", "decay in the gradient, gradients of 0.1"),
):
    decaying = nn.Parameter(torch.tensor([1.0]))
    optimizer, places = kind([decaying], lr=0.01, weight_decay=0.5), []
    for step in range(200):
        decaying.grad = torch.tensor([size * (-1.0) ** step])
        optimizer.step()
        places.append(decaying.item())
    right.plot(places, style, label=name)
right.set(title="In the gradient, decay depends on the gradients' size", xlabel="steps")
right.set(ylabel="weight (no unit)", ylim=(0, 1.6))
for axis in (left, right):
    axis.legend()
plt.show()

# %% [markdown]
# AdamW is the optimizer of most of today's language models (Llama 3, DeepSeek-V3: both 2024). With $t = 1, 2, \dots$
# counting the steps of each parameter, one step is
#
# $$\begin{aligned}
# w &\leftarrow w - \eta \, \lambda \, w \\
# m &\leftarrow \beta_1 m + (1 - \beta_1)\, g \\
# s &\leftarrow \beta_2 s + (1 - \beta_2)\, g^2 \\
# w &\leftarrow w - \eta \; \frac{m / (1 - \beta_1^t)}{\sqrt{s / (1 - \beta_2^t)} + \epsilon}
# \end{aligned}$$
#
# where $\lambda$ is `weight_decay`, $\beta_1$ and $\beta_2$ are `betas`, and $\epsilon$ (`eps`) keeps a weight
# without any gradient from a division by 0. Note where $\epsilon$ stands: outside the root.
#
# **A worked example.** $w = 1$, $g = 0.5$, $t = 1$, $\eta = 0.1$, betas 0.9 and 0.999, $\lambda = 0.01$. The decay
# makes $w = 0.999$. Then $m = 0.05$ and $s = 0.00025$; corrected, 0.5 and 0.25. The step is $0.1 \cdot 0.5 /
# \sqrt{0.25} = 0.1$, and $w = 0.899$. With a gradient of 500 in place of 0.5 it would be the same.
#
# **Write** the update of one parameter. `torch.optim.AdamW` and `Adam` are not allowed.


# %% exercise="learning.AdamW"
class AdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay."""

    def __init__(
        self,
        params,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self) -> None:
        """Move each parameter by one step; the gradients are in `parameter.grad`, and stay as they are."""
        for group in self.param_groups:
            lr, eps, weight_decay = group["lr"], group["eps"], group["weight_decay"]
            beta_1, beta_2 = group["betas"]
            for parameter in group["params"]:
                state = self.state[parameter]  # a dictionary of this parameter's own
                ### BEGIN SOLUTION
                t = state["t"] = state.get("t", 0) + 1
                m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * parameter.grad
                s = beta_2 * state.get("s", 0.0) + (1 - beta_2) * parameter.grad**2
                state["m"], state["s"] = m, s
                parameter -= lr * weight_decay * parameter
                corrected = (s / (1 - beta_2**t)).sqrt() + eps
                parameter -= lr * m / (1 - beta_1**t) / corrected
                ### END SOLUTION


# %% check="learning.AdamW"
check("learning.AdamW")

# %% [markdown]
# Compare on the surface that is named after Rosenbrock (1960), a bent valley that is easy to find and hard to follow.
# Try each optimizer with the learning rate that suits *it*. Which of them needs the least care? Then look at the
# saddle, and start close to its ridge: who gets off it first?

# %%
DescentView(
    "Rosenbrock",
    "my AdamW",
    learning_rate=0.05,
    steps=200,
    own={"my AdamW": lambda parameters, rate, momentum: AdamW(parameters, rate, (momentum, 0.999))},
)

# %% [markdown]
# ## The loop
#
# Everything meets in the training loop, which takes batch after batch; once through all examples is an **epoch**. Its
# heart is three lines, and all of deep learning runs on them:
#
# ```python
# optimizer.zero_grad()
# loss_function(model(inputs), targets).backward()
# optimizer.step()
# ```
#
# Why the first? As in your `backward`, PyTorch *adds* new gradients to what is there. Within one graph that is right:
# a number that is used twice needs both. From one step to the next it is wrong. Nobody raises an error; see what
# happens.

# %%
x = torch.linspace(-1, 1, 20)[:, None]
plt.figure(figsize=(6.5, 3))
for clear, style in ((True, "-"), (False, "--")):
    line = nn.Linear(1, 1)
    with torch.no_grad():
        line.weight.fill_(0.0)
        line.bias.fill_(0.0)
    optimizer = library.SGD(line.parameters(), lr=0.1)
    walked = []
    for _ in range(60):
        if clear:
            optimizer.zero_grad()
        loss = functional.mse_loss(line(x), 2 * x - 1)
        loss.backward()
        optimizer.step()
        walked.append(loss.item())
    plt.plot(walked, style, label=f"gradients {'cleared' if clear else 'not cleared'}")
plt.title("Without zero_grad the descent swings past the valley again and again")
plt.xlabel("steps")
plt.ylabel("loss (no unit)")
plt.legend()
plt.show()

# %% [markdown]
# ### Stop at the best
#
# A network is more than a polynomial, and overfits in its own way: with *time*. Here a small one learns the 12
# temperatures from above, 3,000 steps long. Its loss on the 200 others is measured on the way.

# %%
torch.manual_seed(0)
thermometer = nn.Sequential(
    nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)
)
optimizer = library.AdamW(thermometer.parameters(), lr=0.003)
learned, held_out = (
    (((hours - 12) / 12).float()[:, None], ((degrees_celsius - 15) / 6).float()[:, None])
    for hours, degrees_celsius in (seen, unseen)
)
curves: dict[str, list[float]] = {"12 points it learns": [], "200 points it does not": []}
for step in range(3_000):
    optimizer.zero_grad()
    loss = functional.mse_loss(thermometer(learned[0]), learned[1])
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        with torch.no_grad():
            other = functional.mse_loss(thermometer(held_out[0]), held_out[1])
        for curve, one_loss in zip(curves.values(), (loss, other), strict=True):
            curve.append(36 * one_loss.item())
plt.figure(figsize=(6.5, 3.2))
for (name, curve), style in zip(curves.items(), ("-", "--"), strict=True):
    plt.plot(range(0, 3_000, 20), curve, style, label=name)
plt.yscale("log")
plt.title("After a while the network learns only the thermometer's errors")
plt.xlabel("steps")
plt.ylabel("loss (°C²)")
plt.legend()
plt.show()

# %% [markdown]
# The remedy: measure the validation loss as you go, and in the end go back to the weights that had the lowest. This is
# **early stopping**. Two traps wait:
#
# - The choice is made by the **validation** loss. The training loss would always choose the end, and the test set
#   must stay out of it.
# - `model.state_dict()` gives the weights, but no copy of them: it *shares* its tensors with the model, and when the
#   model goes on learning, what you kept changes with it. `copy.deepcopy(model.state_dict())` makes a copy;
#   `model.load_state_dict(kept)` puts it back.
#
# For example, with `every=2` and six batches the validation loss is measured after batches 2, 4 and 6. If it is 3.1,
# 2.7 and 2.9, the function returns `[3.1, 2.7, 2.9]`, and the model has the weights that it had after batch 4.
#
# **Write** `train`. The validation loss is measured without gradients (`with torch.no_grad():`), after the step.


# %% exercise="learning.train"
def train(
    model: nn.Module,
    loss_function,
    optimizer: torch.optim.Optimizer,
    batches: list[tuple[Tensor, Tensor]],
    validation: tuple[Tensor, Tensor],
    every: int = 1,
) -> list[float]:
    """Train a model, and leave it with the weights that did best on the validation set.

    Args:
        model: Takes inputs and gives predictions.
        loss_function: Takes predictions and targets, in this order, and gives the loss.
        optimizer: Changes the weights of the model.
        batches: Pairs of inputs and targets, at least `every` of them; each pair is one step.
        validation: A pair of inputs and targets from which the model must not learn.
        every: The validation loss is measured after each `every` steps.

    Returns:
        The validation losses in order, as plain numbers.
    """
    ### BEGIN SOLUTION
    losses: list[float] = []
    kept = None
    for number, (inputs, targets) in enumerate(batches, start=1):
        optimizer.zero_grad()
        loss_function(model(inputs), targets).backward()
        optimizer.step()
        if number % every == 0:
            with torch.no_grad():
                losses.append(loss_function(model(validation[0]), validation[1]).item())
            if losses[-1] == min(losses):
                kept = copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return losses
    ### END SOLUTION


# %% check="learning.train"
check("learning.train")

# %% [markdown]
# ## Letters in context
#
# Now to language. In lab 01 the bigram looked at one letter. How about counting after *three*, or five? The next cell
# does it, with 0.1 added to every count, so that nothing is impossible, and measures the loss on 1,000 new names.

# %%
all_names = names(10_000)


def table_loss(learn_from: list[str], ask: list[str], length: int) -> float:
    """Count what follows each context of some names, and give the loss on others, in nats a letter."""
    counts: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    contexts, targets = library.context_windows([encode(name) for name in learn_from], length)
    for context, target in zip(contexts.tolist(), targets.tolist(), strict=True):
        counts[tuple(context)][target] += 1
    total = 0.0
    contexts, targets = library.context_windows([encode(name) for name in ask], length)
    for context, target in zip(contexts.tolist(), targets.tolist(), strict=True):
        seen_here = counts[tuple(context)]
        total -= math.log((seen_here[target] + 0.1) / (seen_here.total() + 27 * 0.1))
    return total / len(targets)


plt.figure(figsize=(6.5, 3))
for count, style in ((500, "o--"), (8_000, "s-")):
    found = [table_loss(all_names[:count], all_names[9_000:], length) for length in range(1, 7)]
    plt.plot(range(1, 7), found, style, label=f"counted in {count:,} names")
plt.title("More context helps a table until it has seen too little of each")
plt.xlabel("length of the context (letters)")
plt.ylabel("loss on new names (nats a letter)")
plt.legend()
plt.show()

# %% [markdown]
# A table learns nothing about *ka* from *pa*: each context has a row of its own, and most long ones have been seen
# once or never. A model that *computes* its answer can do better. First it needs examples.
#
# Names come as lists of ids that begin and end with the boundary 0, as `encode` makes them. Each letter after the
# first boundary is a **target** once, the end too: the model has to learn when to stop. Its input is the **context**,
# the `length` ids before it, the oldest first. Where there are fewer, the context is filled up *on its left* with
# zeros. For *abe*, that is `[0, 1, 2, 5, 0]`, and a length of 3:
#
# | context | target | in letters |
# |---|---|---|
# | `[0, 0, 0]` | 1 | `...` → `a` |
# | `[0, 0, 1]` | 2 | `..a` → `b` |
# | `[0, 1, 2]` | 5 | `.ab` → `e` |
# | `[1, 2, 5]` | 0 | `abe` → `.` |
#
# Look at the last column: the answer never stands in its own context, and no context reaches into another name.
#
# **Write** `context_windows(sequences, length)`.


# %% exercise="learning.context_windows"
def context_windows(sequences: list[list[int]], length: int) -> tuple[Tensor, Tensor]:
    """Turn names into examples of a context and the letter that follows it.

    Args:
        sequences: The ids of each name, with a 0 at either end; at least one name.
        length: How many letters a context has, at least 1.

    Returns:
        Contexts, (examples, length), and targets, (examples,), in the order of the names and of
        their letters.
    """
    ### BEGIN SOLUTION
    contexts, targets = [], []
    for sequence in sequences:
        context = [0] * length
        for target in sequence[1:]:
            contexts.append(context)
            targets.append(target)
            context = [*context[1:], target]
    return torch.tensor(contexts), torch.tensor(targets)
    ### END SOLUTION


# %% check="learning.context_windows"
check("learning.context_windows")

# %% [markdown]
# ## Letters as vectors
#
# The ids are names, not amounts: letter 5 is not five times letter 1. So each letter gets a **vector** of its own, a
# row of a table $E$ with $V$ rows and $d$ columns: its **embedding**. At first the rows are random. The gradient
# flows back into the rows that were used, as into any other weight, and letters that behave alike end up with vectors
# that are alike. Then what the model learns about *ka* helps with *pa*.
#
# The three vectors of a context are put **side by side**, not added up. A sum would not tell *abe* from *bea*. With
# $d = 2$ and rows $e_1 = (0.1, 0.2)$, $e_2 = (0.3, 0.4)$, $e_5 = (0.5, 0.6)$, the context `[1, 2, 5]` becomes $(0.1,
# 0.2, 0.3, 0.4, 0.5, 0.6)$: the numbers of one letter stay together.
#
# ## A neural language model
#
# Bengio et al. (2003) made this kind of language model known:
#
# $$h = \tanh\!\big(W_h \, [\,e_1 \; e_2 \; \cdots \; e_n\,] + b_h\big), \qquad \text{scores} = W_o \, h + b_o$$
#
# where $[e_1 \cdots e_n]$ are the vectors of the context side by side, $W_h$ and $b_h$ are the weights and biases of
# the hidden map, $h$ is the hidden layer, and $W_o$ and $b_o$ belong to the output map, which gives one score for
# each letter that may come next. The tanh between the two maps is a *bend*. Without it the two would be one linear
# map, and 'after a vowel, *unless* the name is long' could not be said. The model returns **scores**, any numbers at
# all, which are also called **logits**. The softmax is a part of the loss: `functional.cross_entropy` takes scores.
#
# For a batch of 4 contexts of 3 letters, vectors of 10, and 100 hidden units:
#
# | step | shape |
# |---|---|
# | contexts | (4, 3) |
# | looked up in the table | (4, 3, 10) |
# | side by side | (4, 30) |
# | after the hidden map and the tanh | (4, 100) |
# | after the output map: scores | (4, 27) |
#
# **Before you write it:** the table of counts with three letters has $27^3$ rows, and with five $27^5$. How many *more*
# weights does the model of this table need for a context of five letters in place of three? Give the number the name
# `more_weights`.

# %% exercise="learning.more_weights"
### BEGIN SOLUTION
more_weights = 2 * 10 * 100
### END SOLUTION

# %% check="learning.more_weights"
check("learning.more_weights")

# %% [markdown]
# **Write** `forward`. The leading dimensions are free: none, one, or several.


# %% exercise="learning.NeuralLanguageModel"
class NeuralLanguageModel(nn.Module):
    """Scores for the next letter, from the few letters before it."""

    def __init__(
        self, vocabulary_size: int, context_length: int, embedding_dim: int, hidden_dim: int
    ) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(vocabulary_size, embedding_dim))
        self.hidden = nn.Linear(context_length * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, vocabulary_size)

    def forward(self, contexts: Tensor) -> Tensor:
        """Give a score for each letter that may come next.

        Args:
            contexts: Ids, the oldest first, (..., context_length).

        Returns:
            Scores, (..., vocabulary_size).
        """
        ### BEGIN SOLUTION
        vectors = self.table[contexts].flatten(-2)
        return self.output(torch.tanh(self.hidden(vectors)))
        ### END SOLUTION


# %% check="learning.NeuralLanguageModel"
check("learning.NeuralLanguageModel")

# %% [markdown]
# ## It runs: your own model
#
# From here on everything is yours. (If an answer is still missing, these cells stop with `NotImplementedError`. Come
# back later.) Note what is split: **names**, and not examples. If we split the examples, half of a name could be in
# the training set and the other half in the test set, and the test would be easier than new names are.


# %%
def split_names() -> list[list[str]]:
    """Split all names into those to learn from, to choose by, and to test on."""
    numbers = torch.arange(len(all_names))
    parts = split_examples(numbers, numbers, torch.Generator().manual_seed(1))
    return [[all_names[number] for number in part] for part, _ in parts]


CONTEXT_LENGTH = 3


def examples(some_names: list[str]) -> tuple[Tensor, Tensor]:
    """Turn names into contexts and their targets."""
    return context_windows([encode(name) for name in some_names], CONTEXT_LENGTH)


torch.manual_seed(3)
model = NeuralLanguageModel(len(ALPHABET), CONTEXT_LENGTH, embedding_dim=10, hidden_dim=100)
weight_count = sum(parameter.numel() for parameter in model.parameters())
contexts, targets = examples(split_names()[0])
print(f"{len(targets):,} examples to learn from, {weight_count:,} weights.")
with torch.no_grad():
    first_loss = functional.cross_entropy(model(contexts), targets)
print(f"Loss before training: {first_loss:.2f} nats. Blind chance has {math.log(27):.2f}.")

# %% [markdown]
# An untrained model should guess about as well as blind chance, $\log 27$. If its loss is far above, its first scores
# are too large. Now your optimizer and your loop train it: 2,500 steps on batches of 256 examples.

# %%
learn, choose = (examples(part) for part in split_names()[:2])
dealer = torch.Generator().manual_seed(2)
batches = []
for _ in range(2_500):
    places = torch.randint(len(learn[1]), (256,), generator=dealer)
    batches.append((learn[0][places], learn[1][places]))
own_optimizer = AdamW(model.parameters(), lr=0.005)
losses = train(model, functional.cross_entropy, own_optimizer, batches, choose, every=50)

bigram_loss = BigramModel.fit(split_names()[0]).loss(split_names()[1])
plt.figure(figsize=(6.5, 3.2))
plt.plot(range(50, 2_501, 50), losses, label=f"your network, {CONTEXT_LENGTH} letters")
plt.axhline(bigram_loss, linestyle="--", color="black", label="bigram, 1 letter")
plt.title("A longer context beats one letter within the first 100 steps")
plt.xlabel("steps")
plt.ylabel("validation loss (nats a letter)")
plt.legend()
plt.show()

# %% [markdown]
# The choice is made. Now, once, the test set:

# %%
learn_names, _, test_names = split_names()
contexts, targets = examples(test_names)
with torch.no_grad():
    test_loss = functional.cross_entropy(model(contexts), targets).item()
for name, loss in (
    ("bigram, 1 letter", BigramModel.fit(learn_names).loss(test_names)),
    (f"table, {CONTEXT_LENGTH} letters", table_loss(learn_names, test_names, CONTEXT_LENGTH)),
    (f"your network, {CONTEXT_LENGTH} letters", test_loss),
):
    print(f"{name:24} {loss:.3f} nats a letter, as hard as a choice among {math.exp(loss):.1f}")

# %% [markdown]
# It sees as much as the table of three letters, and knows more, for it has learned how letters are alike. Give both
# five letters (set `CONTEXT_LENGTH` to 5, and run the cells again from there): the table gets worse, and the network
# better.
#
# And now it writes. Each letter is drawn from the probabilities that the model gives, and becomes a part of the next
# context, until the boundary is drawn.


# %%
def write(generator: Generator) -> str:
    """Draw a name from your model, letter by letter."""
    context, letters = [0] * CONTEXT_LENGTH, ""
    while len(letters) < 20:
        with torch.no_grad():
            probabilities = model(torch.tensor(context)).softmax(dim=-1)
        letter = int(torch.multinomial(probabilities, 1, generator=generator))
        if letter == 0:
            break
        letters += ALPHABET[letter]
        context = [*context[1:], letter]
    return letters


pen = torch.Generator().manual_seed(7)
print("yours: ", ", ".join(write(pen) for _ in range(12)))
bigram = BigramModel.fit(split_names()[0])
print("bigram:", ", ".join(bigram.write(pen) for _ in range(12)))
print("real:  ", ", ".join(split_names()[2][:12]))

# %% [markdown]
# What has it learned about letters? We look at the last place of the context, where most depends on the letter, and
# with the eyes of the hidden layer: each letter's vector, times the part of the hidden map that reads this place. Of
# the hundred numbers that come out, the picture shows the two directions in which letters differ most.

# %%
used = examples(split_names()[0])[1].unique()[1:]  # every letter that occurs, but not the boundary
reads_last_place = model.hidden.weight.detach().split(10, dim=1)[-1]
vectors = model.table.detach()[used] @ reads_last_place.T
centered = vectors - vectors.mean(dim=0)
_, _, directions = torch.linalg.svd(centered, full_matrices=False)
places = centered @ directions[:2].T
plt.figure(figsize=(5.5, 4.5))
for place, i in zip(places.tolist(), used.tolist(), strict=True):
    vowel = ALPHABET[i] in "aeiou"
    box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "black" if vowel else "none"}
    plt.text(*place, ALPHABET[i], ha="center", va="center", bbox=box)
plt.xlim(places[:, 0].min() - 2, places[:, 0].max() + 2)
plt.ylim(places[:, 1].min() - 2, places[:, 1].max() + 2)
plt.title("Nobody told the model what a vowel is (framed)")
plt.xlabel("first direction (no unit)")
plt.ylabel("second direction (no unit)")
plt.show()

# %% [markdown]
# The vowels stand together, for what follows one of them can follow the others. The names were drawn from three
# invented tongues, and nobody told the model that either: do you see it in the consonants?

# %% [markdown]
# ## In your own words
#
# You have split examples, chosen a moment to stop, and reported one number.

# %% [markdown] question="learning.honest_number" points=2
# **A friend trains twenty language models, measures all of them on the test set, and reports the lowest test loss:
# 1.52 nats.** A month later the model meets new data and has 1.60. Nothing is wrong with the code, and the new data
# are of the same kind. What happened? How should your friend have used the three sets, and which number would have
# been honest? Would the mistake be larger or smaller with a test set of a hundred times the size? Four to six
# sentences.
#
# ### BEGIN SOLUTION
# The loss measured on a test set is the model's true loss plus an error of chance, for the set is a sample. Of twenty
# models, the one with the lowest measured loss is likely to be a good one and also one whose chance error was in its
# favor; the minimum picks both. So the reported number is too low, though no model has seen the test set in training:
# the set was used for choosing, which is what a validation set is for. Right would be: fit each model on the training
# set, choose among the twenty by the validation loss, and measure only the chosen one, once, on the test set. That
# one test loss is honest; the validation loss of the winner is not, for the same reason. With a test set of a hundred
# times the size the chance errors are about ten times smaller, so the mistake would be smaller; it grows with the
# number of models that are compared.
#
# Marking: 1 point for the reason (choosing by the test set picks luck as well as quality, so the minimum is too low).
# 1 point for the remedy (choose on validation, test once) together with the effect of the size (smaller mistake,
# since chance averages out). Half a point off the second if the effect of the size is missing or wrong. An answer
# that says only 'the model overfitted the training set' gets no point for the reason.
# ### END SOLUTION

# %% [markdown]
# ## What you can do now
#
# You have written what trains every language model: a loss, gradients that flow backward through a graph, an
# optimizer, a loop that stops in time. What comes is larger, and not different in kind. Two things in your model are
# still childish. It reads *letters*, and lab 03 finds better pieces. And its context is three of them, side by side,
# with a weight for each place; to look back a thousand places, a model has to choose where to look. That is
# attention, in lab 05.

# %%
progress()

# %% [markdown]
# ## Where to read on
#
# - Bengio, Ducharme, Vincent & Jauvin (2003), *A Neural Probabilistic Language Model*: the model that you built, and
#   why vectors beat tables.
# - Rumelhart, Hinton & Williams (1986), *Learning representations by back-propagating errors*: four pages in *Nature*
#   that made the method known.
# - Kingma & Ba (2014), *Adam: A Method for Stochastic Optimization*; Loshchilov & Hutter (2017), *Decoupled Weight
#   Decay Regularization*: your optimizer in the words of its inventors.
# - Goh (2017), *Why Momentum Really Works*, in Distill: pictures to play with, and the mathematics of the ravine.
# - D'Angelo, Andriushchenko, Varre & Flammarion (2023), *Why Do We Need Weight Decay in Modern Deep Learning?*
# - Zhang et al. (2016), *Understanding deep learning requires rethinking generalization*: networks that learn random
#   answers by heart, and the question why they learn anything else.
#
# In the project, `course/02_learning.md` holds the mathematics of this lab in one place, and `llmlab/foundations/`
# the finished versions of what you wrote.
