"""Weights in and out: folders in the layout of Hugging Face, for GPT-2, LLaMA and Mistral.

An adapter knows how one family names its tensors, and translates both ways, so that what was
imported can be exported bit by bit. A folder holds `config.json` and `model.safetensors`, or
several files and `model.safetensors.index.json`.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from llmlab.errors import CheckpointError, ConfigurationError
from llmlab.model.config import TransformerConfig
from llmlab.model.positions import RotaryScaling
from llmlab.model.transformer import Transformer

State = dict[str, Tensor]


class Adapter(ABC):
    """Translates one family's configuration and tensors, both ways."""

    family: ClassVar[str]
    architecture: ClassVar[str]

    @abstractmethod
    def config(self, theirs: Mapping[str, Any]) -> TransformerConfig:
        """Read config.json."""

    @abstractmethod
    def their_config(self, config: TransformerConfig) -> dict[str, Any]:
        """Write config.json."""

    @abstractmethod
    def ours(self, theirs: State, config: TransformerConfig) -> State:
        """Rename and reshape their tensors into ours."""

    @abstractmethod
    def theirs(self, ours: State, config: TransformerConfig) -> State:
        """Rename and reshape our tensors into theirs."""

    @abstractmethod
    def fits(self, config: TransformerConfig) -> bool:
        """Say whether this family has models of such a configuration."""


# (ours, theirs), with N for the number of the layer, and X for `weight` or `bias`.
Names = list[tuple[str, str]]


def _renamed(state: State, names: Names, *, into_ours: bool) -> State:
    """Rename tensors one way or the other; one whose name is not listed keeps it."""
    rules = []
    for ours, theirs in names:
        old, new = (theirs, ours) if into_ours else (ours, theirs)
        pattern = re.escape(old).replace("N", r"(?P<layer>\d+)")
        rules.append(
            (
                re.compile(pattern.replace("X", "(?P<kind>weight|bias)")),
                new.replace("N", r"\g<layer>").replace("X", r"\g<kind>"),
            )
        )
    found = {}
    for name, tensor in state.items():
        matches = ((rule.fullmatch(name), new) for rule, new in rules)
        renamed = next((match.expand(new) for match, new in matches if match), name)
        found[renamed] = tensor
    return found


