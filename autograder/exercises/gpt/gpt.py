"""`gpt.GPT`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

import llmlab.model as library
from autograder.exercise import Switches, fill_parameters
from autograder.exercises.gpt import LAB
from llmlab.model import TransformerConfig

exercise = LAB.exercise(
    "GPT",
    reference=library.Transformer,
    hints=(
        "All the parts stand in __init__, in the order in which they are used.",
        "Tying means that two modules hold one and the same parameter. In forward, what one part gives goes "
        "into the next, and each block has to be told who may see whom.",
        "Make the head's weight the embedding's weight, if the configuration says so. Look the ids up; send "
        "the vectors through each block in turn, with the causal mask; norm them; and return what the head "
        "makes of them.",
    ),
    matters="Llama 3 8B is this stack with 32 blocks (2024), and SmolLM2-135M with 30 (2025). Read "
    "llmlab/model/transformer.py.",
)


def parts_of(implementation: Any, config: TransformerConfig) -> dict[str, Any]:
    """Say which parameters a fresh model has, and whether its head begins with the table's numbers."""
    module = implementation(config)
    table = module.embedding.weight
    head = getattr(module, "head", module.embedding)
    shapes = {name: list(parameter.shape) for name, parameter in module.named_parameters()}
    return {"parameters": shapes, "head equal to table": torch.equal(head.weight, table)}


def output_of(implementation: Any, config: TransformerConfig, ids: Tensor, generator: Any) -> Any:
    """Compute the logits twice, with drawn weights."""
    module = implementation(config)
    fill_parameters(module, generator)
    return {"logits": module(ids), "logits of a second call": module(ids)}


def gradients_of(
    implementation: Any, config: TransformerConfig, ids: Tensor, generator: Any
) -> Any:
    """Compute the logits, with drawn weights, and the gradient of each parameter."""
    module = implementation(config)
    fill_parameters(module, generator)
    logits = module(ids)
    logits.square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in module.named_parameters()}
    return {"logits": logits, "gradients": gradients}


@exercise.probe
def one_table(implementation: Any, generator: Generator) -> Any:
    """The parameters of a fresh model of 5 tokens whose embeddings are tied."""
    return parts_of(implementation, TransformerConfig(5, 8, 4, 1, 2, hidden_dim=6))


@exercise.probe
def two_tables(implementation: Any, generator: Generator) -> Any:
    """The parameters of a fresh model of 5 tokens whose embeddings are not tied."""
    config = TransformerConfig(5, 8, 4, 1, 2, hidden_dim=6, tied_embeddings=False)
    return parts_of(implementation, config)


@exercise.probe
def one_text(implementation: Any, generator: Generator) -> Any:
    """A text of three ids, in a tied model of two blocks and 5 tokens with drawn weights."""
    config = TransformerConfig(5, 8, 4, 2, 2, hidden_dim=6)
    return output_of(implementation, config, torch.tensor([[3, 0, 4]]), generator)


@exercise.probe
def two_texts(implementation: Any, generator: Generator) -> Any:
    """Two texts of four ids, in a tied model of three blocks with shared key-value heads."""
    config = TransformerConfig(7, 8, 8, 3, 4, num_kv_heads=2, hidden_dim=10, norm_epsilon=0.1)
    ids = torch.randint(0, 7, (2, 4), generator=generator)
    return gradients_of(implementation, config, ids, generator)


@exercise.probe
def one_token(implementation: Any, generator: Generator) -> Any:
    """Three texts of a single id, in a model of one block whose embeddings are not tied."""
    config = TransformerConfig(6, 8, 4, 1, 2, hidden_dim=5, tied_embeddings=False)
    return output_of(implementation, config, torch.tensor([[1], [5], [0]]), generator)


