"""`pretraining.cosine_with_warmup`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import way
from llmlab import foundations

exercise = LAB.exercise(
    "cosine_with_warmup",
    reference=foundations.cosine_with_warmup,
    hints=(
        "There are three stretches: on the way up, on the way down, and after the end.",
        "On the way down, count from the end of the warm-up: how far has the step come of what is left? That share "
        "goes from 0 to 1 and no further, and times pi it goes into the cosine.",
        "Before the warm-up ends, return the peak times one more than the step over one more than the warm-up. "
        "Otherwise take the share, at most 1, and return the floor plus half the difference to the peak, times one "
        "plus the cosine of pi times the share.",
    ),
    matters="Llama 3 405B warmed up for 8,000 steps and came down a cosine to a hundredth of its peak over 1.2 million "
    "(2024). Read llmlab/foundations/schedules.py.",
)


def curve(implementation: Any, steps: int, **settings: Any) -> list[Any]:
    """Give the learning rates of the first steps."""
    return [implementation(step, **settings) for step in range(steps)]


@exercise.probe
def up_and_down(implementation: Any, generator: Generator) -> Any:
    """A warm-up of 4 steps, 11 in all, a peak of 0.8 and a floor of 0.1: the steps 0 to 13."""
    return curve(implementation, 14, warmup_steps=4, total_steps=11, peak=0.8, floor=0.1)


@exercise.probe
def without_warm_up(implementation: Any, generator: Generator) -> Any:
    """No warm-up, 6 steps in all, a random peak, and no floor given: the steps 0 to 8."""
    peak = 0.1 + torch.rand((), generator=generator).item()
    return curve(implementation, 9, warmup_steps=0, total_steps=6, peak=peak)


@exercise.probe
def one_step_down(implementation: Any, generator: Generator) -> Any:
    """A random warm-up, the end one step after it, a peak of 0.9, a floor of 0.4: all steps, and some after the end."""
    steps = whole(generator, 2, 3)
    return curve(
        implementation, steps + 4, warmup_steps=steps, total_steps=steps + 1, peak=0.9, floor=0.4
    )


_READ = "Reread 'Slowly up, slowly down'."
_ZERO = (
    "Your first step has a learning rate of 0: it computes a gradient and does not move. The warm-up begins with its "
    f"first part, not with nothing. {_READ}"
)
_ZERO_DIVISION = (
    "Your warm-up begins with a learning rate of 0, and where there is no warm-up your code divides by 0. Step 0 has a "
    f"part of the peak already, and a step that is no part of the warm-up must not be asked there. {_READ}"
)
_PAST = (
    "Where there is no warm-up, your code divides by 0: the formula of the warm-up is asked for a step that is no part "
    f"of it. {_READ}"
)
_UP = (
    "After the warm-up your learning rate drops to the floor and climbs from there to the peak. It is to fall from the "
    f"peak to the floor. {_READ}"
)
_ENDLESS = (
    "Your way down is cut off at the wrong side: the learning rate is at the floor as soon as the warm-up is over. "
    + _READ
)
_TENSOR = (
    "Your function returns a tensor, and a plain number of Python is asked for: `math.cos` gives one. "
    + _READ
)


# The warm-up: what share of the peak a step has.
_RISES: dict[str, Callable[[int, int], float]] = {
    "first_step_lost": lambda step, up: step / up,
    "first_step_lost_and_peak": lambda step, up: step / (up + 1),
    "up_from_zero_to_peak": lambda step, up: step / max(1, up - 1),
    "peak_too_early": lambda step, up: (step + 1) / up,
    "cold_start": lambda step, up: 1.0,
    "nothing_at_first": lambda step, up: 0.0,
    "two_further": lambda step, up: (step + 2) / (up + 2),
    "downhill": lambda step, up: 1 - (step + 1) / (up + 1),
    "curved_up": lambda step, up: (1 - math.cos(math.pi * (step + 1) / (up + 1))) / 2,
    "quarter_up": lambda step, up: math.sin(math.pi / 2 * (step + 1) / (up + 1)),
    "squared_up": lambda step, up: ((step + 1) / (up + 1)) ** 2,
    "rooted_up": lambda step, up: ((step + 1) / (up + 1)) ** 0.5,
}

# How far the way down has come, from the step, the warm-up and the total.
_SHARES: dict[str, Callable[[int, int, int], float]] = {
    "counted_from_zero": lambda step, up, total: min(1.0, step / total),
    "over_total": lambda step, up, total: min(1.0, (step - up) / total),
    "from_zero_over_rest": lambda step, up, total: min(1.0, step / (total - up)),
    "rises_again": lambda step, up, total: (step - up) / (total - up),
    "over_total_and_on": lambda step, up, total: (step - up) / total,
    "from_zero_and_on": lambda step, up, total: step / total,
    "one_ahead": lambda step, up, total: min(1.0, (step + 1 - up) / (total - up)),
    "one_ahead_of_more": lambda step, up, total: min(1.0, (step + 1 - up) / (total - up + 1)),
    "end_too_early": lambda step, up, total: min(1.0, (step - up) / (total - up - 1)),
    "end_too_early_guarded": lambda step, up, total: (
        1.0 if step >= total - 1 else (step - up) / (total - up - 1)
    ),
    "end_too_early_at_least_one": lambda step, up, total: min(
        1.0, (step - up) / max(1, total - up - 1)
    ),
    "end_too_late": lambda step, up, total: min(1.0, (step - up) / (total - up + 1)),
    "largest_taken": lambda step, up, total: max(1.0, (step - up) / (total - up)),
    "runs_backward": lambda step, up, total: min(1.0, (total - step) / (total - up)),
    "runs_backward_stopped": lambda step, up, total: max(0.0, (total - step) / (total - up)),
    "whole_division": lambda step, up, total: min(1, (step - up) // (total - up)),
    "starts_again": lambda step, up, total: (step - up) % (total - up) / (total - up),
}

# How high between floor (0) and peak (1) the way down is.
_FALLS: dict[str, Callable[[float], float]] = {
    "straight_down": lambda share: 1 - share,
    "whole_wave": lambda share: (1 + math.cos(2 * math.pi * share)) / 2,
    "quarter_wave": lambda share: math.cos(math.pi * share / 2),
    "quarter_wave_halved": lambda share: (1 + math.cos(math.pi * share / 2)) / 2,
    "twice_as_high": lambda share: 1 + math.cos(math.pi * share),
    "below_the_floor": lambda share: math.cos(math.pi * share),
    "half_a_cosine_below": lambda share: math.cos(math.pi * share) / 2,
    "half_in_the_wrong_place": lambda share: 1 + math.cos(math.pi * share) / 2,
    "half_added": lambda share: 0.5 + math.cos(math.pi * share),
    "upside_down": lambda share: (1 - math.cos(math.pi * share)) / 2,
    "sine": lambda share: (1 + math.sin(math.pi * share)) / 2,
    "sine_alone": lambda share: math.sin(math.pi * share),
    "without_pi": lambda share: (1 + math.cos(share)) / 2,
    "degrees": lambda share: (1 + math.cos(180 * share)) / 2,
    "squared_down": lambda share: (1 - share) ** 2,
    "squared_cosine": lambda share: ((1 + math.cos(math.pi * share)) / 2) ** 2,
    "exponential": lambda share: math.exp(-share),
}

# The rate on the way down, from the height, the peak and the floor.
_RATES: dict[str, Callable[[float, float, float], float]] = {
    "without_floor": lambda height, peak, floor: peak * height,
    "floor_added": lambda height, peak, floor: floor + peak * height,
    "floor_as_limit": lambda height, peak, floor: max(floor, peak * height),
    "floor_as_share": lambda height, peak, floor: peak * (floor + (1 - floor) * height),
    "floor_not_added": lambda height, peak, floor: (peak - floor) * height,
    "peak_added": lambda height, peak, floor: peak + (peak - floor) * height,
    "floor_and_peak_summed": lambda height, peak, floor: floor + (peak + floor) * height,
    "share_for_rate": lambda height, peak, floor: height,
}


# The warm-up of rates, from the step, the warm-up, the peak and the floor.
_WARM_UPS: dict[str, Callable[[int, int, float, float], float]] = {
    "from_floor": lambda step, up, peak, floor: _rate((step + 1) / (up + 1), peak, floor),
    "from_floor_at_once": lambda step, up, peak, floor: _rate(step / up, peak, floor),
    "from_floor_to_peak": lambda step, up, peak, floor: _rate((step + 1) / up, peak, floor),
    "never_below_floor": lambda step, up, peak, floor: max(floor, peak * (step + 1) / (up + 1)),
    "stays_at_floor": lambda step, up, peak, floor: floor,
    "up_to_difference": lambda step, up, peak, floor: (peak - floor) * (step + 1) / (up + 1),
    "up_without_peak": lambda step, up, peak, floor: (step + 1) / (up + 1),
}

_ENDS: dict[str, Callable[[float], Any]] = {
    "zero_after_end": lambda peak: 0.0,
    "peak_after_end": lambda peak: peak,
    "nothing_after_end": lambda peak: None,
}

_EARLY = (
    "Your learning rate reaches the floor one step too early. `total_steps` is the first step at the floor. "
    + _READ
)


@exercise.faults(
    first_step_lost=_ZERO,
    peak_too_early="Your warm-up reaches the peak in its last step, and the step after it has the peak again. In the "
    f"formula the first step after the warm-up is the first at the peak. {_READ}",
    cold_start="There is no warm-up: the first steps have the full learning rate, when the optimizer's running means "
    f"know one or two gradients and the model knows nothing. {_READ}",
    from_floor="Your warm-up begins at the floor. The floor is where the way down ends; the way up begins near 0. "
    + _READ,
    from_floor_at_once="Your warm-up begins exactly at the floor. The floor is where the way down ends; the way up "
    f"begins with its first part of the peak. {_READ}",
    from_floor_to_peak="Your warm-up goes from the floor to the peak, and is there one step too early. It begins near "
    f"0, and the first step after it is the first at the peak. {_READ}",
    without_floor="The floor has no effect: your curve goes down to 0. " + _READ,
    floor_added="Your way down begins above the peak: the floor is added, and the way is as long as the whole peak. It "
    f"is as long as the difference of the two. {_READ}",
    floor_as_limit="Your curve goes down toward 0 and is cut off at the floor. It is to arrive at the floor slowly, at "
    f"the very end. {_READ}",
    rises_again="After the end your learning rate rises again, for a cosine does not stop at its lowest point. A run "
    f"that is longer than planned would undo what it has learned. {_READ}",
    counted_from_zero="The cosine counts from step 0, so it has come some way down already when the warm-up ends, and "
    f"the learning rate jumps. Count from the end of the warm-up. {_READ}",
    over_total="Your way down counts from the end of the warm-up, and is measured by all the steps. So it is too slow, "
    f"and the floor comes too late: what is left after the warm-up is shorter. {_READ}",
    twice_as_high="Your learning rate is too high by up to a factor of two: one plus a cosine runs from 2 to 0, and a "
    f"share of the way must run from 1 to 0. {_READ}",
    straight_down="Your way down is a straight line. The question asks for half a cosine, which leaves the peak slowly "
    f"and arrives slowly. {_READ}",
    below_the_floor="Your way down goes below the floor: a cosine runs from 1 to -1, and a share of the way must run "
    f"from 1 to 0. {_READ}",
    zero_after_end="After the end your learning rate is 0. It stays at the floor. " + _READ,
    end_too_early=_EARLY,
    end_too_early_guarded=_EARLY,
    end_too_early_at_least_one=_EARLY,
    upside_down=_UP,
    first_step_lost_and_peak=_ZERO,
    up_from_zero_to_peak=_ZERO,
    nothing_at_first="Your learning rate is 0 through all of the warm-up, as when a fraction is cut off by `//`. It "
    f"rises in equal parts. {_READ}",
    two_further="Your warm-up is ahead by a part: its first step has two parts already. " + _READ,
    downhill="Your warm-up begins high and falls. It is to rise to the peak. " + _READ,
    curved_up="Your warm-up follows a cosine. It is to rise in equal parts; only the way down is curved. "
    + _READ,
    quarter_up="Your warm-up follows a sine. It is to rise in equal parts; only the way down is curved. "
    + _READ,
    squared_up="Your warm-up rises by a square, slowly at first. It is to rise in equal parts. "
    + _READ,
    rooted_up="Your warm-up rises by a root, fast at first. It is to rise in equal parts. " + _READ,
    never_below_floor="Your warm-up does not go below the floor. The floor is where the way down ends; the way up "
    f"begins near 0. {_READ}",
    stays_at_floor="Your learning rate stands at the floor through all of the warm-up. It is to rise in equal parts. "
    + _READ,
    up_to_difference="Your warm-up rises to the difference of peak and floor, and not to the peak. The floor belongs "
    f"to the way down alone. {_READ}",
    up_without_peak="Your warm-up returns a share of the peak, and not a learning rate: it rises to 1 whatever the "
    f"peak. {_READ}",
    from_zero_over_rest="Your way down counts from step 0, and is measured by the steps after the warm-up. So it "
    f"begins far down. Count from the end of the warm-up. {_READ}",
    over_total_and_on="Your way down is measured by all the steps, where those after the warm-up count, and it has no "
    f"end. {_READ}",
    from_zero_and_on="Your cosine counts from step 0, so that the learning rate jumps when the warm-up ends, and it "
    f"rises again after the end. {_READ}",
    one_ahead="Your way down is one step ahead: the first step after the warm-up is below the peak already. "
    + _READ,
    one_ahead_of_more="Your way down is ahead by a part: the first step after the warm-up is below the peak already. "
    f"Its share of the way is 0. {_READ}",
    end_too_late="Your learning rate reaches the floor one step too late. `total_steps` is the first step at the "
    f"floor. {_READ}",
    largest_taken=_ENDLESS,
    runs_backward=_UP,
    runs_backward_stopped=_UP,
    whole_division="Your learning rate stays at the peak until the end and then drops: the share of the way is a whole "
    f"number, as `//` gives. {_READ}",
    starts_again="After the end your learning rate starts again from the peak (warm restarts, as in SGDR). Here it "
    f"stays at the floor. {_READ}",
    whole_wave="Your curve goes through a whole wave: down to the floor and back up to the peak. Half a wave is "
    f"enough. {_READ}",
    quarter_wave="Your way down is a quarter of a wave: it leaves the peak slowly and arrives at full speed. Half a "
    f"wave arrives slowly as well. {_READ}",
    quarter_wave_halved="Your way down ends half-way: between 0 and half of pi, one plus a cosine comes down from 2 to "
    f"1 only. {_READ}",
    half_a_cosine_below="Your way down runs from a half to minus a half of the difference. A share of the way must run "
    f"from 1 to 0. {_READ}",
    half_in_the_wrong_place="Only the cosine is halved in your code, so that the way runs from 1.5 to 0.5. All of one "
    f"plus a cosine is to be halved. {_READ}",
    half_added="Only the one is halved in your code, so that the way runs from 1.5 to -0.5. All of one plus a cosine "
    f"is to be halved. {_READ}",
    sine="Your way down is made of a sine, which begins and ends at 0 and is highest in the middle. "
    + _READ,
    sine_alone="Your way down is a sine, which begins and ends at 0 and is highest in the middle. "
    + _READ,
    without_pi="Your way down stops far above the floor: the cosine gets the share of the way itself, and 1 is less "
    f"than a third of the way to pi. {_READ}",
    degrees="Your cosine gets degrees, and `math.cos` counts in radians: half a turn is pi. "
    + _READ,
    squared_down="Your way down follows a square and not a cosine. " + _READ,
    squared_cosine="Your way down is the square of what it should be, and too low in the middle. "
    + _READ,
    exponential="Your way down is an exponential, which never arrives at the floor. Half a cosine does. "
    + _READ,
    floor_as_share="Your floor is a share of the peak. It is a learning rate of its own. " + _READ,
    floor_not_added="Your way down is as long as it should be, and ends at 0: it stands too low by the floor. "
    + _READ,
    peak_added="Your way down ends at the peak: it stands on the peak, where it should stand on the floor. "
    + _READ,
    floor_and_peak_summed="Your way down is as long as the sum of peak and floor. It is as long as their difference. "
    + _READ,
    share_for_rate="Your way down returns a share between 1 and 0, whatever peak and floor are. "
    + _READ,
    peak_after_end="After the end your learning rate is the peak. It stays at the floor. " + _READ,
    nothing_after_end="After the end your function returns nothing. A run can be longer than planned: the rate stays "
    f"at the floor. {_READ}",
)
def in_stretches(on: Switches) -> Any:
    def cosine_with_warmup(
        step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
    ) -> Any:
        def rise(step: int, up: int, peak: float, floor: float) -> float:
            return peak * way(on, _RISES, lambda step, up: (step + 1) / (up + 1))(step, up)

        if step < warmup_steps:
            return way(on, _WARM_UPS, rise)(step, warmup_steps, peak, floor)
        if step >= total_steps:
            for name, end in _ENDS.items():
                if on(name):
                    return end(peak)
        share = way(on, _SHARES, _share)(step, warmup_steps, total_steps)
        height = way(on, _FALLS, lambda share: (1 + math.cos(math.pi * share)) / 2)(share)
        return way(on, _RATES, _rate)(height, peak, floor)

    return cosine_with_warmup


def _rate(height: float, peak: float, floor: float) -> float:
    return floor + (peak - floor) * height


def _share(step: int, up: int, total: int) -> float:
    return min(1.0, (step - up) / (total - up))


@exercise.faults(
    no_warm_up="There is no warm-up: your cosine begins at step 0, as if `warmup_steps` were not there. "
    + _READ,
    no_branch="The steps of the warm-up get a cosine as well: what is to be done there is missing, or it is not "
    f"returned. {_READ}",
    share_of_peak="Your function returns a share of the peak, on the way up and on the way down. A learning rate is "
    f"asked for, between peak and floor. {_READ}",
    multiplied="Your warm-up is multiplied by a cosine that counts from step 0, so it never reaches the peak. First "
    f"comes the one, then the other. {_READ}",
    as_in_transformers="Your schedule begins at a rate of 0, knows no floor, and rises again after the end, as the one "
    f"of Hugging Face's transformers does. The formula here differs in all three. {_READ}",
    zero_division=_ZERO_DIVISION,
    zero_division_first=_ZERO_DIVISION,
    past_division=_PAST,
    past_division_first=_PAST,
    smaller_of_both=_PAST,
    as_tensor=_TENSOR,
    as_tensor_throughout=_TENSOR,
    counted_from_one="Your code counts the step from 1 on the way down as well, so the first step after the warm-up "
    f"has left the peak, and the warm-up is short of a step. Steps are counted from 0. {_READ}",
    step_behind="Your code is one step behind everywhere: step 1 has what step 0 should have. "
    + _READ,
    floor_everywhere="The floor is added to all of your curve, so that it begins at the floor and passes the peak. "
    + _READ,
    limit_everywhere="Nowhere does your curve go below the floor, not in the warm-up either, and on the way down it is "
    f"cut off there. The floor is where the cosine ends. {_READ}",
)
def as_a_whole(on: Switches) -> Any:
    def cosine_with_warmup(
        step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
    ) -> Any:
        if on("counted_from_one"):
            step += 1
        if on("step_behind"):
            step = max(0, step - 1)
        rise = (step + 1) / (warmup_steps + 1)
        if on("smaller_of_both"):
            rise = min(1.0, (step + 1) / warmup_steps)
        share = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
        if on("as_in_transformers"):
            rise = step / max(1, warmup_steps)
            share = (step - warmup_steps) / max(1, total_steps - warmup_steps)
            falling = max(0.0, 0.5 * (1 + math.cos(math.pi * share)))
            return peak * (rise if step < warmup_steps else falling)
        if on("no_warm_up") or on("multiplied"):
            share = min(1.0, step / total_steps)
        height = (1 + math.cos(math.pi * share)) / 2
        if on("share_of_peak"):
            return rise if step < warmup_steps else height
        if on("multiplied"):
            return min(1.0, rise) * (floor + (peak - floor) * height)
        if on("floor_everywhere"):
            return floor + peak * (rise if step < warmup_steps else height)
        if on("limit_everywhere"):
            return max(floor, peak * (rise if step < warmup_steps else height))
        if step <= warmup_steps:
            if on("zero_division"):
                return peak * step / warmup_steps
            if on("zero_division_first"):
                return peak * (step / warmup_steps)
            if on("past_division"):
                return peak * (step + 1) / warmup_steps
            if on("past_division_first"):
                return peak * ((step + 1) / warmup_steps)
        if on("as_tensor_throughout"):
            return torch.tensor(
                peak * rise if step < warmup_steps else floor + (peak - floor) * height
            )
        if step < warmup_steps and not on("no_warm_up") and not on("no_branch"):
            return peak * rise
        rate = floor + (peak - floor) * height
        return torch.tensor(rate) if on("as_tensor") else rate

    return cosine_with_warmup
