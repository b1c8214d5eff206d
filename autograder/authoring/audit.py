"""Tries whether an exercise's public probes refuse what is wrong: mutants of its right answers.

Each right answer (the reference, and the variants written differently) is spoiled by one small edit after the
other, the editor being the one that finds the place of a learner's mistake (`autograder.student.edits`). A mutant
that no public probe refuses asks for a better probe, or is as right as the original: then its author says so, with
a reason, and the mutant is held to that on further draws. This is mutation testing (DeMillo, Lipton & Sayward,
1978) of probes.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import functools
import inspect
import linecache
import os
import struct
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from autograder.errors import AuthoringError, AutograderError
from autograder.exercise import Exercise, Probe
from autograder.exercise.draws import PUBLIC_SEED
from autograder.exercise.private import HIDDEN_FILE
from autograder.probing.evidence import Evidence
from autograder.probing.observing import observe, observe_trusted
from autograder.student.child import Send, computed_apart
from autograder.student.definitions import Program, read_program
from autograder.student.edits import Action, Edit, Kind, edits_of
from autograder.student.edits.operators import CONVERSIONS, SUM_TURNED

REFUSED_GOAL, EQUIVALENT_GOAL = 0.97, 0.05
# A mutant that is said to be equivalent is tried on the many, an open one on the few.
FURTHER_DRAWS, _FEW_DRAWS = 200, 20
_FURTHER_SEED = 1_000_000
_HIDDEN_SEEDS = (PUBLIC_SEED, 7, 48151)
_SHORT, _LONG = 0.05, 0.5
# What is right, or was not refused yet, is not refused for a machine that was busy.
_PATIENT = 5.0
_CHILD_SECONDS, _PAUSE = 600.0, 60.0
# What came of one mutant: a code, and the seed or the hidden probe that tells it apart.
_OUTCOME = struct.Struct("<ii")
_REFUSED, _ALIKE, _PARTED, _HIDDEN = range(4)
_DONE = (-1, 0)
# Edits that mend and never spoil: a new value in place of a change, a synonym, `b + a` for `a + b`.
_SPOILING = (Action.CHANGE, Action.DROP, Action.MOVE)
_HARMLESS = {
    *("new", SUM_TURNED, "view reshape", "reshape view"),
    *("empty zeros", "zeros empty", "empty_like zeros_like", "zeros_like empty_like"),
    *CONVERSIONS - {"detach", "clone"},
}


@dataclass(frozen=True)
class Equivalent:
    """What an author says of mutants that are as right as the original.

    Attributes:
        line: The line that they change, as written, without the blanks around it.
        kind: The kind of the edit; it holds for all edits of that kind in that line. None for a line that does
            what the exercise does not ask for: no mutant of it is tried or counted.
        reason: Why they do no harm.
    """

    line: str
    kind: Kind | None
    reason: str


@dataclass(frozen=True, eq=False)
class RightAnswer:
    """A right answer to make mutants of.

    Attributes:
        program: Its source, and what it uses.
        path: The file it stands in, for the report.
        lines: The lines of that file.
        mutants: The edits that spoil it.
    """

    program: Program
    path: str
    lines: tuple[str, ...]
    mutants: tuple[Edit, ...]

    @property
    def name(self) -> str:
        """The function's or class's name."""
        return self.program.name

    def line(self, number: int) -> str:
        """Read a line of its file, without the blanks around it."""
        return self.lines[number - 1].strip()


@dataclass(frozen=True)
class Survivor:
    """A mutant that no public probe refuses.

    Attributes:
        path: The file of the right answer.
        line: The line in that file.
        text: The line as written.
        kind: The kind of the edit.
        change: What the edit makes of the program.
        seed: A further draw of the public probes that refuses it, or None.
        hidden: The hidden probe that refuses it, or empty.
        equivalent: What the author says of it, or None.
    """

    path: str
    line: int
    text: str
    kind: Kind
    change: str
    seed: int | None = None
    hidden: str = ""
    equivalent: Equivalent | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the author has said why it is as right as the original, and no draw says otherwise."""
        return self.equivalent is not None and self.seed is None and not self.hidden