class _Parts(nn.Module):
    """What the lab gives."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding: Any = library.TokenEmbedding(config.vocabulary_size, config.model_dim)
        self.blocks = nn.ModuleList(
            library.TransformerBlock.from_config(config) for _ in range(config.num_layers)
        )
        self.norm = library.RMSNorm(config.model_dim, config.norm_epsilon)
        self.head: Any = nn.Linear(config.model_dim, config.vocabulary_size, bias=False)


_TIE = "Reread 'One table, used twice'."
_STACK = "Reread 'A stack of blocks'."
_HEAD = "Reread 'From the stream to the logits'."
_OWN_TABLES = (
    "Your model holds its table twice: the two begin with the same numbers, and each is a parameter of its "
    f"own. The first step of training would move them apart. {_TIE}"
)
_ASSIGNED = (
    "What you assign as the head's weight is no parameter, and a module takes nothing else in a parameter's "
    f"place. {_TIE}"
)
_NOT_TIED = (
    "Your head has a table of its own where the configuration says that the embeddings are tied. The model "
    "has more parameters than it should, and the weights of a real model with one table would not fit. "
)
_LAST_BLOCK = (
    "Only the last block's work on the embeddings counts: what the blocks before it make is either not "
    f"computed or thrown away. Each block has to work on what the block before it has left. {_STACK}"
)
_NO_LAST_ROW = (
    "The row of the last token is missing. It is the guess at what comes after the text, and writing needs "
    f"it. {_HEAD}"
)
_BLIND = (
    "Your mask is upside down: each token sees those after it and not those before. In our masks True means "
    f"'may see'. {_STACK}"
)
_RAGGED = (
    "A model gives one row of logits for each token of each text, (batch, length, vocabulary). "
)


@exercise.faults(
    never_tied=_NOT_TIED + _TIE,
    always_tied="Your head shares the embedding's table even if the configuration says that the embeddings "
    f"are not tied. {_TIE}",
    tied_inverted="Your condition is the wrong way round: the tables are one where they should be two, and "
    f"two where they should be one. {_TIE}",
    copied=_OWN_TABLES,
    copied_again=_OWN_TABLES,
    shared_numbers="Head and embedding share their numbers in memory, and still are two parameters: the model "
    f"counts its table twice, and an optimizer would move it twice in each step. {_TIE}",
    tensor_assigned=_ASSIGNED,
    module_assigned=_ASSIGNED,
    head_assigned=_ASSIGNED,
    head_is_embedding="You make the head the embedding itself. An embedding looks ids up, and a head "
    f"multiplies vectors by the table: they share the table, and not what they do with it. {_TIE}",
    embedding_is_head="You make the embedding the head itself. A head multiplies vectors by the table, and an "
    f"embedding looks ids up: they share the table, and not what they do with it. {_TIE}",
    transposed_table="You turn the table before you share it. The weight of a linear map has one row for each "
    f"of its outputs, so both tables have the shape (vocabulary, model_dim) as they are. {_TIE}",
    no_mask="Your blocks get no mask, so each token sees those after it. The model would learn to copy the "
    f"next token instead of guessing it. {_STACK}",
    causal_by_place="The second argument of a block is a mask, and you give it a truth value. The word "
    f"`causal` has to stand before it in the call. {_STACK}",
    mask_inverted=_BLIND,
    mask_turned=_BLIND.replace("not those before", "itself, and not those before"),
    blind_to_itself="In your mask no token sees itself. Each should see itself and those before it. "
    + _STACK,
    first_block_only="Only the first block is used: what the others would add is missing, and their weights "
    f"would never learn. {_STACK}",
    last_block_only=_LAST_BLOCK,
    all_but_last=f"The last block is left out. Every block adds to what the block before it has left. {_STACK}",
    all_but_first=f"The first block is left out. Every block adds to what the block before it has left. {_STACK}",
    first_repeated="The first block is used again and again, and the others never: each layer has weights of "
    f"its own, and those of the others would not learn. {_STACK}",
    last_repeated="The last block is used again and again, and the others never: each layer has weights of "
    f"its own, and those of the others would not learn. {_STACK}",
    reversed_order="Your blocks work in reverse order: the last one reads the embeddings. The first block is "
    f"the one that does. {_STACK}",
    each_twice=f"Each of your blocks works twice. Every layer is passed once. {_STACK}",
    stack_twice=f"Your vectors go through the whole stack twice. Every layer is passed once. {_STACK}",
    not_chained=_LAST_BLOCK,
    side_by_side="The blocks read the embeddings side by side, and their results are added up. Each block has "
    f"to work on what the block before it has left. {_STACK}",
    stream_added="You add what goes into a block to what comes out of it. A block of lab 05 has done so "
    f"already, for attention and for the feed-forward network: the stream now counts twice. {_STACK}",
    embedding_added=f"You add the embeddings again after each block. A block keeps the stream by itself. {_STACK}",
    scaled_embedding="Your embeddings are multiplied by the root of the width, as in the first transformers "
    f"(Vaswani et al., 2017). Models in LLaMA's form send them in as they are. {_STACK}",
    scaled_down="Your embeddings are divided by the root of the width. Models in LLaMA's form send them in as "
    f"they are. {_STACK}",
    positions_added="You add vectors for the positions to the embeddings. In these blocks attention turns "
    f"queries and keys by their places, and nothing is added. {_STACK}",
    numbers_added="You add the numbers of the places, 0, 1, 2, ..., to the embeddings. Attention knows the "
    f"places. {_STACK}",
    real_ids="Your ids are made real numbers before they are looked up. A table is looked up by whole numbers. "
    + _STACK,
    last_id_dropped=_NO_LAST_ROW,
    no_blocks="What reaches the head has gone through no block: either the blocks are not called, or what they "
    f"return is not used. {_STACK}",
    no_last_norm="The vectors go into the head as the last block leaves them. Blocks norm what they read and "
    f"never what they add to, so the stream has to be normed once more at its end. {_HEAD}",
    norm_first_only="You norm the embeddings, and not what the last block leaves. The last norm stands "
    f"between the stack and the head; the first block norms what it reads by itself. {_HEAD}",
    norm_first_too=f"You norm the embeddings as well. The last norm is used once, after the stack. {_HEAD}",
    norm_each_result="You norm the stream after each block. Each block norms what it reads by itself, and "
    f"what it adds to stays as it is; the last norm is used once, at the end. {_HEAD}",
    norm_each_result_too="You norm the stream after each block, and once more at the end. The last norm is "
    f"used once, after the stack. {_HEAD}",
    norm_each_input="You norm the stream before each block. Each block norms what it reads by itself, and "
    f"what it adds to stays as it is. {_HEAD}",
    norm_twice=f"Your stream is normed twice at its end, with the same learned scale. {_HEAD}",
    norm_bare="Your last norm is not the model's own: the learned scale is missing, and the configuration's "
    f"epsilon too. {_HEAD}",
    norm_without_scale=f"The learned scale of the last norm is missing: its weights would never learn. {_HEAD}",
    norm_with_own_epsilon=f"Your last norm has an epsilon of its own, and not the configuration's. {_HEAD}",
    mean_removed="Your last norm takes the mean away, as LayerNorm does. `self.norm` divides by the root mean "
    f"square and takes nothing away. {_HEAD}",
    norm_after_head="You norm the logits. The norm works on vectors of the model's width, so it comes before "
    "the head. " + _HEAD,
    no_head="Your model returns the vectors of the stream. The head is missing, which gives a number for each "
    f"token of the vocabulary. {_HEAD}",
    by_embedding="Your logits come from the embedding's table for every model. Where the tables are not tied, "
    f"the head has its own. {_TIE}",
    probabilities="Your model returns probabilities. Loss, temperature and filters all start from the logits, "
    f"so the softmax is left to whoever uses the model. {_HEAD}",
    log_probabilities="Your model returns logarithms of probabilities. Whoever uses it expects the logits "
    "themselves. " + _HEAD,
    sigmoid="Your model squeezes each logit between 0 and 1. It should give the logits as the head makes "
    f"them. {_HEAD}",
    scaled_logits="Your logits are divided by the root of the width. That belongs to the scores of attention; "
    f"the last norm has given the stream its size. {_HEAD}",
    most_likely="Your model returns the most likely tokens. It gives logits, and the choice is made by "
    "whoever uses it. " + _HEAD,
    last_only="Your model gives logits for the last token alone. In training every token of a text is a guess "
    f"at the next, so each of them needs its row. {_HEAD}",
    last_only_kept="Your model gives logits for the last token alone, with its dimension kept. In training "
    f"every token of a text is a guess at the next, so each of them needs its row. {_HEAD}",
    first_only="Your model gives logits for the first token of each text alone. Every token needs its row. "
    f"{_HEAD}",
    mean_of_tokens="Your model averages the vectors of all tokens before the head, as a classifier of texts "
    f"would. Each token needs a row of its own. {_HEAD}",
    last_row_dropped=_NO_LAST_ROW,
    first_text=f"Your model gives the logits of the first text of the batch alone. {_RAGGED}{_HEAD}",
    flattened=f"Your logits come without the dimensions of texts and tokens. {_RAGGED}{_HEAD}",
    flattened_all=f"Your logits of a batch come in one row. {_RAGGED}{_HEAD}",
    squeezed=f"A batch of one text, or a text of one token, loses a dimension with you. {_RAGGED}{_HEAD}",
    vocabulary_first="Your last two dimensions are exchanged: the vocabulary comes before the tokens. "
    f"{_RAGGED}{_HEAD}",
    with_loss="Your model returns a pair, as models do that give the loss as well. Here it returns the logits "
    "alone. " + _HEAD,
    in_a_list=f"Your logits stand in a list. {_RAGGED}{_HEAD}",
    no_gradient="No gradient comes through your model, so it could never learn: the computation is cut off by "
    f"no_grad or detach. {_HEAD}",
    embedding_detached="The gradient does not reach the embeddings that go into the blocks: they are cut off "
    f"from the computation. {_HEAD}",
    head_detached="The gradient does not come through your head's table: it is cut off from the computation. "
    f"{_HEAD}",
    head_unused="Your logits come from the embedding's table for every model, and the head is left over: it "
    f"has a table that nothing uses and nothing ties. {_TIE}",
)
def faulty(on: Switches) -> Any:
    class GPT(_Parts):
        def __init__(self, config: TransformerConfig) -> None:
            super().__init__(config)
            _tie(self, on)

        def forward(self, ids: Tensor) -> Any:
            return _end(self, _stack(self, _look_up(self, ids, on), on), on)

    return GPT


def _tie(model: _Parts, on: Switches) -> None:
    head, embedding = model.head, model.embedding
    if on("never_tied") or on("head_unused"):
        return
    if not on("always_tied") and model.config.tied_embeddings == on("tied_inverted"):
        return
    if on("copied"):
        head.weight = nn.Parameter(embedding.weight.detach().clone())
    elif on("copied_again"):
        head.weight.data.copy_(embedding.weight.data)
    elif on("shared_numbers"):
        head.weight.data = embedding.weight.data
    elif on("tensor_assigned"):
        head.weight = embedding.weight.data
    elif on("module_assigned"):
        head.weight = embedding
    elif on("head_assigned"):
        embedding.weight = head
    elif on("head_is_embedding"):
        model.head = embedding
    elif on("embedding_is_head"):
        model.embedding = head
    elif on("transposed_table"):
        head.weight = nn.Parameter(embedding.weight.T)
    else:
        head.weight = embedding.weight


def _look_up(model: _Parts, ids: Tensor, on: Switches) -> Tensor:
    if on("last_id_dropped"):
        ids = ids[:, :-1]
    x: Tensor = model.embedding(ids.float() if on("real_ids") else ids)
    width = model.config.model_dim
    if on("scaled_embedding"):
        x = x * width**0.5
    elif on("scaled_down"):
        x = x / width**0.5
    if on("positions_added"):
        x = x + library.sinusoidal_positions(ids.shape[1], width)
    elif on("numbers_added"):
        x = x + torch.arange(ids.shape[1])[:, None]
    if on("norm_first_only") or on("norm_first_too"):
        x = model.norm(x)
    return x.detach() if on("embedding_detached") else x


def _stack(model: _Parts, x: Tensor, on: Switches) -> Tensor:
    embedded, total = x, x * 0
    norm_after = on("norm_each_result") or on("norm_each_result_too")
    for block in _blocks(model, on):
        if on("not_chained") or on("side_by_side"):
            x = _passed(block, embedded, on)
            total = total + x
        elif on("stream_added"):
            x = x + _passed(block, x, on)
        elif on("embedding_added"):
            x = _passed(block, x, on) + embedded
        else:
            x = _passed(block, model.norm(x) if on("norm_each_input") else x, on)
        x = model.norm(x) if norm_after else x
    return total if on("side_by_side") else x


def _blocks(model: _Parts, on: Switches) -> list[Any]:
    blocks = list(model.blocks)
    if on("no_blocks"):
        return []
    if on("first_block_only"):
        return blocks[:1]
    if on("last_block_only"):
        return blocks[-1:]
    if on("all_but_last"):
        return blocks[:-1]
    if on("all_but_first"):
        return blocks[1:]
    if on("first_repeated"):
        return blocks[:1] * len(blocks)
    if on("last_repeated"):
        return blocks[-1:] * len(blocks)
    if on("reversed_order"):
        return blocks[::-1]
    if on("each_twice"):
        return [block for block in blocks for _ in range(2)]
    return blocks * 2 if on("stack_twice") else blocks


def _passed(block: Any, x: Tensor, on: Switches) -> Any:
    length = x.shape[1]
    if on("no_mask"):
        return block(x)
    if on("causal_by_place"):
        return block(x, True)
    if on("mask_inverted"):
        return block(x, ~library.causal_mask(length))
    if on("mask_turned"):
        return block(x, library.causal_mask(length).T)
    if on("blind_to_itself"):
        return block(x, torch.ones(length, length, dtype=torch.bool).tril(-1))
    return block(x, causal=True)


def _end(model: _Parts, x: Tensor, on: Switches) -> Any:
    if on("mean_of_tokens"):
        x = x.mean(dim=1)
    if on("norm_after_head"):
        return model.norm(model.head(x))
    if not (on("no_last_norm") or on("norm_first_only") or on("norm_each_result")):
        x = _last_norm(model, x, on)
    if on("no_head"):
        return x
    if on("by_embedding") or on("head_unused"):
        logits = x @ model.embedding.weight.T
    elif on("head_detached"):
        logits = x @ model.head.weight.detach().T
    else:
        logits = model.head(x)
    return _changed(_of_all_tokens(logits, on), model, on)


def _last_norm(model: _Parts, x: Tensor, on: Switches) -> Tensor:
    if on("norm_twice"):
        x = model.norm(x)
    if on("mean_removed"):
        epsilon = model.config.norm_epsilon
        return nn.functional.layer_norm(x, x.shape[-1:], model.norm.weight, None, epsilon)
    if on("norm_bare"):
        return nn.functional.rms_norm(x, x.shape[-1:])
    if on("norm_without_scale"):
        return nn.functional.rms_norm(x, x.shape[-1:], None, model.norm.epsilon)
    if on("norm_with_own_epsilon"):
        return nn.functional.rms_norm(x, x.shape[-1:], model.norm.weight, 1e-5)
    normed: Tensor = model.norm(x)
    return normed


def _of_all_tokens(logits: Tensor, on: Switches) -> Tensor:
    if on("last_only"):
        return logits[:, -1]
    if on("last_only_kept"):
        return logits[:, -1:]
    if on("first_only"):
        return logits[:, 0]
    if on("last_row_dropped"):
        return logits[:, :-1]
    if on("first_text"):
        return logits[0]
    if on("flattened"):
        return logits.flatten(0, 1)
    if on("flattened_all"):
        return logits.flatten()
    if on("squeezed"):
        return logits.squeeze()
    return logits.mT if on("vocabulary_first") else logits


def _changed(logits: Tensor, model: _Parts, on: Switches) -> Any:
    if on("probabilities"):
        return logits.softmax(dim=-1)
    if on("log_probabilities"):
        return logits.log_softmax(dim=-1)
    if on("sigmoid"):
        return logits.sigmoid()
    if on("scaled_logits"):
        return logits / model.config.model_dim**0.5
    if on("most_likely"):
        return logits.argmax(dim=-1)
    if on("with_loss"):
        return logits, None
    if on("in_a_list"):
        return [logits]
    return logits.detach() if on("no_gradient") else logits
