"""Makes an exercise of a sheet: every field of its kind, by the field's type, from front matter or a section.

What should be a number, a function or a drawing is a Python expression over the student's draws (`vary`), what is
derived from them (`let`), the notebook's `checks.py` and `math`. In texts, expressions stand in braces, as in an
f-string, if the sheet has draws or derived values.
"""

import ast
import types
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from destructure.exercises.definition import Exercise
from destructure.exercises.draws import Draw
from destructure.exercises.expressions import OWN_FIELDS, Names
from destructure.exercises.kinds import KINDS
from destructure.exercises.kinds.base import Drawing, Part, Rows, Source, Text
from destructure.exercises.sheet import BrokenSheet, Fault, Item, Sheet
from destructure.structure import Structure

_HEADER = ("title", "talk", "objective", "difficulty", "minutes", "also_right")


def build(sheet: Sheet, draw: Draw) -> Exercise:
    """The exercise of a sheet, in the variant drawn.

    Raises:
        BrokenSheet: if something in the sheet is missing, unknown, or not of the right form.
    """
    try:
        return _Builder(sheet, draw).exercise()
    except Fault as fault:
        raise BrokenSheet(sheet.path, fault.line, str(fault)) from None


class _Builder:
    """Reads one sheet for one student."""

    def __init__(self, sheet: Sheet, draw: Draw):
        self.sheet, self.id = sheet, draw.exercise
        self.names = Names(sheet, draw)
        self.text = self.names.filled
        self.end = sheet.lines[""]  # the last line of the front matter

    def exercise(self) -> Exercise:
        name = self.id.split(".")[1]
        if name not in KINDS:
            raise Fault(1, f"the file's name begins with {name!r}; it must be one of {', '.join(KINDS)}")
        cls = KINDS[name]
        self._refuse_unknown({one.name for one in fields(cls)} | {*_HEADER, "hints", "solution"})
        kind = self._made(cls, {one.name: self._field(cls, one) for one in fields(cls)}, 1)
        found = {one.name: self._field(Exercise, one) for one in fields(Exercise) if one.name in _HEADER}
        hints, solution = self._section("hints"), self._section("solution")
        found["question"] = self.text(self.sheet.question, self.end + 1)
        found["hints"] = tuple(self.text(item.whole, item.line) for item in hints.nested)
        found["solution"] = self.text(solution.text, solution.line)
        if not found["question"] or not found["solution"]:
            raise Fault(self.end, "it needs a question and a solution")
        found |= {"id": self.id, "kind": kind, "reference": kind.reference}
        return self._made(Exercise, found | {"parameters": self.names.parameters}, 1)

    # --- where things stand --------------------------------------------------------------------------------------

    def _named(self, name: str) -> list[Item]:
        """The sections of that field: one "Mistakes", or several "Mistake `name`"."""
        title = name.replace("_", " ")
        return [
            item
            for item in self.sheet.sections
            if item.name.lower() == title or (item.codes and f"{item.name.lower()}s" == title)
        ]

    def _section(self, name: str) -> Item:
        found = self._named(name)
        if len(found) != 1:
            line = found[1].line if found else self.end
            raise Fault(line, f"it needs exactly one section {name.capitalize()!r}, not {len(found)}")
        return found[0]

    def _refuse_unknown(self, allowed: set[str]) -> None:
        for name in self.sheet.front:
            if name not in allowed | set(OWN_FIELDS):
                known = ", ".join(sorted(allowed))
                raise Fault(self.sheet.lines[name], f"{name!r} is not known here; use {known}")
        known = [item for name in allowed for item in self._named(name)]
        for item in self.sheet.sections:
            if item not in known:
                raise Fault(item.line, f"the section {item.name!r} is not known here")

    # --- values by their types -----------------------------------------------------------------------------------

    def _field(self, cls: type, field: Field) -> Any:
        """One field of the kind or of the exercise's head; what is left out has its default."""
        name, hint = field.name, _hints(cls)[field.name]
        items, line = self._named(name), self.sheet.lines.get(name, self.end)
        if hint in (Source, Text):  # code or a text stands in a section of its own, or in the solution
            item = (items or [self._section("solution")])[0]
            return self._source(item) if hint == Source else self.text(item.text, item.line)
        if items and name in self.sheet.front:
            raise Fault(line, f"{name!r} stands in the front matter and in a section, too")
        if items:
            whole = [item for item in items if not item.codes]
            if whole and len(items) > 1:
                raise Fault(items[1].line, f"the section {items[1].name!r} stands here twice")
            return self.records(whole[0].nested if whole else items, hint, items[0].line)
        if name in self.sheet.front:
            value = self.convert(self.sheet.front[name], hint, line, name)
            if isinstance(value, int | float):
                self.names.values[name] = value
            return value
        if _is_required(field):
            raise Fault(line, f"{name!r} is missing, in the front matter or as a section")
        return field.default if field.default is not MISSING else field.default_factory()

    def records(self, items: Sequence[Item], hint: Any, line: int) -> Any:
        """A tuple of dataclasses, or a dictionary, of list items or sections."""
        bare = _bare(hint)
        if get_origin(bare) not in (tuple, dict):
            raise Fault(line, "this belongs into the front matter, not into a section")
        if not items:
            raise Fault(line, "the section has no records such as - `name`: text")
        first, second = get_args(bare)
        if get_origin(bare) is tuple:
            return tuple(self.record(item, first, item.codes) for item in items)
        found = {}
        for item in items:
            key, codes = self._key(item, first)
            if key in found:
                raise Fault(item.line, f"{item.codes[0]!r} stands here twice")
            if is_dataclass(second):
                found[key] = self.record(item, second, codes)
            elif codes:
                raise Fault(item.line, f"too many fields in backquotes: {codes[0]!r}")
            else:
                found[key] = self._source(item) if second == Source else self.text(item.text, item.line)
        return found

    def _key(self, item: Item, hint: Any) -> tuple[Any, tuple[str, ...]]:
        """What a record is found by: the first field in backquotes, or the first two."""
        two = get_origin(hint) is tuple and get_args(hint)[-1] is str
        if len(item.codes) < 1 + two:
            raise Fault(item.line, f"it must begin with {'`name` `name`' if two else '`name`'}: and a text")
        if two:
            return tuple(self.names.filled(list(item.codes[:2]), item.line)), item.codes[2:]
        return self.convert(item.codes[0], hint, item.line, "name"), item.codes[1:]

    def record(self, item: Item, cls: type, codes: Sequence[str]) -> Any:
        """A dataclass: short fields from the backquotes in order, the others from the part that their type names."""
        found, rest, hints = {}, list(codes), _hints(cls)
        for field in fields(cls):
            hint = hints[field.name]
            part = next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Part)), None)
            value = self._part(item, part, hint) if part else None
            if part is None and rest:
                value = self.convert(rest.pop(0), hint, item.line, field.name)
            if value is None and _is_required(field):
                where = part.value if part else "in backquotes before the colon"
                raise Fault(item.line, f"{field.name!r} is missing ({where})")
            if value is not None:
                found[field.name] = value
        if rest:
            raise Fault(item.line, f"too many fields in backquotes: {rest[0]!r}")
        return self._made(cls, found, item.line)

    def _part(self, item: Item, part: Part, hint: Any) -> Any:
        if part is Part.NESTED:
            return self.records(item.nested, hint, item.line) if item.nested else None
        if part is Part.TICK:
            return item.ticked
        if part is Part.FENCE:
            return self._source(item) if item.fence else None
        text = item.quote if part is Part.QUOTE or item.name else item.text
        return self.text(text, item.line) if text else None

    def convert(self, value: Any, hint: Any, line: int, name: str) -> Any:
        """A value of the type wanted."""
        bare = _bare(hint)
        if bare is Rows:
            return _rows(value, line, name)
        if bare is Structure or bare == tuple[Structure, ...]:
            return _structures(self.names.filled(value, line), bare, line)
        if bare is str:
            if not isinstance(value, str):
                wanted = "text (in quotation marks, if YAML takes it for something else)"
                raise Fault(line, f"{name!r} must be {wanted}")
            return self.text(value, line)
        if bare == tuple[str, ...] or bare is list:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise Fault(line, f"{name!r} must be a list of texts")
            return (list if bare is list else tuple)(self.names.filled(value, line))
        if get_origin(bare) is dict:
            if not isinstance(value, dict):
                raise Fault(line, f"{name!r} must be names with values")
            inner = get_args(bare)[1]
            return {key: self.convert(one, inner, line, f"{name}: {key}") for key, one in value.items()}
        value = self.names.evaluate(value, line)
        wanted = str if bare is Drawing else get_origin(bare) or bare
        value = _tuples(value) if wanted is tuple else value
        fits = isinstance(value, int | float if wanted is float else wanted)
        if not fits or (isinstance(value, bool) and wanted is not bool):
            raise Fault(line, f"{name!r} is {value!r}, but it must be {_KINDS_OF_VALUE[wanted]}")
        return value

    def _source(self, item: Item) -> str:
        """The code of a section, seen to be Python."""
        if not item.fence:
            raise Fault(item.line, "a block of code is missing here (```python)")
        try:
            ast.parse(item.fence)
        except (SyntaxError, ValueError) as problem:
            raise Fault(item.line, f"its code is not Python ({getattr(problem, 'msg', problem)})") from None
        return item.fence

    def _made(self, cls: type, found: dict[str, Any], line: int) -> Any:
        try:
            return cls(**found)
        except (ValueError, TypeError, KeyError) as problem:
            raise Fault(line, str(problem)) from None


def _rows(value: Any, line: int, name: str) -> tuple:
    rows = value.split() if isinstance(value, str) else []
    if not rows or not all(set(row) <= set("01") for row in rows):
        raise Fault(line, f'{name!r} must be rows of 0 and 1 in quotation marks, such as "100 110 111"')
    return tuple(tuple(map(int, row)) for row in rows)


def _structures(value: Any, hint: Any, line: int) -> Any:
    try:
        if hint is Structure:
            return Structure.named(value)
        return tuple(map(Structure.named, value if isinstance(value, list) else [value]))
    except ValueError as problem:
        raise Fault(line, str(problem)) from None


def _is_required(field: Field) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _bare(hint: Any) -> Any:
    """A type without its marks, and without "or None"."""
    if get_origin(hint) is Annotated:
        hint = hint.__origin__
    return get_args(hint)[0] if isinstance(hint, types.UnionType) else hint


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


_KINDS_OF_VALUE = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    tuple: "a tuple",
    str: "a drawing",
    Callable: "a function",
}