@dataclass(frozen=True)
class Audit:
    """What came of the mutants of one exercise.

    Attributes:
        exercise: The exercise's id.
        mutants: How many there were.
        survivors: Those that no public probe refuses.
        stale: What the author says of mutants that there are none of.
        fragile: Right answers with a further draw on which a public probe refuses them.
        left_out: Why a reference could not be tried, where its variants could.
    """

    exercise: str
    mutants: int
    survivors: tuple[Survivor, ...] = ()
    stale: tuple[Equivalent, ...] = ()
    fragile: tuple[tuple[str, int], ...] = ()
    left_out: str = ""

    @property
    def open(self) -> tuple[Survivor, ...]:
        """The survivors that ask for a better probe, or for a reason."""
        return tuple(one for one in self.survivors if not one.is_closed)

    @property
    def refused_share(self) -> float:
        """The share of the mutants that are not equivalent which a public probe refuses."""
        different = self.mutants - (len(self.survivors) - len(self.open))
        return 1.0 if different == 0 else 1 - len(self.open) / different

    @property
    def equivalent_share(self) -> float:
        """The share of all mutants that are marked as equivalent."""
        marked = len(self.survivors) - len(self.open)
        return marked / self.mutants if self.mutants else 0.0

    @property
    def surprising(self) -> tuple[Survivor, ...]:
        """The survivors that a learner would lose points for though `check` says they are right."""
        return tuple(one for one in self.open if one.hidden)

    @property
    def is_clean(self) -> bool:
        """Whether enough is refused, not too much is excused, nothing right is refused, and grading asks no more."""
        enough = self.refused_share >= REFUSED_GOAL and self.equivalent_share <= EQUIVALENT_GOAL
        return enough and not self.stale and not self.fragile and not self.surprising


@dataclass(frozen=True, eq=False)
class Work:
    """An exercise to audit, with what its author keeps of it.

    Attributes:
        exercise: The exercise, whose own probes are the public ones.
        answers: Its right answers.
        hidden: Its hidden probes.
        equivalents: What its author says of mutants.
    """

    exercise: Exercise
    answers: Sequence[RightAnswer]
    hidden: Sequence[Probe] = ()
    equivalents: Sequence[Equivalent] = ()


def mutants(definition: ast.stmt) -> Iterator[Edit]:
    """List the edits that spoil a right answer, each mutant once.

    Left out are edits that add something, as a learner's mistake may ask for, and those of checks that
    do nothing but raise an error, which no exercise asks for.
    """
    checks = {
        inner
        for node in ast.walk(definition)
        if isinstance(node, ast.If) and all(isinstance(one, ast.Raise) for one in node.body)
        for inner in (node, *node.body)
    }
    seen = {_in_order(definition)}
    for edit in edits_of(definition):
        if edit.action not in _SPOILING or checks.intersection(edit.statements):
            continue
        if _is_harmless(edit):
            continue
        with edit.made():
            written = _in_order(definition)
        if written not in seen:
            seen.add(written)
            yield edit


def _is_harmless(edit: Edit) -> bool:
    """Whether an edit says the same in other words, for the most part."""
    if edit.alike in _HARMLESS:
        return True
    if edit.alike.startswith("axis "):
        # The second axis of two is the last one: to count from the other end is no other axis.
        before, after = (int(word) for word in edit.alike.split()[1:3])
        return (before < 0) != (after < 0)
    if edit.alike.startswith("given "):
        return edit.alike != "given 0 False"
    if edit.kind is Kind.STATEMENTS:
        first, second = edit.statements
        return _are_independent(first, second)
    return False


def _are_independent(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether two assignments to variables do not read or write each other's."""
    if not isinstance(first, ast.Assign) or not isinstance(second, ast.Assign):
        return False
    used = []
    for one in (first, second):
        names = [node for node in ast.walk(one) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        used.append((stored, {node.id for node in names}))
    return not (used[0][0] & used[1][1] or used[1][0] & used[0][1])


def _in_order(node: ast.AST) -> str:
    """Write a program down so that what differs in no result is one: the order of factors, `strict` of `zip`."""
    if isinstance(node, ast.BinOp):
        sides = [_in_order(node.left), _in_order(node.right)]
        counted = any(isinstance(side, ast.Constant) for side in (node.left, node.right))
        if isinstance(node.op, ast.Mult) or (isinstance(node.op, ast.Add) and counted):
            sides.sort()
        return f"({type(node.op).__name__} {' '.join(sides)})"
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Gt, ast.GtE)):
        turned = ast.Lt() if isinstance(node.ops[0], ast.Gt) else ast.LtE()
        if len(node.ops) == 1:
            return _in_order(ast.Compare(node.comparators[0], [turned], [node.left]))
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
        sides = sorted(_in_order(side) for side in (node.left, *node.comparators))
        return f"({type(node.ops[0]).__name__} {len(node.ops)} {' '.join(sides)})"
    parts = []
    for name, value in ast.iter_fields(node):
        items = value if isinstance(value, list) else [value]
        items = [one for one in items if not (isinstance(one, ast.keyword) and one.arg == "strict")]
        written = [_in_order(one) if isinstance(one, ast.AST) else repr(one) for one in items]
        parts.append(f"{name}={' '.join(written)}")
    return f"({type(node).__name__} {' '.join(parts)})"


