"""The pinned versions can be installed by the oldest Python that the project says it runs on."""

from __future__ import annotations

import tomllib
from importlib.metadata import distributions

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.labs import ROOT


def test_no_pinned_version_asks_for_a_later_python_than_the_project_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (least,) = SpecifierSet(project["requires-python"])
    # pip would look for a way around a version that it may not install, and find none after many minutes.
    oldest = Version(f"{least.version}.0")
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    pinned = {canonicalize_name(pin.name) for pin in pins}
    installed = {
        canonicalize_name(one.metadata["Name"]): one.metadata.get("Requires-Python") or ""
        for one in distributions()
    }
    assert len(pinned & installed.keys()) > 100
    too_new = [
        name for name in pinned & installed.keys() if oldest not in SpecifierSet(installed[name])
    ]
    assert too_new == []
