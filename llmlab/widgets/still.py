"""What stands in a widget's place where no kernel runs: a still picture, and a text that says what it shows."""

from __future__ import annotations

import base64
import html
from typing import Any

import anywidget

_MIME = "application/vnd.jupyter.widget-view+json"


class StillWidget(anywidget.AnyWidget):
    """A widget that also shows itself in saved notebooks, in books and on paper."""

    def _text(self) -> str:
        """Say what the picture shows."""
        raise NotImplementedError

    def _svg(self) -> str:
        """Draw the picture as it stands now."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the live widget, and beside it what a saved page shows: a picture and a text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        text = self._text()
        picture = base64.b64encode(self._svg().encode()).decode()
        still = (
            f'<img alt="{html.escape(text)}" style="max-width:100%" '
            f'src="data:image/svg+xml;base64,{picture}">'
        )
        return {_MIME: data.get(_MIME), "text/html": still, "text/plain": text}, metadata
