"""Correct answers to lab 05, written differently: each must get full points."""

import math

import torch
from torch import Tensor, nn

from llmlab.model import FeedForward, LayerNorm
from llmlab.model import MultiHeadAttention as ReferenceAttention


def embed_one_hot(table: Tensor, ids: Tensor) -> Tensor:
    """Multiply one-hot rows by the table."""
    return torch.eye(len(table), dtype=table.dtype)[ids] @ table


def embed_selected(table: Tensor, ids: Tensor) -> Tensor:
    """Select rows of the flat list of ids."""
    return table.index_select(0, ids.reshape(-1)).reshape(*ids.shape, table.shape[1])


def embed_loop(table: Tensor, ids: Tensor) -> Tensor:
    """Stack one row after the other."""
    rows = [table[token_id] for token_id in ids.reshape(-1).tolist()]
    return torch.stack(rows).reshape(*ids.shape, -1)


def positions_loop(length: int, model_dim: int) -> Tensor:
    """Fill the table number by number, with Python's own sine."""
    rows = []
    for position in range(length):
        row = []
        for pair in range(model_dim // 2):
            angle = position / 10_000 ** (2 * pair / model_dim)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return torch.tensor(rows)


def positions_exponential(length: int, model_dim: int) -> Tensor:
    """Make the frequencies by the exponential function, as much code on the web does."""
    exponents = torch.arange(0, model_dim, 2) * (-math.log(10_000.0) / model_dim)
    angles = torch.einsum("p,f->pf", torch.arange(length).float(), torch.exp(exponents))
    return torch.stack((torch.sin(angles), torch.cos(angles)), dim=2).view(length, model_dim)


def positions_double(length: int, model_dim: int) -> Tensor:
    """Compute in float64, with a shift of the sine in place of the cosine."""
    dimension = torch.arange(model_dim, dtype=torch.float64)
    odd = dimension % 2
    frequency = 10_000.0 ** (-(dimension - odd) / model_dim)
    place = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    return torch.sin(place * frequency + odd * math.pi / 2)


def attention_einsum(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Scale the query first, and add the mask as numbers."""
    scores = torch.einsum("...qd,...kd->...qk", query * query.shape[-1] ** -0.5, key)
    if mask is not None:
        scores = scores + torch.zeros(mask.shape, dtype=scores.dtype).masked_fill(~mask, -math.inf)
    return torch.einsum("...qk,...kd->...qd", torch.softmax(scores, -1), value)


def attention_by_hand(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Write the softmax out, in float64, with a large negative number for what is hidden."""
    scores = query.double() @ key.double().transpose(-2, -1) / math.sqrt(key.size(-1))
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(-1e9, dtype=torch.float64))
    shares = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    shares = shares / shares.sum(dim=-1, keepdim=True)
    return (shares @ value.double()).to(value.dtype)


def attention_in_place(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Change the scores in place, which are this function's own."""
    scores = torch.matmul(query, key.mT)
    scores /= query.shape[-1] ** 0.5
    if mask is not None:
        scores.masked_fill_(mask.logical_not(), float("-inf"))
    return torch.matmul(nn.functional.softmax(scores, dim=-1), value)


def attention_loop(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Answer one query after the other."""
    shape = (*query.shape[:-1], key.shape[-2])
    allowed = torch.ones(shape, dtype=torch.bool) if mask is None else mask.expand(shape)
    outputs = []
    for i in range(query.shape[-2]):
        scores = (query[..., i : i + 1, :] * key).sum(dim=-1) / math.sqrt(query.shape[-1])
        weights = scores.masked_fill(~allowed[..., i, :], -math.inf).softmax(dim=-1)
        outputs.append((weights[..., None] * value).sum(dim=-2))
    return torch.stack(outputs, dim=-2)


def mask_compared(length: int) -> Tensor:
    """Compare each query's place with each key's."""
    places = torch.arange(length)
    return places[:, None] >= places[None, :]


def mask_loop(length: int) -> Tensor:
    """Write the rows as Python lists."""
    return torch.tensor([[key <= query for key in range(length)] for query in range(length)])


def mask_negated(length: int) -> Tensor:
    """Mark the future, and turn that around."""
    return ~torch.triu(torch.ones(length, length), diagonal=1).bool()


def heads_stacked(x: Tensor, num_heads: int) -> Tensor:
    """Cut into chunks, and stack them before the tokens."""
    return torch.stack(x.chunk(num_heads, dim=-1), dim=-3)


def heads_permuted(x: Tensor, num_heads: int) -> Tensor:
    """View, then move a dimension."""
    return x.unflatten(-1, (num_heads, x.shape[-1] // num_heads)).movedim(-2, -3)


def heads_sliced(x: Tensor, num_heads: int) -> Tensor:
    """Fill a fresh tensor, one head after the other."""
    size = x.shape[-1] // num_heads
    out = x.new_empty(*x.shape[:-2], num_heads, x.shape[-2], size)
    for head in range(num_heads):
        out[..., head, :, :] = x[..., head * size : (head + 1) * size]
    return out


class _Maps(nn.Module):
    """What the lab gives."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(model_dim, model_dim)
        self.key = nn.Linear(model_dim, model_dim)
        self.value = nn.Linear(model_dim, model_dim)
        self.output = nn.Linear(model_dim, model_dim)


class AttentionByHead(_Maps):
    """One head after the other, joined by concatenation; masks are picked by head."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let the tokens attend to each other."""
        parts = []
        shape = (*x.shape[:-2], self.num_heads, x.shape[-2], x.shape[-2])
        allowed = None if mask is None else mask.expand(shape)
        maps = [m(x).chunk(self.num_heads, -1) for m in (self.query, self.key, self.value)]
        for head, (query, key, value) in enumerate(zip(*maps, strict=True)):
            mine = None if allowed is None else allowed[..., head, :, :]
            parts.append(attention_in_place(query, key, value, mine))
        return self.output(torch.cat(parts, dim=-1))


class AttentionEinsum(_Maps):
    """Everything in einsum, the output map included."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let the tokens attend to each other."""
        query, key, value = (
            m(x).unflatten(-1, (self.num_heads, -1)) for m in (self.query, self.key, self.value)
        )
        scores = torch.einsum("...qhd,...khd->...hqk", query, key) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = torch.where(mask, scores, -math.inf)
        joined = torch.einsum("...hqk,...khd->...qhd", scores.softmax(-1), value).flatten(-2)
        return joined @ self.output.weight.T + self.output.bias


def norm_double(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Compute in float64 and leave it there."""
    wide = x.double()
    variance, mean = torch.var_mean(wide, dim=-1, correction=0, keepdim=True)
    return weight * ((wide - mean) / (variance + epsilon).sqrt()) + bias


def norm_in_place(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Change a copy in place, and measure by a norm."""
    out = x - x.sum(dim=-1, keepdim=True) / x.shape[-1]
    scale = torch.rsqrt((out * out).sum(dim=-1, keepdim=True) / x.shape[-1] + epsilon)
    out = out * scale
    out *= weight
    out += bias
    return out


def norm_of_squares(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Take the variance as the mean of the squares less the square of the mean."""
    mean = x.mean(-1, keepdim=True)
    variance = (x**2).mean(-1, keepdim=True) - mean**2
    return (x - mean) / (variance + epsilon) ** 0.5 * weight + bias


class _Parts(nn.Module):
    """What the lab gives."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.attention_norm = LayerNorm(model_dim)
        self.attention = ReferenceAttention(model_dim, num_heads)
        self.feed_forward_norm = LayerNorm(model_dim)
        self.feed_forward = FeedForward(model_dim)


class BlockInBranches(_Parts):
    """Each branch by name, and sums in place on tensors of its own."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pass sequences through the block."""
        stream = x.clone()
        for branch in (self._gather, self._think):
            stream = branch(stream, mask) + stream
        return stream

    def _gather(self, x: Tensor, mask: Tensor | None) -> Tensor:
        return self.attention(self.attention_norm(x), mask=mask)

    def _think(self, x: Tensor, mask: Tensor | None) -> Tensor:
        return self.feed_forward(self.feed_forward_norm(x))


class BlockWrittenOut(_Parts):
    """PyTorch's functions in place of the given modules' own forward, and one head's attention by hand."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__(model_dim, num_heads)
        self.attention = AttentionEinsum(model_dim, num_heads)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pass sequences through the block."""
        first, second = self.attention_norm, self.feed_forward_norm
        shape = (x.shape[-1],)
        normed = nn.functional.layer_norm(x, shape, first.weight, first.bias, first.epsilon)
        middle = torch.add(x, self.attention(normed, mask))
        normed = nn.functional.layer_norm(middle, shape, second.weight, second.bias, second.epsilon)
        hidden = nn.functional.gelu(self.feed_forward.up(normed))
        return torch.add(middle, self.feed_forward.down(hidden))


VARIANTS: dict[str, list[object]] = {
    "attention.embed": [embed_one_hot, embed_selected, embed_loop],
    "attention.sinusoidal_positions": [positions_loop, positions_exponential, positions_double],
    "attention.scaled_dot_product_attention": [
        attention_einsum,
        attention_by_hand,
        attention_in_place,
        attention_loop,
    ],
    "attention.causal_mask": [mask_compared, mask_loop, mask_negated],
    "attention.split_heads": [heads_stacked, heads_permuted, heads_sliced],
    "attention.MultiHeadAttention": [AttentionByHead, AttentionEinsum],
    "attention.layer_norm": [norm_double, norm_in_place, norm_of_squares],
    "attention.TransformerBlock": [BlockInBranches, BlockWrittenOut],
}
