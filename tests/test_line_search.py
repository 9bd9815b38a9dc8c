"""The steps of a line search one by one: where it looks next, and where it ends.

The values and slopes are dictated, whatever the step is, so that every comparison can be met
exactly; with powers of two as parameters all expected numbers are exact.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from optim.line_search import Trial, cubic_minimum, strong_wolfe

START = Trial(0.0, 8.0, -4.0)
SETTINGS = {"decrease": 0.25, "flatness": 0.5, "precision": 0.0}
DOWN, HIGH = (-100.0, -4.0), (100.0, 1.0)  # far below and still falling; far above
BELOW, ABOVE = -math.inf, math.inf


def search(*answers, first=1.0, start=START, **settings):
    """Where it looks for the dictated values and slopes, what is returned, and the count."""
    asked, left = [], list(answers)

    def evaluate(t):
        asked.append(t)
        return Trial(t, *left.pop(0), found=len(asked))

    found, count = strong_wolfe(evaluate, start, first, **{**SETTINGS, **settings})
    assert count == len(asked)
    return asked, found.found


def inside(a, b):
    """The minimum of the cubic through two trials, held a tenth away from both."""
    left, right = sorted((a.t, b.t))
    return min(max(cubic_minimum(a, b), left + 0.1 * (right - left)), right - 0.1 * (right - left))


@pytest.mark.parametrize("slope", [2.0, -2.0, 0.0])
def test_a_first_step_on_both_bounds_is_taken(slope):
    assert search((7.0, slope)) == ([1.0], 1)
    assert search((6.0, slope), first=2.0) == ([2.0], 1)
    assert len(search((np.nextafter(6.0, ABOVE), slope), (0.0, 0.0), first=2.0)[0]) == 2


@pytest.mark.parametrize(
    "answer",
    [
        (np.nextafter(7.0, ABOVE), 0.0),
        (-1.0, np.nextafter(2.0, ABOVE)),
        (-1.0, np.nextafter(-2.0, BELOW)),
        (math.nan, 0.0),
        (-math.inf, 0.0),
        (-1.0, math.nan),
    ],
)
def test_a_first_step_just_beyond_one_of_them_is_not(answer):
    asked, found = search(answer, (-200.0, 0.0))
    assert len(asked) == 2
    assert found == 2


def test_values_a_few_roundings_apart_are_equal():
    """The slack is 8·precision·|φ(0)|."""
    assert search((7.5, 0.0), precision=1 / 128)[1] == 1
    assert len(search((np.nextafter(7.5, ABOVE), 0.0), (0.0, 0.0), precision=1 / 128)[0]) == 2
    below = Trial(0.0, -8.0, -4.0)
    assert search((-8.5, 0.0), precision=1 / 128, start=below)[1] == 1
    on = search((-100.0, -4.0), (-99.75, -4.0), (-200.0, 0.0), precision=1 / 256)[0]
    assert on[2] > on[1]  # as low as the one before
    lowest = Trial(1.0, -100.0, 4.0)
    equal, higher = (-99.75, 4.0), (np.nextafter(-99.75, ABOVE), 4.0)
    second = inside(lowest, START)
    after = [
        search(lowest[1:3], answer, (-200.0, 0.0), precision=1 / 256)[0][2]
        for answer in (equal, higher)
    ]
    assert after[0] == second / 2  # a tenth narrower: halved
    assert after[1] == inside(lowest, Trial(second, *higher))


def test_steps_grow_while_it_goes_down():
    """By a hundredth of the last advance at least, to ten times as far at most."""
    line = lambda t: (8 - 4 * t, -4.0)  # a cubic through two points of a line has no minimum
    second = (1.01 + 10) / 2
    third = (second + 0.01 * (second - 1) + 10 * second) / 2
    asked, found = search(line(1), line(second), (-1e3, 0.0))
    assert asked == pytest.approx([1.0, second, third], rel=1e-15)
    assert found == 3
    far = search((4.1, -3.8), (-100.0, 0.0))[0]  # as of 8 - 4t + t²/10, lowest at 20
    assert far == [1.0, 10.0]
    between = search((5.0, -2.1), (-100.0, 0.0), flatness=0.25)[0]
    nearest = cubic_minimum(START, Trial(1.0, 5.0, -2.1))
    assert 1.01 < nearest < 10
    assert between == [1.0, pytest.approx(nearest, rel=1e-15)]
    far = search((8 - 2 * 4 + 0.4, -3.6), (-100.0, 0.0), first=2.0)[0]
    assert far == pytest.approx([2.0, 20.0], rel=1e-15)
    # Of 2 (t - a)² / a + 8 - 2a with its minimum just beyond: a little farther in any case.
    parabola = lambda t, a: (2 * (t - a) ** 2 / a + 8 - 2 * a, 4 * (t - a) / a)
    nearly = (parabola(4.0, 4.01), parabola(4.04, 4.0402))
    asked, _ = search(*nearly, (-200.0, 0.0), first=4.0, flatness=1e-6)
    assert asked == [4.0, 4.04, pytest.approx(4.04 + 0.01 * 0.04, rel=1e-12)]


def test_the_steps_that_may_be_tried_run_out_on_the_way_down():
    asked, found = search(*[(-(100.0**n), -4.0) for n in range(1, 4)], max_evals=3)
    assert len(asked) == 3
    assert found == 3


def test_a_step_higher_than_the_one_before_is_too_far():
    """As is one that is too high at all; the lower end is the step before."""
    asked, _ = search(DOWN, (-99.0, -4.0), (-200.0, 0.0))
    a, b = Trial(1.0, *DOWN), Trial(asked[1], -99.0, -4.0)
    assert asked[2] == inside(a, b)
    asked, found = search(DOWN, (-100.0, -4.0), (-200.0, 0.0))  # not higher: on
    assert asked[2] > asked[1]
    asked, found = search((7.5, -4.0), (-200.0, 0.0))  # the first is measured by the bound alone
    assert asked[1] < 1
    assert found == 2


def test_a_step_where_it_goes_up_is_the_lower_end():
    """And the step before is the other one, so that it is looked for between them."""
    up = (-100.0, 4.0)
    asked, _ = search(up, (-200.0, 0.0))
    assert asked[1] == inside(Trial(1.0, *up), START)
    gently = (-1.0, 0.5)
    asked, _ = search(gently, (-200.0, 0.0), flatness=0.1)
    assert asked[1] == inside(Trial(1.0, *gently), START)


def test_the_bracket_shrinks_from_both_ends():
    high = Trial(1.0, *HIGH)
    second = inside(START, high)
    # Too high: the new upper end.
    asked, _ = search(HIGH, (90.0, 1.0), (-200.0, 0.0))
    assert asked == [1.0, second, inside(START, Trial(second, 90.0, 1.0))]
    # Low, and falling towards the upper end: the new lower end.
    asked, _ = search(HIGH, (-5.0, -4.0), (-200.0, 0.0))
    assert asked[2] == (second + 1) / 2  # it shrank by a tenth: halved
    # Low, and rising towards it: the lower end becomes the upper one.
    asked, _ = search(HIGH, (-5.0, 4.0), (-200.0, 0.0))
    assert asked[2] == inside(Trial(second, -5.0, 4.0), START)
    # Higher than the lower end, but for the slack: the new upper end.
    up = Trial(1.0, -100.0, 4.0)
    third = inside(up, START)
    asked, _ = search((-100.0, 4.0), (-99.0, 4.0), (-200.0, 0.0))
    middle = Trial(third, -99.0, 4.0)
    assert asked[2] == inside(up, middle)


def test_where_it_is_not_finite_the_bracket_is_halved():
    asked, found = search((math.inf, 1.0), (math.nan, 1.0), (math.inf, 0.0), (-200.0, 0.0))
    assert asked == [1.0, 0.5, 0.25, 0.125]
    assert found == 4


def test_a_bracket_that_hardly_shrinks_is_halved():
    """By less than a third; after that the cubic is tried again."""
    high = Trial(1.0, *HIGH)
    second = inside(START, high)
    assert second == 0.1
    low = Trial(second, -5.0, -4.0)
    half = (second + 1) / 2
    again = inside(low, Trial(half, 90.0, 1.0))
    asked, _ = search(HIGH, (-5.0, -4.0), (90.0, 1.0), (-200.0, 0.0))
    assert asked == [1.0, second, half, again]


def test_a_bracket_that_shrinks_to_two_thirds_is_not_halved():
    """The first trials are those of 2t² - 4t + 8, whose minimum the cubic finds."""
    high = Trial(3.0, 14.0, 8.0)
    asked, _ = search((14.0, 8.0), (-5.0, -4.0), (-200.0, 0.0), first=3.0)
    assert asked == [3.0, 1.0, inside(Trial(1.0, -5.0, -4.0), high)]
    assert asked[2] != 2.0


def test_brackets_away_from_the_start():
    """Between 1 and 10: margins and widths are measured there."""
    start, far = Trial(0.0, 8.0, -4.0), (4.1, -3.8)
    before, high = Trial(1.0, *far), Trial(10.0, 1e4, 1.0)
    second = inside(before, high)
    assert second == 1.9
    asked, _ = search(far, high[1:3], (-5.0, -4.0), (-200.0, 0.0), start=start)
    assert asked[2:] == [second, (second + 10) / 2]  # 8.1 of 9: halved
    low = Trial(second, -5.0, 4.0)
    asked, _ = search(far, high[1:3], low[1:3], (-200.0, 0.0), start=start)
    assert asked[3] == inside(low, before)
    for lowest, halved in ((3.3, True), (5.0, False)):  # 6.7 and 5 of 9 are left
        bend = 3.8 / (lowest - 1)
        up = (4.1 - 3.8 * 9 + bend * 81 / 2, bend * (10 - lowest))
        asked, _ = search(far, up, (-5.0, -4.0), (-200.0, 0.0), start=start)
        assert asked[2] == pytest.approx(lowest, rel=1e-12)
        rest = inside(Trial(asked[2], -5.0, -4.0), Trial(10.0, *up))
        assert asked[3] == ((asked[2] + 10) / 2 if halved else rest)
    low = Trial(second, -5.0, -0.01)  # falls, but gently: the lower end all the same
    asked, _ = search(far, high[1:3], low[1:3], (-200.0, 0.0), flatness=1e-3)
    assert asked[3] == (second + 10) / 2
    low = Trial(second, -5.0, 0.01)
    asked, _ = search(far, high[1:3], low[1:3], (-200.0, 0.0), flatness=1e-3)
    assert asked[3] == inside(low, before)
    assert search(far, (math.inf, 1.0), *[(-1e9, -1e9)] * 9, shortest=4.5)[0] == [1.0, 10.0, 5.5]


def test_a_bracket_whose_lower_end_is_the_right_one():
    """It goes up at 4: a trial that goes down is the new left end, one that goes up the right."""
    lowest = Trial(4.0, -20.0, 4.0)
    second = inside(lowest, START)
    for slope in (-4.0, 4.0):
        trial = Trial(second, -30.0, slope)
        asked, _ = search(lowest[1:3], trial[1:3], (-200.0, 0.0), first=4.0)
        other = lowest if slope < 0 else START
        width = abs(other.t - second)
        middle = (other.t + second) / 2
        assert asked[2] == (middle if width > 4 * 2 / 3 else inside(trial, other))


def test_it_ends_where_the_bracket_or_the_trials_do():
    halves = [(math.inf, 1.0)] * 9
    assert search(*halves, shortest=0.25) == ([1.0, 0.5, 0.25], None)  # the start is left
    assert search(*halves, max_evals=4) == ([1.0, 0.5, 0.25, 0.125], None)
    lowest = (-100.0, 4.0)
    asked, found = search(lowest, *[(-99.0, 4.0)] * 9, max_evals=5)
    assert len(asked) == 5
    assert found == 1
    tiny = Trial(1.0, 8.0, -4.0)
    next_to_it = np.nextafter(1.0, 2.0)
    assert search(HIGH, start=tiny, first=next_to_it) == ([next_to_it], None)


def test_the_minimum_of_a_cubic_from_two_points():
    cubic = lambda t: Trial(t, t**3 - 3 * t, 3 * t**2 - 3)  # minimum at 1, maximum at -1
    for a, b in ((0.0, 3.0), (3.0, 0.0), (-3.0, 5.0), (0.5, 0.75), (2.0, 4.0), (-2.0, -0.5)):
        assert cubic_minimum(cubic(a), cubic(b)) == pytest.approx(1.0, rel=1e-9)
    assert math.isnan(cubic_minimum(cubic(2.0), cubic(2.0)))
    rising = lambda t: Trial(t, t**3 + t, 3 * t**2 + 1)
    assert math.isnan(cubic_minimum(rising(-1.0), rising(2.0)))
    line = lambda t: Trial(t, -t, -1.0)
    assert math.isnan(cubic_minimum(line(0.0), line(1.0)))
    level = cubic_minimum(Trial(0.0, 0.0, 4.0), Trial(1.0, 1.0, 1.0))  # where (2 - 3t)² is 0
    assert level == pytest.approx(2 / 3, rel=1e-12)
    huge = lambda t: Trial(t, 1e308 * t, 1e308)
    assert math.isnan(cubic_minimum(huge(0.0), huge(-1.0)))
    steep = np.float64(1e200)  # its square overflows, without a warning
    assert math.isnan(cubic_minimum(Trial(0.0, 0.0, -steep), Trial(1.0, 1.0, steep)))
