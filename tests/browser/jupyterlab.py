"""A JupyterLab of a learner's, started as `llmlab lab` does, and a Chromium that looks at it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import Browser, Locator, Page, Playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOKEN = "learner"
LOCAL = {"127.0.0.1", "localhost", ""}


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Lab:
    """A running JupyterLab: where its labs lie, and its address."""

    folder: Path
    port: int

    def url(self, notebook: str) -> str:
        # In a workspace of its own, or JupyterLab would open the notebooks of earlier tests beside it.
        workspace = Path(notebook).stem
        return (
            f"http://127.0.0.1:{self.port}/lab/workspaces/{workspace}/tree/{notebook}?token={TOKEN}"
        )

    def answers(self) -> bool:
        """Say whether the server is there."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api?token={TOKEN}").close()
        except OSError:
            return False
        return True

    def write(self, notebook: str, *cells: str) -> None:
        """Write a notebook of code cells."""
        written = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source.strip()) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(written, self.folder / notebook)


@contextlib.contextmanager
def learners_lab(home: Path) -> Iterator[Lab]:
    """Run `llmlab lab` in a home of its own until the block ends."""
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # All cells in the page, not only those in sight, so that a test can find them.
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    lab = Lab(home / "my-labs", free_port())
    environment = {
        **{
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("JUPYTER", "LLMLAB_PROGRESS"))
        },
        "HOME": str(home),
        "JUPYTER_TOKEN": TOKEN,
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    command = [Path(sys.executable).parent / "llmlab", "lab", "--no-browser"]
    command += ["--folder", lab.folder, "--port", str(lab.port)]
    with (home / "jupyterlab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log)
        try:
            _wait_for(lab, server, home / "jupyterlab.log")
            yield lab
        finally:
            server.terminate()
            server.wait(20)
            assert not lab.answers(), "JupyterLab outlives the command that started it."


def _wait_for(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        if lab.answers():
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@dataclass
class Notebook:
    """A notebook open in the browser, and everything that the page asked for."""

    page: Page
    strangers: list[str] = field(default_factory=list)
    received: int = 0

    def watch(self) -> None:
        def note(url: str) -> None:
            parts = urlsplit(url)
            if parts.scheme not in ("data", "blob", "about") and parts.hostname not in LOCAL:
                self.strangers.append(url)

        def count(frame: str | bytes) -> None:
            self.received += len(frame)

        self.page.on("request", lambda request: note(request.url))
        self.page.on(
            "websocket", lambda socket: (note(socket.url), socket.on("framereceived", count))
        )

    def open(self, lab: Lab, notebook: str) -> None:
        self.page.goto(lab.url(notebook))
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=90_000)
        self.page.locator(".jp-NotebookPanel-toolbar [data-status='idle']").first.wait_for(
            timeout=90_000
        )

    def cell(self, text: str) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").filter(has_text=text).first

    def write(self, text: str, code: str) -> None:
        """Replace the code of the cell that contains `text`."""
        self.cell(text).locator(".cm-content").first.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)

    def run(self, text: str) -> Locator:
        """Run the cell that contains `text` and wait until it has finished."""
        cell = self.cell(text)
        prompt = cell.locator(".jp-InputPrompt").first
        before = prompt.inner_text()
        for tenth in range(1200):
            now = prompt.inner_text()
            if now != before and re.search(r"\d", now):
                return cell
            if now == before and tenth % 50 == 0:
                self._answer()
                # While a page is still being laid out, a first key press may be lost.
                cell.locator(".cm-content").first.click()
                self.page.keyboard.press("Control+Enter")
            self.page.wait_for_timeout(100)
        raise AssertionError(f"The cell with {text!r} did not finish.")

    def _answer(self) -> None:
        """Take the kernel that JupyterLab offers where a busy machine was slow to list it; fail if it asks else."""
        for dialog in self.page.locator(".jp-Dialog").all():
            asked = dialog.inner_text()
            assert asked.startswith("Select Kernel"), f"JupyterLab asks: {asked}"
            dialog.locator(".jp-mod-accept").click()


@contextlib.contextmanager
def watched(page: Page) -> Iterator[Notebook]:
    """Watch what a page asks for until the block ends, and fail if a request left the machine."""
    notebook = Notebook(page)
    notebook.watch()
    yield notebook
    assert notebook.strangers == [], "A request left the machine."
