"""Each well-known message is raised for real, and explained with its own numbers."""

from __future__ import annotations

import math
import re
from collections import deque
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from autograder.judging import messages
from autograder.judging.messages import explained
from autograder.probing.evidence import Failure

NAMES = {
    "torch": torch,
    "nn": nn,
    "F": functional,
    "math": math,
    "deque": deque,
    "zeros": torch.zeros,
    "ones": torch.ones,
    "tensor": torch.tensor,
    "n": 5,
    "pair": (1, 2),
    "text": "ab",
    "items": [1, 2],
    "nothing": None,
}
INPLACE = "x = ones(3, requires_grad=True); y = x.exp(); y += 1; y.sum().backward()"
TWICE = "y = ones(3, requires_grad=True).exp().sum(); y.backward(); y.backward()"
UNUSED = "torch.autograd.grad(ones(2, requires_grad=True).sum(), ones(2, requires_grad=True))"
UNBOUND = "def f():\n    for i in (): v = 1\n    return v\nf()"
GENERATOR = "def f():\n    yield next(iter(()))\nlist(f())"
KEYS = "d = {1: 1}; i = 1\nfor k in d:\n    del d[k]; i += 1; d[i] = 1"
METHOD = "class P:\n    def m(self, a): pass\n"
CALL = "def f(a, b): pass\n"

