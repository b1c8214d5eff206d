"""Writes the submissions of a class that does not exist, with the true score of each beside them.

An instructor tries the course on it before the students come, and the grader is measured by it: what was drawn for
a student says what the student has earned, whatever the grader finds. Answers are drawn from the lab's
solution, from its differently written correct answers (where a checkout has them), from its misconceptions, and from
what goes wrong in every class: blanks, crashes, loops without an end, warnings, wrong shapes, attacks.

Every answer stands on its own. One that would use an earlier answer carries a right copy of it, so that a mistake costs
the points of its own exercise and of no other.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import random
import shutil
import symtable
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.authoring.building import solutions_folder
from autograder.authoring.source import release_notebook
from autograder.errors import AuthoringError, AutograderError, SimulationRefused
from autograder.exercise import Exercise, FaultyProgram, Lab
from autograder.exercise.cells import exercise_of, grade_id
from autograder.exercise.draws import PUBLIC_SEED
from autograder.exercise.private import private_files, read_private
from autograder.judging.judge import judge
from autograder.probing.observing import observe_trusted
from autograder.reading import read_cells
from llmlab.workspace import write_safely

FOLDER = "simulated"
_TRIES = 8
# The decorators that declare something, and are no part of an answer.
_DECLARING = ("exercise.misconception", "exercise.faults", "private.variant")
# What a class's list of names brings along, as far as a folder can be called so.
_AWKWARD = (
    "Zoë Müller",
    "O'Brien",
    'Ada "Countess" L.',
    "<b>Bold<b>",
    "<script>alert(1)<",
    "李雷",
    "Ὑπατία",
    "a&amp;b",
    "=1+1",
    "٣",
)


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one exercise of one student.

    Attributes:
        kind: `right`, `misconception`, `pair` (of faults), `blank`, `crash`, `loop`, `shape`, `warning` or `lost`; the
            last is an answer that is not judged, since the notebook cannot be, or its process has ended before.
        name: The misconception's or the variant's name; else empty.
        points: What it truly earns.
    """

    kind: str
    name: str = ""
    points: int = 0


@dataclass(frozen=True)
class Student:
    """One simulated student.

    Attributes:
        name: The folder's name, which is the student's id.
        kind: `worker`, `blank`, `early exit`, `broken file`, or the name of an attack.
        exercises: What was drawn for each exercise, by its id.
    """

    name: str
    kind: str
    exercises: dict[str, Drawn] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """The true score."""
        return sum(one.points for one in self.exercises.values())


