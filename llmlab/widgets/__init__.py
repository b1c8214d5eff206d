"""Pictures to play with: each widget is one Python file and one JavaScript file."""

from llmlab.widgets.attention_view import AttentionView

__all__ = ["AttentionView"]