def reference_answer(exercise: Exercise) -> RightAnswer:
    """Read the source of an exercise's reference.

    Raises:
        AuthoringError: Its source is not to be had, or is another library's.
    """
    reference = exercise.reference
    # What another library does for cases that no exercise asks for is none of ours.
    program = (
        None
        if _is_installed(reference)
        else read_program(reference, reference.__name__, helpers=False)
    )
    if not program:
        raise AuthoringError(f"The source of the reference of `{exercise.id}` is not to be had.")
    file = program.definitions[0].file
    return _right_answer(program, file, linecache.getlines(file))


def _is_installed(reference: Any) -> bool:
    """Say whether a function or class was written neither here nor by whoever adds an exercise."""
    try:
        home = Path(inspect.getfile(reference)).resolve()
    except (TypeError, OSError):
        return False  # it was written in no file
    places = {sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")}
    ours = reference.__module__.split(".")[0] in ("autograder", "llmlab")
    return not ours and any(home.is_relative_to(Path(place).resolve()) for place in places)


def variant_answer(variant: Any, text: str, path: Path) -> RightAnswer:
    """Read the source of a variant from the text of the private file that declares it.

    Args:
        variant: The function or class.
        text: The file's text, from which the variant was executed.
        path: The file's path.

    Raises:
        AuthoringError: Its source is not to be had.
    """
    texts = {HIDDEN_FILE: text}
    program = read_program(variant, variant.__name__, helpers=False, texts=texts)
    if not program:
        raise AuthoringError(f"The source of `{variant.__name__}` in {path} is not to be had.")
    tree = program.definitions[0].tree
    if isinstance(tree, (ast.FunctionDef, ast.ClassDef)):
        # To declare it once more would add it to the declarations.
        tree.decorator_list = [
            one for one in tree.decorator_list if not ast.unparse(one).startswith("private.")
        ]
    program.data.pop("private", None)
    return _right_answer(program, str(path), text.splitlines())


def _right_answer(program: Program, path: str, lines: Sequence[str]) -> RightAnswer:
    spoiling = mutants(program.definitions[0].tree)
    return RightAnswer(program, path, tuple(lines), tuple(spoiling))


def audit(
    work: Work,
    seeds: Sequence[int] = (PUBLIC_SEED,),
    further: int = FURTHER_DRAWS,
    advance: Callable[[int], None] = lambda count: None,
) -> Audit:
    """Try all mutants of an exercise's right answers on its public probes.

    Args:
        work: The exercise, its right answers, and what its author says of mutants.
        seeds: What draws the public probes' inputs; a learner meets the first one alone.
        further: On how many further draws a mutant is tried that no probe refuses.
        advance: Is told how many mutants have been tried since it was called last.

    Raises:
        AuthoringError: A right answer is refused itself.
        AutograderError: This system has no child processes to try mutants in.
    """
    if not hasattr(os, "fork"):
        raise AutograderError("Mutants are tried in forked processes, which this system lacks.")
    found: list[Survivor] = []
    fragile: list[tuple[str, int]] = []
    count, left_out = 0, ""
    for place, answer in enumerate(_asked(work, answer) for answer in work.answers):
        tried = _Tried(work, answer, seeds, further)
        try:
            fragile += [(answer.name, seed) for seed in tried.fragile()]
        except AuthoringError as error:
            # A class that its module names again is another one there than the one built here.
            if place or not isinstance(work.exercise.reference, type) or len(work.answers) < 2:
                raise
            left_out = str(error)
            continue
        outcomes = tried.outcomes()
        count += len(outcomes)
        found += [
            _survivor(work, answer, edit, code, detail)
            for edit, (code, detail) in zip(answer.mutants, outcomes, strict=True)
            if code != _REFUSED
        ]
        advance(len(outcomes))
    used = {one.equivalent for one in found}
    lines = {line.strip() for answer in work.answers for line in answer.lines}
    stale = tuple(
        one
        for one in work.equivalents
        if (one.line not in lines if one.kind is None else one not in used)
    )
    return Audit(work.exercise.id, count, tuple(found), stale, tuple(fragile), left_out)


def _asked(work: Work, answer: RightAnswer) -> RightAnswer:
    """Leave out the mutants of lines that do what the exercise does not ask for."""
    unasked = {one.line for one in work.equivalents if one.kind is None}
    kept = tuple(edit for edit in answer.mutants if answer.line(edit.line) not in unasked)
    return dataclasses.replace(answer, mutants=kept)


def _survivor(work: Work, answer: RightAnswer, edit: Edit, code: int, detail: int) -> Survivor:
    return Survivor(
        answer.path,
        edit.line,
        answer.line(edit.line),
        edit.kind,
        _described(answer.program.definitions[0].tree, edit),
        detail if code == _PARTED else None,
        work.hidden[detail].name if code == _HIDDEN else "",
        _equivalent(work, answer, edit),
    )


def _equivalent(work: Work, answer: RightAnswer, edit: Edit) -> Equivalent | None:
    """Find what the author says of a mutant."""
    text = answer.line(edit.line)
    marked = (one for one in work.equivalents if (one.line, one.kind) == (text, edit.kind))
    return next(marked, None)


def _described(tree: ast.stmt, edit: Edit) -> str:
    """Write down what an edit does, as 'x + 1 → x - 1'."""
    before = ast.unparse(tree).splitlines()
    with edit.made():
        after = ast.unparse(tree).splitlines()
    lines = list(difflib.ndiff(before, after))
    gone, come = (
        "; ".join(line[2:].strip() for line in lines if line.startswith(mark)) for mark in "-+"
    )
    return f"{gone or 'nothing'} → {come or 'nothing'}"


def _unwritten() -> None:
    """Stand in for a reference that is not watched."""


class _Tried:
    """Tries the mutants of one right answer, in child processes that some of them will not survive."""

    def __init__(self, work: Work, answer: RightAnswer, seeds: Sequence[int], further: int) -> None:
        self.work, self.answer, self.limit = work, answer, _LONG
        self.further = range(_FURTHER_SEED, _FURTHER_SEED + further)
        # What answers may not call, and whether they call the reference, is no matter here.
        self.unguarded = dataclasses.replace(work.exercise, forbidden=(), reference=_unwritten)
        self.trials = [(probe, seed) for seed in seeds for probe in work.exercise.probes]
        self.unsound: list[int] = []
        self.expected: dict[tuple[Probe, int], Evidence] = {}

    def fragile(self) -> list[int]:
        """Try the answer as it is, and list the further draws on which a public probe refuses it.

        Raises:
            AuthoringError: It is refused on the draws that learners meet.
        """
        most = _OUTCOME.size * (1 + len(self.trials) * (1 + len(self.further)))
        sent = computed_apart(self._run_original, most, _CHILD_SECONDS)
        refused = list(_OUTCOME.iter_unpack(sent[: len(sent) - len(sent) % _OUTCOME.size]))
        if not refused or refused.pop() != _DONE:
            raise AuthoringError(
                f"`{self.answer.name}` in {self.answer.path} cannot be executed again outside of its file."
            )
        known = {seed for _, seed in self.trials}
        for place, seed in refused:
            if seed in known:
                raise AuthoringError(
                    f"`{self.answer.name}` in {self.answer.path} is refused by the probe "
                    f"`{self.work.exercise.probes[place].name}` of `{self.work.exercise.id}`."
                )
        self.unsound = sorted({seed for _, seed in refused})
        return self.unsound

    def _run_original(self, send: Send, end: float) -> None:
        built = self.answer.program.build()
        seeds = [*dict.fromkeys(seed for _, seed in self.trials), *self.further]
        for seed in seeds:
            for place, probe in enumerate(self.work.exercise.probes):
                if not self._agrees(built, probe, seed, _PATIENT):
                    send(_OUTCOME.pack(place, seed))
        send(_OUTCOME.pack(*_DONE))

    def outcomes(self) -> list[tuple[int, int]]:
        """Try all mutants, and give a code and its detail for each."""
        found: list[tuple[int, int]] = []
        wanted = len(self.answer.mutants)
        while len(found) < wanted:
            sent = computed_apart(
                functools.partial(self._run, len(found)),
                _OUTCOME.size * (wanted - len(found)),
                _CHILD_SECONDS,
                _PAUSE,
            )
            whole = len(sent) - len(sent) % _OUTCOME.size
            found += [(code, detail) for code, detail in _OUTCOME.iter_unpack(sent[:whole])]
            if len(found) < wanted:
                # This one ended its process, or came to no end itself.
                found.append((_REFUSED, 0))
        return found

    def _run(self, start: int, send: Send, end: float) -> None:
        self._take_time()
        for edit in self.answer.mutants[start:]:
            if time.monotonic() > end:
                return
            send(_OUTCOME.pack(*self._outcome(edit)))

    def _take_time(self) -> None:
        """Limit a trial to many times what the answer itself needs."""
        built, slowest = self.answer.program.build(), 0.0
        for probe, seed in self.trials:
            started = time.monotonic()
            self._agrees(built, probe, seed)
            slowest = max(slowest, time.monotonic() - started)
        self.limit = min(_LONG, 2 * _SHORT + 20 * slowest)

    def _outcome(self, edit: Edit) -> tuple[int, int]:
        try:
            with edit.made():
                built = self.answer.program.build(self.answer.program.definitions[0])
        except BaseException:
            return _REFUSED, 0
        for place, (probe, seed) in enumerate(self.trials):
            if not self._agrees(built, probe, seed):
                # What refused one mutant refuses the next most likely.
                self.trials.insert(0, self.trials.pop(place))
                return _REFUSED, 0
        for place, probe in enumerate(self.work.hidden):
            if not all(self._agrees(built, probe, seed, _PATIENT) for seed in _HIDDEN_SEEDS):
                return _HIDDEN, place
        marked = _equivalent(self.work, self.answer, edit) is not None
        sound = [seed for seed in self.further if seed not in self.unsound]
        for seed in sound if marked else sound[:_FEW_DRAWS]:
            probes = self.work.exercise.probes
            if not all(self._agrees(built, probe, seed, _PATIENT) for probe in probes):
                return _PARTED, seed
        return _ALIKE, 0

    def _agrees(self, built: Any, probe: Probe, seed: int, seconds: float | None = None) -> bool:
        exercise = self.work.exercise
        if (probe, seed) not in self.expected:
            seen = observe_trusted(exercise, probe, exercise.reference, seed)
            self.expected[probe, seed] = seen
        seen = observe(self.unguarded, probe, built, seed, seconds or self.limit)
        wanted = self.expected[probe, seed]
        return not seen.failure and probe.compare(wanted.value, seen.value) is None


def audit_all(works: Sequence[Work], console: Console) -> list[Audit]:
    """Audit exercises side by side, with a bar that shows how far it is."""
    total = sum(len(answer.mutants) for work in works for answer in work.answers)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    )
    with bar, ThreadPoolExecutor(os.cpu_count()) as pool:
        task = bar.add_task("Mutants", total=total)
        run = functools.partial(audit, advance=lambda count: bar.advance(task, count))
        return list(pool.map(run, works))


