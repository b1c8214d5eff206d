"""`welcome.equal_share`: hidden probes, and right answers written differently."""

import functools
import operator
from typing import Any

import torch

from autograder.exercise import Private

private = Private()


private.right_value(0.25)
private.right_value(2.0 ** (-2))
