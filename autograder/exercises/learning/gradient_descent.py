"""`learning.gradient_descent`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.learning import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "gradient_descent",
    reference=foundations.gradient_descent,
    hints=(
        "Write one step first: what are the errors, and what does each weight have to do with them?",
        "The gradient has one number a weight: the average, over the examples, of twice the error "
        "times that weight's input. A transposed matrix of inputs, times the "
        "errors, sums over the examples.",
        "In a loop: predictions less targets; two over the number of examples, times the "
        "transposed inputs, times the errors; new weights are the old ones less the "
        "learning rate times that.",
    ),
    matters="Llama 3 405B was trained by this loop too: over a million steps against the gradient, of 405 billion "
    "weights at once (2024). Read llmlab/foundations/supervised.py.",
)


def descended(
    implementation: Any, generator: Generator, examples: int, features: int, rate: float, steps: int
) -> Any:
    """Descend on drawn examples; the inputs do not average 0, so that sums and means of them differ."""
    inputs = normal(generator, examples, features) + 0.5
    targets, weights = normal(generator, examples), normal(generator, features)
    result = implementation(inputs, targets, weights, rate, steps)
    if isinstance(result, tuple):
        return {"weights": f"one of {len(result)} things that came"}
    return {"weights": result}


@exercise.probe
def one_step(implementation: Any, generator: Generator) -> Any:
    """Three examples of two features, and one step of 0.1."""
    return descended(implementation, generator, 3, 2, 0.1, 1)


@exercise.probe
def four_steps(implementation: Any, generator: Generator) -> Any:
    """Five examples of three features, and four steps of 0.05."""
    return descended(implementation, generator, 5, 3, 0.05, 4)


@exercise.probe
def one_example(implementation: Any, generator: Generator) -> Any:
    """A single example of one feature, and two steps of 0.2."""
    return descended(implementation, generator, 1, 1, 0.2, 2)


_AXIS = (
    "Your average goes over the features of each example and has one number an example. The gradient "
    "has one number a weight, so it adds up over the examples. Reread 'Down the slope'."
)
_NOT_A_COLUMN = (
    "Each error belongs to an example, which is a row of the inputs, and your product lines the errors up with the "
    "columns. Reread 'Down the slope'."
)
_RANDOM = (
    "Your descent begins at random weights, and not at those that it is given, so nobody can go on from where another "
    "descent ended. Reread 'Down the slope'."
)


@exercise.faults(
    uphill="Your steps go up the slope: the loss grows with each of them. Either the error is turned around, or the "
    "step is added where it should be taken away. Reread 'Down the slope'.",
    no_mean="Your gradient is that of the sum of the squared errors. The loss is their mean; with the sum, steps grow "
    "with the number of examples, and a learning rate that suits ten of them is too large for a thousand. Reread "
    "'Down the slope'.",
    no_two="Your gradient is half of the right one: the derivative of a square brings down a factor. You would still "
    "arrive, but it is not the gradient of this loss. Reread 'Down the slope'.",
    no_factor="Your gradient adds up errors times inputs and stops there: both what the square brings down and the "
    "mean over the examples are missing. Reread 'Down the slope'.",
    two_doubled="Your gradient is twice the right one: the 2 of the square is there two times. Reread 'Down the "
    "slope'.",
    by_features="Your gradient is divided by the number of features. The mean of the loss goes over the examples. "
    "Reread 'Down the slope'.",
    by_all="Your gradient is divided by the number of all inputs, examples times features. The mean of the loss goes "
    "over the examples alone. Reread 'Down the slope'.",
    mean_twice="Your gradient is divided by the number of examples twice. The loss is one mean. Reread 'Down the "
    "slope'.",
    root_loss="Your gradient is that of the root of the mean squared error: its length does not shrink near the "
    "valley. "
    "The loss here is the mean square itself. Reread 'Down the slope'.",
    absolute="Your gradient knows only the sign of each error, so it is that of the absolute error: a large error "
    "pushes no harder than a small one. Reread 'Learning from examples'.",
    squared_errors="Your gradient has the squares of the errors in it. The square belongs to the loss; its derivative "
    "has the errors themselves, with their signs. Reread 'Down the slope'.",
    inputs_left_out="Every weight gets the same step: your gradient leaves out by how much its feature took part "
    "in each prediction. Reread 'Down the slope'.",
    product_of_means="Your gradient multiplies the mean error by the mean input. It is the products that are "
    "averaged: "
    "each error with the input of its own example. Reread 'Down the slope'.",
    weights_for_inputs="Your gradient multiplies the errors by the weights. To blame is a weight as far as its "
    "feature "
    "took part in the prediction. Reread 'Down the slope'.",
    targets_left_out="Your errors are the predictions alone, without the targets, so all weights are drawn to where "
    "every prediction is 0. Reread 'Learning from examples'.",
    one_gradient="Your code computes the gradient once and follows it all the way. The slope changes as you walk: "
    "after the first step the old gradient belongs to a place that you have left. Reread 'Down the slope'.",
    one_step_only="Of many steps only one arrives: either the loop ends after its first round, or each round begins "
    "again at the weights of the beginning. Reread 'Down the slope'.",
    one_more="Your code takes one step more than it is asked for. Count the rounds of your loop for one step.",
    one_fewer="Your code takes one step fewer than it is asked for. Count the rounds of your loop for one step.",
    added_up="Your code adds each new gradient to the old ones and follows the sum. A step follows the gradient of "
    "the "
    "place where it begins, and no other. Reread 'Down the slope'.",
    one_weight_at_a_time="Your weights are changed one after the other, and the later ones see errors of the changed "
    "earlier ones. A step of gradient descent changes all weights by the errors of one moment. Reread 'Down the "
    "slope'.",
    one_example_at_a_time="Your code takes a step after each example. Here a step follows the mean over all examples. "
    "Reread 'Down the slope'.",
    signs_alone="Your steps are equally long for all weights, since only the sign of the gradient is used. Its size "
    "says how much each weight matters. Reread 'Down the slope'.",
    unit_length="Your gradient is brought to length 1, so steps are as long near the valley as far from it. Here a "
    "step is as long as the slope is steep. Reread 'Down the slope'.",
    no_rate="The learning rate has no effect: your steps are as long as the gradient. Reread 'Down the slope'.",
    rate_shared_out="Your learning rate is divided by the number of steps. Each step follows the whole learning rate. "
    "Reread 'Down the slope'.",
    rate_shrinks="Your learning rate is divided by the number of the step, and shrinks as you walk. Here it stays as "
    "it "
    "is. Reread 'Down the slope'.",
    from_zero="Your descent begins at 0 and not at the weights that it is given, so nobody can go on from where "
    "another descent ended. Reread 'Down the slope'.",
    from_normal=_RANDOM,
    from_uniform=_RANDOM,
    from_ones="Your descent begins at 1 and not at the weights that it is given, so nobody can go on from where "
    "another descent ended. Reread 'Down the slope'.",
    over_features=_AXIS,
    not_transposed="Your matrix product pairs errors with features. Errors belong to examples: look at which axis of "
    "the inputs counts the examples. Reread 'Down the slope'.",
    prediction_transposed="Your prediction multiplies the transposed inputs by the weights. A prediction adds up over "
    "the features of one example. Reread 'Learning from examples'.",
    inputs_times_errors=_NOT_A_COLUMN,
    errors_times_inputs=_NOT_A_COLUMN,
    columns="Your predictions are a column and the targets are a row, so PyTorch subtracts each target from each "
    "prediction: a whole table of errors. Look at the shape of your errors. Reread 'Learning from examples'.",
    in_place="Your code changes the weights that it is given, as `-=` does. The caller still needs them where they "
    "began. Look at what the docstring says about the weights.",
    two_things="You return several things. The caller wants one: the weights after the last step.",
    three_things="You return several things. The caller wants one: the weights after the last step.",
    all_weights="You return the weights of every step. The caller wants those after the last.",
    losses="You return losses, one a step. The caller wants the weights after the last step.",
    predictions="You return what the last weights predict. The caller wants the weights themselves.",
    gradient_returned="You return the last gradient. The caller wants the weights that it led to.",
    python_list="You return a list of numbers. The weights came as a tensor, and go back as one.",
)
def faulty(on: Switches) -> Any:
    """Build gradient descent with faults."""

    def gradient_descent(
        inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
    ) -> Any:
        if on("in_place"):
            weights -= learning_rate * _gradient(on, inputs, targets, weights)
            return weights
        weights = _start(on, inputs, weights)
        known, passed, losses = _gradient(on, inputs, targets, weights), [], []
        gradient = total = torch.zeros_like(weights)
        for number in range(_rounds(on, steps)):
            gradient = known if on("one_gradient") else _gradient(on, inputs, targets, weights)
            total = total + gradient
            rate = _rate(on, learning_rate, number, steps)
            step = rate * (total if on("added_up") else gradient)
            if on("one_weight_at_a_time"):
                weights = _one_by_one(inputs, targets, weights, rate)
            elif on("one_example_at_a_time"):
                weights = _in_turn(inputs, targets, weights, rate)
            else:
                weights = weights + step if on("uphill") else weights - step
            passed.append(weights)
            losses.append((inputs @ weights - targets).square().mean().item())
        result = _returned(on, weights, passed, losses, gradient)
        return inputs @ weights if on("predictions") else result

    return gradient_descent


def _start(on: Switches, inputs: Tensor, weights: Tensor) -> Tensor:
    if on("from_zero"):
        return torch.zeros(inputs.shape[1])
    if on("from_normal"):
        return torch.randn(inputs.shape[1])
    if on("from_uniform"):
        return torch.rand(inputs.shape[1])
    return torch.ones(inputs.shape[1]) if on("from_ones") else weights


def _rounds(on: Switches, steps: int) -> int:
    if on("one_step_only"):
        return 1
    return steps + (1 if on("one_more") else -1 if on("one_fewer") else 0)


def _rate(on: Switches, rate: float, number: int, steps: int) -> float:
    if on("no_rate"):
        return 1.0
    if on("rate_shared_out"):
        return rate / steps
    return rate / (number + 1) if on("rate_shrinks") else rate


def _errors(on: Switches, inputs: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    if on("prediction_transposed"):
        return inputs.T @ weights - targets
    if on("columns"):
        return inputs @ weights[:, None] - targets
    if on("targets_left_out"):
        return inputs @ weights
    errors = inputs @ weights - targets
    if on("squared_errors"):
        return errors.square()
    return errors.sign() if on("absolute") else errors


def _factor(on: Switches, inputs: Tensor) -> float:
    count, features = inputs.shape
    if on("no_mean"):
        return 2
    if on("no_two"):
        return 1 / count
    if on("no_factor"):
        return 1
    if on("two_doubled"):
        return 4 / count
    if on("by_features"):
        return 2 / features
    if on("by_all"):
        return 2 / (count * features)
    return 2 / count**2 if on("mean_twice") else 2 / count


def _gradient(on: Switches, inputs: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    errors, factor = _errors(on, inputs, targets, weights), _factor(on, inputs)
    if on("not_transposed"):
        return factor * (inputs @ errors)
    if on("over_features"):
        return 2 * (inputs * errors[:, None]).mean(dim=1)
    if on("inputs_times_errors"):
        return 2 * (inputs * errors).mean(dim=0)
    if on("errors_times_inputs"):
        return 2 * (errors * inputs).mean(dim=0)
    if on("inputs_left_out"):
        return factor * errors.sum().expand_as(weights)
    if on("product_of_means"):
        return 2 * errors.mean() * inputs.mean(dim=0)
    if on("weights_for_inputs"):
        return factor * errors.sum() * weights
    gradient = factor * (inputs.T @ errors)
    if on("root_loss"):
        return gradient / (2 * errors.square().mean().sqrt())
    if on("signs_alone"):
        return gradient.sign()
    return gradient / gradient.norm() if on("unit_length") else gradient


def _one_by_one(inputs: Tensor, targets: Tensor, weights: Tensor, rate: float) -> Tensor:
    weights = weights.clone()
    for feature in range(len(weights)):
        errors = inputs @ weights - targets
        weights[feature] -= rate * 2 * (errors * inputs[:, feature]).mean()
    return weights


def _in_turn(inputs: Tensor, targets: Tensor, weights: Tensor, rate: float) -> Tensor:
    for row, target in zip(inputs, targets, strict=True):
        weights = weights - rate * 2 * (row @ weights - target) * row
    return weights


def _returned(
    on: Switches, weights: Tensor, passed: list[Tensor], losses: list[float], gradient: Tensor
) -> Any:
    if on("two_things"):
        return weights, losses
    if on("three_things"):
        return weights, gradient, losses
    if on("all_weights"):
        return passed
    if on("losses"):
        return losses
    if on("gradient_returned"):
        return gradient
    return weights.tolist() if on("python_list") else weights
