"""Takes the pictures of README.md anew, in a real JupyterLab: `python -m tests.browser.pictures`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.jupyterlab import Notebook, launch, learners_lab

PICTURES = Path(__file__).parent.parent.parent / "course" / "pictures"
CHECK = 'check("attention.scaled_dot_product_attention")'
DEFINITION = "def scaled_dot_product_attention"
WITHOUT_SCALE = """
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1) @ value
"""


def main() -> None:
    """Write course/pictures/check.png and course/pictures/attention.png."""
    with (
        tempfile.TemporaryDirectory() as home,
        learners_lab(Path(home)) as lab,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1180, "height": 720})
        notebook = Notebook(page)
        notebook.open(lab, "05_attention/attention.ipynb")
        page.keyboard.press("Control+b")  # the folder's list makes room
        notebook.run("from autograder import")

        notebook.write(DEFINITION, WITHOUT_SCALE.strip())
        notebook.run(DEFINITION)
        checked = notebook.run(CHECK)
        checked.locator(".autograder-verdict").wait_for()
        notebook.cell(DEFINITION).evaluate("cell => cell.scrollIntoView({block: 'start'})")
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURES / "check.png")

        widget = notebook.run("one_step_back(dim").locator(".llmlab-attention[data-drawn=true]")
        widget.wait_for()
        widget.locator(".llmlab-attention-head").select_option("1")
        widget.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        widget.screenshot(path=PICTURES / "attention.png")
        browser.close()


if __name__ == "__main__":
    main()
