"""Real tasks at their true lengths: useful target tokens a second, with everything that training does.

Number words and verses (or, where those are not installed, the sample sentences of the course). Ours is the step of
the course's own training loop by the fast path: batches made, FLOPs counted, history written, weights averaged. A
peer gets its batches collated beforehand and averages nothing. Its batches hold as many examples, drawn at random
and padded, as is usual. Promised: 1.5 times the best of them. Beside that, without a promise, the same peers on our
own batches, which are sorted by length.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from benchmarks.peers import STRUCTURES, Collated, Sizes, collate, learner, peers, said_missing
from benchmarks.turns import Figure, compare, take_turns
from destructure import Transformer
from destructure.tasks import NumberTranslation, VerseTranslation
from destructure.tasks.base import Task
from destructure.train import Batches, Recipe
from destructure.train.fast import fast_target_loss
from destructure.train.state import TrainingState

WIDTHS, ROUNDS, TOKENS, COLLATED = (32, 64, 128), 20, 1500, 60
SMALLEST = {"widths": [16], "rounds": 2, "tokens": 100, "collated": 2, "train_examples": 200, "sample": True}
TIMES_FASTER = 1.5
SORTED = ", our batches"


def figures(
    widths: Sequence[int] = WIDTHS,
    rounds: int = ROUNDS,
    tokens: int = TOKENS,
    collated: int = COLLATED,
    sample: bool = False,
    train_examples: int | None = None,
) -> Iterator[Figure | str]:
    """Ours beside each peer, for each task, width and family.

    Args:
        tokens: real tokens of one of our batches; a peer's holds as many examples.
        collated: batches that a peer has ready, over and over.
        sample: take the sample sentences even where the verses are installed.
        train_examples: of the number task; its own number by default.
    """
    yield from said_missing()
    given = {} if train_examples is None else {"train_examples": train_examples}
    tasks = {"numbers": NumberTranslation(high=999_999, **given)}
    try:
        tasks |= {"sample sentences": _sample()} if sample else {"verses": VerseTranslation()}
    except ValueError as problem:
        yield f"{problem} The sample sentences stand in for them."
        try:
            tasks["sample sentences"] = _sample()
        except ValueError as also:
            yield str(also)
    for name, task in tasks.items():
        batches = _Collated(task, tokens, collated)
        for width in widths:
            for family in STRUCTURES:
                yield from _one(name, task, width, family, rounds, batches)


def _sample() -> Task:
    return VerseTranslation(pieces=200, text="sample")


class _Collated:
    """A peer's batches of one task: `at_random`, and `as_ours`."""

    def __init__(self, task: Task, tokens: int, number: int):
        self.tokens = tokens
        ours = Batches(task.pairs("train"), tokens, seed=0)
        lengths = ours.source_lengths + ours.target_lengths
        size = max(1, round(tokens / lengths.mean()))
        draw = np.random.default_rng(0)
        drawn = [draw.integers(len(lengths), size=size) for _ in range(number)]
        self.at_random = [collate(ours.of(examples)) for examples in drawn]
        self.as_ours = [collate(next(ours)) for _ in range(number)]
        self.longest = int(ours.source_lengths.max()), int(ours.target_lengths.max())


def _one(name, task, width, family, rounds, batches) -> Iterator[Figure]:
    source, target = batches.longest
    sizes = Sizes(width, 0, source, target, heads=max(1, width // 16), vocabulary=len(task.vocabulary))
    sides = {"ours": _ours(task, sizes, family, batches.tokens)}
    for peer, build in peers(family).items():
        for kind, given in (("", batches.at_random), (SORTED, batches.as_ours)):
            sides[peer + kind] = _peer(learner(*build(sizes)), given)
    for work in sides.values():
        work()
    times = take_turns(sides, rounds, counted=True)
    case = f"{name}, {family}, width {width}"
    promised = dict.fromkeys(peers(family), TIMES_FASTER)
    yield from compare("real_tasks", case, times, unit="useful target tokens", promised=promised)


def _ours(task: Task, sizes: Sizes, family: str, tokens: int) -> Callable[[], int]:
    model = Transformer(sizes.config(family), seed=0)
    state = TrainingState(model, task, Recipe(steps=10**6, tokens_per_batch=tokens), seed=0)
    useful = []

    def objective(model, batch):
        useful.append(int(state.batches.target_lengths[batch.examples].sum()))
        return fast_target_loss(model, batch)

    def three_steps() -> int:
        useful.clear()
        for _ in range(3):
            state.step(objective, None)
        return sum(useful)

    return three_steps


def _peer(step: Callable[[Collated], float], batches: Sequence[Collated]) -> Callable[[], int]:
    following = itertools.cycle(batches)

    def three_steps() -> int:
        taken = list(itertools.islice(following, 3))
        for batch in taken:
            step(batch)
        return sum(batch.useful for batch in taken)

    return three_steps
