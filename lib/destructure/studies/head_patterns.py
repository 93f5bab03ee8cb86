"""What an attention head looks at, by four simple scores. No torch needed: plain arrays in, plain arrays out."""

from collections.abc import Sequence

import numpy as np

PATTERNS = ("previous token", "next token", "same token", "[SEP]")


def pattern_scores(weights, tokens: Sequence[str]) -> dict[str, np.ndarray]:
    """Mean attention weight that each head gives to four places, over the words of one sentence.

    The queries are the tokens between `[CLS]` and `[SEP]`, so each has a token before and after it. A head that
    looked everywhere alike would score 1 / length in each.

    Args:
        weights: (layers, heads, length, length), each row summing to 1; or a list with one array a layer.
        tokens: the texts, from `[CLS]` to `[SEP]`.

    Returns:
        For each of `PATTERNS` an array (layers, heads), from 0 to 1.

    Raises:
        ValueError: if the shapes do not fit, or the sentence has no word between `[CLS]` and `[SEP]`.
    """
    weights = np.stack([np.asarray(layer, dtype=float) for layer in weights])
    length = len(tokens)
    if weights.ndim != 4 or weights.shape[2:] != (length, length):
        raise ValueError(
            f"The weights have shape {weights.shape}; for {length} tokens give (layers, heads, {length}, {length})."
        )
    if length < 3 or tokens[0] != "[CLS]" or tokens[-1] != "[SEP]":
        raise ValueError(
            "Give the tokens of a sentence from [CLS] to [SEP], with at least one word between them."
        )
    words = np.arange(1, length - 1)
    looked_at = {
        "previous token": words - 1,
        "next token": words + 1,
        "same token": words,
        "[SEP]": np.full_like(words, length - 1),
    }
    return {name: weights[:, :, words, places].mean(axis=-1) for name, places in looked_at.items()}


def mean_scores(scores: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The mean of several sentences' scores, each sentence counting alike."""
    return {name: np.mean([one[name] for one in scores], axis=0) for name in PATTERNS}


def clearest(scores: np.ndarray) -> tuple[int, int]:
    """Layer and head, counted from 0, with the highest score."""
    layer, head = np.unravel_index(int(np.argmax(scores)), np.shape(scores))
    return int(layer), int(head)
