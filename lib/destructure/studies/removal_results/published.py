"""Removals that others have published, in the words of this course, beside ours.

T5's table 2 has the lecture's edits in another order and with two of them at once: first the parameters are shared
(S2), then one stack replaces two (S1 and S3 together), then the input becomes causal (S4). Our sixteen corners hold
every step of that path, so the same removals can be read off both.
"""

import pandas as pd

from destructure.statistics import paired as paired_by_seed
from destructure.structure import Structure
from destructure.studies.removal_results.summaries import arm_rows
from destructure.tables import load_table

T5_PATH = (
    ("S2", "Encoder-decoder", "Encoder-decoder, shared"),
    ("S1 and S3", "Encoder-decoder, shared", "Prefix language model"),
    ("S4", "Prefix language model", "Causal language model"),
)
"""Which edit, and the two rows of table 2 before and after it."""

T5_SCORES = {
    "glue": "GLUE",
    "cnn_dailymail_rouge2": "CNN/DM",
    "squad_exact_match": "SQuAD",
    "superglue": "SuperGLUE",
    "bleu_en_de": "En–De",
    "bleu_en_fr": "En–Fr",
    "bleu_en_ro": "En–Ro",
}

OUR_PATH = {
    "S2": (Structure.ENCODER_DECODER, Structure.ENCODER_DECODER.without("separate_parameters")),
    "S1 and S3": (Structure.ENCODER_DECODER.without("separate_parameters"), Structure.PREFIX_LM),
    "S4": (Structure.PREFIX_LM, Structure.DECODER_ONLY),
}
"""The same edits between our corners."""


def t5_removals() -> pd.DataFrame:
    """T5's table 2 as removals: objective, removed, score, with_structure, without_structure, change (points)."""
    table = load_table("t5_architectures")
    found = []
    for objective, rows in table.groupby("objective", sort=False):
        rows = rows.set_index("architecture")
        for removed, before, after in T5_PATH:
            for column, score in T5_SCORES.items():
                kept, lost = float(rows.loc[before, column]), float(rows.loc[after, column])
                found.append(
                    {
                        "objective": objective,
                        "removed": removed,
                        "score": score,
                        "with_structure": kept,
                        "without_structure": lost,
                        "change": round(lost - kept, 2),
                    }
                )
    return pd.DataFrame(found)


def our_removals(rows: pd.DataFrame, width: int, budget: float) -> pd.DataFrame:
    """The same removals between our corners: removed, seed, change (points of exact match, after minus before).

    Args:
        rows: settled rows.
        width, budget: where.

    Raises:
        ValueError: if a corner is missing.
    """
    found = []
    for removed, corners in OUR_PATH.items():
        pair = [arm_rows(rows, each, width=width).assign(side=side) for side, each in enumerate(corners)]
        both = pd.concat([each[each["budget"] == budget] for each in pair])
        paired = paired_by_seed(both, "side", 1, 0, "exact_match")
        found += [
            {"removed": removed, "seed": seed, "change": 100 * float(change)}
            for seed, change in paired.items()
        ]
    return pd.DataFrame(found)


def published_removals() -> pd.DataFrame:
    """Removals of other studies, a row each; see `data/columns.csv`, table `structure_removals`."""
    return load_table("structure_removals")