class LlamaAdapter(Adapter):
    """LLaMA and what is built like it, SmolLM2 among them."""

    family = "llama"
    architecture = "LlamaForCausalLM"
    names: ClassVar[Names] = [
        ("embedding.weight", "model.embed_tokens.weight"),
        ("blocks.N.attention_norm.weight", "model.layers.N.input_layernorm.weight"),
        ("blocks.N.attention.query.weight", "model.layers.N.self_attn.q_proj.weight"),
        ("blocks.N.attention.key.weight", "model.layers.N.self_attn.k_proj.weight"),
        ("blocks.N.attention.value.weight", "model.layers.N.self_attn.v_proj.weight"),
        ("blocks.N.attention.output.weight", "model.layers.N.self_attn.o_proj.weight"),
        ("blocks.N.feed_forward_norm.weight", "model.layers.N.post_attention_layernorm.weight"),
        ("blocks.N.feed_forward.gate.weight", "model.layers.N.mlp.gate_proj.weight"),
        ("blocks.N.feed_forward.up.weight", "model.layers.N.mlp.up_proj.weight"),
        ("blocks.N.feed_forward.down.weight", "model.layers.N.mlp.down_proj.weight"),
        ("norm.weight", "model.norm.weight"),
        ("head.weight", "lm_head.weight"),
    ]

    def ours(self, theirs: State, config: TransformerConfig) -> State:
        """Rename; the numbers are as ours."""
        return _renamed(theirs, self.names, into_ours=True)

    def theirs(self, ours: State, config: TransformerConfig) -> State:
        """Rename; the numbers are as ours."""
        return _renamed(ours, self.names, into_ours=False)

    def fits(self, config: TransformerConfig) -> bool:
        """Say whether it is RMSNorm, rotary positions and SwiGLU, without biases or a window."""
        return (
            (config.norm, config.position, config.feed_forward) == ("rms", "rotary", "swiglu")
            and not config.bias
            and config.sliding_window is None
        )

    def config(self, theirs: Mapping[str, Any]) -> TransformerConfig:
        """Read config.json."""
        for name in ("attention_bias", "mlp_bias"):
            if theirs.get(name):
                raise CheckpointError(f"config.json sets {name}, which this model does not have.")
        head_dim = theirs.get("head_dim") or theirs["hidden_size"] // theirs["num_attention_heads"]
        if head_dim * theirs["num_attention_heads"] != theirs["hidden_size"]:
            raise CheckpointError(
                f"config.json gives heads of {head_dim}, which do not make up vectors of "
                f"{theirs['hidden_size']}; such models cannot be imported."
            )
        # Transformers 5 keeps rotary settings in one dictionary, earlier ones in two fields.
        rotary = {
            "rope_theta": theirs.get("rope_theta", 10_000.0),
            **(theirs.get("rope_scaling") or {}),
            **(theirs.get("rope_parameters") or {}),
        }
        return TransformerConfig(
            vocabulary_size=theirs["vocab_size"],
            max_length=theirs["max_position_embeddings"],
            model_dim=theirs["hidden_size"],
            num_layers=theirs["num_hidden_layers"],
            num_heads=theirs["num_attention_heads"],
            num_kv_heads=theirs.get("num_key_value_heads"),
            hidden_dim=theirs["intermediate_size"],
            norm_epsilon=theirs["rms_norm_eps"],
            rotary_base=float(rotary["rope_theta"]),
            rotary_scaling=_scaling(rotary),
            tied_embeddings=bool(theirs.get("tie_word_embeddings", False)),
        )

    def their_config(self, config: TransformerConfig) -> dict[str, Any]:
        """Write config.json, so that Transformers 4 and 5 both read it."""
        hidden_dim = config.hidden_dim or 8 * config.model_dim // 3
        scaling = config.rotary_scaling
        rotary: dict[str, Any] = {"rope_type": "default"}
        if scaling is not None:
            rotary = {
                "rope_type": "llama3",
                "factor": scaling.factor,
                "low_freq_factor": scaling.low_frequency,
                "high_freq_factor": scaling.high_frequency,
                "original_max_position_embeddings": scaling.original_length,
            }
        return {
            "architectures": [self.architecture],
            "model_type": self.family,
            "vocab_size": config.vocabulary_size,
            "max_position_embeddings": config.max_length,
            "hidden_size": config.model_dim,
            "num_hidden_layers": config.num_layers,
            "num_attention_heads": config.num_heads,
            "num_key_value_heads": config.kv_heads,
            "intermediate_size": hidden_dim,
            "hidden_act": "silu",
            "rms_norm_eps": config.norm_epsilon,
            "rope_theta": config.rotary_base,
            "rope_scaling": None if scaling is None else rotary,
            "rope_parameters": {"rope_theta": config.rotary_base, **rotary},
            "tie_word_embeddings": config.tied_embeddings,
        }


def _scaling(rotary: Mapping[str, Any]) -> RotaryScaling | None:
    kind = rotary.get("rope_type", rotary.get("type", "default"))
    if kind == "default":
        return None
    if kind != "llama3":
        raise CheckpointError(
            f"config.json stretches rotary positions by {kind!r}; only `llama3` can be imported."
        )
    return RotaryScaling(
        rotary["factor"],
        rotary["low_freq_factor"],
        rotary["high_freq_factor"],
        rotary["original_max_position_embeddings"],
    )


class MistralAdapter(LlamaAdapter):
    """Mistral: LLaMA's tensors, and a window."""

    family = "mistral"
    architecture = "MistralForCausalLM"

    def fits(self, config: TransformerConfig) -> bool:
        """Say whether it is LLaMA but for a sliding window."""
        return config.sliding_window is not None and super().fits(
            config.changed(sliding_window=None)
        )

    def config(self, theirs: Mapping[str, Any]) -> TransformerConfig:
        """Read config.json."""
        return super().config(theirs).changed(sliding_window=theirs.get("sliding_window"))

    def their_config(self, config: TransformerConfig) -> dict[str, Any]:
        """Write config.json."""
        return {**super().their_config(config), "sliding_window": config.sliding_window}


