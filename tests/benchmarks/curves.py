"""Do both sides learn the same? Losses over the same batches from the same weights, step by step.

Ours by the fast path beside ours by the plain one, on number words at their true lengths; and GPT-2 of the
transformers library beside our class with its weights copied over, on number words of one length. A speed is worth
nothing where the curves differ. Training magnifies rounding, so equality is promised with 64 bits, where only faults
show, and with the usual 32 bits the difference is printed.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.peers import STRUCTURES, Sizes, collate, gpt2, learner, ours
from benchmarks.turns import Figure, middle_half, missing
from destructure.tasks import NumberTranslation
from destructure.train.batches import Batches
from destructure.train.evaluate import target_loss

STEPS, EXAMPLES, RATE = 200, 20_000, 2e-3
SMALLEST = {"steps": 5, "examples": 200, "width": 16}
NUMBERS = {"64 bits": (torch.double, 1 - 1e-4), "32 bits": (torch.float, -torch.inf)}  # and what is promised


def figures(steps: int = STEPS, examples: int = EXAMPLES, width: int = 64) -> Iterator[Figure | str]:
    """How nearly two curves are equal: the ratio is the smallest of the two losses of a step."""
    task = NumberTranslation(train_examples=examples)
    longest = task.max_length + 2
    sizes = Sizes(width, 64, longest, longest, heads=width // 16, vocabulary=len(task.vocabulary))
    batches = Batches(task.pairs("train"), 1500, seed=0)
    given = [collate(next(batches)) for _ in range(steps)]
    for family in STRUCTURES:
        both = partial(map, partial(ours, sizes, family), (True, False))
        yield from _apart(f"{family}, fast path", "our plain path", both, given)
    if sentence := missing("transformers", "test", "No curve of GPT-2"):
        yield sentence
        return

    def copied():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            theirs, loss = gpt2(sizes)
        copy = copy_of(theirs)
        return [(copy, lambda batch: target_loss(copy, batch.ours)), (theirs, loss)]

    yield from _apart("weights copied from it", "GPT-2 (transformers)", copied, _of_one_length(task, steps))


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


def _apart(case, side, build, batches) -> Iterator[Figure]:
    for bits, (numbers, promised) in NUMBERS.items():
        steps = [learner(model.to(numbers), loss, rate=RATE) for model, loss in build()]
        mine, theirs = zip(*([step(batch) for step in steps] for batch in batches), strict=True)
        apart = max(abs(one - other) for one, other in zip(mine, theirs, strict=True))
        places = range(0, len(mine), max(1, len(mine) // 4))
        shown = ", ".join(f"{mine[at]:.4f} and {theirs[at]:.4f}" for at in places)
        behind = f"at most {apart:.1e} nats apart over {len(mine)} steps, on the way {shown}"
        ratios = [min(pair) / max(pair) for pair in zip(mine, theirs, strict=True)]
        spread = *middle_half(ratios), len(ratios)
        yield Figure("curves", f"{case}, {bits}", side, min(ratios), *spread, behind, promised)
