# %% [markdown]
# # Lab 00: Welcome
#
# In this course you build a large language model. You write each part yourself, you are told at once whether it is
# right, and if it is not, what you misunderstood.
#
# **What you will be able to do after this lab:** examine your machine, write an answer, have it checked, ask for a
# hint, read an attention widget, and see how far you have come.
#
# **What you need first:** a little Python. **Time:** about 20 minutes.

# %%
from autograder import check, hint, progress
from llmlab.environment import examine

# %% [markdown]
# ## Your machine
#
# Every lab runs on two processor cores, without a network and without a graphics card. The next cell looks at
# what is here. Run it: click into it and press Shift+Enter.

# %%
examine()

# %% [markdown]
# ## A first exercise
#
# You write code in cells like the one below, in the place of the line that raises `NotImplementedError`. The
# text above each exercise says what goes in and what comes out.
#
# The **average** of a list of $n$ numbers $x_1, \dots, x_n$ is their sum, shared out evenly:
#
# $$\bar{x} = \frac{1}{n} \sum_{i=1}^{n} x_i$$
#
# where $\bar{x}$ is the average and $x_i$ is the $i$-th number. For example, the average of `[1, 2, 6]` is `3.0`.
#
# **Write** `average(numbers)`. It takes a list with at least one number and returns one number.


# %% exercise="welcome.average"
def average(numbers: list[float]) -> float:
    """Return the average of a list with at least one number."""
    ### BEGIN SOLUTION
    return sum(numbers) / len(numbers)
    ### END SOLUTION


# %% [markdown]
# The next cell checks your answer. Try it before you have written anything, and then with a
# mistake: leave out the division, for example, and read what it says.

# %% check="welcome.average"
check("welcome.average")

# %% [markdown]
# Are you stuck? A hint says where to look. Run the cell again and the next hint says more. No hint gives the
# answer away.

# %%
hint("welcome.average")

# %% [markdown]
# ## An answer that is a number
#
# Some exercises ask for a number. Here is one.
#
# A language model reads the words *the cat sat down*. One part of it, an attention head, shares its attention out
# among the four words. The shares are fractions between 0 and 1, and they add up to 1. If the head
# finds all four words equally interesting, **what share does each word get?** Give it the name `equal_share`.

# %% exercise="welcome.equal_share"
### BEGIN SOLUTION
equal_share = 1 / 4
### END SOLUTION

# %% check="welcome.equal_share"
check("welcome.equal_share")

# %% [markdown]
# ## A question with choices
#
# A language model is given the beginning of a text. It reads the text as *tokens*: words or pieces of words.
# **What does the model compute, each time it runs?**
#
# - `"a"`: the one token that comes next.
# - `"b"`: a probability for every token that it knows, of being the next one.
# - `"c"`: the whole rest of the text at once.
# - `"d"`: the sentence in its training text that begins in the same way.
#
# Give the letter the name `model_output`.

# %% exercise="welcome.model_output"
### BEGIN SOLUTION
model_output = "b"
### END SOLUTION

# %% check="welcome.model_output"
check("welcome.model_output")

# %% [markdown]
# ## A picture to play with
#
# The picture below shows the attention of a head in lab 05. Each row is a token that asks, each column a token that is
# looked at, and the darker the cell, the larger the share. Move the pointer over it. Switch to *arcs*.
# With the keyboard: press Tab until the picture is framed, then use the arrow keys.
#
# This head was made by hand: each word looks at the word before it, most of the time.

# %%
import torch

from llmlab.model import causal_mask
from llmlab.widgets import AttentionView

tokens = ["the", "cat", "sat", "on", "the", "mat"]
distance = torch.arange(6)[:, None] - torch.arange(6)[None, :]
scores = torch.where(distance == 1, 2.0, 0.0).masked_fill(~causal_mask(6), -torch.inf)
AttentionView(tokens, scores.softmax(dim=-1))

# %% [markdown]
# ## How far you have come
#
# `check()` without a name checks everything that you have written in a notebook so far. `progress()` shows
# your progress page: every exercise of every lab, and which of them you have solved in this folder of labs.

# %%
progress()

# %% [markdown]
# ## In your own words
#
# A machine can check code. It cannot tell whether you have understood an idea, so each lab has one question that
# a person reads. If you study alone, write the answer anyway, and read it again at the end of the course.

# %% [markdown] question="welcome.expectations" points=1
# **What do you want to understand about language models when you have finished?** Name one thing that you believe
# today and are not sure of. Two or three sentences.
#
# ### BEGIN SOLUTION
# Any answer that names a goal and one belief that could turn out wrong gets the point. An example: 'I want to
# know why a chatbot makes things up. I believe that it looks facts up in a store, and I am not sure whether
# there is one.'
# ### END SOLUTION

# %% [markdown]
# ## Where to go next
#
# Lab 01 begins with vectors and probabilities, and ends with a first model of language, which writes names. To read on
# about the course as a whole, open `course/` in the project.
