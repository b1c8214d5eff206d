"""A model laid out for writing: the same numbers and the same formulas, in the order that a CPU reads fastest.

Each new token needs every weight once, so the time that it takes is the time of reading them. What
can be gained is in how they lie in memory, and in fewer, larger products: query, key and value come
from one, and so do the gate and what it is applied to.
"""

from __future__ import annotations

import copy

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from llmlab.model.attention import MultiHeadAttention, split_heads
from llmlab.model.block import TransformerBlock
from llmlab.model.feed_forward import SwiGLU
from llmlab.model.norms import RMSNorm
from llmlab.model.positions import Rotation
from llmlab.model.transformer import Transformer


def laid_out(model: Transformer) -> Transformer:
    """Make a twin that gives the same logits, and is faster one token at a time; it cannot be trained.

    The twin holds the numbers of the linear maps anew, as they are now, and shares the rest; so
    whoever needs the twin alone lets go of the model.
    """
    # What the memo names is not copied.
    twin = copy.deepcopy(model, {id(parameter): parameter for parameter in model.parameters()})
    for block in twin.blocks:
        assert isinstance(block, TransformerBlock)  # noqa: S101 - ModuleList forgets the type
        block.attention = JoinedAttention(block.attention)
        if isinstance(block.feed_forward, SwiGLU):
            block.feed_forward = JoinedSwiGLU(block.feed_forward)
    for module in list(twin.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, LinearMaps(child))
            elif isinstance(child, RMSNorm):
                setattr(module, name, MirroredNorm(child))
    return twin.eval()


class LinearMaps(nn.Module):
    """Linear maps of the same vectors, computed as one; their outputs follow each other.

    In float32 the numbers that meet the same input lie side by side, which MKL's product of a matrix
    and a vector reads faster than rows. In bfloat16 they lie in the blocks that oneDNN multiplies.

    Args:
        maps: The maps.
    """

    def __init__(self, *maps: nn.Linear) -> None:
        super().__init__()
        weight = torch.cat([one.weight.detach() for one in maps])
        biases = [one.bias.detach() for one in maps if one.bias is not None]
        self.bias = torch.cat(biases) if biases else None
        self.blocked = _has_blocks_for(weight)
        if self.blocked:
            weight = torch.ops.mkldnn._reorder_linear_weight(weight)
        elif weight.device.type == "cpu" and weight.dtype == torch.float32:
            weight = weight.T.contiguous().T
        self.weight = weight

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        """Map each vector."""
        if self.blocked:
            y: Tensor = torch.ops.mkldnn._linear_pointwise(
                x, self.weight, self.bias, "none", [], ""
            )
            return y
        return functional.linear(x, self.weight, self.bias)


def _has_blocks_for(weight: Tensor) -> bool:
    """Say whether PyTorch was built with oneDNN, and the processor multiplies these numbers natively."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.bfloat16
        and torch.backends.mkldnn.is_available()
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


class MirroredNorm(nn.Module):
    """A trained RMSNorm in one step, which PyTorch's CPU kernels have for LayerNorm alone.

    A vector followed by its negative has the mean 0, and its variance is the vector's mean square.
    """

    def __init__(self, trained: RMSNorm) -> None:
        super().__init__()
        self.weight = trained.weight.detach().repeat(2)
        self.epsilon = trained.epsilon

    def forward(self, x: Float[Tensor, "... dim"]) -> Float[Tensor, "... dim"]:
        """Normalize each vector."""
        both = torch.cat([x, -x], dim=-1)
        normalized = functional.layer_norm(both, self.weight.shape, self.weight, eps=self.epsilon)
        return normalized[..., : x.shape[-1]]


class JoinedAttention(MultiHeadAttention):
    """The attention of a trained module, whose queries, keys and values come from one product."""

    def __init__(self, trained: MultiHeadAttention) -> None:
        nn.Module.__init__(self)
        self.num_heads, self.num_kv_heads = trained.num_heads, trained.num_kv_heads
        self.head_dim, self.rotary_base = trained.head_dim, trained.rotary_base
        self.fused = trained.fused
        self.joined = LinearMaps(trained.query, trained.key, trained.value)
        self.output = trained.output

    def project(
        self,
        x: Float[Tensor, "... length model_dim"],
        positions: Int[Tensor, "length"] | None = None,
        rotation: Rotation | None = None,
    ) -> tuple[
        Float[Tensor, "... head length head_dim"],
        Float[Tensor, "... kv_head length head_dim"],
        Float[Tensor, "... kv_head length head_dim"],
    ]:
        """Map tokens to queries, keys and values, the first two turned by position."""
        turning = self.num_heads + self.num_kv_heads
        heads = split_heads(self.joined(x), turning + self.num_kv_heads)
        turned, value = heads.split([turning, self.num_kv_heads], dim=-3)
        if self.rotary_base is not None:
            turned = (rotation or self._rotation(x, positions)).turn(turned)
        query, key = turned.split([self.num_heads, self.num_kv_heads], dim=-3)
        return query, key, value


class JoinedSwiGLU(nn.Module):
    """A trained SwiGLU, whose gate and whose values come from one product."""

    def __init__(self, trained: SwiGLU) -> None:
        super().__init__()
        self.joined = LinearMaps(trained.gate, trained.up)
        self.down = trained.down

    def forward(self, x: Float[Tensor, "... model_dim"]) -> Float[Tensor, "... model_dim"]:
        """Compute `down(silu(gate(x)) * up(x))` for each token."""
        gate, up = self.joined(x).chunk(2, dim=-1)
        output: Tensor = self.down(functional.silu(gate) * up)
        return output
