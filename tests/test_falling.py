"""Falling with and without drag: the closed form against scipy's solver, and its limits."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from destructure.falling import (
    AIR_DENSITY,
    GRAVITY,
    FallingObject,
    fall_with_drag,
    fall_without_drag,
    falling_objects,
    neglect_error,
    speed_with_drag,
    time_to_fall,
)

THINGS = falling_objects()


def solve(thing, seconds):
    """Position and speed by integrating Newton's law, with no closed form."""

    def motion(_, state):
        drag = AIR_DENSITY * thing.area * thing.drag_coefficient * state[1] ** 2 / 2
        return [state[1], GRAVITY - drag / thing.mass]

    return solve_ivp(motion, (0, seconds[-1]), [0.0, 0.0], t_eval=seconds, rtol=1e-10, atol=1e-12).y


@pytest.mark.parametrize("name", list(THINGS))
def test_closed_form_equals_the_solver(name):
    seconds = np.linspace(0, 5, 51)
    position, speed = solve(THINGS[name], seconds)
    np.testing.assert_allclose(fall_with_drag(THINGS[name], seconds), position, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(speed_with_drag(THINGS[name], seconds), speed, rtol=1e-7, atol=1e-9)


def test_without_drag_is_half_g_t_squared():
    np.testing.assert_allclose(fall_without_drag([0, 1, 2]), [0, GRAVITY / 2, 2 * GRAVITY])


@pytest.mark.parametrize("name", list(THINGS))
def test_early_gravity_rules_and_late_the_terminal_speed(name):
    thing = THINGS[name]
    early, late = thing.drag_time / 1000, thing.drag_time * 1000
    assert fall_with_drag(thing, early) == pytest.approx(fall_without_drag(early), rel=1e-4)
    # A long fall must not overflow: cosh(1000) is no number.
    assert fall_with_drag(thing, late) / late == pytest.approx(thing.terminal_speed, rel=1e-2)
    assert speed_with_drag(thing, late) == pytest.approx(thing.terminal_speed)


@pytest.mark.parametrize("name", list(THINGS))
@pytest.mark.parametrize("metres", [1e-3, 1.5, 10, 1e5])
def test_time_to_fall_is_the_inverse(name, metres):
    seconds = time_to_fall(THINGS[name], metres)
    assert fall_with_drag(THINGS[name], seconds) == pytest.approx(metres, rel=1e-9)


def test_drag_is_negligible_for_the_pen_only():
    errors = {name: neglect_error(thing, 1.5) for name, thing in THINGS.items()}
    assert errors["pen"] < 0.03
    assert errors["sheet of paper"] > 0.5
    assert errors["feather"] > errors["sheet of paper"]
    # And even the pen's analogy fails from a tower.
    assert neglect_error(THINGS["pen"], 100) > 0.3


def test_the_data_say_what_is_an_estimate():
    assert THINGS["sheet of paper"].verified
    assert THINGS["sheet of paper"].mass == pytest.approx(0.21 * 0.297 * 0.080, rel=1e-3)
    assert THINGS["sheet of paper"].area == pytest.approx(0.21 * 0.297)
    assert not THINGS["pen"].verified
    assert not THINGS["feather"].verified


def test_bad_input_gives_one_sentence():
    with pytest.raises(ValueError, match=r"mass of stone is -1; it must be a number above 0\."):
        FallingObject("stone", -1, 0.01, 0.5)
    with pytest.raises(ValueError, match=r"A time of -1\.0 s was given"):
        fall_with_drag(THINGS["pen"], [0, -1])
    with pytest.raises(ValueError, match="height is -2 m"):
        time_to_fall(None, -2)
    with pytest.raises(ValueError, match="must be above 0"):
        neglect_error(THINGS["pen"], 0)
