"""Bags, tiles and their merging, for the exercises of notebook 11."""

import math
from random import Random

from destructure.exercises import Variants
from destructure.exercises.kinds.run import agrees

BAGS = Variants("bag", "letters length", [(3, 4), (4, 4), (3, 5), (5, 4), (2, 6), (5, 3), (6, 3), (4, 6)])
TABLES = Variants(
    "table",
    "length heads",
    [(32_768, 32), (16_384, 32), (65_536, 16), (8_192, 64), (131_072, 8), (24_576, 32), (49_152, 24)],
)

# --- merging -----------------------------------------------------------------------------------------------------


def _tile(scores: list[float], values: list[float]) -> tuple[float, float, float]:
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    return top, sum(powers), sum(power * value for power, value in zip(powers, values, strict=True))


def merge_cases(more: int = 0) -> list[tuple]:
    """Tiles of one or more keys: equal maxima, far apart, far from 0 on either side, values of both signs."""
    edges = [([0.0], [1.0], [0.0], [3.0]), ([1000.0], [2.0], [-1000.0, -999.0], [5.0, 1.0])]
    edges += [([-1000.0, -1001.0], [2.0, -2.0], [-1000.5], [4.0]), ([3.0, 1.0], [0.0, 0.0], [5.0], [-2.0])]
    draw = Random("11.code.merge")
    for _ in range(12 + more):
        sizes, shift = (draw.randint(1, 4), draw.randint(1, 4)), draw.choice((0, 0, 500, -500))
        scores = [[shift + draw.gauss(0, 2) for _ in range(size)] for size in sizes]
        values = [[draw.gauss(0, 3) for _ in range(size)] for size in sizes]
        edges.append((scores[0], values[0], scores[1], values[1]))
    return [(_tile(*edge[:2]), _tile(*edge[2:])) for edge in edges]


def order_does_not_matter(function, case) -> bool:
    """Either tile may come first."""
    one, other = function(*case), function(*reversed(case))
    return all(abs(a - b) < 1e-6 for a, b in zip(one, other, strict=True))


def the_average_is_the_whole_softmax(function, case) -> bool:
    """The quotient lies between the two tiles' averages."""
    averages = sorted(mixed / total for _, total, mixed in case)
    _, total, mixed = function(*case)
    return averages[0] - 1e-6 <= mixed / total <= averages[1] + 1e-6


# --- the task: tiles that are skipped -------------------------------------------------------------------------------


def _again(rows: list[dict]) -> list[dict]:
    """Tiles by the formula; of a row of tiles those are computed that begin no later than its last query."""
    found = []
    for row in rows:
        starts = range(0, row["length"], row["tile"])
        last = [min(start + row["tile"], row["length"]) - 1 for start in starts]
        computed = sum(start <= end for end in last for start in starts)
        found.append({**row, "all": len(starts) ** 2, "computed": computed})
    return found


def own_tiles() -> list[dict]:
    """An example of the right form."""
    sizes = [{"length": 32, "tile": 8}, {"length": 32, "tile": 5}, {"length": 60, "tile": 16}]
    return [row | {"difference": 2e-7} for row in _again(sizes)]


def enough_rows(rows: list[dict]) -> bool:
    """Two lengths, two sizes of tiles, and a length that is no whole number of tiles."""
    lengths, tiles = ({row[name] for row in rows} for name in ("length", "tile"))
    whole = all(number == int(number) for number in lengths | tiles)
    uneven = whole and any(row["length"] % row["tile"] for row in rows)
    return uneven and len(lengths) >= 2 <= len(tiles) and min(lengths) >= 16 and min(tiles) >= 2


def small_differences(rows: list[dict]) -> bool:
    """Rounding, and no more."""
    return all(0 <= row["difference"] <= 1e-4 for row in rows)


all_tiles = agrees(_again, "length tile", "all")
computed_tiles = agrees(_again, "length tile", "computed")
