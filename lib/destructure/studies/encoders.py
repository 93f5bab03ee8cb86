"""The old place of `destructure.encoders`."""

from destructure.encoders import POOLINGS, Classifier, GapFiller, mean_state, with_first

__all__ = ["POOLINGS", "Classifier", "GapFiller", "mean_state", "with_first"]
