"""The structure explorer: sixteen trained models, one per setting of the four switches, translate in the browser.

`corner_model.js` computes and `structure_explorer.js` draws, both without a kernel; the course's pages show the same.
"""

from html import escape
from importlib.resources import files

import anywidget
import traitlets

from destructure.show.live import Saved
from destructure.structure import Structure
from destructure.studies.corner_models import corner_task, stored_corner, weights_file
from destructure.train import translate

_SAVED = """<div class="structure-explorer" data-number="{}" data-code="{}"><p><em>In JupyterLab, with the notebook
running, a field for numbers and four switches appear here, and the trained model of each setting translates as you
watch. This table has what the sixteen make of “{}”.</em></p><table>{}</table></div>"""


def _front(*names: str) -> str:
    return "".join((files("destructure.show") / name).read_text(encoding="utf-8") for name in names)


class StructureExplorer(Saved, anywidget.AnyWidget):
    """Type a number, flip the four switches, and watch the trained model of that corner translate it.

    Args:
        number: shown first, 0 to 999,999; ValueError for any other.
        structure: the corner shown first.

    Attributes:
        number, code: what is shown; they follow the browser.
        weights: the sixteen models, a safetensors file.
    """

    _esm = _front("corner_model.js", "structure_explorer.js") + "export default { render };\n"
    _css = _front("structure_explorer.css")
    number = traitlets.Int().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)

    def __init__(self, number: int = 23, structure: Structure = Structure.ENCODER_DECODER):
        corner_task().source_text(number)  # refuses what is no such number
        super().__init__(number=number, code=structure.code, weights=weights_file().read_bytes())

    def saved(self) -> str:
        """What the sixteen models write, as a table; the course's pages put the explorer itself in its place."""
        task, rows = corner_task(), []
        read, right = task.source_text(self.number), task.target_text(self.number)
        room = task.max_length - len(task.encode_source(read))
        for structure in Structure.all():
            (written,) = translate(stored_corner(structure), task, [read], longest=room)
            name = f"{structure.code}, {structure}".removesuffix(f", {structure.code}")
            answer = f"{escape(written)} {'✓' if written == right else '✗'}"
            rows.append(f'<tr><th scope="row">{name}</th><td>{answer}</td></tr>')
        self.resting = _SAVED.format(self.number, self.code, read, "".join(rows))  # until it is drawn
        return self.resting

    def __repr__(self) -> str:
        return "<StructureExplorer: four switches, and the trained model that translates>"


watch = StructureExplorer  # in a notebook's cell, a verb
