"""A published score with and without a change, pair by pair, with the difference written above."""

from collections.abc import Mapping

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, figure, use_style

_HATCHES = ("", "//")


def ablation_bars(
    pairs: Mapping[str, tuple[float, float]],
    names: tuple[str, str],
    *,
    score: str,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw pairs of bars side by side.

    Args:
        pairs: comparison → the two scores, in the order of `names`.
        names: what the first and the second bar of each pair are.
        score: name of the upward axis, with the unit.
        title: a line above.
        alt: replaces the description.

    Raises:
        ValueError: if there is no pair, or a score is not between 0 and 100.
    """
    if not pairs or not all(0 <= value <= 100 for pair in pairs.values() for value in pair):
        raise ValueError("Give at least one pair of scores, each from 0 to 100.")
    with use_style():
        drawing = figure(8, 4.8)
        axes = drawing.subplots()
        for side, name in enumerate(names):
            values = [pair[side] for pair in pairs.values()]
            places = [number + 0.38 * (side - 0.5) for number in range(len(pairs))]
            colour = CURVES[side][0]
            axes.bar(places, values, 0.36, color=colour, hatch=_HATCHES[side], edgecolor="white", label=name)
        for number, (first, second) in enumerate(pairs.values()):
            text = f"{first:g} − {second:g} = {first - second:.1f}"
            axes.text(number, max(first, second) + 2, text, ha="center", color=INK, weight="bold")
        axes.set_xticks(range(len(pairs)), list(pairs))
        axes.set_ylim(0, 108)
        axes.set_yticks(range(0, 101, 20))
        axes.grid(axis="x", visible=False)
        axes.set_ylabel(score)
        if title:
            axes.set_title(title)
        drawing.legend(loc="outside lower center", ncols=2)
    lines = "; ".join(
        f"{' '.join(name.split())}: {first:g} and {second:g}" for name, (first, second) in pairs.items()
    )
    summary = f"Pairs of bars, {names[0]} and {names[1]}: {lines}."
    return Picture(drawing, alt or shorten(summary), alt or summary)
