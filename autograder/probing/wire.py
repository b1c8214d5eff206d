"""Carries evidence across a process boundary as safetensors and JSON; never as pickle.

Everything read here was written by a process in which a student's code ran, so nothing in it is believed:
sizes, depth, types and counts are bounded, and whatever is out of form is an `EvidenceError`.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from autograder.errors import EvidenceError
from autograder.probing.evidence import HUGE_DIGITS, Evidence, Failure, Returned, printable

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 24
MAX_NODES = 100_000
MAX_TENSORS = 4096
MAX_DIMENSIONS = 16
MAX_TEXT = 20_000
# Each bracket and comma becomes an object of many bytes, so they are counted before any is made.
MAX_MARKS = 8 * MAX_NODES
_KEY, _META = "evidence", "__metadata__"
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)', re.DOTALL)


def encode(evidence: list[Evidence]) -> bytes:
    """Write evidence as one safetensors file whose metadata is the JSON tree.

    Raises:
        EvidenceError: It is larger than the other side will read.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}

    def pack(value: Any) -> Any:
        if isinstance(value, Tensor):
            name = f"t{len(tensors)}"
            tensors[name] = value.detach().to("cpu").contiguous()
            return {"tensor": name}
        if isinstance(value, dict):
            return {"dict": [[key, pack(item)] for key, item in value.items()]}
        if isinstance(value, list):
            return {"list": [pack(item) for item in value]}
        if isinstance(value, float) and not math.isfinite(value):
            return {"float": repr(value)}
        return value

    tree = [{**_shallow(one), "value": pack(one.value)} for one in evidence]
    text = json.dumps(tree, allow_nan=False)
    if sum(tensor.nbytes for tensor in tensors.values()) + len(text) > MAX_BYTES:
        raise EvidenceError(f"The answer returned more than {MAX_BYTES // 2**20} MiB.")
    # safetensors refuses a file without tensors
    tensors.setdefault("t", torch.zeros(0))
    return save(tensors, {_KEY: text})


def _shallow(evidence: Evidence) -> dict[str, Any]:
    return {
        "probe": evidence.probe,
        "failure": asdict(evidence.failure) if evidence.failure else None,
        "returned": [asdict(one) for one in evidence.returned],
        "printed": evidence.printed,
        "characters": evidence.characters,
        "warnings": list(evidence.warnings),
    }


def decode(data: bytes) -> list[Evidence]:
    """Read what `encode` wrote, believing nothing.

    Raises:
        EvidenceError: The bytes are too many, damaged, too deep, or not in form.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    if len(data) > MAX_BYTES + 2**20:
        raise EvidenceError(f"The evidence is larger than {MAX_BYTES // 2**20} MiB.")
    try:
        header = _parsed(data[8 : 8 + int.from_bytes(data[:8], "little")].decode())
        if not isinstance(header, dict) or len(header) > MAX_TENSORS:
            raise EvidenceError("The evidence is not in form.")
        if any(len(one["shape"]) > MAX_DIMENSIONS for name, one in header.items() if name != _META):
            raise EvidenceError("The evidence is not in form.")
        # The library checks the rest of the header: kinds, sizes, and that no two tensors share bytes.
        tensors = load(data)
        tree = _parsed(header[_META][_KEY])
    except (
        SafetensorError,
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
        RuntimeError,
    ) as error:
        raise EvidenceError("The evidence is damaged.") from error
    try:
        return _Reader(tensors).evidence(tree)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EvidenceError("The evidence is not in form.") from error


def _parsed(text: str) -> Any:
    """Read JSON that would not become much larger than its text."""
    marks = _STRING.sub("", text)
    if sum(map(marks.count, "[{,")) > MAX_MARKS:
        raise EvidenceError("The evidence has too many parts.")
    return json.loads(text)


class _Reader:
    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self.tensors, self.nodes = tensors, 0

    def evidence(self, tree: Any) -> list[Evidence]:
        if not isinstance(tree, list) or len(tree) > 256:
            raise EvidenceError("The evidence is not in form.")
        return [self._one(entry) for entry in tree]

    def _one(self, entry: dict[str, Any]) -> Evidence:
        failure = entry["failure"]
        return Evidence(
            _text(entry["probe"]),
            self._value(entry["value"], 0),
            Failure(*(_text(failure[name]) for name in ("kind", "message", "line")))
            if failure
            else None,
            tuple(
                Returned(
                    _text(one["kind"]),
                    tuple(_whole(size) for size in _items(one["shape"], MAX_DIMENSIONS)),
                    _text(one["number"]),
                    _text(one["device"]),
                    one["has_nan"] is True,
                )
                for one in _items(entry["returned"], 64)
            ),
            _text(entry["printed"]),
            _whole(entry["characters"]),
            tuple(_text(warning) for warning in _items(entry["warnings"], 8)),
        )

    def _value(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise EvidenceError("The evidence is nested too deeply or has too many parts.")
        if isinstance(node, str):
            return _text(node, MAX_BYTES)
        if isinstance(node, int) and abs(node) >= 10**HUGE_DIGITS:
            raise EvidenceError("The evidence is not in form.")
        if node is None or isinstance(node, (bool, int, float)):
            return node
        ((kind, content),) = node.items()
        if kind == "tensor":
            return self.tensors[content]
        if kind == "float":
            return float(_text(content))
        if kind == "list":
            return [self._value(item, depth + 1) for item in _items(content, MAX_NODES)]
        if kind == "dict":
            pairs = _items(content, MAX_NODES)
            return {_text(key): self._value(item, depth + 1) for key, item in pairs}
        raise EvidenceError("The evidence is not in form.")


def _items(value: Any, limit: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > limit:
        raise EvidenceError("The evidence is not in form.")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise EvidenceError("The evidence is not in form.")
    return value


def _text(value: Any, limit: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise EvidenceError("The evidence is not in form.")
    return printable(value[:limit])