class GPT2Adapter(Adapter):
    """GPT-2: one map makes query, key and value, and all maps are stored the other way around."""

    family = "gpt2"
    architecture = "GPT2LMHeadModel"
    names: ClassVar[Names] = [
        ("embedding.weight", "transformer.wte.weight"),
        ("positions.weight", "transformer.wpe.weight"),
        ("blocks.N.attention_norm.X", "transformer.h.N.ln_1.X"),
        ("blocks.N.attention.output.X", "transformer.h.N.attn.c_proj.X"),
        ("blocks.N.feed_forward_norm.X", "transformer.h.N.ln_2.X"),
        ("blocks.N.feed_forward.up.X", "transformer.h.N.mlp.c_fc.X"),
        ("blocks.N.feed_forward.down.X", "transformer.h.N.mlp.c_proj.X"),
        ("norm.X", "transformer.ln_f.X"),
        ("head.weight", "lm_head.weight"),
    ]
    # Stored as (in, out), where nn.Linear has (out, in).
    turned = re.compile(r"\.(c_attn|c_proj|c_fc)\.weight$")

    def ours(self, theirs: State, config: TransformerConfig) -> State:
        """Turn the maps around, and cut the fused one into query, key and value."""
        found = {}
        for name, tensor in theirs.items():
            if name.endswith((".attn.bias", ".attn.masked_bias")):
                continue  # the causal mask, which old checkpoints carry along
            # The published checkpoints leave the first part of the name out.
            name = name if name.startswith(("transformer.", "lm_head.")) else f"transformer.{name}"
            found[name] = tensor.T if self.turned.search(name) else tensor
        for name in [name for name in found if ".attn.c_attn." in name]:
            layer, kind = name.split(".")[2], name.rsplit(".", 1)[1]
            parts = found.pop(name).chunk(3, dim=0)
            for part, tensor in zip(("query", "key", "value"), parts, strict=True):
                found[f"blocks.{layer}.attention.{part}.{kind}"] = tensor
        return _renamed(found, self.names, into_ours=True)

    def theirs(self, ours: State, config: TransformerConfig) -> State:
        """Join query, key and value, and turn the maps around."""
        joined = dict(ours)
        for layer in range(config.num_layers):
            for kind in ("weight", "bias"):
                parts = [
                    joined.pop(f"blocks.{layer}.attention.{part}.{kind}")
                    for part in ("query", "key", "value")
                ]
                joined[f"transformer.h.{layer}.attn.c_attn.{kind}"] = torch.cat(parts)
        renamed = _renamed(joined, self.names, into_ours=False)
        return {
            name: tensor.T if self.turned.search(name) else tensor
            for name, tensor in renamed.items()
        }

    def fits(self, config: TransformerConfig) -> bool:
        """Say whether it is LayerNorm, learned positions, GELU's approximation, and all biases."""
        return (
            (config.norm, config.position, config.feed_forward) == ("layer", "learned", "gelu_tanh")
            and config.bias
            and config.kv_heads == config.num_heads
            and config.sliding_window is None
        )

    def config(self, theirs: Mapping[str, Any]) -> TransformerConfig:
        """Read config.json."""
        activation = theirs.get("activation_function", "gelu_new")
        if activation not in ("gelu_new", "gelu_pytorch_tanh"):
            raise CheckpointError(
                f"config.json asks for the activation {activation!r}, which this model does not have."
            )
        return TransformerConfig(
            vocabulary_size=theirs["vocab_size"],
            max_length=theirs["n_positions"],
            model_dim=theirs["n_embd"],
            num_layers=theirs["n_layer"],
            num_heads=theirs["n_head"],
            hidden_dim=theirs.get("n_inner"),
            norm="layer",
            norm_epsilon=theirs.get("layer_norm_epsilon", 1e-5),
            feed_forward="gelu_tanh",
            position="learned",
            bias=True,
            tied_embeddings=bool(theirs.get("tie_word_embeddings", True)),
        )

    def their_config(self, config: TransformerConfig) -> dict[str, Any]:
        """Write config.json."""
        return {
            "architectures": [self.architecture],
            "model_type": self.family,
            "vocab_size": config.vocabulary_size,
            "n_positions": config.max_length,
            "n_embd": config.model_dim,
            "n_layer": config.num_layers,
            "n_head": config.num_heads,
            "n_inner": config.hidden_dim,
            "layer_norm_epsilon": config.norm_epsilon,
            "activation_function": "gelu_new",
            "tie_word_embeddings": config.tied_embeddings,
        }


