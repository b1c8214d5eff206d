"""Some attacks of each family in one class, which an ordinary user grades; `test_ordinary_user` runs this file."""

from __future__ import annotations

import os

from tests.attacks import (
    test_data,
    test_files,
    test_kernel,
    test_leaving,
    test_markup,
    test_network,
    test_reading,
    test_resources,
    test_tampering,
    test_writing,
)
from tests.attacks.harness import Class, Family, Repelled
from tests.users import UID

CHOSEN = {
    test_data.FAMILY: ("hands_over_a_pickle", "nests_deeply"),
    test_files.FAMILY: ("hands_in_links_to_secrets", "plants_a_link_among_the_sockets"),
    test_kernel.FAMILY: ("leaves_a_key", "reads_the_graders_keys", "becomes_root_of_a_namespace"),
    test_leaving.FAMILY: ("exits_at_once", "kills_its_parents"),
    test_markup.FAMILY: ("shows_scripts_as_html", "writes_scripts_as_text"),
    test_network.FAMILY: ("connects_by_tcp", "talks_to_other_kernels"),
    test_reading.FAMILY: ("reads_other_submissions", "reads_the_environment_of_all_processes"),
    test_resources.FAMILY: ("forks_without_an_end", "takes_all_memory", "fills_the_disk"),
    test_tampering.FAMILY: ("hands_it_over_by_exec", "rewrites_the_evidence_as_it_is_shown"),
    test_writing.FAMILY: ("doubles_a_check", "writes_scores_where_graders_look"),
}
FAMILY = Family({name: family.attacks[name] for family, names in CHOSEN.items() for name in names})


def test_it_is_an_ordinary_user_who_grades(graded: Class) -> None:
    assert os.geteuid() == UID


class TestEveryAttack(Repelled):
    """What holds for every family."""


def test_the_limits_were_what_ended_it(graded: Class) -> None:
    for attack in ("forks_without_an_end", "takes_all_memory"):
        # Where Linux refuses one more process before the watcher counts it, the time of the cell ends the bomb.
        kinds = {one.kind for one in graded.runs[attack].violations}
        assert kinds & {"limit", "timeout"}, attack
