"""Paint an attention mask: one row a query, one column a key, a painted cell is visible."""

import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import yaml

from destructure.exercises.kinds.base import Kind, Rows, Text
from destructure.exercises.markup import escape
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right

_LARGEST = 12


@dataclass(frozen=True)
class WrongMask:
    """A wrong mask that many learners paint, and what it shows."""

    name: str
    visible: Rows
    message: Text


@dataclass(frozen=True)
class Mask(Kind):
    """Paint which keys (columns) each query (row) may look at.

    Attributes:
        queries, keys: labels of rows and columns.
        visible: the right mask, 1 where the query may look at the key.
        mistakes: named mistakes of this exercise; inverted, transposed, all and nothing visible are
            recognised in every exercise.
        causal: whether the mistakes that belong to a causal mask are recognised, too.
    """

    queries: tuple[str, ...]
    keys: tuple[str, ...]
    visible: Rows
    mistakes: tuple[WrongMask, ...] = ()
    causal: bool = False
    name: ClassVar[str] = "mask"

    def __post_init__(self):
        if len(self.visible) != len(self.queries) or {len(row) for row in self.visible} != {len(self.keys)}:
            raise ValueError(f"The mask must have {len(self.queries)} rows of {len(self.keys)} cells.")
        if max(len(self.queries), len(self.keys)) > _LARGEST:
            raise ValueError(f"A mask to paint has at most {_LARGEST} rows and columns.")

    @property
    def reference(self) -> Plain:
        """The right mask as lists."""
        return [list(row) for row in self.visible]

    def read(self, answer: Plain) -> Plain:
        """Accept rows of 0 and 1, of truth values, or text: one line per row, or all rows in one line."""
        if isinstance(answer, str):
            answer = answer.replace("■", "1").replace("□", "0")
            lines = re.findall(r"[^\s,;|\[\]]+", answer)
            if set(map(len, lines)) == {1}:  # cell by cell
                lines = re.findall(r"[^\n;\[\]]+", answer) if len(self.queries) > 1 else [answer]
            answer = [re.findall(r"[^\s,;|]", line) for line in lines if line.strip(" ,;|")]
        wanted = f"{len(self.queries)} rows of {len(self.keys)} cells"
        if not isinstance(answer, list) or not all(isinstance(row, list | str) for row in answer):
            given = f"such as {self.example()}, not {shown(answer)}"
            raise UnreadableAnswer(f"Give the mask as {wanted}, {given}.")
        if [len(row) for row in answer] != [len(self.keys)] * len(self.queries):
            sizes = " and ".join(sorted({str(len(row)) for row in answer}))[:40]
            given = f"{len(answer)} row{'s' if len(answer) > 1 else ''} of {sizes} cells"
            raise UnreadableAnswer(f"This mask has {given}; it must have {wanted}.")
        return [[_cell(cell) for cell in row] for row in answer]

    def grade(self, answer: Plain) -> Verdict:
        """Each row that is right counts; a known mask is named, else the first wrong cell."""
        given = tuple(tuple(row) for row in answer)
        if given == self.visible:
            return right("Every query sees exactly what it may see.")
        score = sum(map(operator.eq, given, self.visible)) / len(self.visible)
        for name, visible, message in self._known_mistakes():
            if given == visible:
                return partly(score, message, name)
        return partly(score, self._first_difference(given), "single cells")

    def _known_mistakes(self) -> Iterator[tuple[str, Rows, str]]:
        height, width = len(self.queries), len(self.keys)
        for name, sees in _CAUSAL.items() if self.causal else ():
            rows = tuple(tuple(int(sees(q, k)) for k in range(width)) for q in range(height))
            yield name, rows, _MESSAGES[name]
        for mistake in self.mistakes:
            yield mistake.name, mistake.visible, mistake.message
        inverted = tuple(tuple(1 - cell for cell in row) for row in self.visible)
        transposed = tuple(zip(*self.visible, strict=True))
        forms = (inverted, ((1,) * width,) * height, ((0,) * width,) * height, transposed)
        for name, visible in zip(_USUAL, forms, strict=True):
            yield name, visible, _MESSAGES[name]

    def _first_difference(self, given: Rows) -> str:
        for query, mine, wanted in zip(self.queries, given, self.visible, strict=True):
            for key, painted, visible in zip(self.keys, mine, wanted, strict=True):
                if painted != visible:
                    may = "must not" if painted else "may also"
                    return f"Row “{query}”: it {may} see “{key}”. Other rows may need a look too."
        return "Some cells differ."

    def control(self, live: bool) -> str:
        """A grid of toggle buttons."""
        head = "".join(f'<th scope="col">{escape(key)}</th>' for key in self.keys)
        rows = "".join(self._row(number, live) for number in range(len(self.queries)))
        table = (
            '<table class="exercise-mask"><thead><tr><td><small>query ↓ key'
            f" →</small></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
        if not live:
            return f"{table}<p><small>All cells start hidden (□); painted ones are visible (■).</small></p>"
        return (
            f'<div role="group" aria-label="Mask: rows are queries, columns are keys">{table}</div>'
            '<p class="exercise-help">Drag or click to paint. By keyboard: arrow keys move, Space paints or clears, '
            "Home and End jump within the row.</p>"
        )

    def _row(self, number: int, live: bool) -> str:
        query = escape(self.queries[number])
        if not live:
            cells = '<td style="text-align: center">□</td>' * len(self.keys)
        else:
            cells = "".join(
                '<td><button type="button" class="exercise-cell" aria-pressed="false" tabindex="-1"'
                f' data-row="{number}" data-column="{column}" aria-label="query {number + 1} {query}, key'
                f' {column + 1} {escape(key)}, visible"></button></td>'
                for column, key in enumerate(self.keys)
            )
        return f'<tr><th scope="row">{query}</th>{cells}</tr>'

    def example(self) -> str:
        """A mask with nothing painted: never right."""
        return str([[0] * len(self.keys)] * len(self.queries))

    def front(self) -> dict:
        """The size of the grid."""
        return {"rows": len(self.queries), "columns": len(self.keys)}


def _cell(cell: Plain) -> int:
    if cell in (0, 1) or cell in ("0", "1"):
        return int(cell)
    raise UnreadableAnswer(f"A cell is 1 (visible) or 0 (hidden), not {shown(cell)}.")


_MESSAGES = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
_USUAL = ("mask inverted", "everything visible", "nothing visible", "rows and columns swapped")
_CAUSAL = {
    "mask off by one": lambda query, key: key < query,
    "future leak": lambda query, key: key <= query + 1,
    "only itself": lambda query, key: key == query,
}