ADAPTERS: tuple[Adapter, ...] = (GPT2Adapter(), LlamaAdapter(), MistralAdapter())


def load_huggingface(folder: Path, *, fused: bool = True) -> Transformer:
    """Make a model from a folder in the layout of Hugging Face.

    Args:
        folder: Holds config.json and the weights as safetensors.
        fused: Whether attention uses PyTorch's fused kernel.

    Raises:
        CheckpointError: A file is missing or damaged, or the model is of a family that is not known.
    """
    theirs = _read_json(folder / "config.json")
    family = theirs.get("model_type")
    adapter = next((one for one in ADAPTERS if one.family == family), None)
    if adapter is None:
        known = ", ".join(one.family for one in ADAPTERS)
        raise CheckpointError(
            f"{folder} holds a model of the family {family!r}; only these can be imported: {known}."
        )
    try:
        config = adapter.config(theirs)
    except (KeyError, TypeError, ZeroDivisionError, ConfigurationError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else f"cannot be used: {error}"
        raise CheckpointError(f"{folder / 'config.json'} {what}") from error
    return filled(config, adapter.ours(_read_weights(folder), config), folder, fused=fused)


def filled(
    config: TransformerConfig, state: State, source: Path, *, fused: bool = True
) -> Transformer:
    """Make a model with given weights, without drawing any first.

    Raises:
        CheckpointError: A tensor is missing, too many, or of another shape.
    """
    with torch.device("meta"):
        model = Transformer(config, fused=fused)
    if config.tied_embeddings:
        state = {**state, "head.weight": state.get("embedding.weight", torch.empty(0))}
    wanted = model.state_dict()
    missing = sorted(wanted.keys() - state.keys())
    extra = sorted(state.keys() - wanted.keys())
    wrong = [
        f"{name} is {tuple(state[name].shape)} and not {tuple(wanted[name].shape)}"
        for name in sorted(wanted.keys() & state.keys())
        if state[name].shape != wanted[name].shape
    ]
    problems = [
        f"{len(names)} tensors are {word}, such as {names[0]}"
        for names, word in ((missing, "missing"), (extra, "unknown"))
        if names
    ]
    problems += wrong[:1]
    if problems:
        raise CheckpointError(
            f"The weights in {source} are not those of its configuration: {'; '.join(problems)}."
        )
    model.load_state_dict(state, assign=True)
    model.tie()
    return model.requires_grad_(True)


def save_huggingface(model: Transformer, folder: Path) -> None:
    """Write a model as a folder that `transformers.AutoModelForCausalLM.from_pretrained` loads.

    Raises:
        ConfigurationError: No family has models like this one.
    """
    from safetensors.torch import save_file

    adapter = next((one for one in ADAPTERS if one.fits(model.config)), None)
    if adapter is None:
        raise ConfigurationError(
            "No family that can be exported has this model's mix of norm, positions, feed-forward network and "
            "biases; GPT-2's, LLaMA's or Mistral's can be."
        )
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    if model.config.tied_embeddings:
        del state["head.weight"]
    weights = {
        name: tensor.contiguous() for name, tensor in adapter.theirs(state, model.config).items()
    }
    kind = str(model.embedding.weight.dtype).removeprefix("torch.")
    config = {**adapter.their_config(model.config), "dtype": kind, "torch_dtype": kind}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        # Some editors write a byte order mark.
        found = json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise CheckpointError(
            f"There is no {path}; give the folder that holds config.json and model.safetensors."
        ) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is no JSON file ({error}); download it again.") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} holds no dictionary; download it again.")
    return found


def _read_weights(folder: Path) -> State:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    index = folder / "model.safetensors.index.json"
    names = ["model.safetensors"]
    if index.exists():
        names = sorted(set(_read_json(index).get("weight_map", {}).values()))
    state: State = {}
    for name in names:
        try:
            state |= load_file(folder / Path(name).name)
        except (FileNotFoundError, SafetensorError, OSError) as error:
            raise CheckpointError(
                f"{folder / name} is missing or cut short ({error}); download it again."
            ) from error
    return state