SHAPES = {
    "zeros(2, 3) + zeros(2, 4)": "on axis 1 of the result one has size 3 and the other 4",
    "zeros(5, 3) @ zeros(5, 6)": "a matrix of 5 × 3 is multiplied by one of 5 × 6: the 3 columns",
    "nn.Linear(3, 2)(zeros(4, 1))": "the 1 column of the first must be as many as the 3 rows",
    "zeros(2, 3) @ zeros(4)": "a matrix of 2 × 3 is multiplied by a vector of 4",
    "zeros(3) @ zeros(4)": "one of 3 and one of 4 elements",
    "zeros(2, 3, 4) @ zeros(2, 5, 6)": "a batch of 2 with 4 rows is needed on the right, and one of 2 with 5",
    "zeros(2, 2) @ tensor(1.0)": "with a single number",
    "torch.einsum('ij,jk->ik', zeros(2, 3), zeros(4, 5))": "meets the letter j at two sizes: 3 and 4",
    "torch.cat([zeros(2, 3), zeros(2, 4)])": "joined along axis 0, and on another axis they differ: one has size 3",
    "torch.stack([zeros(2), zeros(3)])": "differ in shape: (2) and (3)",
    "torch.cat([zeros(2, 3), zeros(2)])": "different numbers of axes: 2 and 1",
    "torch.cat([tensor(1.0), tensor(2.0)])": "single numbers (tensors without axes) are joined by `cat`",
    "torch.stack([])": "an empty list of tensors is joined",
    "zeros(2).expand(3)": "a tensor of shape (2) is to take the shape (3), and on axis 0 its size is 2, not 3",
    "zeros(2, 3).expand(3)": "a tensor of shape (2, 3) is to take the shape (3), which has fewer axes",
    "zeros(3).add_(zeros(2, 3))": "a tensor of shape (3) is changed in place by an operation whose result "
    "has shape (2, 3)",
    "zeros(2, 3).T.view(-1)": "`reshape` copies where it must",
    "zeros(6).view(2, 4)": "a tensor of 6 elements is to take the shape (2, 4)",
    "zeros(0).view(-1, 0)": "a tensor without elements is to take the shape (-1, 0)",
    "tensor([[1], [1, 2]])": "lists that are not equally long: 1 and 2",
    "torch.tril(zeros(2))": "`tril` takes a triangle of a matrix",
    "zeros(2, 3, 4).permute(0, 1)": "`permute` is given 2 axes, and the tensor has 3",
    "zeros(2, 3, 4).t()": "this tensor has 3 axes",
    "zeros(3).mT": "`mT` exchanges the last two axes, and this tensor has 1",
    "F.layer_norm(zeros(2, 5), (4,))": "vectors of size 4 meets a tensor of shape (2, 5)",
    "F.cross_entropy(zeros(3, 4), zeros(2).long())": "scores for 3 examples and targets for 2",
    "zeros(6).split([2, 3])": "do not add up to the 6 there are",
    "zeros(3).narrow(0, 0, 5)": "5 places from place 0 on are asked for, and the axis has only 3",
    "zeros(3).topk(4)": "more of the largest values are asked for than the axis holds",
    "zeros(4, 2)[ones(3).bool()]": "shape (4, 2) is indexed by truth values of shape (3), and on axis 0 the "
    "two differ",
    "zeros(4, 4)[tensor([0, 1, 2]), tensor([0, 1])]": "do not fit together: [3], [2]",
    "zeros(4)[tensor([0, 1, 2])] = zeros(2)": "a tensor of shape (2) is written into a place of shape (3)",
    "zeros(2, 2).gather(1, zeros(3, 1).long())": "along axis 1 is given indices of shape (3, 1) for a "
    "tensor of shape (2, 2)",
    "zeros(2, 2).gather(1, zeros(2).long())": "another number of axes than the tensor has",
}
NUMBERS = {
    "zeros(3)[tensor([1.0])]": "a tensor is indexed by real numbers",
    "F.embedding(tensor([1.0]), zeros(3, 2))": "an embedding is given a tensor of type Float",
    "items[tensor([1, 2])]": "a whole tensor is used where one whole number is needed",
    "zeros(2, 2).gather(1, zeros(2, 2))": "`gather` is given indices that are not whole numbers",
    "zeros(2).index_select(0, zeros(1))": "`index_select` is given indices that are not whole numbers",
    "F.one_hot(tensor([1.0]))": "`one_hot` needs whole numbers",
    "torch.baddbmm(zeros(1, 2, 2), zeros(1, 2, 2), zeros(1, 2, 2).double())": "type Double meet an operation",
    "torch.addmm(zeros(2, 2), zeros(2, 2), zeros(2, 2).double())": "of type Float is multiplied by one of "
    "type Double",
    "zeros(2, 2) @ zeros(2, 2).double()": "a matrix of type float is multiplied by one of type double",
    "zeros(2).dot(zeros(2).double())": "of type Float and of type Double",
    "tensor([1, 2]).std()": "std and var are taken of whole numbers",
    "F.cross_entropy(zeros(2, 3), zeros(2))": "targets of type Float",
    "F.scaled_dot_product_attention(zeros(2, 3), zeros(2, 3).double(), zeros(2, 3))": "keys of type double",
    "zeros(3).scatter(0, tensor([0]), ones(1).double())": "`scatter` writes numbers of one type",
    "zeros(3).index_add(0, tensor([0]), ones(1).double())": "numbers of type Double to a tensor of type Float",
    "F.layer_norm(zeros(2, 3).double(), (3,), ones(3))": "tensors of two types are put together",
    "zeros(3)[tensor([0])] = ones(1).double()": "type Double are written into a tensor of type Float",
    "ones(2).long().add_(0.5)": "a result of type Float is to be kept in place in a tensor of type Long",
    "tensor([1, 2]).mean()": "`mean` is taken of numbers of type Long",
    "tensor([1], requires_grad=True)": "a tensor of whole numbers is to have a gradient",
    "tensor([1, 2]).softmax(0)": "numbers of type Long that PyTorch does not offer",
    "zeros(2).masked_fill(tensor([1, 0]), 0.0)": "a mask of type long int is used",
    "zeros(3).item()": "a tensor of 3 elements is to become one number",
    "float(zeros(3))": "a tensor of several elements is to become one number",
    "bool(zeros(3))": "a tensor of several values stands where one truth value is needed",
    "bool(zeros(0))": "a tensor without values stands where one truth value is needed",
    "torch.multinomial(tensor([-1.0, 2.0]), 1)": "some are negative, infinite or NaN",
    "torch.multinomial(zeros(2), 1)": "probabilities that are all 0",
    "zeros(2, device='meta') + zeros(2)": "tensors of different devices are put together",
    "ones(2, requires_grad=True).numpy()": "handed to NumPy",
    "math.log(0)": "such as the logarithm of 0",
    "math.exp(1000)": "a number grows too large",
    "1 / 0": "something is divided by 0",
    "1 % 0": "something is divided by 0",
    "int(float('nan'))": "NaN is to become a whole number",
}
GRADIENTS = {
    "zeros(1).sum().backward()": "a tensor that remembers no computation",
    INPLACE: "it has been changed in place since",
    "x = ones(2, requires_grad=True); x += 1": "a tensor that requires a gradient is changed in place",
    "x = ones(2, requires_grad=True); x[0] = 1": "a tensor that requires a gradient is changed in place",
    TWICE: "the backward pass runs twice",
    "ones(2, requires_grad=True).backward()": "`backward` starts from a tensor of several numbers",
    UNUSED: "took no part in the computation",
}
PLACES = {
    "zeros(4, 2)[:, 7]": "index 7 is asked for on axis 1, which has size 2",
    "zeros(2, 3).sum(2)": "axis 2 is asked for, and this tensor has only axes -2 to 1",
    "zeros(2)[0, 0]": "a tensor of 1 axis is indexed on more axes",
    "tensor(1.0)[0]": "a tensor of a single number, without axes, is indexed",
    "F.embedding(tensor([9]), zeros(3, 2))": "an id is looked up that is as large as the table",
    "F.cross_entropy(zeros(2, 3), tensor([1, 5]))": "the target 5",
    "items[2]": "a place is asked for that this list does not have",
    "text[2]": "a place is asked for that this string does not have",
    "b'a'[3]": "a place is asked for that is not there",
    "items.pop(5)": "a place is asked for that is not there",
    "[].pop()": "an item is taken from an empty list",
    "list(tensor(1.0))": "a loop runs over a tensor of a single number",
    "len(tensor(1.0))": "the length of a tensor of a single number",
    "d = {1: 1}\nfor k in d: d[2] = 1": "a loop runs over a dictionary that changes meanwhile",
    KEYS: "a loop runs over a dictionary that changes meanwhile",
    "max([])": "`max` is taken of nothing",
    "zeros(0).argmax()": "`argmax` is taken of a tensor without elements",
    "a, b, c = zeros(2, 3).shape": "3 names are to be filled from 2 values",
    "a, b = zeros(2, 3, 4).shape": "2 names are to be filled from more values",
}
PYTHON = {
    "1 + nothing": "`+` is asked of a whole number and None",
    "-text": "text has no sign",
    "1 < text": "a whole number and text are compared by `<`",
    "text + 1": "a whole number is added to text; only text can be",
    "b'a' + 'b'": "text is added to bytes",
    "items * 1.5": "a list or text is multiplied by a real number",
    "n[0]": "a whole number is indexed by square brackets",
    "zeros(2).size[0]": "a function or method that is not called is indexed",
    "list(n)": "several values are taken from a whole number",
    "a, b = n": "several values are taken from a whole number",
    "1 in n": "`in` asks what is in a whole number",
    "zeros(2).shape()": "`shape` is read without parentheses",
    "n()": "a whole number is called like a function",
    "pair[0] = 1": "an item of a tuple is changed",
    "next(items)": "the next value is asked of a list",
    "range(1.5)": "a real number stands where a whole number is needed",
    "len(n)": "the length of a whole number is asked for",
    "items[text]": "a list is indexed by text",
    "items[:1.5]": "whose ends are no whole numbers",
    "{items: 1}": "a list is used as a key of a dictionary",
    "','.join([1])": "`join` puts together only text, and item 0 (counted from 0) is a whole number",
    "b'a'.replace('a', b'')": "bytes are needed, and text came",
    "bytes('a')": "text is to become bytes",
    "text.replace(b'a', 'b')": "text is needed, and bytes came",
    "text.startswith(1)": "text is needed, and a whole number came",
    "b'a' in text": "bytes is looked for in text",
    CALL + "f(1)": "`f` is called without a value for 'b'",
    CALL + "f(1, c=2)": "`f` is given `c=`",
    CALL + "f(1, a=2)": "`f` is given `a` twice",
    CALL + "f(1, 2, 3)": "`f` is given 3 values by place, and takes at most 2",
    METHOD + "P().m(1, 2)": "takes at most 2 (a method counts `self`)",
    METHOD + "P(1)": "`P` is given arguments, and takes none of them",
    "torch.exp(1.0)": "`exp` needs a tensor for `input`, and got a real number",
    "zeros(2).sum('a')": "`sum` is given values of kinds that it does not take together",
    "zeros(2).view()": "`view` is called without any value",
    "torch.stack([1.0])": "item 0 (counted from 0) is a real number",
    "math.exp(items)": "a list stands where one number is needed",
    UNBOUND: "`v` is used before it has a value",
    "missing + 1": "the name `missing` is used",
    "torch.absent": "`torch` holds nothing that is called `absent`",
    "float('x')": "the text 'x' is to become a number",
    "int('x')": "the text 'x' is to become a whole number",
    "items.index(7)": "7 is looked for in a list that does not hold it",
    "items.remove(7)": "an item is removed from a list",
    "pair.index(7)": "an item is looked for in a tuple",
    "text.index('z')": "a piece of text that is not there",
    "bytes([300])": "a number outside 0 to 255",
    "chr(-1)": "no character has it",
    "ord('ab')": "got text of 2",
    "list(zip([1], [1, 2], strict=True))": "the one in place 2 is longer",
    "b'\\xff'.decode()": "at byte 0 (counted from 0) stands 0xff",
    "b'\\xe2\\x82'.decode()": "bytes 0 to 1 (counted from 0) make no character",
    "'é'.encode('ascii')": "text is written in ascii",
}
NAMED = {
    "{}['k']": "the key 'k' is looked up",
    "{}.popitem()": "an item is taken from an empty dictionary",
    "set().pop()": "an item is taken from an empty set",
    "def f(): return f()\nf()": "a function calls itself again and again",
    "next(iter(()))": "there is none left",
    GENERATOR: "inside a generator",
    "assert n == 6": "an `assert` finds",
    "open('absent.txt')": "the file 'absent.txt' is opened",
    "[0] * 10**18": "more memory is asked for",
}
ATTRIBUTES = {
    "nothing.shape": "`.shape` is asked of None",
    "items.shape": "`.shape` is asked of a list, which has nothing of that name: it is a tensor's",
    "zeros(1).astype(int)": "`.astype` is asked of a tensor, which has nothing of that name: it is NumPy's",
    "zeros(1).append(1)": "it is a list's; tensors have a fixed size",
    "zeros(1).absent": "`.absent` is asked of a tensor, which has nothing of that name.",
    "nn.Embedding(2, 2).absent": "`.absent` is asked of an `Embedding`",
}
CASES = SHAPES | NUMBERS | GRADIENTS | PLACES | PYTHON | NAMED | ATTRIBUTES


