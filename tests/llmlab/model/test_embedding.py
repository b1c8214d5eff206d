import pytest
import torch
from torch import nn

from llmlab.errors import ConfigurationError, OutOfRangeError
from llmlab.model import TokenEmbedding, embed


@pytest.mark.parametrize("shape", [(), (5,), (2, 5), (3, 2, 5), (0,)])
def test_ids_of_any_shape_get_the_vectors_that_pytorch_gives_them(agree, shape):
    ids = torch.randint(11, shape)
    ours, theirs = TokenEmbedding(11, 6), nn.Embedding(11, 6)
    ours.load_state_dict(theirs.state_dict())
    agree(lambda: ours(ids), lambda: theirs(ids), [], [(ours.weight, theirs.weight)])
    assert ours(ids).shape == (*shape, 6)


def test_the_function_and_the_module_agree(agree):
    ids = torch.tensor([[3, 0], [3, 3]])
    module = TokenEmbedding(4, 2)
    table = module.weight.detach().clone().requires_grad_()
    agree(lambda: embed(table, ids), lambda: module(ids), [], [(table, module.weight)])


def test_only_tokens_that_occur_get_a_gradient_and_once_for_each_occurrence():
    module = TokenEmbedding(4, 2)
    module(torch.tensor([1, 3, 3])).sum().backward()
    assert module.weight.grad.tolist() == [[0, 0], [1, 1], [0, 0], [2, 2]]


def test_new_vectors_are_small():
    weight = TokenEmbedding(1000, 64).weight.detach()
    assert abs(float(weight.std()) - 0.02) < 0.001
    assert abs(float(weight.mean())) < 0.001


@pytest.mark.parametrize("ids", [[0, 7], [-1, 2]])
def test_an_id_outside_the_vocabulary_is_refused_with_its_number(ids):
    with pytest.raises(
        OutOfRangeError, match=f"{min(ids)} to {max(ids)} do not fit a vocabulary of 7"
    ):
        TokenEmbedding(7, 2)(torch.tensor(ids))


@pytest.mark.parametrize(("vocabulary_size", "model_dim"), [(0, 4), (4, 0), (-1, 4)])
def test_an_empty_table_is_refused(vocabulary_size, model_dim):
    with pytest.raises(ConfigurationError, match="empty"):
        TokenEmbedding(vocabulary_size, model_dim)
