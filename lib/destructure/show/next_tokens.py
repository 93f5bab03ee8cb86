"""The next token's probabilities, before and after a rule of sampling has cut or bent them."""

from collections.abc import Mapping, Sequence

import numpy as np

from destructure.show.arrays import as_array, token_labels
from destructure.show.picture import Picture, shorten
from destructure.show.style import HIDDEN, INK, QUIET, SOURCE, figure, use_style

_PANEL_HEIGHT = 2.5  # inches


def next_token_cuts(
    probabilities,
    tokens: Sequence[str],
    cuts: Mapping[str, Sequence[float]],
    *,
    most: int = 14,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw one distribution again and again: in grey as the model gives it, in blue as a rule leaves it.

    Args:
        probabilities: (vocabulary,) of the model itself.
        tokens: (vocabulary,) token texts.
        cuts: name of the rule → (vocabulary,) probabilities with which a token is then drawn.
        most: how many of the most probable tokens are shown.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if lengths differ, nothing is to be drawn, or some probabilities do not sum to 1.
    """
    own = as_array(probabilities, "probabilities")
    bent = {name: as_array(cut, f"probabilities of {name!r}") for name, cut in cuts.items()}
    labels = token_labels(tokens, len(own), "probabilities")
    _require_distributions(own, bent)
    order = np.argsort(-own, kind="stable")[:most]
    with use_style():
        rows = (len(bent) + 1) // 2
        drawing = figure(8, _PANEL_HEIGHT * rows + (0.8 if title else 0.4))
        panels = list(drawing.subplots(rows, min(2, len(bent)), sharey=True, squeeze=False).flat)
        for axes, (name, cut) in zip(panels, bent.items(), strict=False):
            _draw_panel(axes, own[order], cut[order], [labels[place] for place in order])
            axes.set_title(name, fontsize=13, parse_math=False)
            kept = int((cut > 0).sum())
            axes.text(
                0.98,
                0.92,
                f"{kept} of {len(own)} tokens",
                transform=axes.transAxes,
                ha="right",
                va="top",
                color=QUIET,
            )
        for axes in panels[len(bent) :]:
            axes.set_visible(False)
        handles, names = panels[0].get_legend_handles_labels()
        drawing.legend(handles, names, loc="outside lower center", ncols=2)
        drawing.supylabel("probability", fontsize=14, color=INK)
        if title:
            drawing.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=15)
    summary = (
        f"Bars: the {len(order)} most probable next tokens, grey as the model gives them, blue as each rule leaves "
        f"them: {'; '.join(bent)}."
    )
    return Picture(drawing, alt or shorten(summary), alt or summary)


def _draw_panel(axes, own: np.ndarray, cut: np.ndarray, labels: Sequence[str]) -> None:
    places = range(len(own))
    axes.bar(places, own, width=0.9, color=HIDDEN, edgecolor=QUIET, linewidth=1, label="the model's own")
    axes.bar(places, cut, width=0.5, color=SOURCE, label="what is drawn from")
    axes.set_xticks(places, labels, family="monospace", parse_math=False)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="x", visible=False)


def _require_distributions(own: np.ndarray, bent: Mapping[str, np.ndarray]) -> None:
    if not bent:
        raise ValueError("There is no rule to draw; give at least one name with its probabilities.")
    for name, each in {"the model": own, **bent}.items():
        if each.shape != own.shape or own.ndim != 1:
            raise ValueError(
                f"The probabilities of {name!r} have shape {each.shape}; give one number for each of the "
                f"{own.size} tokens."
            )
        if (each < 0).any() or abs(each.sum() - 1) > 1e-4:
            raise ValueError(f"The probabilities of {name!r} must be 0 or more and sum to 1.")