def message_of(code: str) -> str:
    """Run a line that fails, and write its exception as the observer does."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - each case raises its own kind
        exec(code, dict(NAMES))
    text = str(caught.value)[:500]
    kind = type(caught.value).__name__
    return f"{kind}: {text}" if text else kind


def raised(message: str, line: str = "line 4: return x") -> Failure:
    return Failure("raised", message, line)


@pytest.mark.parametrize(("code", "words"), CASES.items(), ids=list(CASES))
def test_a_real_message_is_explained_with_its_own_numbers(code: str, words: str) -> None:
    sentence = explained(raised(message_of(code)))
    assert sentence.startswith("In line 4, ")
    assert words in sentence
    assert sentence.endswith((".", "?"))
    assert "{" not in sentence


def test_every_explanation_belongs_to_a_message_that_is_really_raised() -> None:
    real = [message_of(code) for code in CASES]
    families = (
        messages._SHAPES,
        messages._NUMBERS,
        messages._GRADIENTS,
        messages._PLACES,
        messages._PYTHON,
        messages._NAMED,
    )
    unmet = [
        pattern
        for family in families
        for pattern in family
        if not any(
            re.search(pattern, one.partition(": ")[2]) or re.match(pattern, one) for one in real
        )
    ]
    assert unmet == []


RETURNED = {
    "zeros(1).sum().backward()": "No gradient can flow back from what is returned",
    "n.backward()": "A whole number comes where something with `.backward` is needed",
    "a, b = 1.0": "A real number comes where several values are needed",
    "list(1.0)": "A real number comes where several values are needed",
    "a, b = 1, 2, 3": "More values come than the 2 that are needed",
    "a, b, c = 1, 2": "2 values come where 3 are needed",
    "n[0]": "A whole number comes where something with places is needed",
    "nothing()": "None comes where something that can be called is needed",
    "tensor([1]).softmax(0)": "Numbers of type Long come where real numbers are needed",
    "ones(2, requires_grad=True).exp().backward()": "What is returned holds several numbers",
    INPLACE: "The backward pass needs a tensor as it was",
}


@pytest.mark.parametrize(("code", "words"), RETURNED.items(), ids=list(RETURNED))
def test_what_a_probe_met_is_said_of_what_is_returned(code: str, words: str) -> None:
    sentence = explained(Failure("probe", message_of(code)))
    assert sentence.startswith(words)
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "failure",
    [
        raised("ValueError: my own words"),
        raised("RuntimeError: The size of tensor a must match the size of tensor b"),
        raised("KeyError: 'k'", line=""),
        raised("KeyError: 'k'", line="line 3: raise KeyError(name)"),
        Failure("forbidden", "torch.softmax", "line 2: x"),
        Failure("timeout", "10 seconds", "line 2: x"),
        Failure("probe", "ValueError: my own words"),
        raised(""),
    ],
)
def test_what_is_not_known_stays_unexplained(failure: Failure) -> None:
    assert explained(failure) == ""


def test_a_text_with_braces_in_a_message_is_told_as_it_is() -> None:
    assert "the key '{0}'" in explained(raised("KeyError: '{0}'"))


def test_the_line_is_found_where_its_text_is_unknown() -> None:
    value: Any = explained(raised("StopIteration", line="line 12"))
    assert value.startswith("In line 12, ")
