"""Do both sides learn the same? Losses over the same batches from the same weights, step by step.

Ours by the fast path beside ours by the plain one, on number words at their true lengths; and GPT-2 of the
transformers library beside our class with its weights copied over, on number words of one length. A speed is worth
nothing where the curves differ.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator

import torch

from benchmarks.peers import Sizes, collate, gpt2, learner, ours
from benchmarks.turns import Figure, middle_half, missing
from destructure.tasks import NumberTranslation
from destructure.train.batches import Batches
from destructure.train.evaluate import target_loss

STEPS, EXAMPLES, RATE = 200, 20_000, 2e-3
SMALLEST = {"steps": 5, "examples": 200, "width": 16}
MOST_APART = 0.02  # nats a token: rounding grows while a model learns, and a mistake would be larger


def figures(steps: int = STEPS, examples: int = EXAMPLES, width: int = 64) -> Iterator[Figure | str]:
    """The largest difference of two curves; the ratio is that of their last losses."""
    task = NumberTranslation(train_examples=examples)
    longest = task.max_length + 2
    sizes = Sizes(width, 64, longest, longest, heads=width // 16, vocabulary=len(task.vocabulary))
    batches = Batches(task.pairs("train"), 1500, seed=0)
    given = [collate(next(batches)) for _ in range(steps)]
    for family in ("decoder-only", "encoder-decoder"):
        pair = [ours(sizes, family, fast) for fast in (True, False)]
        yield _apart(f"{family}, fast path", "our plain path", pair, given)
    if sentence := missing("transformers", "test", "No curve of GPT-2"):
        yield sentence
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs, loss = gpt2(sizes)
    copied = copy_of(theirs)
    pair = (copied, lambda batch: target_loss(copied, batch.ours)), (theirs, loss)
    yield _apart("weights copied from it", "GPT-2 (transformers)", pair, _of_one_length(task, steps))


def copy_of(theirs):
    """Our class with the weights of a GPT-2 of the transformers library."""
    from destructure.pretrained.checkpoints import from_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        return from_checkpoint(folder)


def _of_one_length(task, steps):
    """Batches of the commonest lengths, so that nobody needs padding."""
    pairs = task.pairs("train")
    (lengths, _), *_ = Counter((len(pair.source), len(pair.target)) for pair in pairs).most_common()
    same = [pair for pair in pairs if (len(pair.source), len(pair.target)) == lengths]
    batches = Batches(same, 1500, seed=0)
    return [collate(next(batches)) for _ in range(steps)]


def _apart(case, side, pair, batches) -> Figure:
    steps = [learner(*model, rate=RATE) for model in pair]
    mine, theirs = zip(*([step(batch) for step in steps] for batch in batches), strict=True)
    apart = max(abs(one - other) for one, other in zip(mine, theirs, strict=True))
    shown = ", ".join(
        f"{mine[at]:.4f} and {theirs[at]:.4f}" for at in range(0, len(mine), max(1, len(mine) // 4))
    )
    behind = f"at most {apart:.1e} nats apart over {len(batches)} steps, on the way {shown}"
    ratios = [other / one for one, other in zip(mine, theirs, strict=True)]
    promise = {"least": 1 - MOST_APART, "most": 1 + MOST_APART} if apart <= MOST_APART else {"least": 2.0}
    return Figure("curves", case, side, ratios[-1], *middle_half(ratios), len(batches), behind, **promise)
