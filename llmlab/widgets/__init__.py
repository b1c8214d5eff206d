"""Pictures to play with: each widget is one Python file and one JavaScript file."""

from llmlab.widgets.attention_view import AttentionView
from llmlab.widgets.tokenizer_view import TokenizerView

__all__ = ["AttentionView", "TokenizerView"]
