"""What several exercises of lab 05 draw their inputs and faults from."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercise import Switches, fill_parameters


def chosen(on: Switches, right: Any, faulty: dict[str, Any]) -> Any:
    """Take the way of doing one step whose fault is on, or the right way.

    Args:
        on: Says which faults are on.
        right: The right way.
        faulty: The other ways of this step, by the names of their faults.
    """
    return next((way for name, way in faulty.items() if on(name)), right)


def filled(implementation: Any, generator: Generator, *args: Any) -> tuple[Any, dict[str, Any]]:
    """Make a module with weights drawn by name; give it, and the shapes of its parameters."""
    module = implementation(*args)
    return module, {"parameters": fill_parameters(module, generator)}


def gradients(module: Any) -> dict[str, Any]:
    """Give the gradient of each matrix by name; that of a key's bias is 0 but for rounding."""
    found = sorted(module.named_parameters())
    return {name: parameter.grad for name, parameter in found if parameter.dim() > 1}
