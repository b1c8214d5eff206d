"""`welcome.model_output`: hidden probes, and right answers written differently."""

import functools
import operator
from typing import Any

import torch

from autograder.exercise import Private

private = Private()


private.right_value("b")
private.right_value("".join(["b"]))
