"""Correct answers to lab 02, written differently: each must get full points."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional


def descent_by_autograd(inputs, targets, weights, learning_rate, steps):
    """Let PyTorch compute the gradient."""
    weights = weights.clone().requires_grad_()
    for _ in range(steps):
        loss = functional.mse_loss(inputs @ weights, targets)
        (gradient,) = torch.autograd.grad(loss, weights)
        weights = (weights - learning_rate * gradient).detach().requires_grad_()
    return weights.detach()


def descent_in_place(inputs, targets, weights, learning_rate, steps):
    """Change a copy, and average over the examples by hand."""
    weights = weights.clone()
    for _ in range(steps):
        errors = (inputs * weights).sum(dim=1) - targets
        weights -= learning_rate * (2 * errors[:, None] * inputs).mean(dim=0)
    return weights


def descent_loop(inputs, targets, weights, learning_rate, steps):
    """Go through examples and features one by one."""
    now = weights.tolist()
    rows, answers = inputs.tolist(), targets.tolist()
    for _ in range(steps):
        gradient = [0.0] * len(now)
        for row, answer in zip(rows, answers, strict=True):
            error = sum(x * w for x, w in zip(row, now, strict=True)) - answer
            gradient = [g + 2 * error * x / len(rows) for g, x in zip(gradient, row, strict=True)]
        now = [w - learning_rate * g for w, g in zip(now, gradient, strict=True)]
    return torch.tensor(now)


def split_from_the_front(inputs, targets, generator):
    """Deal the training set first, from shuffled copies."""
    order = torch.randperm(inputs.size(0), generator=generator)
    inputs, targets = inputs[order], targets[order]
    tenth = len(inputs) // 10
    first, second = len(inputs) - 2 * tenth, len(inputs) - tenth
    return [
        (inputs[:first], targets[:first]),
        (inputs[first:second], targets[first:second]),
        (inputs[second:], targets[second:]),
    ]


def split_by_random_keys(inputs, targets, generator):
    """Sort random numbers, and keep the examples of each set in their old order."""
    order = torch.rand(len(inputs), generator=generator).argsort()
    tenth = len(inputs) // 10
    sets = order[tenth * 2 :], order[:tenth], order[tenth : tenth * 2]
    return tuple((inputs[one.sort().values], targets[one.sort().values]) for one in sets)


class ValueWithLists:
    """Slopes and parents in lists, and tanh by exponentials."""

    def __init__(self, data, parents=(), slopes=(), operation="", label=""):
        self.data, self.grad = float(data), 0.0
        self.parents, self.slopes = list(parents), list(slopes)
        self.operation, self.label = operation, label

    def __add__(self, other):
        return ValueWithLists(self.data + other.data, [self, other], [1, 1], "+")

    def __mul__(self, other):
        return ValueWithLists(self.data * other.data, [self, other], [other.data, self.data], "*")

    def __pow__(self, exponent):
        return ValueWithLists(
            math.pow(self.data, exponent), [self], [exponent * math.pow(self.data, exponent - 1)]
        )

    def tanh(self):
        """Bend the number."""
        up, down = math.exp(self.data), math.exp(-self.data)
        return ValueWithLists((up - down) / (up + down), [self], [4 / (up + down) ** 2], "tanh")


class ValueByQuotients(ValueWithLists):
    """Slopes by other formulas of the same worth."""

    def __add__(self, other):
        return ValueByQuotients(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        result = self.data * other.data
        return ValueByQuotients(result, (self, other), (result / self.data, result / other.data))

    def __pow__(self, exponent):
        result = self.data**exponent
        return ValueByQuotients(result, (self,), (exponent * result / self.data,))

    def tanh(self):
        """Bend the number."""
        return ValueByQuotients(math.tanh(self.data), (self,), (1 / math.cosh(self.data) ** 2,))


def backward_by_counting(result):
    """Wait until all uses of a node are done, counted beforehand (Kahn's order)."""
    uses, seen = {}, {id(result)}
    stack = [result]
    while stack:
        for parent in stack.pop().parents:
            uses[id(parent)] = uses.get(id(parent), 0) + 1
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append(parent)
    result.grad = 1.0
    ready = [result]
    while ready:
        node = ready.pop()
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad = parent.grad + slope * node.grad
            uses[id(parent)] -= 1
            if uses[id(parent)] == 0:
                ready.append(parent)


def backward_without_recursion(result):
    """Make the order with a list that is gone through twice."""
    order, stack = [], [(result, False)]
    while stack:
        node, done = stack.pop()
        if done:
            if not any(node is other for other in order):
                order.append(node)
        elif not any(node is other for other in order):
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    result.grad = 1
    for node in order[::-1]:
        for i in range(len(node.parents)):
            node.parents[i].grad += node.slopes[i] * node.grad


class VelocityWithRate(torch.optim.Optimizer):
    """Keep the learning rate inside the velocity, as in Sutskever et al. (2013)."""

    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        """Move each parameter."""
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                if "v" not in state:
                    state["v"] = torch.zeros_like(parameter)
                state["v"].mul_(group["momentum"]).sub_(group["lr"] * parameter.grad)
                parameter.add_(state["v"])


class PlainDescent:
    """No class of PyTorch's: lists of parameters and velocities."""

    def __init__(self, params, lr, momentum=0.0):
        self.parameters, self.lr, self.momentum = list(params), lr, momentum
        self.velocities = [torch.zeros_like(one.data) for one in self.parameters]

    def zero_grad(self):
        """Clear the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self):
        """Move each parameter."""
        for i, parameter in enumerate(self.parameters):
            self.velocities[i] = self.momentum * self.velocities[i] + parameter.grad
            parameter.data = parameter.data - self.lr * self.velocities[i]


class AdamWInPlace(torch.optim.Optimizer):
    """Everything in place, the corrections gathered in the rate."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self):
        """Move each parameter."""
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state.update(t=0, m=torch.zeros_like(parameter), s=torch.zeros_like(parameter))
                state["t"] += 1
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                state["m"].lerp_(parameter.grad, 1 - first)
                state["s"].mul_(second).addcmul_(parameter.grad, parameter.grad, value=1 - second)
                root = (state["s"] / (1 - second ** state["t"])).sqrt_().add_(group["eps"])
                rate = group["lr"] / (1 - first ** state["t"])
                parameter.addcdiv_(state["m"], root, value=-rate)


class AdamWAtOnce(torch.optim.Optimizer):
    """One subtraction for decay and step, in float64."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, {"lr": lr, "decay": weight_decay})
        self.betas, self.eps = betas, eps

    @torch.no_grad()
    def step(self):
        """Move each parameter."""
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad.double()
                t, m, s = self.state[parameter].get("kept", (0, 0.0, 0.0))
                m = m + (1 - self.betas[0]) * (gradient - m)
                s = s + (1 - self.betas[1]) * (gradient * gradient - s)
                t = t + 1
                self.state[parameter]["kept"] = (t, m, s)
                m_hat, s_hat = m / (1 - self.betas[0] ** t), s / (1 - self.betas[1] ** t)
                change = m_hat / (s_hat**0.5 + self.eps) + group["decay"] * parameter
                parameter.sub_((group["lr"] * change).to(parameter.dtype))


def train_with_copies(model, loss_function, optimizer, batches, validation, every=1):
    """Copy the parameters one by one, and clear the gradients after the step."""
    losses, best = [], None
    optimizer.zero_grad()
    for step in range(len(batches)):
        inputs, targets = batches[step]
        loss = loss_function(model(inputs), targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % every:
            continue
        with torch.no_grad():
            loss = float(loss_function(model(validation[0]), validation[1]))
        if not losses or loss < min(losses):
            best = [parameter.detach().clone() for parameter in model.parameters()]
        losses.append(loss)
    with torch.no_grad():
        for parameter, kept in zip(model.parameters(), best, strict=True):
            parameter.copy_(kept)
    return losses


def train_with_all_kept(model, loss_function, optimizer, batches, validation, every=1):
    """Keep the weights of every measurement, and choose in the end; gradients set to None."""
    losses, states = [], []
    for step, batch in enumerate(batches):
        for parameter in model.parameters():
            parameter.grad = None
        loss_function(model(batch[0]), batch[1]).backward()
        optimizer.step()
        if step % every == every - 1:
            with torch.inference_mode():
                losses.append(loss_function(model(validation[0]), validation[1]).item())
            states.append(copy.deepcopy(model.state_dict()))
    model.load_state_dict(states[losses.index(min(losses))])
    return losses


def windows_from_a_padded_list(sequences, length):
    """Fill the sequence up once, and cut windows out of it."""
    contexts, targets = [], []
    for sequence in sequences:
        padded = [0] * (length - 1) + sequence
        for i in range(len(sequence) - 1):
            contexts.append(padded[i : i + length])
            targets.append(padded[i + length])
    return torch.tensor(contexts), torch.tensor(targets)


def windows_by_unfolding(sequences, length):
    """Let PyTorch cut the windows."""
    contexts, targets = [], []
    for sequence in sequences:
        padded = functional.pad(torch.tensor(sequence), (length - 1, 0))
        windows = padded.unfold(0, length + 1, 1)
        contexts.append(windows[:, :-1])
        targets.append(windows[:, -1])
    return torch.cat(contexts), torch.cat(targets)


class ModelByColumns(nn.Module):
    """One part of the hidden map for each place, and the results added up."""

    def __init__(self, vocabulary_size, context_length, embedding_dim, hidden_dim):
        super().__init__()
        self.table = nn.Parameter(torch.randn(vocabulary_size, embedding_dim))
        self.hidden = nn.Linear(context_length * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, vocabulary_size)

    def forward(self, contexts):
        """Score the next letter."""
        total = self.hidden.bias
        for place, part in enumerate(self.hidden.weight.split(self.table.shape[1], dim=1)):
            total = total + self.table[contexts[..., place]] @ part.T
        return torch.einsum("...h,vh->...v", total.tanh(), self.output.weight) + self.output.bias


class ModelByFunctions(ModelByColumns):
    """PyTorch's functions, and a view in place of flatten."""

    def forward(self, contexts):
        """Score the next letter."""
        vectors = functional.embedding(contexts, self.table)
        joined = vectors.reshape(*contexts.shape[:-1], -1)
        return self.output(functional.tanh(functional.linear(joined, *self.hidden.parameters())))


VARIANTS = {
    "learning.gradient_descent": [descent_by_autograd, descent_in_place, descent_loop],
    "learning.split_examples": [split_from_the_front, split_by_random_keys],
    "learning.Value": [ValueWithLists, ValueByQuotients],
    "learning.backward": [backward_by_counting, backward_without_recursion],
    "learning.SGD": [VelocityWithRate, PlainDescent],
    "learning.AdamW": [AdamWInPlace, AdamWAtOnce],
    "learning.train": [train_with_copies, train_with_all_kept],
    "learning.context_windows": [windows_from_a_padded_list, windows_by_unfolding],
    "learning.NeuralLanguageModel": [ModelByColumns, ModelByFunctions],
}
