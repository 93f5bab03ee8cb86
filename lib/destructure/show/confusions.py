"""Which class is taken for which: the confusion matrix, with groups of classes that are easily mixed up framed."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.patches import Rectangle

from destructure.show.picture import Picture, shorten
from destructure.show.style import CROSS_ATTENTION, figure, use_style

_COLOURS = "Blues"  # one hue from white to dark: the same order in grey and for every eye
_FAINT = 0.5  # shares are drawn by their square root, or single mistakes could not be seen


def confusion_counts(truth: Sequence[str], answers: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Count answers: one row a true class, one column an answer; answers that are no class are left out.

    Raises:
        ValueError: if there is not one answer for each truth, or a truth is none of the classes.
    """
    if len(truth) != len(answers) or not len(truth):
        raise ValueError(
            f"There are {len(truth)} truths and {len(answers)} answers; give one answer for each truth."
        )
    places = {one: place for place, one in enumerate(classes)}
    unknown = next((one for one in truth if one not in places), None)
    if unknown is not None:
        raise ValueError(f"{unknown!r} is not one of the {len(places)} classes.")
    counts = np.zeros((len(places), len(places)), dtype=int)
    for one, answer in zip(truth, answers, strict=True):
        if answer in places:
            counts[places[one], places[answer]] += 1
    return counts


def confusion_matrix(
    truth: Sequence[str],
    answers: Sequence[str],
    classes: Sequence[str],
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw who is taken for whom: a row a true class, a column an answer, each cell a share of its row.

    Classes of a group are put side by side and framed, so mistakes inside a group fall into its frame.

    Args:
        truth, answers: one each for every example.
        classes: all classes.
        groups: name → classes that are easily mixed up; a class may be in one group only.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if truths and answers do not fit, or groups overlap or name a class that does not exist.
    """
    groups = groups or {}
    order = grouped_order(classes, groups)
    counts = confusion_counts(truth, answers, order)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with use_style():
        drawing = figure(8, 7.6)
        axes = drawing.subplots()
        image = axes.imshow(shares, cmap=_COLOURS, norm=PowerNorm(_FAINT, 0, 1), interpolation="nearest")
        _dress(axes, order)
        for name, members in groups.items():
            _frame(axes, name, order.index(members[0]), len(members))
        bar = drawing.colorbar(image, ax=axes, shrink=0.6, ticks=[0, 0.05, 0.2, 0.5, 1])
        bar.ax.set_yticklabels(["0%", "5%", "20%", "50%", "100%"])
        bar.set_label("share of the row")
        if title:
            axes.set_title(title)
    framed = f" Framed: {', '.join(groups)}." if groups else ""
    summary = f"Confusion matrix of {len(order)} classes, rows the truth, columns the answer.{framed}"
    return Picture(drawing, alt or shorten(f"{summary} {_measured(counts, order)}"), alt or summary)


def grouped_order(classes: Sequence[str], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """The classes, those of a group side by side at the end.

    Raises:
        ValueError: if groups overlap or name a class that does not exist.
    """
    grouped = [one for members in groups.values() for one in members]
    if len(set(grouped)) != len(grouped):
        raise ValueError("A class stands in two groups; each may be in one only.")
    unknown = [one for one in grouped if one not in classes]
    if unknown:
        raise ValueError(f"The group member {unknown[0]!r} is not one of the classes.")
    return [one for one in classes if one not in grouped] + grouped


def share_within(truth: Sequence[str], answers: Sequence[str], groups: Mapping[str, Sequence[str]]) -> float:
    """The share of all mistakes in which truth and answer belong to the same group; 0 if there is no mistake."""
    group_of = {one: name for name, members in groups.items() for one in members}
    mistakes = [(one, answer) for one, answer in zip(truth, answers, strict=True) if one != answer]
    inside = [pair for pair in mistakes if pair[0] in group_of and group_of[pair[0]] == group_of.get(pair[1])]
    return len(inside) / max(len(mistakes), 1)


def _dress(axes: Axes, order: Sequence[str]) -> None:
    axes.grid(False)
    axes.set_xticks(range(len(order)), order, fontsize=11)
    axes.set_yticks(range(len(order)), order, fontsize=11)
    axes.tick_params(length=0)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")


def _frame(axes: Axes, name: str, start: int, size: int) -> None:
    corner = (start - 0.5, start - 0.5)
    axes.add_patch(Rectangle(corner, size, size, fill=False, edgecolor=CROSS_ATTENTION, linewidth=2.5))
    axes.text(
        start - 0.9, start + size / 2 - 0.5, name, ha="right", va="center", color=CROSS_ATTENTION, fontsize=12
    )


def _measured(counts: np.ndarray, order: Sequence[str]) -> str:
    """The most frequent mistake; measured, so never part of the compared text."""
    mistakes = counts - np.diag(np.diag(counts))
    if not mistakes.any():
        return "No mistake."
    row, column = np.unravel_index(mistakes.argmax(), mistakes.shape)
    return f"Most frequent mistake: {order[row]} taken for {order[column]}."