def show_audit(one: Audit, console: Console) -> None:
    """Print the shares of one exercise, and where a better probe or a reason is asked for."""
    marked = len(one.survivors) - len(one.open)
    state = "clean" if one.is_clean else "to mend"
    console.print(
        f"{one.exercise}: {state}; {one.refused_share:.1%} of {one.mutants - marked} mutants refused, "
        f"{marked} more equivalent ({one.equivalent_share:.1%})",
        soft_wrap=True,
    )
    groups: dict[tuple[str, int, Kind, str], list[Survivor]] = {}
    for survivor in one.open:
        why = ""
        if survivor.seed is not None:
            why = ", which another draw refuses"
        elif survivor.hidden:
            why = f", which the hidden probe `{survivor.hidden}` refuses"
        key = (survivor.path, survivor.line, survivor.kind, why)
        groups.setdefault(key, []).append(survivor)
    for (path, line, kind, why), group in groups.items():
        more = f", and {len(group) - 1} more like it" if len(group) > 1 else ""
        place = f"  {path}:{line}: {kind.name}: {group[0].change}"
        console.print(escape(f"{place}{why}{more}"), soft_wrap=True)
    if one.left_out:
        console.print(escape(f"  Tried on its variants alone: {one.left_out}"), soft_wrap=True)
    for name, seed in one.fragile:
        console.print(
            f"  `{name}` is right, and refused by a public probe on another draw: seed {seed}",
            soft_wrap=True,
        )
    for mark in one.stale:
        console.print(
            escape(
                f"  marked as equivalent, and no such mutant survives: {mark.line} ({mark.reason})"
            ),
            soft_wrap=True,
        )
