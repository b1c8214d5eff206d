"""Evidence crosses the boundary whole, and bytes that a hostile kernel made up never get further than an error."""

from __future__ import annotations

import base64
import json
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from autograder.errors import EvidenceError
from autograder.probing.evidence import Evidence, Failure, Returned
from autograder.probing.wire import MAX_BYTES, MAX_NODES, decode, encode

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(value=plain)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    (back,) = decode(encode([Evidence("probe", value)]))
    assert back.value == value


def test_tensors_faults_and_outlines_come_back_as_they_were() -> None:
    tensors = {
        "empty": torch.zeros(0, 3),
        "flags": torch.tensor([True, False]),
        "half": torch.tensor([1.5, math.inf], dtype=torch.bfloat16),
        "turned": torch.arange(6).reshape(2, 3).T,
        "complex": torch.tensor([1 + 2j]),
    }
    failure = Failure("raised", "ValueError: no", "line 3: x")
    returned = (Returned("tensor", (2, 0), "float32", "cpu", True),)
    whole = Evidence("probe", tensors, failure, returned, "printed", 7, ("careful",))
    (back,) = decode(encode([whole]))
    assert (back.failure, back.returned) == (failure, returned)
    assert (back.printed, back.characters, back.warnings) == ("printed", 7, ("careful",))
    for name, tensor in tensors.items():
        assert back.value[name].dtype == tensor.dtype
        assert torch.equal(back.value[name], tensor)


def test_what_is_not_finite_comes_back_too() -> None:
    (back,) = decode(encode([Evidence("probe", [math.inf, -math.inf, math.nan])]))
    assert back.value[:2] == [math.inf, -math.inf]
    assert math.isnan(back.value[2])


