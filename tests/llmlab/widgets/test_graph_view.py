import math
import random
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from llmlab.errors import ConfigurationError
from llmlab.foundations import MLP, Neuron, Value
from llmlab.widgets import GraphView
from llmlab.widgets.graph_view import MAX_NODES, _columns, _Graph, _layout

SVG = "{http://www.w3.org/2000/svg}"


def example():
    a, b = Value(2, label="a"), Value(-3, label="b")
    c = a * b
    c.label = "c"
    result = (c + a) ** 2
    result.label = "L"
    return result


def network():
    outputs = MLP((2, 3, 1), random.Random(0))([1.0, 2.0])
    return (outputs[0] - 1) ** 2


def gradients(view):
    rows = len(view.sentences)
    return np.frombuffer(view.gradients, dtype=np.float64).reshape(rows, -1)


@pytest.mark.parametrize("make", [example, network])
def test_the_last_step_has_the_gradients_of_the_engine(make):
    result = make()
    view = GraphView(result)
    assert all(node.grad == 0 for node in view._graph.nodes)
    result.backward()
    expected = [node.grad for node in view._graph.nodes]
    np.testing.assert_allclose(gradients(view)[-1], expected)


def test_each_step_passes_one_node_whose_gradient_is_complete():
    view = GraphView(network())
    steps = gradients(view)
    assert steps[0].tolist() == [0.0] * (steps.shape[1] - 1) + [1.0]
    for step, node in enumerate(view.passes):
        assert steps[step][node] == steps[-1][node]
        changed = set(np.flatnonzero(steps[step] != steps[step + 1]).tolist())
        assert changed <= {edge.parent for edge in view._graph.inputs_of(node)}


def test_the_sentences_say_what_was_added_where():
    view = GraphView(example())
    assert view.sentences == [
        "Start: L has the gradient 1, and all others have 0.",
        "Step 1 of 3, L (**2) with the gradient 1: v2 gets -8 × 1 = -8 and has -8.",
        "Step 2 of 3, v2 (+) with the gradient -8: c gets 1 × -8 = -8 and has -8; "
        "a gets 1 × -8 = -8 and has -8.",
        "Step 3 of 3, c (*) with the gradient -8: a gets -3 × -8 = 24 and has 16; "
        "b gets 2 × -8 = -16 and has -16.",
    ]


def test_a_number_that_is_used_twice_by_one_operation_gets_two_edges():
    x = Value(3, label="x")
    view = GraphView(x * x)
    assert "x gets 3 × 1 = 3 and has 3; x gets 3 × 1 = 3 and has 6" in view.sentences[1]
    edges = ElementTree.fromstring(view._svg()).findall(f".//{SVG}g[@data-edge]")
    lines = {edge.find(f"{SVG}path").get("d") for edge in edges}
    assert len(lines) == 2


@pytest.mark.parametrize("make", [example, network])
def test_columns_run_from_the_given_numbers_to_the_result(make):
    graph = _Graph(make())
    columns = _columns(graph)
    assert min(columns) == 0
    assert columns[-1] == max(columns)
    assert columns.count(columns[-1]) == 1
    for edge in graph.edges:
        assert columns[edge.parent] < columns[edge.child]


@pytest.mark.parametrize("make", [example, network])
def test_no_two_nodes_overlap_and_all_lie_in_the_picture(make):
    graph = _Graph(make())
    layout = _layout(graph)
    assert len(set(layout.corners)) == len(graph.nodes)
    for i, (x, y) in enumerate(layout.corners):
        assert 0 <= x < layout.width - 100
        assert 0 <= y < layout.height - 52
        for other_x, other_y in layout.corners[:i]:
            assert abs(x - other_x) > 100 or abs(y - other_y) > 52


def test_a_tree_is_laid_without_crossings():
    def tree(depth):
        return tree(depth - 1) + tree(depth - 1) if depth else Value(1)

    layout = _layout(_Graph(tree(4)))
    lines = [(route[0], route[-1]) for route in layout.routes]
    crossings = [
        (one, other)
        for one in lines
        for other in lines
        if one[0][0] == other[0][0] and (one[0][1] - other[0][1]) * (one[1][1] - other[1][1]) < 0
    ]
    assert crossings == []


def test_the_picture_marks_the_node_of_the_step_and_those_that_are_done():
    view = GraphView(example(), step=2)
    drawing = ElementTree.fromstring(view._svg())
    states = {
        node.find(f".//{SVG}text[@class='llmlab-graph-name']").text: node.get("class").split()[1:]
        for node in drawing.findall(f".//{SVG}g[@data-node]")
    }
    assert states == {"a": [], "b": [], "c": [], "v2": ["current"], "L": ["passed"]}
    texts = {one.text for one in drawing.iter(f"{SVG}text")}
    assert {"grad -8", "× (-8)", "× 1"} <= texts


def test_names_are_labels_or_numbers_and_cannot_break_the_picture():
    x = Value(0.5, label='<script>"&')
    graph = _Graph(((x + 1) * 2).tanh())
    assert graph.names == ['<script>"&', "1", "v1", "2", "v2", "v3"]
    svg = GraphView(((x + 1) * 2).tanh())._svg()
    assert "<script>" not in svg
    assert ElementTree.fromstring(svg) is not None


def test_a_graph_of_sixty_nodes_is_drawn_and_a_larger_one_is_refused():
    result = Value(1)
    for _ in range(MAX_NODES - 1):
        result = result.tanh()
    assert len(GraphView(result).passes) == MAX_NODES - 1
    with pytest.raises(ConfigurationError, match="61 nodes, and GraphView draws 60 at most"):
        GraphView(result.tanh())


def test_a_single_number_is_a_graph_without_steps():
    view = GraphView(Value(4, label="x"))
    assert view.sentences == ["Start: x has the gradient 1, and all others have 0."]


@pytest.mark.parametrize("given", [3.0, "x", None])
def test_what_is_no_number_of_the_engine_is_told(given):
    with pytest.raises(ConfigurationError, match=f"GraphView was given a `{type(given).__name__}`"):
        GraphView(given)


def test_a_parent_without_a_slope_is_told():
    a, b = Value(1), Value(2)
    with pytest.raises(ConfigurationError, match=r"made by '\+' has 2 parents and 1 slopes"):
        GraphView(Value(3, (a, b), (1.0,), "+").tanh())


@pytest.mark.parametrize("step", [-1, 4])
def test_a_step_that_does_not_exist_is_told(step):
    with pytest.raises(
        ConfigurationError, match=f"no step {step}; this graph has the steps 0 to 3"
    ):
        GraphView(example(), step=step)


def test_a_saved_page_shows_the_step_as_a_picture_and_a_text():
    neuron = Neuron(2, "tanh", random.Random(0))
    view = GraphView(neuron([1.0, 2.0]))
    view.step = len(view.passes)
    bundle, _ = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert f"Step {view.step} of {view.step}" in bundle["text/plain"]
    slope = 1 - math.tanh(neuron.weights[0].data + 2 * neuron.weights[1].data) ** 2
    assert f"b {slope:.4g}" in bundle["text/plain"]
    assert bundle["text/html"].startswith("<img alt=")
