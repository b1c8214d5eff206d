import math
import operator
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.errors import ConfigurationError, DomainError, ShapeError
from llmlab.foundations import MLP, Layer, Neuron, Value, topological_order

property_test = settings(derandomize=True, deadline=None, max_examples=50, database=None)
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
UNARY = {
    "neg": operator.neg,
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "tanh": lambda x: x.tanh(),
    "relu": lambda x: x.relu(),
    "**3": lambda x: x**3,
    "**-0.5": lambda x: x**-0.5,
    "**0": lambda x: x**0,
}
positive = st.floats(0.1, 3)


def pytorch(number):
    return torch.tensor(number, dtype=torch.float64, requires_grad=True)


def same_in_pytorch(function, *numbers):
    """Compare result and derivatives of one formula on our values and on PyTorch's tensors."""
    ours, theirs = [Value(one) for one in numbers], [pytorch(one) for one in numbers]
    result, expected = function(*ours), function(*theirs)
    result.backward()
    expected.backward()
    assert result.data == pytest.approx(expected.item(), rel=1e-12)
    for mine, yours in zip(ours, theirs, strict=True):
        assert mine.grad == pytest.approx(yours.grad.item(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("operation", BINARY, ids=lambda one: one.__name__)
@property_test
@given(left=positive, right=positive)
def test_an_operation_of_two_values_has_pytorchs_result_and_slopes(operation, left, right):
    same_in_pytorch(operation, left, right)
    # A plain number may stand on either side.
    same_in_pytorch(lambda x: operation(x, right), left)
    same_in_pytorch(lambda x: operation(left, x), right)


@pytest.mark.parametrize("name", UNARY)
@property_test
@given(number=positive)
def test_a_function_of_one_value_has_pytorchs_result_and_slope(name, number):
    same_in_pytorch(UNARY[name], number)


@pytest.mark.parametrize("number", [-2.0, 0.0])
@pytest.mark.parametrize("name", ["neg", "exp", "tanh", "relu", "**3", "**0"])
def test_slopes_at_zero_and_below_are_pytorchs(name, number):
    same_in_pytorch(UNARY[name], number)


def test_a_root_is_infinitely_steep_at_zero_as_in_pytorch():
    same_in_pytorch(lambda x: x**0.5, 0.0)


@property_test
@given(seed=st.integers(0, 2**31))
def test_a_random_graph_has_pytorchs_derivatives(seed):
    def build(*values):
        draw, pool = random.Random(seed), list(values)
        for _ in range(25):
            left, right = draw.choice(pool), draw.choice(pool)
            pool.append(
                draw.choice(
                    [
                        lambda a, b: (a + b).tanh(),
                        lambda a, b: a * b,
                        lambda a, b: (a - b).relu(),
                        lambda a, b: a / (b * b + 1),
                        lambda a, b: (a * b).tanh().exp(),
                        lambda a, b: (a**2 + 1).log() - b,
                    ]
                )(left, right).tanh()
            )
        # All inputs take part in what is differentiated.
        return sum(pool[len(values) :], 0.0) + sum(values) * 0.5

    same_in_pytorch(build, 0.7, -1.3, 2.1)


def test_a_value_that_is_used_twice_gets_both_derivatives():
    x = Value(3.0)
    (x * x + x).backward()
    assert x.grad == 7.0


def test_derivatives_of_given_numbers_add_up_over_calls_and_those_of_computed_ones_do_not():
    x = Value(3.0)
    square = x * x
    result = square * 2
    for calls in (1, 2, 3):
        result.backward()
        assert (x.grad, square.grad, result.grad) == (12.0 * calls, 2.0, 1.0)


def test_a_given_number_is_its_own_derivative():
    x = Value(5)
    x.backward()
    assert x.grad == 1.0


def test_a_graph_deeper_than_pythons_stack_is_differentiated():
    x = result = Value(1.0)
    for _ in range(100_000):
        result = result + x
    result.backward()
    assert x.grad == 100_001.0


def test_a_graph_whose_paths_double_at_each_step_is_walked_once():
    x = result = Value(1.0)
    for _ in range(200):
        result = result + result
    result.backward()
    assert x.grad == 2.0**200


def test_each_value_stands_after_what_it_was_made_from():
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    product = x * y
    result = (product + x).tanh()
    order = topological_order(result)
    assert len(order) == 5
    assert order[-1] is result
    for node in order:
        assert all(order.index(parent) < order.index(node) for parent in node.parents)


def test_a_value_knows_how_it_was_made():
    x = Value(2.0, label="x")
    cube = x**3
    assert (cube.operation, cube.parents, cube.slopes) == ("**3", (x,), (12.0,))
    operations = [one.operation for one in (x, x + 1, x - 1, x * 2, x / 2, -x, x.relu())]
    assert operations == ["", "+", "-", "*", "/", "neg", "relu"]
    assert repr(x) == "Value(x: 2, grad=0)"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (lambda x: x.log(), r"log\(0\) has no value"),
        (lambda x: (x - 1).log(), r"log\(-1\) has no value"),
        (lambda x: 1 / x, "1 / 0 has no value"),
        (lambda x: x**-1, r"0 \*\* -1 is no real number"),
        (lambda x: (x - 8) ** 0.5, r"-8 \*\* 0.5 is no real number"),
        (lambda x: (x + 1000).exp(), r"exp\(1000\) is larger than any float"),
        (lambda x: (x + 1e200) ** 2, r"1e\+200 \*\* 2 is larger than any float"),
    ],
)
def test_what_has_no_value_is_refused_in_a_sentence(formula, message):
    with pytest.raises(DomainError, match=message):
        formula(Value(0.0))


