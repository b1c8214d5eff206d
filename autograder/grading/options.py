"""How a course is graded: the options under `c.Judge` in its nbgrader_config.py."""

from __future__ import annotations

from traitlets import Bool, Dict, Int, List, Unicode
from traitlets.config import Configurable

from autograder.errors import GradingError
from autograder.grading.apart import Budget
from autograder.grading.engine import Settings, local_data
from autograder.reading import Weight
from autograder.sandbox import Limits

ACTIONS = ("ignore", "flag", "hold")
POLICY: dict[str, str] = {
    Weight.NOTE: "ignore",
    Weight.LOOK: "flag",
    Weight.WITHHOLD: "hold",
}


class Judge(Configurable):
    """How submissions are run, and what follows from a reading of their source."""

    timeout = Int(180, min=1, help="Seconds that one cell may take.").tag(config=True)

    limits = Dict(
        key_trait=Unicode(),
        value_trait=Int(),
        help="Limits of the sandbox to change, by name: wall_seconds, processor_seconds, memory_bytes, "
        "processes, open_files, file_bytes, scratch_bytes.",
    ).tag(config=True)

    reading = Dict(
        key_trait=Unicode(),
        value_trait=Int(),
        help="Limits to change of what reading, recording or showing one submission may cost, by name: "
        "processor_seconds, wall_seconds, memory_bytes.",
    ).tag(config=True)

    readable = List(
        Unicode(),
        help="Further files and folders that submissions may read; the folder that LLMLAB_DATA names is one.",
    ).tag(config=True)

    unsafe_no_sandbox = Bool(
        False,
        help="Whether to run what students wrote without a sandbox, as yourself, with your files and your network.",
    ).tag(config=True)

    policy = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        help="What a finding in a submission's source leads to, by its weight (note, look, withhold): `ignore` it, "
        "`flag` the submission for you, or `hold` the points until you give them in formgrader. By default "
        "{'note': 'ignore', 'look': 'flag', 'withhold': 'hold'}.",
    ).tag(config=True)

    def settings(self, unsafe: bool = False) -> Settings:
        """Read how submissions are run.

        Raises:
            GradingError: The policy names a weight or an action that there is not.
        """
        folders, environment = local_data()
        return Settings(
            Limits.of(self.limits),
            self.timeout,
            (*self.readable, *folders),
            environment,
            unsafe or self.unsafe_no_sandbox,
            policy=self._policy(),
        )

    def budget(self) -> Budget:
        """Read what handling one submission may cost, besides running it.

        Raises:
            GradingError: There is no such limit, or its value cannot be used.
        """
        return Budget.of(self.reading)

    def _policy(self) -> dict[str, str]:
        for weight, action in self.policy.items():
            if weight not in list(Weight) or action not in ACTIONS:
                raise GradingError(
                    f"c.Judge.policy says {weight!r}: {action!r}; a weight is one of {', '.join(Weight)}, and an "
                    f"action one of {', '.join(ACTIONS)}."
                )
        return POLICY | self.policy
