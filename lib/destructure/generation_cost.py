"""What writing costs with and without a key-value cache, by formula. No torch here.

Counted as in `destructure.cost`: 2 FLOPs a multiplication and addition, matrix products only.
"""

from destructure.config import TransformerConfig
from destructure.cost import forward_flops


def writing_flops(config: TransformerConfig, source: int, prompt: int, new: int, cache: bool = True) -> int:
    """FLOPs to write `new` tokens, one at a time.

    With the cache, input and prompt are computed once and then one token a step: it looks at the keys and values that
    were kept. Without, each step computes the input and the whole target again. In both, the last token written is
    never read.

    Args:
        source: tokens of the input.
        prompt: target tokens given, `[BOS]` included; 1 or more.
        new: tokens written, the end token included; 1 or more.
        cache: whether keys and values are kept.

    Raises:
        ValueError: if a number is too small.
    """
    if source < 0 or prompt < 1 or new < 1:
        raise ValueError(
            f"source is {source}, prompt {prompt} and new {new}; source must be 0 or more, the others 1 or more."
        )
    lengths = range(prompt, prompt + new)  # of the target, at each step
    if not cache:
        return sum(forward_flops(config, source, length) for length in lengths)
    first = forward_flops(config, source, prompt)
    return first + sum(_one_token_flops(config, source + length) for length in lengths[1:])


def _one_token_flops(config: TransformerConfig, seen: int) -> int:
    """One new target token that looks at `seen` tokens, itself included."""
    alone = forward_flops(config, 0, 1)  # its matrices, its logits, and one look at itself
    return alone + 4 * config.layers * config.width * (seen - 1)
