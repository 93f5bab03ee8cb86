"""Greedy writing with a cache, beside GPT-2 of the transformers library with the same weights.

Width 128, 3 layers, batches of 1 and 64, each row a prompt of 16 tokens and 64 new ones. Promised: 3 times as fast
at batch 1, 2 times at batch 64 (`--rounds 10`: in every one of ten runs). Beside that the plain path with and
without a cache, which is what the course teaches, without a promise.
"""

import math
from collections.abc import Iterator, Mapping

import torch

from benchmarks.curves import copy_of
from benchmarks.peers import Sizes, gpt2
from benchmarks.turns import Figure, compare, missing, take_turns
from destructure.generate import generate

SIZES = Sizes(width=128, batch=0, source=16, target=64, heads=4)
TIMES_FASTER = {1: 3.0, 64: 2.0}  # batch → promise
SMALLEST = {
    "sizes": Sizes(16, 0, 4, 4, heads=2, layers=1),
    "promised": {1: -math.inf, 3: -math.inf},
    "rounds": 2,
}
SAME_TEXTS = 0.95  # share of rows; two tokens that tie within rounding may fall either way


def figures(
    sizes: Sizes = SIZES, promised: Mapping[int, float] = TIMES_FASTER, rounds: int = 9
) -> Iterator[Figure | str]:
    """Ours beside GPT-2 at each batch size; nothing is measured where transformers is not installed.

    Raises:
        ValueError: if the two sides write different texts.
    """
    if sentence := missing("transformers", "test", "Nothing to write beside"):
        yield sentence
        return
    theirs, ours = same_models(sizes)
    for batch, promise in promised.items():
        yield from _one_batch(theirs, ours, sizes, batch, promise, rounds)


def _one_batch(theirs, ours, sizes, batch, promise, rounds) -> Iterator[Figure]:
    draw, new = torch.Generator().manual_seed(batch), sizes.target
    prompts = torch.randint(1, sizes.vocabulary, (batch, sizes.source), generator=draw)

    def write(**keywords):
        return generate(ours, None, new, prompts=prompts, begin=None, end=None, **keywords)

    def write_theirs():
        with torch.inference_mode():
            keywords = {"max_new_tokens": new, "do_sample": False, "use_cache": True}
            return theirs.generate(prompts, attention_mask=torch.ones_like(prompts), **keywords)

    _require_same_texts(write(), write_theirs()[:, sizes.source :].tolist())
    side = "GPT-2 (transformers)"
    for name, keywords, least, turns in (
        ("", {}, {side: promise}, rounds),
        (", plain path", {"fast": False}, {}, min(rounds, 3)),
        (", plain path, no cache", {"cache": False}, {}, min(rounds, 3)),
    ):
        sides = {"ours": lambda keywords=keywords: write(**keywords), side: write_theirs}
        times = take_turns(sides, turns)
        yield from compare("generation", f"batch {batch}{name}", times, amount=batch * new, promised=least)


def same_models(sizes: Sizes):
    """A GPT-2 of the transformers library with random weights, and a `Transformer` with the same ones."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = gpt2(sizes)[0].eval()
    with torch.no_grad():
        theirs.transformer.wte.weight *= 10  # logits far enough apart that rounding decides nothing
    return theirs, copy_of(theirs).eval()


def _require_same_texts(ours: list[list[int]], theirs: list[list[int]]) -> None:
    same = sum(one == other for one, other in zip(ours, theirs, strict=True)) / len(ours)
    if same < SAME_TEXTS:
        raise ValueError(
            f"The two sides wrote the same text in only {same:.0%} of the rows, so their times say nothing."
        )
