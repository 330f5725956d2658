"""The rank test that compares times, and the probes that it is used for."""

import pytest

from scripts.measure.timing import probes, rank_test


def test_rank_test_of_two_samples_alike_finds_no_difference() -> None:
    probability, p = rank_test([1.0, 4.0, 5.0, 8.0] * 50, [2.0, 3.0, 6.0, 7.0] * 50)
    assert probability == pytest.approx(0.5)
    assert p > 0.9


def test_rank_test_of_a_slower_sample_says_so() -> None:
    probability, p = rank_test([n + 20.5 for n in range(100)], [float(n) for n in range(100)])
    assert probability == pytest.approx(1 - 80 * 79 / 2 / 10_000, abs=0.01)
    assert p < 0.001


def test_probes_are_of_every_kind() -> None:
    assert {kind for kind, _ in probes().values()} == {"none", "existence", "value", "count"}
