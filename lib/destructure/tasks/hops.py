"""Follow arrows from place to place: how many steps can a model take before it must answer?"""

import random
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from destructure.tasks.base import Vocabulary, require_choice
from destructure.tasks.drawn import DrawnTask, require_fit, require_whole

PLACES = tuple("abcdefghijklmnopqrstuvwxyz")
MOST_HOPS = 9


class HopExample(NamedTuple):
    """Arrows (from, to) in the order in which they are listed, how many to follow, and where to begin."""

    arrows: tuple[tuple[str, str], ...]
    hops: int
    starts: tuple[str, ...]

    def path(self, start: str) -> tuple[str, ...]:
        """The places that are reached from a start, hop by hop."""
        to, path = dict(self.arrows), [start]
        for _ in range(self.hops):
            path.append(to[path[-1]])
        return tuple(path[1:])


@dataclass(frozen=True, kw_only=True)
class PointerHops(DrawnTask):
    """Pointer chasing: given arrows between places, where does one end after so many hops?

    The source lists the arrows as pairs of places in random order, then the number of hops and one start or more.
    The arrows form one ring through all places, so no hop leads nowhere and none of the first hops leads back. If
    only the last place is written, the steps must be taken inside the model, one after the other; that is why serial
    depth should matter here. Splits share no ring, in whatever order it is listed.

    Args:
        hops: how many, 1 to 9, and fewer than places.
        fewest_hops: None for always `hops`; else each example takes from so many up to `hops`.
        places: in each ring, 2 to 26.
        questions: starts in each example, 1 to `places`. One answer a long input teaches little: many teach sooner.
        answer: for each start the "last" place only, or the whole "path", which allows one hop a written token.
        train_examples, validation_examples, test_examples, split_seed: see `DrawnTask`.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = PointerHops(hops=2, places=3, train_examples=10, validation_examples=1, test_examples=1)
        >>> example = HopExample((("q", "a"), ("m", "q"), ("a", "m")), 2, ("a",))
        >>> task.source_text(example), task.target_text(example)
        ('q a m q a m 2 a', 'q')
    """

    hops: int = 2
    fewest_hops: int | None = None
    places: int = 8
    questions: int = 1
    answer: Literal["last", "path"] = "last"

    def __post_init__(self):
        super().__post_init__()
        require_whole("places", self.places, 2, len(PLACES))
        require_whole("hops", self.hops, 1, min(MOST_HOPS, self.places - 1))
        if self.fewest_hops is not None:
            require_whole("fewest_hops", self.fewest_hops, 1, self.hops)
        require_whole("questions", self.questions, 1, self.places)
        require_choice("answer", self.answer, ("last", "path"))
        written = self.questions * (self.hops if self.answer == "path" else 1)
        require_fit(2 * self.places + 1 + self.questions, written, "use fewer hops or questions")

    @property
    def name(self) -> str:
        """What is done, for titles and tables."""
        fewest = self.hops if self.fewest_hops is None else self.fewest_hops
        count = f"{self.hops}" if fewest == self.hops else f"{fewest} to {self.hops}"
        return f"{count} hop{'s' * (self.hops > 1)} among {self.places} places"

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All tokens; the same whatever the dials."""
        return Vocabulary((*PLACES, *map(str, range(1, MOST_HOPS + 1))))

    def _draw(self, generator: random.Random) -> HopExample:
        ring = generator.sample(PLACES, self.places)
        arrows = list(zip(ring, ring[1:] + ring[:1], strict=True))
        generator.shuffle(arrows)
        fewest = self.hops if self.fewest_hops is None else self.fewest_hops
        hops, starts = generator.randint(fewest, self.hops), generator.sample(ring, self.questions)
        return HopExample(tuple(arrows), hops, tuple(starts))

    def _content(self, example: HopExample) -> tuple:
        return tuple(sorted(example.arrows))

    def _source(self, example: HopExample) -> tuple[str, ...]:
        arrows = (place for arrow in example.arrows for place in arrow)
        return (*arrows, str(example.hops), *example.starts)

    def _target(self, example: HopExample) -> tuple[str, ...]:
        written = slice(None) if self.answer == "path" else slice(-1, None)
        return tuple(place for start in example.starts for place in example.path(start)[written])
