import itertools
import xml.etree.ElementTree as ElementTree

import pytest

from llmlab.errors import ConfigurationError
from llmlab.widgets import RingView
from llmlab.widgets.ring_view import MAX_RANKS, ring_states

SVG = "{http://www.w3.org/2000/svg}"
every_size = pytest.mark.parametrize("world_size", range(2, MAX_RANKS + 1))


@every_size
def test_every_rank_begins_with_its_own_share_and_ends_with_all(world_size):
    states = ring_states(world_size)
    assert len(states) == 2 * (world_size - 1) + 1
    for rank in range(world_size):
        assert set(states[0, rank].tolist()) == {1 << rank}
    assert set(states[-1].flatten().tolist()) == {(1 << world_size) - 1}


@every_size
def test_after_the_first_round_each_rank_has_one_finished_chunk_of_its_own(world_size):
    finished = ring_states(world_size)[world_size - 1] == (1 << world_size) - 1
    assert finished.sum(dim=0).tolist() == [1] * world_size
    assert finished.sum(dim=1).tolist() == [1] * world_size


@every_size
def test_in_each_step_one_cell_of_each_rank_changes(world_size):
    states = ring_states(world_size)
    for before, after in itertools.pairwise(states):
        assert (before != after).sum(dim=1).tolist() == [1] * world_size


def test_the_picture_has_a_square_for_each_share_and_frames_what_arrived():
    view = RingView(3, step=1)
    picture = ElementTree.fromstring(view.pictures[1])
    squares = [one for one in picture.iter(f"{SVG}rect") if one.get("rx") is None]
    filled = [one for one in squares if "none" not in one.get("style", "")]
    framed = [one for one in picture.iter(f"{SVG}rect") if one.get("stroke-width") == "3"]
    assert len(squares) == 3 * 3 * 3
    assert len(filled) == 9 + 3
    assert len(framed) == 3


def test_each_step_has_a_picture_and_a_sentence():
    view = RingView(4)
    assert view.step == 3
    assert len(view.pictures) == len(view.sentences) == 7
    assert view.sentences[0] == "Start: each of the 4 ranks holds its own share of 4 chunks."
    assert view.sentences[3] == (
        "Step 3 of 6: what arrived in the framed cells was added; each rank has sent 3 of 4 chunks. "
        "Each rank has one finished chunk."
    )
    assert view.sentences[6] == (
        "Step 6 of 6: what arrived in the framed cells was put in place; each rank has sent 6 chunks, "
        "1.5 times its tensor. All chunks are finished everywhere."
    )


def test_another_number_of_ranks_starts_another_ring():
    view = RingView(4)
    view.world_size = 6
    assert view.step == 0
    assert len(view.pictures) == 11


def test_a_saved_page_shows_the_step_with_its_sentence():
    data, _ = RingView(2, step=2, title="Two")._repr_mimebundle_()
    assert data["text/plain"].startswith("Two. Step 2 of 2")
    assert "data:image/svg+xml;base64" in data["text/html"]


@pytest.mark.parametrize(
    ("settings", "part"), [((1,), "2 to 8"), ((9,), "2 to 8"), ((4, 7), "0 to 6")]
)
def test_what_cannot_be_drawn_is_refused(settings, part):
    with pytest.raises(ConfigurationError, match=part):
        RingView(*settings)
