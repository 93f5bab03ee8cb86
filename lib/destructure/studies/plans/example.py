"""A plan to try the sweep with."""

from dataclasses import replace

from destructure import cost
from destructure.structure import Structure
from destructure.studies.plans.building import grid, matching_width
from destructure.studies.plans.registry import register
from destructure.study.configuration import RunConfiguration


@register
def example() -> list[RunConfiguration]:
    """A pilot of a few minutes that shows how plans are written: the ladder on small numbers, two seeds.

    Its last two arms are the decoder-only model with the parameters of the encoder-decoder, and a prefix LM of twice
    the layers with the parameters of the ordinary one.
    """
    base = RunConfiguration(
        purpose="pilot",
        task="NumberTranslation",
        dials={"high": 9_999, "train_examples": 4_000},
        structure=Structure.ENCODER_DECODER,
        width=32,
        layers=2,
        heads=2,
        model={"query_key_norm": True, "segments": 2},
        learning_rate=4e-3,
        seed=0,
        budgets=(1e10, 3e10),
    )
    whole = cost.non_embedding_parameters(base.model_config(vocabulary=1))
    shared = cost.non_embedding_parameters(
        replace(base, structure=Structure.PREFIX_LM).model_config(vocabulary=1)
    )
    wide = matching_width(Structure.DECODER_ONLY, 2, whole, heads=2, query_key_norm=True)
    deep = matching_width(Structure.PREFIX_LM, 4, shared, heads=2, query_key_norm=True)
    arms = [
        replace(base, arm=f"ladder {step}", structure=each) for step, each in enumerate(Structure.ladder())
    ]
    arms += [
        replace(base, arm="same parameters", structure=Structure.DECODER_ONLY, width=wide),
        replace(base, arm="twice the layers", structure=Structure.PREFIX_LM, width=deep, layers=4),
    ]
    return [run for seed in (0, 1) for arm in arms for run in grid(arm, seed=[seed])]
