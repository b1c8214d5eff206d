# %% [markdown]
# # Lab 08: Distributed training
#
# A large model is trained on thousands of devices at once. No device sees all the data, and none holds the whole
# model. How can they still compute *one* training run? They talk. In this lab you write what they say to each other:
# first among ranks inside this notebook, then among real processes, and at the end you watch Lightning do the same.
#
# **What you will be able to do after this lab:**
#
# - write a program that runs on every device at once, and say who waits for whom;
# - train one model on several processes, with the loss curve of a single one;
# - send gradients around a ring, and say why a ring does not get slower with more ranks;
# - say how much memory a model needs to be trained, and what sharding saves;
# - predict where more devices stop helping.
#
# **What you need first:** gradients and a training loop (labs 02 and 07). **Time:** about three hours, in two sittings; a
# place to stop is marked in the middle.
#
# **Symbols.** $N$ is the number of **ranks** (processes that train together, one a device), $r$ one of them, $s$ a step of a
# ring, $S$ a size in bytes, $\beta$ a bandwidth, $\lambda$ a latency, $n_r$ the tokens of rank $r$. A **batch** is what one step
# of the optimizer learns from, an **epoch** one pass over all examples.
#
# **Unless the text says otherwise, an answer leaves its inputs as they are.** The questions that begin with *predict* are
# checked at once. Answer them before you run what follows.

# %%
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn
from torch.nn import functional

import llmlab.training as library
from autograder import check, hint, progress
from llmlab.errors import CommunicationError, DeadlockError
from llmlab.foundations import encode, names
from llmlab.training import Communicator, simulate
from llmlab.widgets import RingView

# %% [markdown]
# `library` is the finished version of what you write here. The demonstrations use it, so they run before you have
# written anything. Are you stuck? `hint("distributed.all_reduce")` shows a hint, and when you run it again, the next
# one.

# %% [markdown]
# ## Look first: one device is not enough
#
# Llama 3 405B was trained with $3.8 \cdot 10^{25}$ floating-point operations, on up to 16,384 GPUs that did about
# $4 \cdot 10^{14}$ of them a second each (Grattafiori et al., 2024). **Before you run the cell**, guess: how long would one of
# these GPUs take? And would the model fit into its 80 GB?

# %%
operations, speed, parameters = 3.8e25, 4e14, 405e9
days = operations / speed / 86_400
print(f"one GPU:      {days / 365:8,.0f} years")
print(f"16,384 GPUs:  {days / 16_384:8,.0f} days")
gigabytes = library.training_memory(int(parameters), world_size=1, stage=0) / 1e9
print(
    f"weights, gradients and optimizer: {gigabytes:,.0f} GB, the memory of {gigabytes / 80:.0f} GPUs"
)

# %% [markdown]
# Two walls, then: time and memory. The first half of this lab is about time (everybody computes on other data), the
# second about memory (everybody keeps another part of the model).
#
# ## Dealing out the examples
#
# With $N$ processes, each of them is called a **rank**, numbered $r = 0, 1, \dots, N - 1$, and $N$ is the **world
# size**. In **data parallelism** every rank has the same model and works on its own share of the data.
#
# How should the examples be dealt out? Like cards: the first to rank 0, the next to rank 1, and after the last rank
# back to rank 0. Rank $r$ gets the places $r, r + N, r + 2N, \dots$ of the shuffled list. Then the first example of
# all ranks together are the first $N$ of the list. So a step of $N$ ranks uses the very examples that a step of one
# device with an $N$ times larger batch would use, and the two runs can be compared number by number.
#
# All ranks must deal from the same deck: they shuffle with the same seed, and with another one in each epoch.
#
# ### Equally long shares
#
# Seven cards for three players: one player gets three, the others two. For a game that is unfair, for training it is
# fatal. In the last step one rank computes a gradient and waits for the others to average theirs with it, and they
# have gone home. It waits forever. So all shares must be equally long: $\lceil n / N \rceil$ for $n$ examples, rounded
# up, and where the list runs out, it begins again from the front.
#
# **A worked example.** The shuffled indices `[40, 10, 30, 20, 60, 50, 0]` on 3 ranks. Each share has $\lceil 7/3
# \rceil = 3$ indices, so two are missing: the first two come again.
#
# | rank | share |
# |---|---|
# | 0 | 40, 20, 0 |
# | 1 | 10, 60, **40** |
# | 2 | 30, 50, **10** |
#
# **Write** `shard_indices(indices, rank, world_size)`. There may be more ranks than indices.


