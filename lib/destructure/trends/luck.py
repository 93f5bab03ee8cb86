"""The arithmetic of forecasting (talk 3:52): being right one time in ten instead of one in a hundred."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class PredictionRuns:
    """Many lives of one forecaster.

    Args:
        accuracy: chance that a prediction comes true.
        predictions: predictions in one life.
        right: how many came true, shape (lives,).
        total: summed worth of those that came true, shape (lives,).
        largest: worth of the best one, shape (lives,).
    """

    accuracy: float
    predictions: int
    right: np.ndarray
    total: np.ndarray
    largest: np.ndarray

    @property
    def share_of_largest(self) -> float:
        """Median share of the total that the single best prediction brings, over lives with any right."""
        some = self.right > 0
        return float(np.median(self.largest[some] / self.total[some])) if some.any() else float("nan")

    def __str__(self) -> str:
        return (
            f"{self.accuracy:.0%} right of {self.predictions}: {self.right.mean():.1f} right on average, none at "
            f"all in {np.mean(self.right == 0):.0%} of lives; the best one brings {self.share_of_largest:.0%} of "
            "the worth"
        )


def simulate_predictions(
    accuracy: float,
    generator: np.random.Generator,
    predictions: int = 100,
    lives: int = 10_000,
    tail: float = 1.2,
) -> PredictionRuns:
    """Draw many lives of a forecaster whose predictions come true independently with chance `accuracy`.

    A prediction that comes true is worth a Pareto-distributed amount of at least 1: most are worth little and a
    few outweigh everything, which is the talk's claim put into a number. The smaller `tail`, the more so; the
    value is our assumption, not a measurement.

    Args:
        accuracy: from 0 to 1.
        generator: NumPy's; the same seed gives the same lives.
        predictions: predictions in one life, at least 1.
        lives: how many lives, at least 1.
        tail: exponent of the Pareto distribution, above 0.

    Raises:
        ValueError: if a number is outside its range.
    """
    if not (0 <= accuracy <= 1 and predictions >= 1 and lives >= 1 and tail > 0):
        raise ValueError(
            f"accuracy {accuracy}, predictions {predictions}, lives {lives} and tail {tail} were given; accuracy "
            "must lie from 0 to 1, predictions and lives must be at least 1, and tail above 0."
        )
    came_true = generator.random((lives, predictions)) < accuracy
    worth = np.where(came_true, 1 + generator.pareto(tail, (lives, predictions)), 0.0)
    return PredictionRuns(
        accuracy=accuracy,
        predictions=predictions,
        right=came_true.sum(axis=1),
        total=worth.sum(axis=1),
        largest=worth.max(axis=1),
    )
