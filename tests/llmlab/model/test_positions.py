import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.errors import ConfigurationError, OutOfRangeError, ShapeError
from llmlab.model import LearnedPositions, apply_rotary, rotary_angles, sinusoidal_positions

property_test = settings(derandomize=True, deadline=None, max_examples=25, database=None)


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# --- sinusoidal -------------------------------------------------------------------------------


def test_sinusoidal_positions_are_the_papers_formula():
    ours = sinusoidal_positions(50, 8)
    for position in (0, 1, 49):
        for pair in range(4):
            angle = position / 10_000 ** (2 * pair / 8)
            assert float(ours[position, 2 * pair]) == pytest.approx(math.sin(angle), abs=1e-5)
            assert float(ours[position, 2 * pair + 1]) == pytest.approx(math.cos(angle), abs=1e-5)


@property_test
@given(shift=st.integers(0, 200), base=st.sampled_from([100.0, 10_000.0, 500_000.0]))
def test_shifting_sinusoidal_positions_is_one_linear_map_for_all_of_them(shift, base):
    length, dim = 16, 8
    table = sinusoidal_positions(length + shift, dim, base)
    rotations = []
    for pair in range(dim // 2):
        angle = shift / base ** (2 * pair / dim)
        cos, sin = math.cos(angle), math.sin(angle)
        rotations.append(torch.tensor([[cos, sin], [-sin, cos]]))
    shifted = table[:length] @ torch.block_diag(*rotations).T
    torch.testing.assert_close(shifted, table[shift:], atol=1e-4, rtol=0)


def test_every_sinusoidal_position_is_different_and_of_the_same_length():
    table = sinusoidal_positions(512, 32)
    torch.testing.assert_close(table.square().sum(dim=-1), torch.full((512,), 16.0))
    distances = torch.cdist(table, table) + 10 * torch.eye(512)
    assert float(distances.min()) > 0.1


def test_no_positions_are_an_empty_table():
    assert sinusoidal_positions(0, 4).shape == (0, 4)


# --- learned ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_learned_positions_add_the_first_rows_of_the_table(agree, lead):
    module = LearnedPositions(7, 4)
    table = module.weight.detach().clone().requires_grad_()
    x = torch.randn(*lead, 5, 4)
    agree(module, lambda x: x + table[torch.arange(5)], [x], [(module.weight, table)])


def test_learned_positions_in_two_pieces_are_those_of_the_whole():
    module, x = LearnedPositions(7, 4), torch.randn(2, 7, 4)
    pieces = torch.cat([module(x[:, :3]), module(x[:, 3:], offset=3)], dim=1)
    torch.testing.assert_close(pieces, module(x), atol=0, rtol=0)


@pytest.mark.parametrize(("length", "offset"), [(8, 0), (3, 5), (1, 7), (1, -1)])
def test_a_sequence_beyond_the_learned_positions_is_refused(length, offset):
    with pytest.raises(OutOfRangeError, match="does not fit 7 positions"):
        LearnedPositions(7, 4)(torch.zeros(length, 4), offset=offset)


# --- rotary -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (2,), (2, 3), (2, 3, 2)])
def test_rotary_is_multiplication_by_complex_numbers(agree, lead):
    angles = rotary_angles(torch.arange(5), 8)

    def by_complex_numbers(x):
        numbers = torch.complex(x[..., :4], x[..., 4:])
        turned = numbers * torch.polar(torch.ones_like(angles), angles)
        return torch.cat([turned.real, turned.imag], dim=-1)

    agree(lambda x: apply_rotary(x, angles), by_complex_numbers, [torch.randn(*lead, 5, 8)])


def test_rotary_is_the_papers_rotation_of_neighbors_in_another_order():
    x, angles = torch.randn(5, 8), rotary_angles(torch.arange(5), 8)
    neighbors = x.unflatten(-1, (2, 4)).mT.flatten(-2)  # (a0 a1 ... b0 b1 ...) to (a0 b0 a1 b1 ...)
    cos, sin = angles.cos().repeat_interleave(2, -1), angles.sin().repeat_interleave(2, -1)
    quarter_turn = torch.stack([-neighbors[:, 1::2], neighbors[:, 0::2]], dim=-1).flatten(-2)
    in_the_paper = neighbors * cos + quarter_turn * sin  # Su et al. (2021), equation 34
    ours = apply_rotary(x, angles).unflatten(-1, (2, 4)).mT.flatten(-2)
    torch.testing.assert_close(ours, in_the_paper, atol=1e-6, rtol=0)


def test_rotary_frequencies_fall_from_one_to_nearly_one_over_the_base():
    angles = rotary_angles(torch.tensor([1]), 8, base=10_000.0)[0]
    torch.testing.assert_close(angles, torch.tensor([1.0, 0.1, 0.01, 0.001]))


@property_test
@given(
    seed=st.integers(0, 2**31),
    query_at=st.integers(0, 500),
    key_at=st.integers(0, 500),
    shift=st.integers(0, 500),
    head_dim=st.sampled_from([2, 8, 64]),
)
def test_rotary_scores_depend_on_the_distance_alone(seed, query_at, key_at, shift, head_dim):
    query, key = drawn(seed, 2, 1, head_dim)

    def score(query_at, key_at):
        turned = [
            apply_rotary(x, rotary_angles(torch.tensor([at]), head_dim))
            for x, at in ((query, query_at), (key, key_at))
        ]
        return (turned[0] * turned[1]).sum()

    near, far = score(query_at, key_at), score(query_at + shift, key_at + shift)
    torch.testing.assert_close(near, far, atol=2e-3, rtol=0)


@property_test
@given(
    seed=st.integers(0, 2**31),
    positions=st.lists(st.integers(0, 100_000), min_size=1, max_size=6),
    head_dim=st.sampled_from([2, 6, 64]),
)
def test_rotary_keeps_the_length_of_vectors(seed, positions, head_dim):
    x = drawn(seed, 3, len(positions), head_dim)
    turned = apply_rotary(x, rotary_angles(torch.tensor(positions), head_dim))
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1), atol=1e-5, rtol=1e-5)


def test_rotary_leaves_position_zero_as_it_is():
    x = torch.randn(2, 1, 8)
    assert torch.equal(apply_rotary(x, rotary_angles(torch.tensor([0]), 8)), x)


def test_rotary_angles_stay_exact_for_a_model_in_half_precision():
    x = torch.randn(1, 8).bfloat16()
    odd, even = (apply_rotary(x, rotary_angles(torch.tensor([at]), 8)) for at in (1001, 1000))
    assert odd.dtype == torch.bfloat16
    assert not torch.equal(odd, even)


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [7, 1, 0])
def test_dimensions_that_do_not_pair_up_are_refused(dim):
    with pytest.raises(ConfigurationError, match="even number"):
        sinusoidal_positions(4, dim)
    with pytest.raises(ConfigurationError, match="even number"):
        rotary_angles(torch.arange(4), dim)


@pytest.mark.parametrize("shape", [(5, 7), (5, 6), (1, 8), (4, 8)])
def test_angles_of_other_tokens_are_refused(unchecked, shape):
    with pytest.raises(ShapeError, match="Angles for 5 tokens of 8 dimensions do not fit"):
        apply_rotary(torch.zeros(shape), rotary_angles(torch.arange(5), 8))