class _Module:
    """The top-level definitions of one module's text, from which single ones can be taken with all they need."""

    def __init__(self, text: str) -> None:
        self.nodes: list[ast.stmt] = []
        self.names: dict[str, int] = {}
        checking = set[str]()
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                continue
            if _declares(node, checking):
                # An answer may have a variable of the same name; it needs none of these.
                checking.update(_defined(node))
                continue
            imports = isinstance(node, ast.Import | ast.ImportFrom)
            for name in _defined(node):
                # Where two texts put together import the same, what stands between needs the first.
                if not imports or name not in self.names:
                    self.names[name] = len(self.nodes)
            self.nodes.append(node)

    def needed(self, names: set[str]) -> list[ast.stmt]:
        """Return the statements that define some names, with all that these need, in their order."""
        waiting, seen = [name for name in names if name in self.names], set[int]()
        while waiting:
            number = self.names[waiting.pop()]
            if number not in seen:
                seen.add(number)
                waiting += [one for one in _used(_bare(self.nodes[number])) if one in self.names]
        return [_bare(self.nodes[number]) for number in sorted(seen)]


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (one.asname or one.name.split(".")[0] for one in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _declares(node: ast.stmt, checking: set[str]) -> bool:
    """Say whether a statement belongs to the checking of answers: an import of it, or a name made by it."""
    if isinstance(node, ast.ImportFrom):
        return str(node.module).split(".")[0] == "autograder"
    return isinstance(node, ast.Assign) and bool(_used(node.value) & checking)


def _used(node: ast.AST) -> set[str]:
    """Name what a node takes from the module around it; a variable of its own may be called the same."""
    waiting, found = [symtable.symtable(ast.unparse(node), "<answer>", "exec")], set[str]()
    while waiting:
        table = waiting.pop()
        outermost = table.get_type() == "module"
        found |= {
            one.get_name()
            for one in table.get_symbols()
            if one.is_referenced() and (outermost or one.is_global())
        }
        waiting += table.get_children()
    return found


def _bare(node: ast.stmt) -> ast.stmt:
    """Copy a definition without its own decorators that declare it, and without types in signatures."""
    copy = ast.parse(ast.unparse(node)).body[0]
    if isinstance(copy, ast.FunctionDef | ast.ClassDef):
        copy.decorator_list = [
            one for one in copy.decorator_list if ast.unparse(one).split("(")[0] not in _DECLARING
        ]
    for one in ast.walk(copy):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            one.returns = None
            every = [*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs]
            for argument in [*every, one.args.vararg, one.args.kwarg]:
                if argument is not None:
                    argument.annotation = None
    return copy


def _factory(name: str, statements: list[str], result: str) -> str:
    """Write an assignment of `name` to something that is defined among statements of its own."""
    body = textwrap.indent("\n".join([*statements, f"return {result}"]), "    ")
    made = f"_made_{name}"
    return f"def {made}():\n{body}\n\n{name} = {made}()"


class _OwnReference(ast.NodeTransformer):
    """Puts a name in the place of every way to the reference, as `model.embed` is one."""

    def __init__(self, module: Mapping[str, Any], reference: Any) -> None:
        self.module, self.reference = module, reference
        self.found = False
        self.own: set[str] = set()

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace the node, or what is in it."""
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            value = self._value(node)
            if value is self.reference:
                self.found = True
                return ast.copy_location(ast.Name("_right", ast.Load()), node)
        return self.generic_visit(node)

    def _value(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name):
            return None if node.id in self.own else self.module.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return getattr(self.module.get(node.value.id), node.attr, None)
        return None


def misconception_text(exercise: Exercise, name: str) -> str | None:
    """Write a misconception as a student's answer that stands on its own.

    It calls no reference: a copy of the reference's source goes with it where it needs one, since an answer that
    calls the original is refused for that, and not told what it misunderstood.

    Returns:
        The text of the answer's cell, or None if its source cannot be had, or uses what the exercise forbids.
    """
    (found,) = [one for one in exercise.misconceptions if one.name == name]
    if exercise.is_plain:
        return f"{exercise.name} = {found.implementation!r}"
    for program in exercise.programs:
        if name in program.sentences:
            return faulty_text(exercise, program, name)
    home = inspect.getmodule(found.implementation)
    if home is None or not inspect.getsourcefile(home):
        return None
    return _standing_alone(exercise, name, _text_of(home), vars(home))


def faulty_text(exercise: Exercise, program: FaultyProgram, *names: str) -> str | None:
    """Write a faulty program with some faults on as a student's answer that stands on its own.

    Returns:
        The text of the answer's cell, or None if its source cannot be had, or uses what the exercise forbids.
    """
    home = inspect.getmodule(program.builder)
    if home is None or not inspect.getsourcefile(home):
        return None
    made = f"_faulty = {program.builder.__name__}({list(names)!r}.__contains__)"
    return _standing_alone(exercise, "_faulty", f"{_text_of(home)}\n{made}\n", vars(home))


def _text_of(home: ModuleType) -> str:
    """Give a module's text, with that of the lab's shared definitions in the place of their import."""
    text = inspect.getsource(home)
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).endswith("._shared"):
            shared = importlib.import_module(str(node.module))
            text = f"{inspect.getsource(shared)}\n{text}"
    return text


def _standing_alone(
    exercise: Exercise, name: str, text: str, names: Mapping[str, Any]
) -> str | None:
    module = _Module(text)
    if name not in module.names:
        return None
    replacing = _OwnReference(names, exercise.reference)
    nodes = []
    for node in module.needed({name}):
        # What a faulty program defines inside may be called as the reference is, and is another.
        replacing.own = {
            one.name
            for one in ast.walk(node)
            if isinstance(one, ast.FunctionDef | ast.ClassDef) and one is not node
        }
        nodes.append(replacing.visit(node))
    own = [ast.unparse(ast.fix_missing_locations(node)) for node in nodes]
    copied = [_reference_text(exercise.reference, "_right")] if replacing.found else []
    # Of a class that it inherits from, an answer runs only what it asks for by super().
    run = [*(copied if any("super()" in one for one in own) else []), *own]
    if read_cells([_factory(exercise.name, run, name), ""], {1: exercise}):
        return None
    return _factory(exercise.name, [*copied, *own], name)


def _reference_text(reference: Any, name: str) -> str:
    home = inspect.getmodule(reference)
    assert home is not None  # noqa: S101 - a reference is a function or class of a module of ours
    module = _Module(inspect.getsource(home))
    statements = [ast.unparse(node) for node in module.needed({reference.__name__})]
    return _factory(name, statements, reference.__name__)


def _variants(lab: Lab) -> dict[str, list[tuple[str, str]]]:
    """Write the differently written correct answers, by exercise, where the sources of the labs are at hand."""
    try:
        files = private_files(solutions_folder() / lab.folder / "private", lab)
    except AutograderError:
        return {}
    found: dict[str, list[tuple[str, str]]] = {}
    for exercise_id, path in files.items():
        exercise, text = lab.find(exercise_id), path.read_text("utf-8")
        for number, value in enumerate(read_private(text).variants):
            if exercise.is_plain:
                entry: tuple[str, str | None] = (str(number), f"{exercise.name} = {value!r}")
            else:
                title = getattr(value, "__name__", "")
                entry = (title, _standing_alone(exercise, title, text, {}))
            if entry[1] is not None:
                found.setdefault(exercise.id, []).append((entry[0], entry[1]))
    return found


class Answers:
    """All answers to one lab that can be drawn, as the text of its answer cells.

    Args:
        source: The lab's notebook with its answers.

    Raises:
        AuthoringError: The notebook lacks an answer.
    """

    def __init__(self, lab: Lab, source: NotebookNode) -> None:
        self.lab = lab
        ids = {f"{grade_id(one.id)}-answer": one for one in lab}
        self.solution: dict[str, str] = {}
        for cell in source.cells:
            marks = cell.metadata.get("nbgrader", {})
            answered = ids.get(marks.get("grade_id", ""))
            if answered is not None:
                self.solution[answered.id] = _without_marks(cell.source)
        missing = [one.id for one in lab if one.id not in self.solution]
        if missing:
            raise AuthoringError(
                f"The source of {lab.folder} has no answer to {', '.join(missing)}."
            )
        self.variants = _variants(lab)
        self._modules = {one.id: _Module(_python(self.solution[one.id])) for one in lab}

    def right(self, exercise: Exercise) -> str:
        """Write the solution's answer, with right copies of the earlier answers that it uses."""
        others = {one.name: one for one in self.lab if one is not exercise}
        wanted = [one for name, one in others.items() if name in self._uses(exercise)]
        if not wanted:
            return self.solution[exercise.id]
        statements: list[str] = []
        seen: set[str] = set()

        def add(one: Exercise) -> None:
            if one.id in seen:
                return
            seen.add(one.id)
            for name in sorted(self._uses(one)):
                if name in others:
                    add(others[name])
            statements.append(_python(self.solution[one.id]))

        add(exercise)
        return _factory(exercise.name, statements, exercise.name)

    def _uses(self, exercise: Exercise) -> set[str]:
        return set().union(*(_used(node) for node in self._modules[exercise.id].nodes))

    def misconception(self, exercise: Exercise, chance: random.Random) -> tuple[str, str] | None:
        """Draw a misconception and its text; None if none of the exercise's can be written."""
        names = [one.name for one in exercise.misconceptions]
        for name in chance.sample(names, len(names)):
            text = misconception_text(exercise, name)
            if text is not None:
                return name, text
        return None

    def pair(self, exercise: Exercise, chance: random.Random) -> tuple[str, str] | None:
        """Draw two faults of one program that together are wrong; None if there are none."""
        programs = [one for one in exercise.programs if len(one.sentences) > 1]
        for _ in range(_TRIES if programs else 0):
            program = chance.choice(programs)
            names = chance.sample(list(program.sentences), 2)
            text = faulty_text(exercise, program, *names)
            # Two faults may undo each other, and an answer that is right earns its points.
            if text is not None and not _is_right(exercise, program.build(*names)):
                return "+".join(names), text
        return None

    def crash(self, exercise: Exercise) -> str:
        """Write an answer that raises an error."""
        return self._failing(exercise, 'raise ValueError("the sizes do not match")')

    def loop(self, exercise: Exercise) -> str:
        """Write an answer that never returns."""
        return self._failing(exercise, "while True:\n    pass")

    def _failing(self, exercise: Exercise, statement: str) -> str:
        if exercise.is_plain:
            return 'raise ValueError("this is no value")'
        if isinstance(exercise.reference, type):
            inner = textwrap.indent(statement, " " * 8)
            return f"class {exercise.name}:\n    def __init__(self, *args, **kwargs):\n{inner}"
        inner = textwrap.indent(statement, " " * 4)
        return f"def {exercise.name}(*args, **kwargs):\n{inner}"

    def shape(self, exercise: Exercise) -> str:
        """Write an answer that returns something of another shape."""
        if exercise.is_plain:
            return f"{exercise.name} = [[], []]"
        if isinstance(exercise.reference, type):
            return f"def {exercise.name}(*args, **kwargs):\n    return [[], []]"
        return f"def {exercise.name}(*args, **kwargs):\n    return [[], [[]]]"

    def warning(self, exercise: Exercise) -> str:
        """Write the right answer, with warnings and a line on standard error."""
        noise = "import sys\nimport warnings\n\nwarnings.warn('careful')\nprint('loud', file=sys.stderr)"
        return f"{noise}\n\n{self.right(exercise)}"


def _is_right(exercise: Exercise, answer: Any) -> bool:
    evidence = [observe_trusted(exercise, one, answer, PUBLIC_SEED) for one in exercise.probes]
    return judge(exercise, exercise.probes, evidence, PUBLIC_SEED).passed


def _without_marks(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(
        one for one in lines if one.strip() not in ("### BEGIN SOLUTION", "### END SOLUTION")
    )


def _python(text: str) -> str:
    """Leave out what only IPython understands."""
    lines = [one for one in text.splitlines() if not one.lstrip().startswith(("%", "!"))]
    return "\n".join(lines)


Attack = Callable[[NotebookNode], None]


def _cell_first(code: str) -> Attack:
    def change(notebook: NotebookNode) -> None:
        notebook.cells.insert(
            0, new_code_cell(textwrap.dedent(code).strip(), id="simulated-attack")
        )

    return change


def _claims_points(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if exercise_of(cell):
            cell.source = "1.0"
            cell.outputs = [
                nbformat.v4.new_output(
                    "execute_result", data={"text/plain": "1000"}, execution_count=1
                )
            ]
            cell.metadata["nbgrader"]["points"] = 1000


def _check_twice(notebook: NotebookNode) -> None:
    number = next(i for i, cell in enumerate(notebook.cells) if exercise_of(cell))
    copy = nbformat.from_dict(notebook.cells[number])
    copy.id = "simulated-second"
    notebook.cells.insert(number, copy)


# Each is laid into an untouched notebook, so that all of them truly earn nothing.
ATTACKS: dict[str, Attack] = {
    "patches the comparison": _cell_first(
        """
        import torch
        torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: True
        """
    ),
    "replaces check": _cell_first(
        """
        import autograder
        autograder.check = lambda *args: None
        """
    ),
    "shows forged evidence": _cell_first(
        """
        from IPython.display import display
        display({"application/vnd.autograder.evidence": "AAAA", "text/plain": "3.0"}, raw=True)
        """
    ),
    "leaves early": _cell_first("import sys; sys.exit(0)"),
    "ends its process": _cell_first("import os; os._exit(0)"),
    "looks around": _cell_first(
        """
        import glob
        import os
        found = glob.glob("/home/*") + glob.glob("../*/*") + [os.environ.get("HOME", "")]
        print(found, os.path.exists("/etc/shadow"))
        """
    ),
    "calls home": _cell_first(
        """
        import urllib.request
        urllib.request.urlopen("http://192.0.2.1/", timeout=5)
        """
    ),
    "claims points": _claims_points,
    "doubles a check": _check_twice,
    "writes script": _cell_first(
        """
        from IPython.display import HTML
        HTML("<script>document.title = 'pwned'</script><img src=x onerror=alert(1)>")
        """
    ),
}
# nbgrader cannot tell which of two checks was released.
_UNGRADABLE = ("doubles a check",)


def draw(
    answers: Answers, number: int, seed: int
) -> tuple[Student, Callable[[NotebookNode], bytes]]:
    """Draw one student.

    Args:
        answers: What can be drawn.
        number: Which student, from 1.
        seed: Equal seeds draw equal classes; a larger class begins with the smaller one.

    Returns:
        The student, and what turns the released notebook into the file that is handed in.
    """
    # Text seeds a generator the same way in every process.
    chance = random.Random(f"{seed}/{answers.lab.folder}/{number}")  # noqa: S311
    name = f"sim{number:03}"
    if chance.random() < 0.15:
        name = f"{name} {chance.choice(_AWKWARD)}"
    nothing = {one.id: Drawn("blank") for one in answers.lab}
    share = chance.random()
    if share < 0.06:
        return Student(name, "blank", nothing), _written
    if share < 0.14:
        attack = chance.choice(sorted(ATTACKS))
        if attack in _UNGRADABLE:
            nothing = {one.id: Drawn("lost") for one in answers.lab}

        def attacked(notebook: NotebookNode) -> bytes:
            ATTACKS[attack](notebook)
            return _written(notebook)

        return Student(name, attack, nothing), attacked
    if share < 0.17:
        lost = {one.id: Drawn("lost") for one in answers.lab}
        cut = chance.uniform(0.1, 0.9)
        return Student(name, "broken file", lost), lambda notebook: _cut(notebook, cut)
    drawn, texts = _worked(answers, chance, perfect=share < 0.3)
    kind = "worker"
    if share > 0.96:
        kind = "early exit"
        order = list(drawn)
        last = chance.randrange(len(order))
        texts[order[last]] = "import os\n\nos._exit(3)"
        for one in order[last:]:
            drawn[one] = Drawn("lost")

    def filled(notebook: NotebookNode) -> bytes:
        _fill(notebook, texts)
        return _written(notebook)

    return Student(name, kind, drawn), filled


def _worked(
    answers: Answers, chance: random.Random, perfect: bool
) -> tuple[dict[str, Drawn], dict[str, str]]:
    drawn: dict[str, Drawn] = {}
    texts: dict[str, str] = {}
    skill = chance.uniform(0.35, 0.95)
    looped = False
    for exercise in answers.lab:
        if perfect or chance.random() < skill:
            kind = "right"
        else:
            weights = {
                "misconception": 8,
                "pair": 2,
                "blank": 3,
                "crash": 2,
                "shape": 2,
                "warning": 2,
                "loop": 1,
            }
            kind = chance.choices(list(weights), list(weights.values()))[0]
        if kind == "loop":
            # A loop costs the grader a time limit; one a student is enough.
            kind, looped = ("crash", looped) if looped or exercise.is_plain else ("loop", True)
        drawn[exercise.id], text = _answer(answers, exercise, kind, chance)
        if text:
            texts[exercise.id] = text
    return drawn, texts


def _answer(
    answers: Answers, exercise: Exercise, kind: str, chance: random.Random
) -> tuple[Drawn, str]:
    found = None
    if kind == "pair":
        found = answers.pair(exercise, chance)
        kind = "pair" if found else "misconception"
    if kind == "misconception":
        found = answers.misconception(exercise, chance)
        kind = "misconception" if found else "blank"
    if found:
        return Drawn(kind, found[0]), found[1]
    if kind == "right":
        name, text = chance.choice(
            [("", answers.right(exercise)), *answers.variants.get(exercise.id, [])]
        )
        return Drawn(kind, name, exercise.points), text
    if kind == "warning":
        return Drawn(kind, "", exercise.points), answers.warning(exercise)
    if kind == "blank":
        return Drawn(kind), ""
    wrong = {"crash": answers.crash, "loop": answers.loop, "shape": answers.shape}
    return Drawn(kind), wrong[kind](exercise)


def _fill(notebook: NotebookNode, texts: Mapping[str, str]) -> None:
    ids = {f"{grade_id(one)}-answer": text for one, text in texts.items()}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in ids:
            cell.source = ids[name]


def _written(notebook: NotebookNode) -> bytes:
    return (nbformat.writes(notebook) + "\n").encode()


def _cut(notebook: NotebookNode, share: float) -> bytes:
    data = _written(notebook)
    return data[: int(len(data) * share)]


def simulate(course: Path, lab: Lab, students: int, seed: int) -> list[Student]:
    """Write the submissions of a simulated class into a course folder, with their true scores.

    The scores go to `COURSE/simulated/LAB.json`. An earlier simulated class of the lab is removed; what
    real students have handed in is never touched.

    Args:
        course: The course folder, as `autograder init` makes it.
        lab: The lab.
        students: How many.
        seed: Equal seeds draw equal classes.

    Returns:
        The students.

    Raises:
        SimulationRefused: There is no such course, no such lab in it, fewer than one student is asked for, or a
            submission of somebody else stands where one would be written.
    """
    if students < 1:
        raise SimulationRefused(
            f"A class of {students} students cannot be drawn; ask for at least 1."
        )
    source = _source(course, lab)
    record = course / FOLDER / f"{lab.folder}.json"
    answers = Answers(lab, source)
    released = nbformat.writes(release_notebook(source))
    drawn = [draw(answers, number, seed) for number in range(1, students + 1)]
    earlier = _earlier(record)
    folders = {one.name: course / "submitted" / one.name / lab.folder for one, _ in drawn}
    foreign = [name for name, folder in folders.items() if folder.exists() and name not in earlier]
    if foreign:
        raise SimulationRefused(
            f"{folders[foreign[0]]} is there already, and not from a simulation; move it away first. Nothing was "
            "written."
        )
    # Whose submissions these are is known before the first is written, should the rest never come.
    _record(record, lab, seed, [one for one, _ in drawn], {*earlier, *folders})
    for name in earlier:
        shutil.rmtree(course / "submitted" / name / lab.folder, ignore_errors=True)
    for student, write in drawn:
        data = write(nbformat.reads(released, as_version=4))
        write_safely(folders[student.name] / f"{lab.topic}.ipynb", data)
    _record(record, lab, seed, [one for one, _ in drawn], set(folders))
    return [one for one, _ in drawn]


def _source(course: Path, lab: Lab) -> NotebookNode:
    path = course / "source" / lab.folder / f"{lab.topic}.ipynb"
    if not (course / "nbgrader_config.py").exists():
        raise SimulationRefused(
            f"{course} is no course folder; make one with `autograder init`, or name yours with --course."
        )
    if not path.exists():
        raise SimulationRefused(
            f"The course has no {path.relative_to(course)}; `autograder init` lays the labs that it lacks."
        )
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def _earlier(record: Path) -> set[str]:
    if not record.exists():
        return set()
    try:
        names = json.loads(record.read_text("utf-8"))["written"]
        if not all(isinstance(name, str) and Path(name).name == name for name in names):
            raise ValueError
        return set(names)
    except (OSError, ValueError, KeyError, TypeError):
        raise SimulationRefused(
            f"{record} is damaged, so nobody can tell which submissions are simulated; remove both."
        ) from None


def _record(record: Path, lab: Lab, seed: int, students: list[Student], written: set[str]) -> None:
    data = {
        "lab": lab.folder,
        "seed": seed,
        "written": sorted(written),
        "students": {
            one.name: {
                "kind": one.kind,
                "points": one.points,
                "exercises": {
                    name: {"kind": each.kind, "name": each.name, "points": each.points}
                    for name, each in one.exercises.items()
                },
            }
            for one in students
        },
    }
    write_safely(record, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


def truth(course: Path, lab: str) -> dict[str, dict[str, int]]:
    """Read the true points of a simulated class: of each student, of each exercise.

    Raises:
        SimulationRefused: No class of this lab was simulated here.
    """
    record = course / FOLDER / f"{lab}.json"
    if not record.exists():
        raise SimulationRefused(f"There is no {record}; run `autograder simulate {lab}` first.")
    students = json.loads(record.read_text("utf-8"))["students"]
    return {
        name: {each: int(one["points"]) for each, one in entry["exercises"].items()}
        for name, entry in students.items()
    }
