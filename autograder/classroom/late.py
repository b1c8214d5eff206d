"""A policy for late work, as a plugin of nbgrader's: so much a day, after a tolerance.

In nbgrader_config.py:

    c.AssignLatePenalties.plugin_class = "autograder.classroom.late.DailyPenalty"
    c.DailyPenalty.tolerance = 15
    c.DailyPenalty.percent_per_day = 10
    c.DailyPenalty.most_percent = 50
"""

from __future__ import annotations

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Enum, Float

_DAY = 24 * 60 * 60


class DailyPenalty(LateSubmissionPlugin):
    """Takes a share of the earned points for each day, or part of a day, that a submission is late.

    Days count from the due date. The tolerance only decides whether anything is taken: with 15 minutes, who is
    14 minutes late loses nothing, and who is 16 minutes late loses a day's share.
    """

    penalty_method = Enum(
        ("none", "zero", "daily"),
        default_value="daily",
        help="'daily': a share a day; 'none' and 'zero': as nbgrader has them.",
    ).tag(config=True)

    tolerance = Float(
        0, min=0, help="How many minutes after the due date nothing is taken yet."
    ).tag(config=True)

    percent_per_day = Float(
        10, min=0, max=100, help="The percentage of the earned points that each day costs."
    ).tag(config=True)

    most_percent = Float(
        100, min=0, max=100, help="The percentage of the earned points that lateness costs at most."
    ).tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """Say how many points a late notebook loses.

        Args:
            student_id: Who handed it in.
            score: The points that it earned.
            total_seconds_late: Seconds after the due date, extensions included.

        Returns:
            The points to take away, or None where nothing is taken.
        """
        if self.penalty_method != "daily":
            penalty: float | None = super().late_submission_penalty(
                student_id, score, total_seconds_late
            )
            return penalty
        if total_seconds_late <= 60 * self.tolerance:
            return None
        days = math.ceil(total_seconds_late / _DAY)
        return score * min(days * self.percent_per_day, self.most_percent) / 100
