"""Numerical derivatives against derivatives known by hand."""

import math

import numpy as np
import pytest

from pmt_core.gradient_check.numerical_derivative import central, complex_step, one_sided, ridders

ONE = np.ones(1)


def line_of(function, x):
    return lambda t: np.array([function(x + t)])


SMOOTH = [
    (np.exp, 1.0, math.e),
    (np.sin, 0.3, math.cos(0.3)),
    (np.log, 0.5, 2.0),
    (np.sqrt, 0.1, 0.5 / math.sqrt(0.1)),
    (lambda x: x**5, -2.0, 80.0),
    (lambda x: 1 / x, 0.7, -1 / 0.49),
]


@pytest.mark.parametrize(("function", "x", "slope"), SMOOTH)
def test_each_way_has_its_precision(function, x, slope):
    line = line_of(function, x)
    assert central(line, ONE, 0.0).slope == pytest.approx(slope, rel=1e-8)
    assert ridders(line, ONE, 1e-16).slope == pytest.approx(slope, rel=1e-11)
    assert complex_step(line, ONE, 0.0).slope == pytest.approx(slope, rel=1e-15)


@pytest.mark.parametrize(("function", "x", "slope"), SMOOTH)
def test_the_uncertainty_covers_the_error(function, x, slope):
    noise = 1e-15 * abs(float(function(x)))
    derivative = ridders(line_of(function, x), ONE, noise)
    assert abs(derivative.slope - slope) <= derivative.uncertainty < 1e-8 * abs(slope)


def test_a_coarse_step_is_extrapolated():
    # Curvature at the scale of the first steps: only the extrapolation's weights save it.
    line = line_of(lambda x: np.sin(60 * x), 0.01)
    slope = 60 * math.cos(0.6)
    assert central(line, ONE, 0.0, 1e-2).slope != pytest.approx(slope, rel=1e-2)
    assert ridders(line, ONE, 1e-16).slope == pytest.approx(slope, rel=1e-13)


def test_noise_makes_the_result_uncertain():
    rng = np.random.default_rng(0)
    line = line_of(lambda x: math.exp(x) + 1e-9 * rng.normal(), 0.0)
    derivative = ridders(line, ONE, 1e-9)
    assert abs(derivative.slope - 1) < derivative.uncertainty
    assert 1e-8 < derivative.uncertainty < 1e-3


def test_steps_out_of_the_domain_are_passed_over():
    with np.errstate(invalid="ignore"):
        derivative = ridders(line_of(np.sqrt, 1e-3), ONE, 1e-18)
    assert derivative.slope == pytest.approx(0.5 / math.sqrt(1e-3), rel=1e-8)


def test_where_there_is_no_derivative_at_all():
    derivative = ridders(line_of(lambda x: math.nan, 0.0), ONE, 0.0)
    assert math.isnan(derivative.slope)
    assert derivative.relative_uncertainty == math.inf


def test_the_two_sides_of_a_kink():
    assert one_sided(line_of(abs, 0.0), ONE) == pytest.approx((-1, 1))
    assert one_sided(line_of(np.exp, 0.0), ONE) == pytest.approx((1, 1), rel=1e-4)


def test_elements_without_a_cotangent_may_be_infinite():
    def line(t):
        return np.array([2 * t, np.inf, np.nan])

    cotangent = np.array([3.0, 0.0, 0.0])
    assert central(line, cotangent, 0.0).slope == pytest.approx(6)
    assert ridders(line, cotangent, 1e-16).slope == pytest.approx(6)
    assert complex_step(lambda t: np.array([2 * t, np.inf, 0]), cotangent, 0.0).slope == 6
