"""What the rows of `bottleneck_probe` say: is a bottleneck seen at the encoder's last layer?"""

from dataclasses import dataclass

import pandas as pd

from destructure.statistics import TRAINED, Interval, interval, seeds_needed
from destructure.studies.bottleneck_probe import COLUMNS, DEPTHS, results
from destructure.studies.plans.removal import SEEDS
from destructure.studies.removal_results.summaries import seeds_text

ENOUGH = 0.99
"""The registered accuracy at the last layer, for every run."""


@dataclass(frozen=True)
class BottleneckVerdict:
    """The registered verdict, and what stands beside it.

    Attributes:
        verdict: True: no bottleneck seen. False: not so. `None`: too few seeds are complete.
        reason: one sentence.
        seeds: how many seeds are complete (all depths); only those count.
        below: how many runs the read-outs of the last layer name fewer than 99% of the tokens of; a run that diverged
            has no last layer to speak of, so it counts here.
        runs: how many runs there are in all.
        weak: depths that are not trained within the range: layers → mean exact match (a diverged run counts as 0).
    """

    verdict: bool | None
    reason: str
    seeds: int
    below: int
    runs: int
    weak: dict[int, float]

    @property
    def word(self) -> str:
        """The verdict in words."""
        if self.verdict is None:
            return "undecided"
        return "no bottleneck seen" if self.verdict else "a bottleneck is possible"

    @property
    def label(self) -> str:
        """What stands beside it: "final: 8 seeds", or "interim: 5 of 8 seeds"."""
        if self.seeds == len(SEEDS):
            return f"final: {seeds_text(self.seeds)}"
        return f"interim: {self.seeds} of {seeds_text(len(SEEDS))}"

    def __str__(self) -> str:
        return f"{self.word} ({self.label}): {self.reason}"


def no_bottleneck_seen(rows: pd.DataFrame | None = None) -> BottleneckVerdict:
    """Decide the registered question: do the read-outs name at least 99% of the tokens at every run's last layer?

    With fewer than six complete seeds nothing is settled; with fewer than all, the verdict is interim.

    Args:
        rows: as `bottleneck_probe.results()` gives them, which is the default.

    Raises:
        ValueError: if columns are missing, a run has a layer twice, or a finished run has no accuracy from 0 to 1.
    """
    rows = results() if rows is None else rows
    _require(rows)
    complete = complete_seeds(rows)
    rows = rows[rows["seed"].isin(complete) & rows["layers"].isin(DEPTHS)]
    trained = rows[rows["trained"].astype(bool)]
    last = trained[trained["layer"] == trained["layers"]]
    below = int((~(last["accuracy"].astype(float) >= ENOUGH)).sum())
    scores = last["exact_match"].astype(float).fillna(0.0).groupby(last["layers"]).mean()
    weak = {int(layers): float(score) for layers, score in scores.items() if score < TRAINED}
    if len(complete) < seeds_needed():
        verdict = None
        reason = (
            f"{seeds_text(len(complete))} complete, and with fewer than {seeds_needed()} nothing is settled"
        )
    else:
        verdict, reason = below == 0, _reason(rows, last, below, weak)
    return BottleneckVerdict(verdict, reason, len(complete), below, len(last), weak)


def kept_by_training(rows: pd.DataFrame | None = None) -> dict[int, Interval]:
    """The secondary reading: accuracy at the last layer after training minus before it, paired by seed.

    Args:
        rows: as `bottleneck_probe.results()` gives them, which is the default. A run that diverged is left out, since
            nothing can be read from it; the verdict counts it.

    Returns:
        Layers → mean difference (from -1 to 1) with its 95% interval over complete seeds; no entry for a depth
        without a pair.
    """
    rows = results() if rows is None else rows
    _require(rows)
    last = rows[rows["seed"].isin(complete_seeds(rows)) & (rows["layer"] == rows["layers"])]
    found = {}
    for layers, group in last.groupby("layers"):
        pairs = group.pivot(index="seed", columns="trained", values="accuracy").astype(float).dropna()
        if len(pairs):
            found[int(layers)] = interval((pairs[True] - pairs[False]).to_numpy())
    return found


def complete_seeds(rows: pd.DataFrame) -> tuple[int, ...]:
    """The registered seeds whose last layer was read out, or which diverged, at every depth."""
    last = rows[rows["trained"].astype(bool) & (rows["layer"] == rows["layers"])]
    found = set(last[["layers", "seed"]].itertuples(index=False, name=None))
    return tuple(seed for seed in SEEDS if all((layers, seed) in found for layers in DEPTHS))


def _reason(rows: pd.DataFrame, last: pd.DataFrame, below: int, weak: dict[int, float]) -> str:
    untrained = rows[~rows["trained"].astype(bool)]
    control = untrained[untrained["layer"] == untrained["layers"]]
    first = rows[rows["trained"].astype(bool) & (rows["layer"] == 1)]
    diverged = int((last["status"] != "finished").sum())
    parts = [
        f"read-outs of the last layer name {_range(last)} of the tokens ({below} of {len(last)} runs below "
        f"{ENOUGH:.0%}), of the first layer {_range(first)}, of the last layer before training {_range(control)}"
    ]
    parts += [f"{diverged} of these runs diverged and count as below"] * (diverged > 0)
    parts += [
        f"{layers} layers are not trained within the range ({score:.0%})" for layers, score in weak.items()
    ]
    return "; ".join(parts)


def _range(rows: pd.DataFrame) -> str:
    values = rows["accuracy"].astype(float).dropna()
    return f"{values.min():.1%} to {values.max():.1%}" if len(values) else "none"


def _require(rows: pd.DataFrame) -> None:
    missing = [name for name in COLUMNS if name not in rows]
    if missing:
        raise ValueError(
            f"The rows have no column {missing[0]!r}; give those of bottleneck_probe.csv, as results() does."
        )
    if rows.duplicated(["seed", "layers", "trained", "layer"]).any():
        raise ValueError("A run has the same layer twice; restore bottleneck_probe.csv from the repository.")
    finished = rows[rows["status"] == "finished"]
    if not finished["accuracy"].astype(float).between(0, 1).all():
        raise ValueError(
            "A finished run has no accuracy from 0 to 1; restore bottleneck_probe.csv from the repository."
        )
