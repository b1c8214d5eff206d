"""One list of dependencies: pyproject.toml's, which conda's file and the pins have to follow."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.labs import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = [
    Requirement(line) for lines in PROJECT["optional-dependencies"].values() for line in lines
]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
PINS = {
    str(canonicalize_name(name)): Version(version)
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), flags=re.M
    )
}


def from_pip() -> list[str]:
    (lines,) = [one["pip"] for one in CONDA["dependencies"] if isinstance(one, dict)]
    return list(lines)


def test_conda_users_get_the_same_packages() -> None:
    assert [line for line in from_pip() if not line.startswith("--")] == PROJECT["dependencies"]


def test_conda_users_get_the_same_python_and_the_same_pins() -> None:
    assert f"python{PROJECT['requires-python']}" in CONDA["dependencies"]
    options = [line for line in from_pip() if line.startswith("--")]
    assert options == ["--constraint constraints.txt", "--editable ."]


@pytest.mark.parametrize("requirement", [*RUNTIME, *EXTRAS], ids=str)
def test_a_dependency_is_pinned_within_its_bound(requirement: Requirement) -> None:
    if canonicalize_name(requirement.name) == canonicalize_name(PROJECT["name"]):
        return  # an extra that is made of others
    name = str(canonicalize_name(requirement.name))
    assert name in PINS, f"pin {name} in constraints.txt"
    assert requirement.specifier, f"state the lower bound of {name} in pyproject.toml"
    assert requirement.specifier.contains(PINS[name])


def test_every_pin_is_of_one_exact_version_and_stands_once() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) == len(PINS)


def test_pytorch_stays_where_the_course_was_measured() -> None:
    assert PINS["torch"] == Version("2.13.0")
