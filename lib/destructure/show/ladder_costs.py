"""Parameters and FLOPs at every step of a path through the structures."""

from collections.abc import Mapping, Sequence

from destructure import cost
from destructure.config import TransformerConfig
from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, figure, use_style
from destructure.structure import Structure

_HATCHES = ("", "//")


def ladder_costs(
    paths: Mapping[str, Sequence[Structure]],
    config: TransformerConfig,
    source: int,
    target: int,
    *,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw the parameters of the stacks, in layers · width², and the FLOPs of a forward pass against the last step's.

    Args:
        paths: one or two paths of equal length: label → structures, step by step.
        config: sizes; its own structure plays no part. FLOPs of the logits are counted, so give a small vocabulary.
        source, target: tokens of input and target.
        title: a line above.
        alt: replaces the description.

    Raises:
        ValueError: if there are not one or two paths of one length.
    """
    lengths = {len(path) for path in paths.values()}
    if not 1 <= len(paths) <= 2 or len(lengths) != 1:
        raise ValueError(f"Give one or two paths of equal length; these have lengths {sorted(lengths)}.")
    unit = config.layers * config.width**2
    last = next(iter(paths.values()))[-1]
    base = cost.forward_flops(config.with_structure(last), source, target)
    with use_style():
        drawing = figure(8, 6.6)
        panels = drawing.subplots(2, 1, sharex=True)
        for side, (label, path) in enumerate(paths.items()):
            weights = [cost.non_embedding_parameters(config.with_structure(each)) / unit for each in path]
            flops = [cost.forward_flops(config.with_structure(each), source, target) / base for each in path]
            for panel, values, digits in zip(panels, (weights, flops), (0, 2), strict=True):
                _bars(panel, values, digits, side, len(paths), label)
        steps = ["start", *map(str, range(1, lengths.pop()))]
        for panel in panels:
            panel.set_xticks(range(len(steps)), steps)
            panel.grid(axis="x", visible=False)
        panels[1].set_xlabel("after edit")
        panels[0].set(ylabel="layers × width²", ylim=(0, 34))
        panels[0].set_title("Parameters of the stacks", fontsize=14)
        panels[1].set(ylabel="times the last step", ylim=(0, 1.4))
        panels[1].set_title("FLOPs of a forward pass", fontsize=14)
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
        if len(paths) > 1:
            handles, labels = panels[0].get_legend_handles_labels()
            drawing.legend(handles, labels, loc="outside lower center", ncols=2)
    summary = (
        f"Bars of parameters and FLOPs at {len(steps)} steps for {' and '.join(paths)}: parameters fall in the "
        "first two edits, FLOPs in other ones."
    )
    return Picture(drawing, alt or shorten(summary), alt or summary)


def _bars(panel, values, digits: int, side: int, sides: int, label: str) -> None:
    width = 0.8 / sides
    places = [number + width * (side - (sides - 1) / 2) for number in range(len(values))]
    colour = CURVES[side][0]
    panel.bar(
        places, values, width * 0.94, color=colour, hatch=_HATCHES[side], edgecolor="white", label=label
    )
    top = max(values)
    for place, value in zip(places, values, strict=True):
        panel.text(place, value + 0.02 * top, f"{value:.{digits}f}", ha="center", va="bottom")
