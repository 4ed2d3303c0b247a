"""Medians, and how sure they are."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 400


@dataclass(frozen=True)
class Estimate:
    """A median with the interval that holds it in 95 of 100 resamplings."""

    middle: float
    low: float
    high: float


def estimate(values: Sequence[float]) -> Estimate:
    dice = random.Random(1)
    size = min(len(values), 2_000)
    medians = sorted(statistics.median(dice.choices(values, k=size)) for _ in range(RESAMPLES))
    low, high = medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975)]
    return Estimate(statistics.median(values), low, high)


def differences(ours: Sequence[float], base: Sequence[float]) -> list[float]:
    """Return each value less the one that was taken beside it."""
    return [one - other for one, other in zip(ours, base, strict=True)]


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