# --- networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_a_network_has_pytorchs_outputs_and_gradients(activation):
    network = MLP((3, 5, 4, 2), random.Random(1), activation)
    bend = {"tanh": torch.tanh, "relu": torch.relu, "linear": lambda x: x}[activation]
    hidden = inputs = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
    twins = []
    for i, layer in enumerate(network.layers):
        rows = [[w.data for w in neuron.weights] for neuron in layer.neurons]
        weight = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        bias = torch.zeros(len(rows), dtype=torch.float64, requires_grad=True)
        twins.append((weight, bias))
        hidden = weight @ hidden + bias
        hidden = hidden if i == 2 else bend(hidden)
    ours = [Value(number) for number in inputs.tolist()]
    first, second = network(ours)
    assert [first.data, second.data] == pytest.approx(hidden.tolist(), rel=1e-12)
    (first * second + first).backward()
    (hidden[0] * hidden[1] + hidden[0]).backward()
    expected = [torch.cat([w.grad, b.grad[:, None]], dim=1).flatten() for w, b in twins]
    gradients = [parameter.grad for parameter in network.parameters()]
    assert gradients == pytest.approx(torch.cat(expected).tolist(), rel=1e-9, abs=1e-12)
    assert [one.grad for one in ours] == pytest.approx(inputs.grad.tolist(), rel=1e-9)


def test_a_network_learns_what_no_line_can_separate():
    network = MLP((2, 6, 1), random.Random(3))
    table = {(0, 0): -1, (0, 1): 1, (1, 0): 1, (1, 1): -1}

    def loss():
        return sum((network(x)[0] - y) ** 2 for x, y in table.items()) / 4

    before = loss().data
    for _ in range(200):
        for parameter in network.parameters():
            parameter.grad = 0.0
        loss().backward()
        for parameter in network.parameters():
            parameter.data -= 0.2 * parameter.grad
    assert loss().data < 0.01 < before
    assert all(math.copysign(1, network(x)[0].data) == y for x, y in table.items())


def test_equal_seeds_draw_equal_networks():
    first, second, third = (
        [p.data for p in MLP((2, 3, 1), random.Random(seed)).parameters()] for seed in (1, 1, 2)
    )
    assert first == second != third
    assert len(first) == (2 * 3 + 3) + (3 + 1)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda draw: Neuron(0, "tanh", draw), ConfigurationError, "0 inputs"),
        (lambda draw: Layer(1, 1, "sine", draw), ConfigurationError, "no activation 'sine'"),
        (lambda draw: MLP((2,), draw), ConfigurationError, "make no network"),
        (lambda draw: MLP((2, 0, 1), draw), ConfigurationError, "make no network"),
        (lambda draw: MLP((2, 1), draw)([1.0]), ShapeError, "2 weights was given 1 inputs"),
    ],
)
def test_a_network_that_cannot_be_is_refused_in_a_sentence(make, error, message):
    with pytest.raises(error, match=message):
        make(random.Random(0))
