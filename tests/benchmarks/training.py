"""Dense training: the same step of learning, without padding, beside every peer.

Decoder-only and encoder-decoder, 3 layers a stack; forward, backward, clipping and fused AdamW on one batch of
random ids; fp32, two threads. Promised: at least 1.15 times every library in two of three widths, and nowhere below
any peer, the plain fused loop included. Beside them our plain path, which the course teaches, without a promise.
"""

from collections.abc import Iterator, Sequence
from operator import attrgetter

from benchmarks.peers import PLAIN_LOOP, STRUCTURES, Sizes, dense, learner, ours, peers, said_missing
from benchmarks.turns import Figure, compare, take_turns

SIZES = (
    (Sizes(width=64, batch=64, source=16, target=16, heads=2), 25),  # and how many rounds
    (Sizes(width=128, batch=64, source=16, target=16, heads=4), 20),
    (Sizes(width=256, batch=16, source=64, target=64, heads=8), 12),
)
SMALLEST = {"sizes": [(Sizes(16, 2, 3, 3, heads=2, layers=1), 2)] * 3, "warm": 1, "steps": 1}
TWICE_AHEAD, NEVER_BEHIND = 1.15, 1.0
OUR_PLAIN_PATH = "our plain path"


def figures(
    sizes: Sequence[tuple[Sizes, int]] = SIZES, warm: int = 3, steps: int = 2
) -> Iterator[Figure | str]:
    """Ours beside each peer at each width, then the promise over widths.

    Args:
        sizes: each with its number of rounds.
        warm, steps: steps before anything is timed, and steps in one turn.
    """
    yield from said_missing()
    found = []
    for size, rounds in sizes:
        for family in STRUCTURES:
            beside = list(_one_width(size, family, rounds, warm, steps))
            yield from beside
            found.append((family, beside))
    for family in STRUCTURES:
        yield over_widths(family, [beside for each, beside in found if each == family])


def _one_width(size: Sizes, family: str, rounds: int, warm: int, steps: int) -> Iterator[Figure]:
    batch = dense(size)
    models = {"ours": ours(size, family), OUR_PLAIN_PATH: ours(size, family, fast=False)}
    models |= {name: build(size) for name, build in peers(family).items()}
    sides = {}
    for name, model in models.items():
        step = learner(*model)
        for _ in range(warm):
            step(batch)
        sides[name] = lambda step=step: [step(batch) for _ in range(steps)]
    case = f"{family}, width {size.width}"
    promised = dict.fromkeys(peers(family), NEVER_BEHIND)
    yield from compare(
        "training", case, take_turns(sides, rounds), amount=steps * size.tokens, promised=promised
    )


def over_widths(family: str, widths: Sequence[Sequence[Figure]]) -> Figure:
    """The promise over all widths: the second best of them, each by the library that comes closest."""
    ratio, apart = attrgetter("ratio"), (PLAIN_LOOP, OUR_PLAIN_PATH)
    libraries = ([each for each in beside if each.side not in apart] for beside in widths)
    second = sorted((min(each, key=ratio) for each in libraries), key=ratio)[-2]
    case, behind = f"{family}, second best of {len(widths)} widths", f"{second.case}, {second.side}"
    spread = second.low, second.high, second.rounds
    return Figure("training", case, "every library", second.ratio, *spread, behind, TWICE_AHEAD)
