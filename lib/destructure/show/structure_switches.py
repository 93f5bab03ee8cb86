"""A switchboard: flip the four structures, and see what becomes of the model beside the encoder-decoder."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

import ipywidgets
import numpy as np

from destructure import cost
from destructure.config import TransformerConfig
from destructure.show.diagram_plans import SOURCE_TOKENS, TARGET_TOKENS
from destructure.show.live import SWITCH_LABELS, Live
from destructure.show.masks import mask_parts, visibility
from destructure.show.structure_sketches import structure_description, structure_drawing, svg, text
from destructure.show.style import HIDDEN, INK, TARGET
from destructure.structure import Structure

_STATIC = (
    "<p><em>In JupyterLab, with the notebook running, four switches appear here and redraw the model at every flip. "
    "This table has their sixteen settings.</em></p>"
)


class StructureSwitches(Live):
    """Four switches (and one for the lecture's own first edit), two lengths, and the model that they make.

    Args:
        config: sizes; its own structure plays no part.
        source, target: tokens of input and target at first; two sliders change them.

    Attributes:
        switches: name of a switch → its check box; setting `.value` is the same as clicking.
        steps: buttons that jump to a step of the lecture's ladder.
        source, target, drawn: the sliders, and the HTML field.

    Raises:
        ValueError: if a length is not a whole number from 1 to half of the model's `max_length`.
    """

    about = "four switches, and the model that they make"

    def __init__(self, config: TransformerConfig, source: int, target: int):
        longest = config.max_length // 2
        for name, length in (("source", source), ("target", target)):
            if not isinstance(length, int) or isinstance(length, bool) or not 1 <= length <= longest:
                raise ValueError(
                    f"{name} is {length!r}; it must be a whole number from 1 to {longest}, half of the model's "
                    "max_length."
                )
        self._config, self._setting_several = config, False
        self.switches = {
            name: ipywidgets.Checkbox(name in Structure.SWITCHES, description=label, indent=False)
            for name, label in SWITCH_LABELS.items()
        }
        self.switches["tied_cross_attention"].layout.margin = "0 0 0 28px"
        self.steps = []
        for number, step in enumerate(Structure.ladder()):
            name = "start" if number == 0 else f"after edit {number}"
            self.steps.append(
                ipywidgets.Button(description=name, tooltip=step.name, layout={"width": "auto"})
            )
            self.steps[-1].on_click(lambda button, step=step: self.set(step))
        look = {"continuous_update": False, "style": {"description_width": "90px"}, "min": 1, "max": longest}
        self.source = ipywidgets.IntSlider(source, description="input tokens", **look)
        self.target = ipywidgets.IntSlider(target, description="target tokens", **look)
        self.drawn = ipywidgets.HTML()
        path = ipywidgets.HBox([ipywidgets.Label("The lecture's path:"), *self.steps])
        controls = [*self.switches.values(), self.source, self.target]
        super().__init__([path, *controls, self.drawn])
        for control in controls:
            control.observe(lambda change: self.draw(), names="value")
        self.draw()

    @property
    def structure(self) -> Structure:
        """The setting of the switches."""
        return Structure(**{name: box.value for name, box in self.switches.items()})

    def set(self, structure: Structure) -> None:
        """Put all switches as a structure has them."""
        self._setting_several = True
        try:
            for name, box in self.switches.items():
                box.value = getattr(structure, name)
        finally:
            self._setting_several = False
        self.draw()

    def draw(self) -> None:
        """Redraw after a change."""
        if self._setting_several:
            return
        borrowed = self.switches["tied_cross_attention"]
        own = self.switches["separate_cross_attention"].value
        borrowed.disabled = not own
        if borrowed.value and not own:  # there is no cross-attention that could borrow anything
            borrowed.value = False  # draws again
            return
        self.drawn.value = self._page(self.structure)

    def _page(self, structure: Structure) -> str:
        columns = {"encoder-decoder": Structure.ENCODER_DECODER, f"your setting: {structure.name}": structure}
        stacks = [_picture(structure_drawing(each), structure_description(each)) for each in columns.values()]
        rows = [_row("", [f"<b>{escape(head)}</b>" for head in columns], cell="th"), _row("stacks", stacks)]
        rows.append(_row("who sees whom", map(_mask, columns.values())))
        before, after = (self._costs(each) for each in columns.values())
        for name, found in after.items():
            shown = escape(found) if found == before[name] else f"<b>{escape(found)}</b>"
            rows.append(_row(name, [escape(before[name]), shown]))
        description = escape(structure_description(structure))
        return (
            f'<p aria-live="polite">{description[0].upper()}{description[1:]}.</p>'
            f'<table style="border-spacing: 12px 2px">{"".join(rows)}</table>'
        )

    def _costs(self, structure: Structure) -> dict[str, str]:
        """What one setting costs, ready to be shown: name of the row → text."""
        config = self._config.with_structure(structure)
        size, lengths = cost.non_embedding_parameters(config), (self.source.value, self.target.value)
        return {
            "parameters of the stacks": f"{size:,}",
            "in layers × width²": f"{size / (config.layers * config.width**2):.1f}",
            "million FLOPs, one pass": f"{cost.forward_flops(config, *lengths) / 1e6:,.0f}",
            "cache after the target": f"{cost.cache_bytes(config, *lengths) / 2**20:,.2f} MiB",
            "one more input token": f"read {'everything again' if structure.bidirectional_input else 'that one'}",
        }

    def saved(self) -> str:
        """All sixteen settings as a table: what a saved notebook shows."""
        head = _row("", [f"<b>{escape(name)}</b>" for name in self._costs(self.structure)], cell="th")
        rows = []
        for corner in Structure.all():
            name = corner.code if corner.name == corner.code else f"{corner.code}, {corner.name}"
            rows.append(_row(name, self._costs(corner).values()))
        return f"{_STATIC}<table>{head}{''.join(rows)}</table>"


flip_structures = StructureSwitches  # in a notebook's cell, a verb


def mask_drawing(structure: Structure, source: Sequence[str], target: Sequence[str]) -> str:
    """Who sees whom as SVG, a row per query and a column per key; a frame around whatever shares a softmax."""
    cell, left, top = 26, 62, 58
    tokens, seen = [*source, *target], visibility(structure, len(source), len(target))
    parts, drawn = mask_parts(structure, len(source), len(target)), []
    colours = np.full(seen.shape, HIDDEN)
    for part in parts:
        colours[part.rows, part.columns] = np.where(seen[part.rows, part.columns], part.colour, HIDDEN)
    for (row, column), colour in np.ndenumerate(colours):
        x, y = left + column * cell, top + row * cell
        if column == 0:
            drawn.append(text(left - 6, y + 18, tokens[row], anchor="end"))
        place = f'x="{x}" y="{y}" width="{cell}" height="{cell}"'
        drawn.append(f'<rect {place} fill="{colour}" stroke="white"/>')
        if seen[row, column]:
            dot = INK if colour == TARGET else "white"
            drawn.append(f'<circle cx="{x + cell / 2}" cy="{y + cell / 2}" r="3.5" fill="{dot}"/>')
    for column, key in enumerate(tokens):
        x, y = left + column * cell + 15, top - 6
        drawn.append(f'<g transform="rotate(-50 {x} {y})">{text(x, y, key, anchor="start")}</g>')
    for part in parts:
        x, y = left + part.columns.start * cell, top + part.rows.start * cell
        width, height = ((side.stop - side.start) * cell for side in (part.columns, part.rows))
        place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
        drawn.append(f'<rect {place} fill="none" stroke="{INK}" stroke-width="2.5"/>')
    return svg(left + len(tokens) * cell + 40, top + len(tokens) * cell + 6, drawn)


def _row(name: str, cells: Iterable[str], cell: str = "td") -> str:
    inside = "".join(
        f'<{cell} style="text-align: left; vertical-align: top">{text}</{cell}>' for text in cells
    )
    return f'<tr><th scope="row" style="text-align: left">{escape(name)}</th>{inside}</tr>'


def _picture(svg: str, description: str) -> str:
    """The drawing as an image, with its description for those who do not see it."""
    address = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(description)}" src="{address}" style="max-width: 100%; background: white">'


def _mask(structure: Structure) -> str:
    """The mask as an image with its description."""
    target = "two softmaxes" if structure.separate_cross_attention else "one softmax over both"
    softmaxes = f"the input by itself, the target with {target}"
    if structure.is_single_stack:
        softmaxes = "one softmax a row"
    direction = "both directions" if structure.bidirectional_input else "earlier tokens only"
    words = f"mask of {structure.name}: {softmaxes}; inside the input {direction}"
    return _picture(mask_drawing(structure, SOURCE_TOKENS, TARGET_TOKENS), words)
