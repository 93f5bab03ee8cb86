"""Untrained models whose texts differ: large random weights, and no token that is always likely.

In double precision, where two tokens hardly ever tie within rounding: so equal must mean equal.
"""

from dataclasses import replace

import torch

from destructure import RecurrentConfig, RecurrentModel, Structure, Transformer, TransformerConfig

VOCABULARY = 19
CONFIG = TransformerConfig(
    vocabulary=VOCABULARY, width=16, layers=2, heads=4, max_length=40, tied_output=False, output_bias=True
)
TIED = Structure(tied_cross_attention=True)
EVERY_STRUCTURE = [*Structure.all(), TIED, *(TIED.without(switch) for switch in Structure.SWITCHES[1:])]
RECURRENT = {
    "recurrent language model": RecurrentConfig(VOCABULARY, 8, layers=2, output_bias=True),
    "recurrent": RecurrentConfig(VOCABULARY, 8, reads_source=True, tied_output=False, output_bias=True),
    "recurrent with attention": RecurrentConfig(
        VOCABULARY, 8, layers=2, reads_source=True, attention=True, output_bias=True
    ),
}
# Every detail of a block at least once, several together.
VARIANTS = [
    {},
    {"positions": "rotary", "key_value_heads": 2, "query_key_norm": True, "activation": "swiglu"},
    {"norm": "layer", "norm_placement": "after", "bias": True, "segments": 2, "activation": "relu"},
    {
        "positions": "sinusoidal",
        "key_value_heads": 1,
        "restart_target_positions": True,
        "scale_embedding": True,
    },
    {
        "positions": "none",
        "norm": "layer",
        "activation": "gelu_tanh",
        "embedding_norm": True,
        "scale_embedding": True,
    },
]


def random_model(structure=Structure.DECODER_ONLY, seed=0, **changes) -> Transformer:
    """A Transformer of this structure that writes many different texts."""
    return _shaken(Transformer(replace(CONFIG, structure=structure, **changes), seed=seed), seed)


def random_recurrent(name: str, seed=0) -> RecurrentModel:
    """A recurrent model likewise."""
    return _shaken(RecurrentModel(RECURRENT[name], seed=seed), seed)


def _shaken(model, seed):
    generator = torch.Generator().manual_seed(seed + 1)
    model = model.double().eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn(weights.shape, generator=generator, dtype=weights.dtype))
        reads = getattr(model.config, "reads_source", True)
        source, target = (random_ids(200, length, vocabulary=model.config.vocabulary) for length in (3, 5))
        logits = model(source if reads else None, target)
        model.output.bias -= logits.mean(dim=(0, 1))
        model.output.bias[2] += 0.5 * logits.std()  # the end token a little more often than others
    return model


def random_ids(
    rows: int, length: int, seed=0, shortest: int | None = None, vocabulary=VOCABULARY
) -> torch.Tensor:
    """Ids (rows, length); with `shortest`, each row keeps so many or more and is padded on the left or right."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, vocabulary, (rows, length), generator=generator)
    if shortest is not None:
        missing = torch.randint(0, length - shortest + 1, (rows, 1), generator=generator)
        on_the_left = torch.rand(rows, 1, generator=generator) < 0.5
        places = torch.arange(length)
        ids[torch.where(on_the_left, places < missing, places >= length - missing)] = 0
    return ids


def random_prompts(rows: int, longest: int, seed=0) -> list[list[int]]:
    """Lists of 0 to `longest` ids."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(0, longest + 1, (rows,), generator=generator).tolist()
    return [torch.randint(3, VOCABULARY, (length,), generator=generator).tolist() for length in lengths]
