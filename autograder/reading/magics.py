"""What IPython's commands do: a mistyped or unknown one is but a note; a few run code that is not in the cell."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

# What they do that matters here. `code`: run the rest of their line or cell. `elsewhere`: run what is not there.
Does = Literal["nothing", "code", "elsewhere", "unknown"]

# What a student asks IPython for, to read, to see and to measure. A command of the system runs in a process of its own.
_HARMLESS = {
    *("alias", "autoawait", "automagic", "autoreload", "autosave", "bash", "bookmark", "cat", "cd"),
    *("clear", "cls", "code_wrap", "colors", "conda", "config", "connect_info", "cp", "cpaste"),
    *("debug", "dhist", "dirs", "doctest_mode", "env", "file", "gui", "hist", "history", "html"),
    *("javascript", "js", "killbgscripts", "latex", "ldir", "less", "lf", "lk", "ll", "load"),
    *("load_ext", "loadpy", "logoff", "logon", "logstart", "logstate", "logstop", "ls", "lsmagic"),
    *("lx", "macos", "magic", "mamba", "man", "markdown", "matplotlib", "memory_profiler"),
    *("micromamba", "mkdir", "mode", "more", "mv", "notebook", "page", "paste", "pastebin", "pdb"),
    *("pdef", "pdoc", "perl", "pfile", "pinfo", "pinfo2", "pip", "popd", "pprint", "precision"),
    *("psearch", "psource", "pushd", "pwd", "pycat", "pylab", "pypy", "python", "python2"),
    *("python3", "qtconsole", "quickref", "recall", "rehashx", "reload_ext", "rep", "reset"),
    *("reset_selective", "rm", "rmdir", "ruby", "save", "sc", "script", "set_env", "sh", "store"),
    *("subshell", "svg", "sx", "system", "tb", "tensorboard", "unalias", "unload_ext", "uv"),
    *("watermark", "who", "who_ls", "whos", "writefile", "xdel", "xmode"),
}
_WITH_CODE = {
    *("capture", "heat", "lprun", "memit", "mprun", "prun", "pyinstrument", "scalene"),
    *("snakeviz", "time", "timeit", "wandb"),
}
_RUN = {"run", "macro", "rerun", "edit", "alias_magic"}
_EXTENSIONS = {
    *("autoreload", "autotime", "cython", "jupyter_black", "lab_black", "line_profiler"),
    *("memory_profiler", "nb_black", "pyinstrument", "rich", "snakeviz", "tensorboard"),
    *("watermark", "google.colab.data_table", "jupyter_ai", "sql", "dotenv", "wurlitzer"),
}
# The options of `%run` that take the next word, and the files whose code is read.
_WITH_VALUE = {"-N", "-b", "-l", "-s", "-T"}
READ = (".py", ".ipy", ".txt")
_CELLS = re.compile(r"[~\d/:-]+")


def does(name: str, line: str, files: Collection[str]) -> Does:
    """Say what a magic does.

    Args:
        name: Its name, without the percent signs.
        line: What stands after it in its line.
        files: The files that were read: those handed in, and those that a cell writes.
    """
    words = line.split()
    if name in _WITH_CODE:
        return "code"
    if name in ("load_ext", "reload_ext"):
        known = _EXTENSIONS | {file.removesuffix(".py") for file in files}
        return "nothing" if set(words) <= known else "unknown"
    if name == "alias_magic":
        return "elsewhere" if _RUN & {word.strip("%") for word in words} else "nothing"
    if name in ("macro", "rerun", "edit"):
        # Cells by their numbers were read where they stand.
        rest = [word for word in words if not word.startswith("-")]
        numbers = rest[1:] if name == "macro" else rest
        return "nothing" if all(map(_CELLS.fullmatch, numbers)) else "elsewhere"
    if name == "run":
        script = _script(words)
        is_read = script in files and script.endswith(READ)
        return "nothing" if not words or is_read else "elsewhere"
    return "nothing" if name in _HARMLESS else "unknown"


def _script(words: list[str]) -> str:
    """Name the file that `%run` runs, as IPython finds it: its options stand first, and some have values."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-m":
            return f"{rest[0].replace('.', '/')}.py" if rest else ""
        if option in _WITH_VALUE:
            rest = rest[1:]
    name = rest[0].strip("'\"").removeprefix("./") if rest else ""
    return name if name.endswith((*READ, ".ipynb")) else f"{name}.py"


def codes_in(text: str) -> list[str]:
    """List what may be Python in the line of a magic that runs it: the line, less one word after the other.

    Its options stand first, and may have values; one that looks like a value may be code.
    """
    if "\n" in text:
        return [text]
    words = text.split(" ")
    return [" ".join(words[start:]) for start in range(min(len(words), 24))]
