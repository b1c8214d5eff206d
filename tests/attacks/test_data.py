"""Attacks by what is handed to the judge: bytes out of form, bombs, lies about sizes, pickles."""

from __future__ import annotations

from autograder.grading.engine import NO_EVIDENCE_SENTENCE
from autograder.student.publishing import MIME
from tests.attacks.harness import SOLUTION, Class, Family, Repelled, Submission, forged

FAMILY = Family()

# The answer shows bytes of its own as evidence, and interrupts the kernel, so that no other is there to be read.
HAND_OVER = f"""
import base64, json, struct
from IPython.display import display

def bundle(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body

def evidence(tree):
    return bundle({{"__metadata__": {{"evidence": tree if isinstance(tree, str) else json.dumps(tree)}}}})

%s

def average(numbers):
    display({{{MIME!r}: base64.b64encode(data).decode()}}, raw=True)
    raise KeyboardInterrupt
"""


def hand_over(one: Submission, code: str) -> None:
    one.answer("average", HAND_OVER % code)


@FAMILY.attack
def hands_over_garbage(one: Submission) -> None:
    """Bytes that mean nothing."""
    hand_over(one, "data = bytes(range(256)) * 64")


@FAMILY.attack
def hands_over_nothing(one: Submission) -> None:
    """No bytes at all."""
    hand_over(one, "data = b''")


@FAMILY.attack
def lies_about_the_header(one: Submission) -> None:
    """A header that claims to be longer than the file, and than any memory."""
    hand_over(one, "data = struct.pack('<Q', 2**63 - 1) + b'{}'")


@FAMILY.attack
def lies_about_the_size_of_tensors(one: Submission) -> None:
    """A tensor that claims to have more numbers than there are bytes."""
    code = 'data = bundle({"t": {"dtype": "F32", "shape": [2**31, 2**31], "data_offsets": [0, 4]}}, b"1234")'
    hand_over(one, code)


@FAMILY.attack
def gives_tensors_sizes_below_zero(one: Submission) -> None:
    """Sizes and places in the file that are negative."""
    code = 'data = bundle({"t": {"dtype": "F32", "shape": [-1, -4], "data_offsets": [-4, 0]}}, b"1234")'
    hand_over(one, code)


@FAMILY.attack
def lets_tensors_share_bytes(one: Submission) -> None:
    """A thousand tensors of one mebibyte, all of them the same bytes."""
    code = """
one = {"dtype": "U8", "shape": [2**20], "data_offsets": [0, 2**20]}
data = bundle({f"t{i}": one for i in range(1000)}, bytes(2**20))
"""
    hand_over(one, code)


@FAMILY.attack
def nests_deeply(one: Submission) -> None:
    """A tree of lists that is deeper than any stack."""
    hand_over(one, "data = evidence('[' * 10**6)")


@FAMILY.attack
def hands_over_a_bomb_of_brackets(one: Submission) -> None:
    """Millions of empty lists, small to send and large to keep."""
    hand_over(one, "data = evidence('[' + '[],' * 2 * 10**6 + '[]]')")


@FAMILY.attack
def hands_over_a_bomb_of_numbers(one: Submission) -> None:
    """A number of a million digits."""
    hand_over(one, "data = evidence('[' + '9' * 10**6 + ']')")


@FAMILY.attack
def hands_over_other_types(one: Submission) -> None:
    """A tree whose every field is of another type than it should be."""
    code = """
data = evidence([{"probe": ["x"], "value": {"tensor": 7}, "failure": {"kind": 1, "message": [], "line": {}},
                  "returned": {"a": 1}, "printed": 3, "characters": "x", "warnings": "many"}])
"""
    hand_over(one, code)


@FAMILY.attack
def hands_over_numbers_that_are_none(one: Submission) -> None:
    """NaN and infinity for every value, under the probes' own names."""
    code = """
data = evidence([{"probe": name, "value": {"float": "nan"}, "failure": None, "returned": [], "printed": "",
                  "characters": 0, "warnings": []} for name in ("three_numbers", "uneven_numbers")])
"""
    hand_over(one, code)


@FAMILY.attack
def hands_over_a_pickle(one: Submission) -> None:
    """A pickle that writes a file where it is read."""
    code = """
import pickle

class Runs:
    def __reduce__(self):
        return exec, ("open('/tmp/llmlab-pwned', 'w').close()",)

data = pickle.dumps(Runs())
"""
    hand_over(one, code)


@FAMILY.attack
def hands_over_a_pickled_checkpoint(one: Submission) -> None:
    """A checkpoint of PyTorch's, which is a pickle in an archive."""
    code = """
import io, torch
file = io.BytesIO()
torch.save({"points": 3}, file)
data = file.getvalue()
"""
    hand_over(one, code)


@FAMILY.attack
def repeats_evidence(one: Submission) -> None:
    """Evidence that would pass is shown many times, so that one of them may count."""
    one.answer(
        "average",
        f"""
from IPython.display import display

def average(numbers):
    for _ in range(50):
        display({{{MIME!r}: {forged("average")!r}}}, raw=True)
""",
    )


@FAMILY.attack
def hands_over_the_evidence_of_others(one: Submission) -> None:
    """An answer shows what would pass for each of the other exercises."""
    shown = [forged(name) for name in SOLUTION]
    one.answer(
        "average",
        f"""
from IPython.display import display

def average(numbers):
    for one in {shown!r}:
        display({{{MIME!r}: one}}, raw=True)
    raise SystemExit
""",
    )


class TestEveryAttack(Repelled):
    """What holds for every family."""


def test_the_judge_has_read_it_and_refused(attack: str, graded: Class) -> None:
    told = {
        one.sentence for one in graded.runs[attack].violations if one.where == "welcome.average"
    }
    # Numbers that are none are in form, and wrong.
    in_form = attack == "hands_over_numbers_that_are_none"
    assert (NO_EVIDENCE_SENTENCE in told) != in_form


def test_no_pickle_was_read() -> None:
    from pathlib import Path

    assert not Path("/tmp/llmlab-pwned").exists()
