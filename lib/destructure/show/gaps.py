"""What a masked model puts into the gaps of one text: the likeliest characters of each gap as bars."""

from collections.abc import Sequence

import numpy as np

from destructure.show.arrays import as_array, token_labels
from destructure.show.picture import Picture, shorten
from destructure.show.style import QUIET, SOURCE, TARGET, figure, use_style

_MOST_GAPS = 6


def gap_guesses(
    probabilities,
    tokens: Sequence[str],
    true: Sequence[str],
    *,
    best: int = 4,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw one panel a gap: the likeliest tokens, the true one in orange.

    Args:
        probabilities: (gaps, vocabulary); each row sums to 1.
        tokens: text of each token of the vocabulary.
        true: what really stood in each gap.
        best: how many tokens a panel shows.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no gaps or more than six, or sizes do not agree.
    """
    rows = as_array(probabilities, "probabilities").astype(float)
    if rows.ndim != 2 or not 1 <= len(rows) <= _MOST_GAPS or len(rows) != len(true):
        raise ValueError(f"Give the probabilities of one to {_MOST_GAPS} gaps, and one true token for each.")
    labels = token_labels(tokens, rows.shape[1], "tokens")
    shown = token_labels(true, len(rows), "gaps")
    with use_style():
        drawing = figure(8, 3.2)
        panels = drawing.subplots(1, len(rows), sharey=True, squeeze=False)[0]
        for number, (panel, row, right) in enumerate(zip(panels, rows, shown, strict=True), start=1):
            order = np.argsort(-row, kind="stable")[:best]
            colours = [TARGET if labels[place] == right else SOURCE for place in order]
            panel.bar(range(best), row[order], color=colours, edgecolor=QUIET)
            panel.set_xticks(range(best), [labels[place] for place in order], parse_math=False)
            panel.set_title(f"gap {number}: {right}", fontsize=13, parse_math=False)
            panel.grid(axis="x", visible=False)
        panels[0].set_ylim(0, 1)
        panels[0].set_ylabel("probability")
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
    summary = (
        f"The {best} likeliest characters for each of {len(rows)} gaps, as bars; the true ones, {' '.join(shown)}, "
        "are orange where they are among them."
    )
    return Picture(drawing, alt or shorten(summary), alt or summary)
