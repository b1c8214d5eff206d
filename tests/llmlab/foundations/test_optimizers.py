import copy

import pytest
import torch
from torch import nn

from llmlab.errors import ConfigurationError
from llmlab.foundations import SGD, Adam, AdamW, clip_gradient_norm

CASES = [
    (SGD, torch.optim.SGD, {"lr": 0.05}),
    (SGD, torch.optim.SGD, {"lr": 0.05, "weight_decay": 0.1}),
    (SGD, torch.optim.SGD, {"lr": 0.02, "momentum": 0.9}),
    (SGD, torch.optim.SGD, {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1}),
    (SGD, torch.optim.SGD, {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    (Adam, torch.optim.Adam, {}),
    (Adam, torch.optim.Adam, {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    (AdamW, torch.optim.AdamW, {}),
    (AdamW, torch.optim.AdamW, {"lr": 0.01, "betas": (0.9, 0.95), "weight_decay": 0.3}),
]
every_case = pytest.mark.parametrize(
    ("ours", "theirs", "settings"),
    CASES,
    ids=lambda one: one.__name__ if isinstance(one, type) else str(one),
)


def network() -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def train(module: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        x = torch.randn(16, 6, generator=generator)
        optimizer.zero_grad()
        (module(x) - x[:, :3].sin()).square().mean().backward()
        optimizer.step()


def assert_equal(first: nn.Module, second: nn.Module) -> None:
    torch.testing.assert_close(first.state_dict(), second.state_dict(), atol=1e-6, rtol=0)


@every_case
def test_a_hundred_steps_are_pytorchs(ours, theirs, settings):
    mine, yours = network(), network()
    train(mine, ours(mine.parameters(), **settings), range(100))
    train(yours, theirs(yours.parameters(), **settings), range(100))
    assert_equal(mine, yours)
    with pytest.raises(AssertionError):
        assert_equal(mine, network())


@every_case
def test_a_run_goes_on_from_its_state_as_if_it_had_not_stopped(ours, theirs, settings):
    whole, parts = network(), network()
    train(whole, ours(whole.parameters(), **settings), range(20))
    first = ours(parts.parameters(), **settings)
    train(parts, first, range(10))
    saved = copy.deepcopy(first.state_dict())
    second = ours(parts.parameters(), lr=123.0)
    second.load_state_dict(saved)
    train(parts, second, range(10, 20))
    assert all(map(torch.equal, whole.state_dict().values(), parts.state_dict().values()))


@pytest.mark.parametrize("direction", ["ours to theirs", "theirs to ours"])
@every_case
def test_a_run_can_go_on_in_pytorchs_optimizer_and_back(ours, theirs, settings, direction):
    first_kind, second_kind = (ours, theirs) if direction == "ours to theirs" else (theirs, ours)
    whole, parts = network(), network()
    train(whole, theirs(whole.parameters(), **settings), range(100))
    first = first_kind(parts.parameters(), **settings)
    train(parts, first, range(50))
    second = second_kind(parts.parameters(), **settings)
    # PyTorch's own keys that ours lack keep the values that its optimizer was made with.
    saved = copy.deepcopy(first.state_dict())
    for group, fresh in zip(
        saved["param_groups"], second.state_dict()["param_groups"], strict=True
    ):
        group |= {key: value for key, value in fresh.items() if key not in group}
    second.load_state_dict(saved)
    train(parts, second, range(50, 100))
    assert_equal(whole, parts)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(SGD, torch.optim.SGD), (AdamW, torch.optim.AdamW)], ids=["SGD", "AdamW"]
)
def test_groups_have_settings_of_their_own_and_a_schedule_may_change_them(ours, theirs):
    mine, yours = network(), network()
    for module, kind in ((mine, ours), (yours, theirs)):
        optimizer = kind(
            [
                {"params": module[0].parameters(), "weight_decay": 0.0},
                {"params": module[2].parameters(), "lr": 0.001},
            ],
            lr=0.02,
            weight_decay=0.2,
        )
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
        for step in range(20):
            train(module, optimizer, range(step, step + 1))
            schedule.step()
    assert_equal(mine, yours)


@every_case
def test_a_parameter_without_a_gradient_is_left_alone(ours, theirs, settings):
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = ours([used, unused], **settings)
    used.sum().backward()
    optimizer.step()
    assert torch.equal(unused, torch.ones(2))
    assert not torch.equal(used, torch.ones(2))
    assert unused not in optimizer.state


@every_case
def test_a_closure_computes_the_loss_with_gradients(ours, theirs, settings):
    mine, yours = nn.Parameter(torch.tensor([2.0, -1.0])), nn.Parameter(torch.tensor([2.0, -1.0]))
    for parameter, optimizer in (
        (mine, ours([mine], **settings)),
        (yours, theirs([yours], **settings)),
    ):

        def closure(parameter=parameter, optimizer=optimizer):
            optimizer.zero_grad()
            loss = parameter.square().sum()
            loss.backward()
            return loss

        with torch.no_grad():
            losses = [optimizer.step(closure).item() for _ in range(5)]
        assert losses == sorted(losses, reverse=True)
        assert losses[0] == 5.0
    torch.testing.assert_close(mine, yours, atol=1e-6, rtol=0)


@every_case
def test_gradients_set_to_zero_in_place_do_not_reach_the_state(ours, theirs, settings):
    mine, yours = nn.Parameter(torch.tensor([2.0])), nn.Parameter(torch.tensor([2.0]))
    for parameter, kind in ((mine, ours), (yours, theirs)):
        optimizer = kind([parameter], **settings)
        for _ in range(5):
            optimizer.zero_grad(set_to_none=False)
            parameter.square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(mine, yours, atol=1e-6, rtol=0)


def test_adamw_shrinks_parameters_whatever_their_gradients_are():
    small, large = nn.Parameter(torch.tensor([1.0])), nn.Parameter(torch.tensor([1.0]))
    for parameter, scale in ((small, 1e-3), (large, 1e3)):
        optimizer = AdamW([parameter], lr=0.01, weight_decay=0.5)
        for _ in range(10):
            parameter.grad = torch.full((1,), scale)
            optimizer.step()
    # Adam's step has one size for all gradients, and the decay beside it has one too.
    torch.testing.assert_close(small, large, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, lr=-1.0), "lr is -1"),
        (lambda p: SGD(p, momentum=float("nan")), "momentum is nan"),
        (lambda p: SGD(p, nesterov=True), "needs momentum"),
        (lambda p: Adam(p, betas=(0.9, 1.0)), r"betas are \(0.9, 1.0\)"),
        (lambda p: Adam(p, eps=-1e-8), "eps is"),
        (lambda p: AdamW(p, weight_decay=-0.1), "weight_decay is -0.1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_a_sentence(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make([nn.Parameter(torch.ones(1))])


# --- clipping ---------------------------------------------------------------------------------


@pytest.mark.parametrize("max_norm", [0.1, 1.0, 1000.0])
def test_clipped_gradients_are_pytorchs(max_norm):
    mine, yours = network(), network()
    for module in (mine, yours):
        (10 * module(torch.ones(2, 6))).square().sum().backward()
    ours = clip_gradient_norm(mine.parameters(), max_norm)
    theirs = nn.utils.clip_grad_norm_(yours.parameters(), max_norm)
    torch.testing.assert_close(ours, theirs)
    for p, q in zip(mine.parameters(), yours.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad)


def test_clipping_keeps_the_direction_and_shortens_the_whole():
    parameters = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))]
    parameters[0].grad, parameters[1].grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
    assert clip_gradient_norm(parameters, 1.0).item() == pytest.approx(5.0)
    torch.testing.assert_close(parameters[0].grad, torch.tensor([0.6, 0.0]))
    torch.testing.assert_close(parameters[1].grad, torch.tensor([0.8]))


def test_gradients_of_zero_or_none_stay_as_they_are():
    without, zero = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    assert clip_gradient_norm([without], 1.0).item() == 0.0
    zero.grad = torch.zeros(2)
    assert clip_gradient_norm([without, zero], 1.0).item() == 0.0
    assert without.grad is None
    assert torch.equal(zero.grad, torch.zeros(2))


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_a_gradient_that_is_no_number_shows_in_the_length(bad):
    parameter = nn.Parameter(torch.ones(2))
    parameter.grad = torch.tensor([1.0, bad])
    assert not clip_gradient_norm([parameter], 1.0).isfinite()


@pytest.mark.parametrize("max_norm", [0.0, -1.0, float("nan")])
def test_a_length_that_is_not_above_zero_is_refused(max_norm):
    with pytest.raises(ConfigurationError, match="give a number above 0"):
        clip_gradient_norm([], max_norm)