# %% exercise="distributed.shard_indices"
def shard_indices(indices: list[int], rank: int, world_size: int) -> list[int]:
    """Choose the share of one rank.

    Args:
        indices: The examples in the order of this epoch, at least one; the same list on every rank.
        rank: Whose share it is, from 0 to world_size - 1.
        world_size: How many ranks there are.

    Returns:
        Every world_size-th index from place `rank` on; the list goes on from its front where it
        ends, so that all ranks get equally many.
    """
    ### BEGIN SOLUTION
    share = -(-len(indices) // world_size)
    places = range(rank, share * world_size, world_size)
    return [indices[place % len(indices)] for place in places]
    ### END SOLUTION


# %% check="distributed.shard_indices"
check("distributed.shard_indices")

# %% [markdown]
# That is what PyTorch's `DistributedSampler` does. One thing to remember: the repeated examples count twice. In
# training nobody notices; in an *evaluation* they change the result, so there it is better to leave them out again.

# %% [markdown]
# ## A program that knows which rank it is
#
# Now the ranks have to talk. All of them run **the same program**; it asks for its rank and acts accordingly. The
# program gets a `communicator` with four parts:
#
# - `communicator.rank` and `communicator.world_size`;
# - `communicator.send(tensor, target)` sends a copy to another rank and goes on at once;
# - `communicator.receive(source)` waits until a tensor comes from that rank, and returns it.
#
# `simulate(program, world_size)` runs the program on several ranks inside this notebook, and returns what each of
# them returned. Here each rank sends its number to the next one; the last one's next is rank 0.


# %%
def whisper(communicator: Communicator) -> str:
    """Tell the next rank who I am, and say who told me."""
    following = (communicator.rank + 1) % communicator.world_size
    previous = (communicator.rank - 1) % communicator.world_size
    communicator.send(torch.tensor(communicator.rank), following)
    heard = communicator.receive(previous)
    return f"rank {communicator.rank} heard from rank {int(heard)}"


print("\n".join(simulate(whisper, 4)))

# %% [markdown]
# ### Who waits for whom
#
# Exchange the two lines: first receive, then send. What happens? Every rank waits for the one before it, and nobody
# ever begins. That is a **deadlock**, and on a cluster it looks like this: all devices are busy waiting, nothing
# is printed, and the bill runs. `simulate` notices and says so.


# %%
def polite_whisper(communicator: Communicator) -> None:
    """Listen first, and speak only then."""
    communicator.receive((communicator.rank - 1) % communicator.world_size)
    communicator.send(torch.tensor(1), (communicator.rank + 1) % communicator.world_size)


try:
    simulate(polite_whisper, 4)
except DeadlockError as error:
    print("DeadlockError:", error)

# %% [markdown]
# ## All-reduce, the plain way
#
# The one operation on which data parallelism stands is the **all-reduce**: every rank has a tensor $x_r$, and
# afterwards every rank has the sum of all of them:
#
# $$y = \sum_{r=0}^{N-1} x_r \qquad \text{on every rank}$$
#
# The plain way goes through rank 0. All others send their tensor there; rank 0 adds them to its own, and sends the sum
# back to each.
#
# **A worked example.** Three ranks with $x_0 = (1, 2)$, $x_1 = (10, 20)$, $x_2 = (100, 200)$. Rank 0 receives two
# tensors, computes $(111, 222)$, and sends it twice. All three return $(111, 222)$.
#
# **Write** `all_reduce(communicator, tensor)`. With a single rank there is nobody to talk to. The tensor that you
# are given must not change.


# %% exercise="distributed.all_reduce"
def all_reduce(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Give every rank the sum of all ranks' tensors.

    Args:
        communicator: This rank's: rank, world_size, send(tensor, target), receive(source).
        tensor: This rank's share, of any shape, which is the same on all ranks.

    Returns:
        The sum, of the same shape, on every rank.
    """
    ### BEGIN SOLUTION
    if communicator.rank != 0:
        communicator.send(tensor, 0)
        return communicator.receive(0)
    total = tensor.clone()
    for source in range(1, communicator.world_size):
        total += communicator.receive(source)
    for target in range(1, communicator.world_size):
        communicator.send(total, target)
    return total
    ### END SOLUTION


# %% check="distributed.all_reduce"
check("distributed.all_reduce")

# %% [markdown]
# ## Data parallel by hand
#
# Now training. Each rank computes the gradient of the loss on its own share of the batch, all of them average their
# gradients, and each takes the same step. The copies begin equal, every step is equal, so they stay equal. No weights
# are ever sent.
#
# There is one trap in the word 'average'.
#
# ### The mean of means
#
# The loss of a language model is a mean over **tokens**. Suppose that rank 0 has a text of 1 token with the gradient
# $8$, and rank 1 one of 3 tokens with the gradients $0, 0, 0$. One device with all four tokens would compute $8/4 = 2$.
# The two ranks have the means $8$ and $0$, and the mean of those is $4$: twice as much. The lonely token has as much say
# as the three others together.
#
# A mean is a sum over a number. Sums and numbers can be added up over ranks, and means cannot:
#
# $$g = \frac{\sum_r n_r \, g_r}{\sum_r n_r}$$
#
# where $n_r$ is the number of tokens of rank $r$, $g_r$ the gradient of its mean loss over them, and $g$ the gradient
# of the mean over all tokens; a rank without tokens takes part with gradients of 0. Only when all $n_r$ are equal are the
# two the same. This is no invention of ours: in
# October 2024 widely used trainers were found to make this mistake when they accumulated gradients.
#
# How much does it matter? Two ranks train a small model of names; names differ in length. We measure how far the
# gradient is from that of one device.

# %%
NAMES = names(512)


def pairs(words: list[str]) -> tuple[Tensor, Tensor]:
    """Give the letters of words, and the letter that follows each: (letters,) twice."""
    ids = [encode(word) for word in words]
    inputs = [letter for word in ids for letter in word[:-1]]
    return torch.tensor(inputs), torch.tensor([letter for word in ids for letter in word[1:]])


def small_model() -> nn.Module:
    """Make a model that guesses the next letter from the last: the same one on every rank."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(27, 16), nn.Tanh(), nn.Linear(16, 27))


def gradient_of(words: list[str]) -> tuple[Tensor, int]:
    """Give the gradient of the mean loss over the letters of words, flat, and their number."""
    model = small_model()
    inputs, targets = pairs(words)
    functional.cross_entropy(model(inputs), targets).backward()
    return torch.cat([one.grad.flatten() for one in model.parameters()]), len(targets)


by_length = sorted(NAMES, key=len)
errors: dict[str, list[float]] = {"mean of means": [], "weighted by tokens": []}
apart = range(0, 250, 25)
for distance in apart:
    # Rank 0 gets names from the short end, rank 1 from ever further up.
    shares = [by_length[:32], by_length[distance : distance + 32]]
    (first, few), (second, many) = (gradient_of(words) for words in shares)
    whole, _ = gradient_of([*shares[0], *shares[1]])
    for kind, average in (
        ("mean of means", (first + second) / 2),
        ("weighted by tokens", (few * first + many * second) / (few + many)),
    ):
        errors[kind].append(((average - whole).norm() / whole.norm()).item())

plt.figure(figsize=(7.5, 3.2))
for (kind, values), style in zip(errors.items(), ("o--", "s-"), strict=True):
    plt.plot(apart, [100 * value for value in values], style, label=kind)
plt.title("The mean of means is wrong when the ranks' texts differ in length")
plt.xlabel("how much longer rank 1's names are (places in the sorted list)")
plt.ylabel("error of the gradient (%)")
plt.legend()
plt.show()

# %% [markdown]
# **Predict:** rank 0 has one token with the gradient 6, rank 1 has two with the gradients 0 and 3. What is the gradient of the
# mean over all tokens? Give the number the name `mean_over_tokens`.

# %% exercise="distributed.mean_over_tokens"
### BEGIN SOLUTION
mean_over_tokens = 3.0
### END SOLUTION

# %% check="distributed.mean_over_tokens"
check("distributed.mean_over_tokens")

# %% [markdown]
# **Write** `average_gradients(communicator, gradients, count)`. Use your `all_reduce` (or `library.all_reduce` until it
# is right). It adds up tensors, so a number has to become one first. A rank may have had no tokens at all; its
# gradients are zeros then.


# %% exercise="distributed.average_gradients"
def average_gradients(
    communicator: Communicator, gradients: list[Tensor], count: int
) -> list[Tensor]:
    """Turn each rank's gradients into those of the mean loss over all ranks' tokens.

    Args:
        communicator: This rank's.
        gradients: One tensor a parameter: the gradients of the mean loss over this rank's tokens.
        count: How many tokens this rank had.

    Returns:
        One tensor a parameter, of the same shapes, equal on all ranks.
    """
    ### BEGIN SOLUTION
    total = all_reduce(communicator, torch.tensor(float(count)))
    return [all_reduce(communicator, gradient * count) / total for gradient in gradients]
    ### END SOLUTION


# %% check="distributed.average_gradients"
check("distributed.average_gradients")

# %% [markdown]
# ## A ring
#
# Your all-reduce is right, and it has a bottleneck. Rank 0 receives from everybody and sends to everybody. Count the
# bytes that the busiest rank sends for a tensor of 1 MB:


# %%
def bytes_sent(communicator: Communicator, way: str, tensor: Tensor) -> int:
    """Run one way to all-reduce, and say how much this rank sent."""
    getattr(library, way)(communicator, tensor)
    return communicator.bytes_sent


megabyte = torch.ones(250_000)
sizes = [1, 2, 3, 4, 6, 8, 12, 16]
plt.figure(figsize=(7.5, 3.2))
for way, style in (("all_reduce", "o--"), ("ring_all_reduce", "s-")):
    busiest = [max(simulate(bytes_sent, size, way, megabyte)) / 1e6 for size in sizes]
    plt.plot(
        sizes, busiest, style, label="through rank 0" if way == "all_reduce" else "around a ring"
    )
plt.title("Through rank 0 the busiest rank sends ever more; around a ring it does not")
plt.xlabel("ranks")
plt.ylabel("sent by the busiest rank (MB)")
plt.legend()
plt.show()

# %% [markdown]
# ## Cut it into chunks
#
# The second line is the **ring all-reduce** (Patarasuk & Yuan, 2009; brought to deep learning by Baidu in 2017). Each
# rank talks to two neighbors only: it sends to the next one, $r + 1$, and receives from the one before, $r - 1$, both
# modulo $N$. The tensor is cut into $N$ **chunks**, so that all ranks can be busy at once, each with another chunk.
# No other line is used: that is what makes it a ring.
#
# Play with the picture. Put the step on 0 and go forward. A row is what one rank holds, a column is a chunk. A cell
# has a square for each rank, filled when that rank's share is in the sum. A thick frame marks what arrived in this
# step, and a shaded cell is finished. (The picture counts its steps from 1, the formulas below from $s = 0$.)

# %%
RingView(world_size=4)

# %% [markdown]
# **Before you read on**, answer for yourself: in the first step, which chunk does rank 2 send? Which chunk does it
# receive? And in the second?
#
# ### First round: add and pass on
#
# In $N - 1$ steps $s = 0, 1, \dots, N - 2$, rank $r$ sends chunk $r - s$ to the next rank, and **adds** what arrives to
# its own chunk $r - s - 1$ (all numbers modulo $N$). What a rank sends in one step is what it has added up in the step
# before. After the round rank $r$ has the whole sum of one chunk: chunk $r + 1$. This half alone is called a
# **reduce-scatter**.
#
# ### Second round: pass on
#
# In $N - 1$ more steps the finished chunks go around, and what arrives now **replaces** what was there. In step $s$
# rank $r$ sends chunk $r + 1 - s$, and puts what arrives in the place of chunk $r - s$. This half alone is called an
# **all-gather**.
#
# **A worked example.** Two ranks, $x_0 = (1, 2)$ and $x_1 = (10, 20)$, chunks of one number. First round: rank 0 sends
# chunk 0, the $1$; rank 1 sends its chunk 1, the $20$. Rank 0 adds and has $(1, 22)$; rank 1 has $(11, 20)$. Second
# round: rank 0 sends chunk 1, the $22$, rank 1 sends chunk 0, the $11$. Both have $(11, 22)$.
#
# **Predict:** with 4 ranks, which chunk does rank 2 send in the first step of the *second* round? Give the number the name
# `chunk_sent`.

# %% exercise="distributed.chunk_sent"
### BEGIN SOLUTION
chunk_sent = 3
### END SOLUTION

# %% check="distributed.chunk_sent"
check("distributed.chunk_sent")

# %% [markdown]
# **Write** `ring_all_reduce(communicator, tensor)`. `tensor.flatten().tensor_split(N)` gives $N$ chunks of (nearly)
# equal length as a tuple; some may be empty. Each rank sends to its next neighbor alone, and no more than the ring
# needs. Think of the order of send and receive.


# %% exercise="distributed.ring_all_reduce"
def ring_all_reduce(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Give every rank the sum of all ranks' tensors, in chunks that travel around a ring.

    Args:
        communicator: This rank's.
        tensor: This rank's share, of any shape, which is the same on all ranks; not to be changed.

    Returns:
        The sum, of the same shape, on every rank.
    """
    ### BEGIN SOLUTION
    rank, world_size = communicator.rank, communicator.world_size
    following, previous = (rank + 1) % world_size, (rank - 1) % world_size
    chunks = list(tensor.flatten().tensor_split(world_size))
    for step in range(world_size - 1):
        communicator.send(chunks[(rank - step) % world_size], following)
        place = (rank - step - 1) % world_size
        chunks[place] = chunks[place] + communicator.receive(previous)
    for step in range(world_size - 1):
        communicator.send(chunks[(rank + 1 - step) % world_size], following)
        chunks[(rank - step) % world_size] = communicator.receive(previous)
    return torch.cat(chunks).reshape(tensor.shape)
    ### END SOLUTION


# %% check="distributed.ring_all_reduce"
check("distributed.ring_all_reduce")

# %% [markdown]
# ### What a ring costs
#
# Each rank sends $2(N - 1)$ messages, one after the other, of one chunk each, which is $S/N$ bytes for a tensor of
# $S$ bytes. Together that is
#
# $$\frac{2(N - 1)}{N} \, S \; < \; 2S$$
#
# bytes a rank: nearly twice the tensor, for two ranks as for two thousand. While the adding is done by the ranks
# themselves, no algorithm can do with less (Patarasuk & Yuan, 2009); switches that add what passes through them (NVIDIA's
# NVLink SHARP, 2022) let each rank send its tensor once. The time of the ring is
#
# $$t_\text{ring} = 2(N - 1) \left( \lambda + \frac{S}{N \, \beta} \right)$$
#
# where $\beta$ is the **bandwidth** of the network in bytes a second, and $\lambda$ its **latency**: the seconds that
# any message takes, however short. The latency is the price of the ring: there are $2(N - 1)$ messages to wait for.
# That is why NCCL, the library that GPUs use, chooses by size and by the machine: often a tree for small tensors, a ring
# for large ones, and the switches where there are some.
#
# **Predict:** the same tensor goes around a ring of 8 ranks in the place of 4. How many bytes does each rank send?
#
# - `"a"`: twice as many.
# - `"b"`: a sixth more.
# - `"c"`: half as many.
# - `"d"`: exactly as many.
#
# Give the letter the name `ring_of_eight`.

# %% exercise="distributed.ring_of_eight"
### BEGIN SOLUTION
ring_of_eight = "b"
### END SOLUTION

# %% check="distributed.ring_of_eight"
check("distributed.ring_of_eight")

# %% [markdown]
# **A place to stop.** The first half, time, is done: you can send a sum to everybody. The second half trains with it, and
# saves memory. `progress()` remembers where you are.

# %% [markdown]
# ## It runs: one model on two processes
#
# So far the ranks took turns inside this notebook. `library.run_processes(program, world_size)` does what `simulate`
# does on **real processes**, which find each other and send tensors over **gloo**, PyTorch's own library for that on
# CPUs. Your functions travel there as they are. (Where processes may not open connections, as in some sandboxes, the
# cells below say so and go on.)


# %%
def on_processes(program, world_size: int, *arguments):
    """Run a program on real processes; None, with a sentence, where that is not possible."""
    try:
        return library.run_processes(program, world_size, *arguments)
    except CommunicationError as error:
        print("Not shown here:", error)
        return None


def train(communicator: Communicator, shard, average, batch_size: int = 32, steps: int = 60):
    """Train the small model on this rank's share; give the loss of the global batch at each step."""
    model = small_model()
    epoch = torch.Generator().manual_seed(1)  # the same deck on every rank
    order = [place for _ in range(4) for place in torch.randperm(512, generator=epoch).tolist()]
    mine = shard(order, communicator.rank, communicator.world_size)
    local = batch_size // communicator.world_size
    losses = []
    for step in range(steps):
        inputs, targets = pairs([NAMES[place] for place in mine[step * local : (step + 1) * local]])
        loss = functional.cross_entropy(model(inputs), targets)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        # The loss of the global batch is a mean over all tokens too.
        *gradients, loss = average(communicator, [*gradients, loss.detach()], len(targets))
        losses.append(loss.item())
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter -= 1.0 * gradient
    return losses


# %% [markdown]
# From here on your own functions run: `shard_indices`, `average_gradients` and your `all_reduce` in it. (If an answer is
# still missing, the cell stops with `NotImplementedError`. Come back later.) One rank, then two real processes, with
# the same batch of 32 names in all.

# %%
alone = simulate(train, 1, shard_indices, average_gradients)[0]
together = on_processes(train, 2, shard_indices, average_gradients)
if together:
    difference = max(abs(one - two) for one, two in zip(alone, together[0], strict=True))
    plt.figure(figsize=(7.5, 3.2))
    plt.plot(alone, "-", linewidth=5, alpha=0.35, label="one process, 32 names a step")
    plt.plot(together[0], "k--", linewidth=1.2, label="two processes, 16 names each")
    plt.title("Two processes train the same model as one")
    plt.xlabel("step")
    plt.ylabel("loss of the whole batch (nats a letter)")
    plt.legend()
    plt.show()
    print(f"largest difference of the two curves: {difference:.1e} nats")

# %% [markdown]
# Not *about* the same: the same, up to the rounding of 32-bit numbers. That is the test to make with any distributed
# trainer. If the curves part, something in the averaging is wrong. Now your ring, on four real processes:


# %%
def megabytes_sent(communicator: Communicator, *ways) -> list[float]:
    """Add up a million numbers on all ranks, in each of some ways, and count what this rank sends."""
    share = torch.full((1_000_000,), float(communicator.rank + 1))
    sent = []
    for way in ways:
        before = communicator.bytes_sent
        assert way(communicator, share)[0] == 1 + 2 + 3 + 4
        sent.append((communicator.bytes_sent - before) / 1e6)
    return sent


sent = on_processes(megabytes_sent, 4, all_reduce, ring_all_reduce)
if sent:
    print("sent by       through rank 0   around a ring")
for rank, (plain, ring) in enumerate(sent or []):
    print(f"rank {rank}    {plain:14.0f} MB {ring:12.0f} MB")

# %% [markdown]
# Through rank 0 one rank sends 12 MB, and all others wait for it. Around the ring everybody sends 6 MB, at the same
# time.

# %% [markdown]
# ## Send while you compute
#
# The backward pass computes the gradient of the **last** layer first. Why wait for all others before sending it?
# PyTorch's `DistributedDataParallel` (Li et al., 2020) sends gradients while the backward pass is still busy with
# earlier layers. Not each by itself: a bias of a few bytes would pay the full latency. Gradients are gathered in
# **buckets**, and a bucket is sent when it is full.
#
# ### When a bucket is full
#
# Parameters are numbered in the order of the forward pass: 0 is the first. Go through them from the last to the
# first, and put each into the bucket that is being filled. As soon as that bucket holds **at least** `capacity` bytes,
# it is full, and the next parameter begins another. The last bucket is sent at the end of the backward pass, full or
# not.
#
# **A worked example.** Five parameters of 40, 10, 30, 20 and 10 bytes, and a capacity of 35. From the back: 10 and
# 20 make 30, not enough; with 30 they make 60, which is full: the first bucket is `[4, 3, 2]`. Then 10, not enough;
# with 40 it makes 50: `[1, 0]`. The answer is `[[4, 3, 2], [1, 0]]`.
#
# **Write** `gradient_buckets(sizes, capacity)`.


# %% exercise="distributed.gradient_buckets"
def gradient_buckets(sizes: list[int], capacity: int) -> list[list[int]]:
    """Group parameters into buckets whose gradients travel in one message each.

    Args:
        sizes: The bytes of each parameter's gradient, in the order of the forward pass.
        capacity: From how many bytes on a bucket is full, at least 1.

    Returns:
        The numbers of the parameters in each bucket: last parameter first, first bucket first.
        No bucket is empty; without parameters there are no buckets.
    """
    ### BEGIN SOLUTION
    buckets, filled = [], capacity
    for number in reversed(range(len(sizes))):
        if filled >= capacity:
            buckets.append([])
            filled = 0
        buckets[-1].append(number)
        filled += sizes[number]
    return buckets
    ### END SOLUTION


# %% check="distributed.gradient_buckets"
check("distributed.gradient_buckets")

# %% [markdown]
# Does PyTorch do the same? The next cell runs its `DistributedDataParallel` on two processes, on a stack of four linear
# layers, with a hook that writes down which parameters are sent together. It also tries **gradient accumulation**:
# several micro-batches before one step. Inside `no_sync()` nothing is sent, the gradients of the micro-batches add up on
# each rank, and only the last one goes around.


# %%
def watch_pytorch(communicator: Communicator) -> dict[str, object]:
    """Train with PyTorch's data parallelism, and note what is sent when."""
    torch.manual_seed(0)
    stack = nn.Sequential(*[nn.Linear(512, 512) for _ in range(4)])
    numbers = {parameter: number for number, parameter in enumerate(stack.parameters())}
    parallel = nn.parallel.DistributedDataParallel(stack, bucket_cap_mb=1)
    sent = []

    def hook(state: object, bucket: torch.distributed.GradBucket) -> torch.futures.Future[Tensor]:
        sent.append([numbers[parameter] for parameter in bucket.parameters()])
        work = torch.distributed.all_reduce(bucket.buffer(), async_op=True)
        return work.get_future().then(lambda done: done.value()[0] / communicator.world_size)

    def backward() -> None:
        parallel(torch.randn(4, 512)).square().mean().backward()

    parallel.register_comm_hook(None, hook)
    backward()  # in its first step PyTorch only watches in which order gradients come
    sent.clear()
    backward()
    buckets = list(sent)
    sent.clear()
    with parallel.no_sync():
        for _ in range(3):
            backward()
    silent = len(sent)
    backward()
    return {"buckets": buckets, "inside no_sync": silent, "after it": len(sent)}


seen = on_processes(watch_pytorch, 2)
if seen:
    print("PyTorch's buckets:  ", seen[0]["buckets"])
    print("messages in 3 micro-batches under no_sync:", seen[0]["inside no_sync"])
    print("messages in the fourth:                   ", seen[0]["after it"])
layers = [512 * 512 * 4, 512 * 4] * 4  # weight and bias of each layer, in bytes
print("The library's:      ", library.gradient_buckets(layers, capacity=2**20))

# %% [markdown]
# ## Sixteen bytes a parameter
#
# Now the other wall. How much memory does training take? Mixed precision with Adam keeps, for each parameter:
#
# | what | bytes |
# |---|---|
# | the weight, in 16 bits | 2 |
# | its gradient, in 16 bits | 2 |
# | the optimizer's: a copy of the weight in 32 bits | 4 |
# | the optimizer's: Adam's mean, in 32 bits | 4 |
# | the optimizer's: Adam's mean square, in 32 bits | 4 |
#
# Why the copy? A step changes a weight by a thousandth of it or less, and 16 bits cannot hold so small a change: it
# would be rounded away. Together that is $2 + 2 + 12 = 16$ bytes a parameter (Rajbhandari et al., 2020), before the
# first activation. A model with 7.5 billion parameters takes 120 GB. Its weights alone would take 15.
#
# In data parallelism all ranks keep all of it. 64 GPUs hold 64 equal copies of the optimizer's state. That is a waste.
#
# ### Three stages of sharing
#
# **ZeRO** (zero redundancy optimizer) shares it out among the $N$ ranks, in three stages that build on each other. Each
# shares one thing more:
#
# | stage | shared out | bytes a parameter, on each rank |
# |---|---|---|
# | 0: DDP | nothing | $2 + 2 + 12$ |
# | 1 | the optimizer's state | $2 + 2 + 12/N$ |
# | 2 | the gradients too | $2 + 2/N + 12/N$ |
# | 3: FSDP | the weights too | $2/N + 2/N + 12/N$ |
#
# **A worked example.** 1000 parameters, $N = 4$, stage 1: $1000 \cdot (2 + 2 + 12/4) = 7000$ bytes.
#
# **Write** `training_memory(parameters, world_size, stage)`.


# %% exercise="distributed.training_memory"
def training_memory(parameters: int, world_size: int, stage: int) -> float:
    """Give the bytes that weights, gradients and Adam's state take on each device.

    Args:
        parameters: How many numbers the model has.
        world_size: How many devices there are.
        stage: 0 (nothing is shared out), 1, 2 or 3.

    Returns:
        Bytes on one device.
    """
    ### BEGIN SOLUTION
    optimizer = 12 / world_size if stage >= 1 else 12
    gradients = 2 / world_size if stage >= 2 else 2
    weights = 2 / world_size if stage >= 3 else 2
    return parameters * (weights + gradients + optimizer)
    ### END SOLUTION


# %% check="distributed.training_memory"
check("distributed.training_memory")

# %%
figure, axis = plt.subplots(figsize=(7.5, 3.4))
devices = [1, 2, 4, 8, 16, 32, 64, 128]
for stage, style in enumerate(("o--", "^-.", "v:", "s-")):
    used = [library.training_memory(7_500_000_000, count, stage) / 1e9 for count in devices]
    axis.plot(devices, used, style, label=f"stage {stage}")
axis.axhline(80, color="black", linewidth=1)
axis.text(16, 84, "memory of one GPU: 80 GB", fontsize=9)
axis.set_xscale("log", base=2)
axis.set(
    title="7.5 billion parameters fit on one GPU of many once the state is shared out",
    xlabel="devices",
    ylabel="memory on each device (GB)",
    ylim=(0, 130),
)
axis.legend()
plt.show()

# %% [markdown]
# Stages 1 and 2 cost no more communication than plain data parallelism: the reduce-scatter brings each rank the summed
# gradients of its own part, it updates that part, and an all-gather brings the new weights around. Those are the two
# halves of your ring. Stage 3 gathers the weights once more, for the backward pass: half as much again.

# %% [markdown]
# ## Flat, padded, cut
#
# Stage 3 in code: each rank keeps a **shard** of every parameter, and the whole exists only for the moment in which its
# layer computes. The parameter is **flattened** to a list of numbers, **padded** with zeros at its end until $N$ divides the
# length, and **cut** into $N$ stretches of neighbors. Rank $r$ keeps stretch $r$.
#
# **A worked example.** A parameter of 3 by 3 on two ranks. Nine numbers, padded to ten:
#
# $$\begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \\ 7 & 8 & 9 \end{pmatrix} \;\longrightarrow\;
# (1, 2, 3, 4, 5, 6, 7, 8, 9, 0) \;\longrightarrow\; \text{rank 0: } (1, 2, 3, 4, 5), \quad \text{rank 1: } (6, 7, 8, 9, 0)$$
#
# To **gather** it, put all ranks' shards side by side, drop the padding, and restore the shape.
#
# ### A window is no copy
#
# One trap: a slice of a tensor is a window on its memory, and the memory stays as long as any window does.

# %%
whole = torch.zeros(1_000_000)
window, copy = whole[:1000], whole[:1000].clone()
for name, one in (("slice", window), ("clone of the slice", copy)):
    kept = one.untyped_storage().nbytes()
    print(f"{name}: {one.numel()} numbers, and {kept:,} bytes that it keeps in memory")

# %% [markdown]
# **Write** the two marked parts of `ShardedParameter`. `library.all_gather(communicator, tensor)` gives every rank the
# list of all ranks' tensors, rank 0's first; all ranks must call it, with tensors of one length. `shape.numel()` is the
# number of elements of a shape.


# %% exercise="distributed.ShardedParameter"
class ShardedParameter:
    """One rank's part of a parameter."""

    def __init__(self, parameter: Tensor, communicator: Communicator) -> None:
        """Keep this rank's shard.

        Args:
            parameter: The whole, of any shape, equal on all ranks; it is not kept.
            communicator: This rank's.
        """
        self.shape = parameter.shape
        self.communicator = communicator
        # self.shard: this rank's stretch, (ceil(numbers / world_size),), a tensor of its own.
        ### BEGIN SOLUTION
        size = -(-parameter.numel() // communicator.world_size)
        padded = torch.zeros(size * communicator.world_size)
        padded[: parameter.numel()] = parameter.flatten()
        self.shard = padded[communicator.rank * size :][:size].clone()
        ### END SOLUTION

    def gather(self) -> Tensor:
        """Put the parameter together from all ranks' shards.

        Returns:
            The whole, of its old shape.
        """
        ### BEGIN SOLUTION
        whole = torch.cat(library.all_gather(self.communicator, self.shard))
        return whole[: self.shape.numel()].reshape(self.shape)
        ### END SOLUTION


# %% check="distributed.ShardedParameter"
check("distributed.ShardedParameter")

# %% [markdown]
# A layer whose weights are sharded computes like this: gather, use, forget. The next cell runs it with your class on four
# ranks, and counts the bytes that stay.


# %%
def sharded_layer(communicator: Communicator) -> tuple[float, int]:
    """Compute a layer whose weight is sharded; give the error and what stays in memory."""
    torch.manual_seed(0)
    weight, x = torch.randn(300, 301), torch.randn(8, 301)
    expected = x @ weight.T
    parameter = ShardedParameter(weight, communicator)
    output = x @ parameter.gather().T  # gathered, used, and forgotten
    kept = parameter.shard.untyped_storage().nbytes()
    return (output - expected).abs().max().item(), kept


for rank, (error, kept) in enumerate(simulate(sharded_layer, 4)):
    print(f"rank {rank}: error {error}, {kept:,} of {300 * 301 * 4:,} bytes stay")

# %% [markdown]
# ## Where scaling stops
#
# Is a thousand devices a thousand times faster than one? Put the pieces together. A step has a forward pass of
# $t_f$ seconds and a backward pass of $t_b$ on each rank's share. The gradients travel **while** the backward pass runs, in
# buckets. If the ring is done before the backward pass is, it costs nothing; if not, everybody waits for it:
#
# $$t_\text{step} = t_f + \max\left(t_b, \; t_\text{ring}\right), \qquad
# t_\text{ring} = 2(N - 1) \left( \lambda + \frac{S}{N \, \beta} \right)$$
#
# where $S$ is the size of all gradients in bytes, $\beta$ the bandwidth and $\lambda$ the latency. (A model: it leaves out
# that the last bucket has nothing left to hide behind.)
#
# **A worked example.** $t_f = 0.1$ s, $t_b = 0.2$ s, $S = 1$ GB, $\beta = 1$ GB/s, $\lambda = 0$, $N = 4$. The ring takes
# $6 \cdot 0.25 = 1.5$ s, so the step takes $0.1 + \max(0.2, 1.5) = 1.6$ s. With $\beta = 10$ GB/s the ring takes 0.15 s, hides
# behind the backward pass, and the step takes 0.3 s.
#
# **Predict:** $t_f = 0.1$ s, $t_b = 0.2$ s, and the ring takes 0.25 s. How many seconds does the step take? Give the number the
# name `step_with_overlap`.

# %% exercise="distributed.step_with_overlap"
### BEGIN SOLUTION
step_with_overlap = 0.35
### END SOLUTION

# %% check="distributed.step_with_overlap"
check("distributed.step_with_overlap")

# %% [markdown]
# **Write** `step_seconds(forward, backward, size, world_size, bandwidth, latency)`. A single rank has no ring.


# %% exercise="distributed.step_seconds"
def step_seconds(
    forward: float,
    backward: float,
    size: float,
    world_size: int,
    bandwidth: float,
    latency: float = 0.0,
) -> float:
    """Give the time of one training step under data parallelism with overlap.

    Args:
        forward: Seconds of the forward pass on one rank's share.
        backward: Seconds of its backward pass.
        size: Bytes of all gradients.
        world_size: How many ranks there are.
        bandwidth: Bytes a second between two neighbors.
        latency: Seconds that each message takes, however short it is.

    Returns:
        Seconds.
    """
    ### BEGIN SOLUTION
    ring = 2 * (world_size - 1) * (latency + size / world_size / bandwidth)
    return forward + max(backward, ring)
    ### END SOLUTION


# %% check="distributed.step_seconds"
check("distributed.step_seconds")

# %% [markdown]
# Two questions that sound alike. **Weak scaling**: each rank keeps its batch, so more ranks mean a larger global batch.
# **Strong scaling**: the global batch stays, and each rank gets a smaller share. The model is GPT-2's largest, with 1.5
# billion parameters and gradients of 2 bytes. One device takes 1 second forward and 2 backward for the whole batch of
# the strong case. Which of the two will stop first?

# %%
networks = {
    "Ethernet, 1.25 GB/s": (1.25e9, 5e-5),
    "InfiniBand, 50 GB/s": (50e9, 5e-6),
    "NVLink, 450 GB/s": (450e9, 2e-6),
}
size, counts = 2 * 1.5e9, [2**power for power in range(11)]
figure, axes = plt.subplots(1, 2, figsize=(11, 3.6), sharey=True)
styles = (("o--", 8), ("^-.", 8), ("s-", 4))
for (name, (bandwidth, latency)), (style, width) in zip(networks.items(), styles, strict=True):
    one = library.step_seconds(1.0, 2.0, size, 1, bandwidth, latency)
    weak = [one / library.step_seconds(1.0, 2.0, size, n, bandwidth, latency) for n in counts]
    strong = [
        one / n / library.step_seconds(1.0 / n, 2.0 / n, size, n, bandwidth, latency)
        for n in counts
    ]
    for axis, efficiency in zip(axes, (weak, strong), strict=True):
        axis.plot(
            counts, [100 * share for share in efficiency], style, markersize=width, label=name
        )
for axis, title in zip(
    axes, ("Weak scaling levels off", "Strong scaling always stops somewhere"), strict=True
):
    axis.set_xscale("log", base=2)
    axis.set(title=title, xlabel="devices", ylim=(0, 105))
axes[0].set_ylabel("share of the time spent computing (%)")
axes[0].legend(fontsize=8, loc="lower left")
plt.show()

# %% [markdown]
# In weak scaling the ring's bytes level off at $2S$, so the curve does too; only the latency goes on growing. In strong
# scaling the compute shrinks with $N$ and the bytes do not, so there is always a number of devices from which on the
# network decides. Change the cell: what does a model of a tenth of the size do? What do gradients of 4 bytes
# do?
#
# There is one more limit that no network shows. A larger global batch has a less noisy gradient, and beyond the
# **critical batch size** (McCandlish et al., 2018) that buys nothing: twice the devices then take the same number of
# steps. That is why the largest runs do not rely on data parallelism alone. They also split single matrices (tensor
# parallelism, Shoeybi et al., 2019) and stacks of layers (pipeline parallelism, Huang et al., 2019).

# %% [markdown]
# ## In your own words
#
# Go back to the last two pictures, and to the table of ZeRO's stages.

# %% [markdown] question="distributed.what_to_buy" points=2
# **A lab trains a model of 7 billion parameters with plain data parallelism on 16 GPUs with 80 GB each, joined by slow
# Ethernet.** The run does not even start, for lack of memory. Somebody proposes to buy 48 more GPUs of the same kind.
# Will that help? Say what you would change first to make the run fit, what the network then has to carry, and name one
# measure (no purchase) that makes the slow network matter less. Give numbers where you can. Five to seven sentences.
#
# ### BEGIN SOLUTION
# More GPUs do not help: under plain data parallelism each of them must hold everything, 7 billion times 16 bytes = 112
# GB, which is more than 80 however many there are. Sharing out the state does: stage 1 brings it to 7 * (4 + 12/16) =
# 33 GB a device, stage 2 to 7 * (2 + 14/16) = 20 GB, stage 3 (FSDP) to 7 GB, and activations come on top. Stage 1 or 2
# is enough here, and sends no more than plain data parallelism does: a reduce-scatter of the gradients and an
# all-gather of the weights, together nearly 2 times 14 GB a step and rank. Stage 3 would gather the weights once more,
# so half as much again, which a slow network should be spared. At 1.25 GB/s 28 GB take over 20 seconds a step. What
# makes this matter less is more compute for each message: larger batches on each device with the memory that was won,
# or, at stage 1, gradients accumulated over several micro-batches with no_sync, so that one exchange serves, say, 8 of
# them. (Stage 2 keeps only a shard of the gradients, so there every micro-batch has to reduce.) With 48 more GPUs at the same global batch the compute of each would shrink and the traffic would not, so the
# network would decide even more.
#
# Marking: 1 point for seeing that memory under data parallelism does not shrink with more devices (16 bytes a parameter,
# about 112 GB) and that sharing out the state (any ZeRO stage or FSDP) does, with at least one right number. 1 point for
# the network: what has to travel at each step (about twice the gradients, more for stage 3) and a measure that works
# (accumulation with no_sync, larger local batches, overlap, fewer bits in gradients). Half a point each for one without
# the other. 'Buy a faster network' is no answer to the last part.
# ### END SOLUTION

# %% [markdown]
# ## What the libraries do: Lightning, DDP and FSDP
#
# You would not write all this by hand for a real run. Lightning trains the same module on one device or on many; what
# changes is the **strategy**. Below is a whole script. `torchrun`, PyTorch's launcher, starts it once a rank and
# tells each process its rank and where to find the others. The model is the library's `LanguageModel` of lab 07.
#
# - `DDPStrategy` is data parallelism with buckets and overlap.
# - `ModelParallelStrategy` shards the model with `fully_shard`, the second generation of FSDP. It cuts each parameter into rows
#   where you cut a flat list, so that a shard is still a piece of a matrix; the padding and the gathering are the same.
#
# Starting PyTorch and Lightning on two processes takes most of the time of the next cell.

# %%
SCRIPT = '''
import json

import lightning
import torch
from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy

from llmlab.foundations import encode, names
from llmlab.model import TransformerConfig
from llmlab.training.module import LanguageModel

letters = torch.tensor([letter for name in names(2000) for letter in encode(name)[1:]])
windows = letters[: len(letters) // 33 * 33].view(-1, 33)
config = TransformerConfig(vocabulary_size=27, max_length=32, model_dim=64, num_layers=2, num_heads=2)


def kept(tensors):
    """Count the bytes of tensors on this rank; of a sharded one, those of its shard."""
    local = [one.to_local() if hasattr(one, "to_local") else one for one in tensors]
    return sum(one.numel() * one.element_size() for one in local)


for name, strategy in {
    "DDP": DDPStrategy(process_group_backend="gloo"),
    "FSDP": ModelParallelStrategy(data_parallel_size=2, tensor_parallel_size=1),
}.items():
    lightning.seed_everything(0, verbose=False)
    module = LanguageModel(config, warmup_steps=5)
    trainer = lightning.Trainer(
        accelerator="cpu", devices=2, strategy=strategy, max_steps=20, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )
    trainer.fit(module, torch.utils.data.DataLoader(windows, batch_size=8))
    states = trainer.optimizers[0].state.values()
    mine = {
        "weights": kept(module.parameters()),
        "optimizer": kept(state[key] for state in states for key in ("exp_avg", "exp_avg_sq")),
        "loss": trainer.callback_metrics["loss"].item(),
    }
    ranks = [None, None]
    torch.distributed.all_gather_object(ranks, mine)
    if trainer.global_rank == 0:
        print(json.dumps([name, ranks]))
torch.distributed.destroy_process_group()
'''

reports = []
with tempfile.TemporaryDirectory() as folder:
    script = Path(folder) / "train.py"
    script.write_text(SCRIPT)
    try:
        reports = [json.loads(line) for line in library.torchrun(script, 2).splitlines()]
    except CommunicationError as error:
        print("Not shown here:", error)
for name, ranks in reports:
    for rank, found in enumerate(ranks):
        print(
            f"{name:4}, rank {rank}: weights {found['weights']:7,} bytes, "
            f"Adam's state {found['optimizer']:7,} bytes, loss after 20 steps {found['loss']:.5f}"
        )

# %% [markdown]
# The same loss to the last digits that are shown, and half the memory on each rank: what you wrote today, done by a
# library. On a cluster nothing changes in the script. `course/08_distributed.md` shows the same run on two machines,
# started by `torchrun` and by SLURM.
#
# ## What you have built
#
# You can now read what a large training run is made of: shares without overlap, gradients weighted by tokens, a ring
# that sends while the backward pass computes, shards that are gathered when they are needed. Compare your answers with
# `llmlab/training/`: it has the same names.

# %%
progress()

# %% [markdown]
# ## Where to read on
#
# - Li et al. (2020), *PyTorch Distributed: Experiences on Accelerating Data Parallel Training*: buckets and overlap.
# - Rajbhandari et al. (2020), *ZeRO: Memory Optimizations Toward Training Trillion Parameter Models*: the 16 bytes.
# - Zhao et al. (2023), *PyTorch FSDP: Experiences on Scaling Fully Sharded Data Parallel*.
# - Patarasuk & Yuan (2009), *Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations*: the ring.
# - Shoeybi et al. (2019), *Megatron-LM*: tensor parallelism. Huang et al. (2019), *GPipe*: pipeline parallelism.
# - McCandlish et al. (2018), *An Empirical Model of Large-Batch Training*: the critical batch size.
# - Grattafiori et al. (2024), *The Llama 3 Herd of Models*, section 3.3: all of it together, on 16,384 GPUs.
#
# In the project, `course/08_distributed.md` tells the history and writes up a run on two machines.