def test_more_than_the_limit_is_not_written() -> None:
    with pytest.raises(EvidenceError, match="more than"):
        encode([Evidence("probe", torch.zeros(MAX_BYTES // 4 + 1))])


def entry(**changes: Any) -> dict[str, Any]:
    whole = {
        "probe": "probe",
        "value": None,
        "failure": None,
        "returned": [],
        "printed": "",
        "characters": 0,
        "warnings": [],
    }
    return whole | changes


def written(tree: Any, tensors: dict[str, torch.Tensor] | None = None) -> bytes:
    text = tree if isinstance(tree, str) else json.dumps(tree)
    return save(tensors or {"t": torch.zeros(0)}, {"evidence": text})


def header(text: str | dict[str, Any], data: bytes = b"", length: int | None = None) -> bytes:
    encoded = (text if isinstance(text, str) else json.dumps(text)).encode()
    return (len(encoded) if length is None else length).to_bytes(8, "little") + encoded + data


def floats(shape: list[int], end: int) -> dict[str, Any]:
    about = {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}
    return {"__metadata__": {"evidence": "[]"}, "t": about}


def outline(**changes: Any) -> list[dict[str, Any]]:
    one = {"kind": "tensor", "shape": [], "number": "", "device": "", "has_nan": False}
    return [one | changes]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"list": [value]}
    return value


HOSTILE = {
    "nothing": b"",
    "a pickle": pickle.dumps([1]),
    "noise": bytes(range(256)) * 9,
    "cut in the middle": written([entry()])[:40],
    "a header longer than the file": header({"a": 1}, length=2**40),
    "a header of negative length": header({"a": 1}, length=2**64 - 1),
    "a header that is no object": header("[]"),
    "a header that is no JSON": header("{"),
    "a header of brackets": header("[" * 100_000),
    "a header of many tensors": header({str(i): floats([0], 0)["t"] for i in range(5000)}),
    "no metadata": header({}),
    "a shape below zero": header(floats([-1], 4), bytes(4)),
    "a shape that overflows": header(floats([2**62, 2**62], 4), bytes(4)),
    "a shape larger than the data": header(floats([1000], 4000), bytes(4)),
    "data larger than the shape": header(floats([1], 4), bytes(400)),
    "a shape that is NaN": header(json.dumps(floats([1], 4)).replace("[1]", "[NaN]"), bytes(4)),
    "a shape of text": header(json.dumps(floats([1], 4)).replace("[1]", '["1"]'), bytes(4)),
    "a shape that is none": header(json.dumps(floats([1], 4)).replace("[1]", "7"), bytes(4)),
    "seventeen dimensions": header(floats([1] * 17, 4), bytes(4)),
    "no such kind of number": header(json.dumps(floats([1], 4)).replace("F32", "X9"), bytes(4)),
    "tensors that share bytes": header(
        floats([1], 4) | {"u": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)
    ),
    "a tree of brackets": written("[" * 100_000),
    "a tree that is text": written('"evidence"'),
    "a number of a million digits": written("[" + "9" * 1_000_000 + "]"),
    "three hundred probes": written([entry()] * 300),
    "an entry that is a list": written([[]]),
    "an entry without a value": written([{"probe": "probe"}]),
    "a probe that is a number": written([entry(probe=1)]),
    "a failure that is text": written([entry(failure="raised")]),
    "a failure without a line": written([entry(failure={"kind": "raised", "message": ""})]),
    "characters below zero": written([entry(characters=-1)]),
    "characters beyond all bounds": written(json.dumps([entry()]).replace("0", "1e999", 1)),
    "warnings that are text": written([entry(warnings="careful")]),
    "a flood of warnings": written([entry(warnings=["careful"] * 9)]),
    "an outline that is text": written([entry(returned="tensor")]),
    "an outline with a shape below zero": written([entry(returned=outline(shape=[-4]))]),
    "an outline with a huge shape": written([entry(returned=outline(shape=[10**30]))]),
    "an outline with a shape of text": written([entry(returned=outline(shape="12"))]),
    "a value nested too deeply": written([entry(value=deep(30))]),
    "a value of too many parts": written([entry(value={"list": [1] * (MAX_NODES + 1)})]),
    "a value of two kinds": written([entry(value={"list": [], "dict": []})]),
    "a value of no kind": written([entry(value={})]),
    "a value of an unknown kind": written([entry(value={"pickle": "gASVBA=="})]),
    "a bare list": written([entry(value=[1])]),
    "a list that is text": written([entry(value={"list": "abc"})]),
    "a dictionary of text": written([entry(value={"dict": "ab"})]),
    "a dictionary with a key that is no text": written([entry(value={"dict": [[1, 2]]})]),
    "a tensor that is not there": written([entry(value={"tensor": "t9"})]),
    "a float that is none": written([entry(value={"float": "one"})]),
    "a whole number of a thousand digits": written([entry(value=10**1000)]),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_bytes_out_of_form_are_an_error_and_no_more(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        decode(data)


def test_too_many_bytes_are_not_looked_at() -> None:
    with pytest.raises(EvidenceError, match="larger than"):
        decode(bytes(MAX_BYTES + 2**20 + 1))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_byte_is_changed_it_is_evidence_or_an_error(data: st.DataObject) -> None:
    whole = bytearray(
        encode([Evidence("probe", [torch.ones(2), {"a": 1.5}], Failure("raised", "x"))])
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode(bytes(whole))
    except EvidenceError:
        return
    assert all(isinstance(one, Evidence) for one in found)


def test_text_that_no_file_can_hold_is_replaced() -> None:
    text = json.dumps([entry(probe="a\ud800", value="b\udfff")])
    (back,) = decode(written(text))
    assert (back.probe, back.value) == ("a?", "b?")


def test_evidence_fits_into_a_message_of_the_kernel() -> None:
    data = encode([Evidence("probe", torch.zeros(1000))])
    assert decode(base64.b64decode(base64.b64encode(data)))[0].value.numel() == 1000


FLOODS = [
    "[" + "[]," * 2_000_000 + "[]]",
    "[" * 1_000_000,
    '[{"a": 1}' + ',{"a": 1}' * 800_000 + "]",
]


@pytest.mark.parametrize("flood", FLOODS, ids=["lists", "depth", "objects"])
@pytest.mark.parametrize("wrap", [header, written], ids=["in the header", "in the tree"])
def test_a_flood_of_brackets_is_refused_before_it_becomes_objects(
    flood: str, wrap: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, data = [], wrap(flood)

    def loads(text: str) -> Any:
        read.append(text)
        return original(text)

    original = json.loads
    monkeypatch.setattr(json, "loads", loads)
    with pytest.raises(EvidenceError):
        decode(data)
    assert flood not in read


def test_brackets_and_commas_in_texts_are_no_parts() -> None:
    text = '[{,"\\' * 300_000
    (back,) = decode(encode([Evidence("probe", [text, text])]))
    assert back.value == [text, text]


def test_quotes_that_never_close_are_read_in_one_pass() -> None:
    # Where each quote were tried as the beginning of a text, this would take hours.
    with pytest.raises(EvidenceError):
        decode(written('"' + '\\"' * 2_000_000))
