"""Pictures to play with: each widget is one Python file and one JavaScript file."""

from llmlab.widgets.attention_view import AttentionView
from llmlab.widgets.descent_view import DescentView
from llmlab.widgets.graph_view import GraphView
from llmlab.widgets.residual_view import ResidualView
from llmlab.widgets.ring_view import RingView
from llmlab.widgets.sampling_view import SamplingView
from llmlab.widgets.tokenizer_view import TokenizerView
from llmlab.widgets.training_view import TrainingView

__all__ = [
    "AttentionView",
    "DescentView",
    "GraphView",
    "ResidualView",
    "RingView",
    "SamplingView",
    "TokenizerView",
    "TrainingView",
]
