"""The course and the workers that all families of attacks share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.grading.batch import Workers
from tests.attacks.harness import (
    Class,
    grade_family,
    make_course,
    skip_without_sandbox,
    started_workers,
)
from tests.courses import made_once


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask what a test asks of an attack of every attack of its module's family."""
    if "attack" in metafunc.fixturenames:
        metafunc.parametrize("attack", list(metafunc.module.FAMILY.attacks))


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    skip_without_sandbox()
    yield from started_workers()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once("attacked", tmp_path_factory.getbasetemp(), make_course)


@pytest.fixture(scope="module")
def graded(
    request: Any, workers: Workers, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Class:
    """The class that handed in the attacks of the module's family."""
    folder = tmp_path_factory.mktemp("class")
    return grade_family(request.module.FAMILY, template, folder, workers)
