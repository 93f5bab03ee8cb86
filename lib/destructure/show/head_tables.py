"""All heads of a model at once: one small table a pattern, a row a layer, a column a head."""

from collections.abc import Mapping

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from destructure.show.arrays import as_array
from destructure.show.picture import Picture, shorten
from destructure.show.style import figure, use_style

_COLOURS = "Blues"


def head_table(scores: Mapping[str, object], *, title: str | None = None, alt: str | None = None) -> Picture:
    """Draw scores between 0 and 1 of every head: dark heads follow the pattern.

    Args:
        scores: pattern → (layers, heads); at most four patterns, all of the same shape.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no or more than four patterns, shapes differ, or a score is outside 0 to 1.
    """
    tables = {name: as_array(table, f"scores of {name!r}").astype(float) for name, table in scores.items()}
    shapes = {table.shape for table in tables.values()}
    if not 1 <= len(tables) <= 4 or len(shapes) != 1 or any(table.ndim != 2 for table in tables.values()):
        raise ValueError("Give one to four patterns, each with a score for every layer and head.")
    if any(table.min() < 0 or table.max() > 1 for table in tables.values()):
        raise ValueError("A score lies outside 0 to 1; give mean attention weights.")
    layers, heads = shapes.pop()
    with use_style():
        drawing = figure(8, 1.2 + 2.4 * (-(-len(tables) // 2)))
        panels = drawing.subplots(-(-len(tables) // 2), min(2, len(tables)), squeeze=False)
        for panel in panels.flat[len(tables) :]:
            panel.set_visible(False)
        for panel, (name, table) in zip(panels.flat, tables.items(), strict=False):
            panel.imshow(table, cmap=_COLOURS, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
            panel.set_title(name, fontsize=13)
            panel.set_xticks(range(0, heads, 2), range(1, heads + 1, 2))
            panel.set_yticks(range(layers), range(1, layers + 1))
            panel.grid(False)
        for row in panels:
            row[0].set_ylabel("layer")
        for panel in panels[-1]:
            panel.set_xlabel("head")
        bar = drawing.colorbar(ScalarMappable(Normalize(0, 1), _COLOURS), ax=panels, ticks=[0, 0.5, 1])
        bar.set_label("mean attention weight")
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
    summary = f"{layers} layers by {heads} heads, how much each head looks at: {', '.join(tables)}."
    return Picture(drawing, alt or shorten(summary), alt or summary)
