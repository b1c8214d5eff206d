"""Every test runs with the shapes and types in llmlab's signatures checked at each call."""

from jaxtyping import install_import_hook

# It works on modules that are imported after it, and pytest reads this file before any test.
install_import_hook("llmlab", "beartype.beartype")
