"""Makes an exercise of a sheet: every field of its kind, by the field's type, from front matter or a section.

What should be a number, a function or a drawing is a Python expression over the student's draws (`vary`), what is
derived from them (`let`), the notebook's `checks.py` and `math`. In texts, expressions stand in braces, as in an
f-string, if the sheet has draws or derived values.
"""

import ast
import importlib.util
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from destructure.exercises.definition import Exercise
from destructure.exercises.draws import Draw
from destructure.exercises.kinds import KINDS
from destructure.exercises.kinds.base import Drawing, Part, Rows, Source
from destructure.exercises.sheet import BrokenSheet, Fault, Item, Sheet
from destructure.structure import Structure

CHECKS = "checks.py"
_OWN = ("vary", "let")
_HEADER = ("title", "talk", "objective", "difficulty", "minutes")


def build(sheet: Sheet, draw: Draw) -> Exercise:
    """The exercise of a sheet, in the variant drawn.

    Raises:
        BrokenSheet: if something in the sheet is missing, unknown, or not of the right form.
    """
    try:
        return _Builder(sheet, draw).exercise()
    except Fault as fault:
        raise BrokenSheet(sheet.path, fault.line, str(fault)) from None


def values(sheet: Sheet, draw: Draw) -> dict[str, Any]:
    """What expressions of the sheet may use: the draws, what is derived from them, and the numbers of its fields."""
    builder = _Builder(sheet, draw)
    builder.exercise()
    return builder.names


@cache
def checks(folder: Path) -> Mapping[str, Any]:
    """The names that a notebook's `checks.py` defines; none without such a file.

    Raises:
        BrokenSheet: if it cannot be run.
    """
    path = folder / CHECKS
    if not path.exists():
        return {}
    spec = importlib.util.spec_from_file_location(f"destructure_checks_{folder.name}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as problem:
        line = getattr(problem, "lineno", None) or _line_of(problem, path)
        raise BrokenSheet(path, line, f"{type(problem).__name__}: {problem}") from None
    return vars(module)


def _line_of(problem: Exception, path: Path) -> int:
    trace, line = problem.__traceback__, 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


class _Filler(Formatter):
    """Fills expressions into a text."""

    def __init__(self, names: dict[str, Any]):
        self.names = names

    def get_field(self, field_name, args, kwargs):
        return eval(field_name, self.names), field_name

    def fill(self, text: str) -> Any:
        """The text with its expressions filled in; a text that is one expression and nothing else gives its value."""
        pieces = list(self.parse(text))
        if len(pieces) == 1 and pieces[0][0] == "" and pieces[0][1] and not pieces[0][2] and not pieces[0][3]:
            return eval(pieces[0][1], self.names)
        return self.vformat(text, (), {})


class _Builder:
    """Reads one sheet for one student."""

    def __init__(self, sheet: Sheet, draw: Draw):
        self.sheet, self.draw = sheet, draw
        self.names: dict[str, Any] = dict(vars(math)) | dict(checks(sheet.path.parent))
        self.varies = any(name in sheet.front for name in _OWN)
        self.parameters: dict[str, Any] = {}

    def exercise(self) -> Exercise:
        name = self.draw.exercise.split(".")[1]
        if name not in KINDS:
            raise Fault(1, f"the file's name begins with {name!r}; it must be one of {', '.join(KINDS)}")
        self._draw()
        kind_class = KINDS[name]
        allowed = {field.name for field in fields(kind_class)} | {
            "hints",
            "solution",
            "reference",
            "also_right",
        }
        self._refuse_unknown(allowed)
        kind = self._made(kind_class, {field.name: self._of_kind(field) for field in fields(kind_class)}, 1)
        header = {
            name: self._front(name, hint) for name, hint in _hints(Exercise).items() if name in _HEADER[:5]
        }
        texts = {
            "question": self.text(self.sheet.question, self.sheet.lines[""] + 1),
            "hints": tuple(self.text(item.whole, item.line) for item in self._section("hints").nested),
            "solution": self.text(self._section("solution").text, self._section("solution").line),
        }
        if not texts["question"] or not texts["solution"]:
            raise Fault(self.sheet.lines[""], "it needs a question and a solution")
        return self._made(
            Exercise,
            {"id": self.draw.exercise, "kind": kind, "reference": kind.reference}
            | {"parameters": self.parameters, "also_right": self._also_right()} | header | texts,
            1,
        )  # fmt: skip

    # --- where things stand --------------------------------------------------------------------------------------

    def _named(self, name: str) -> list[Item]:
        """The sections of that field: one "Mistakes", or several "Mistake `name`"."""
        title = name.replace("_", " ")
        return [
            item for item in self.sheet.sections
            if item.name.lower() == title or (item.codes and f"{item.name.lower()}s" == title)
        ]  # fmt: skip

    def _section(self, name: str) -> Item:
        found = self._named(name)
        if len(found) != 1:
            line = found[1].line if found else self.sheet.lines[""]
            raise Fault(line, f"it needs exactly one section {name.capitalize()!r}, not {len(found)}")
        return found[0]

    def _refuse_unknown(self, allowed: set[str]) -> None:
        for name in self.sheet.front:
            if name not in allowed | set(_HEADER) | set(_OWN):
                raise Fault(
                    self.sheet.lines[name], f"{name!r} is not known here; use {', '.join(sorted(allowed))}"
                )
        known = [item for name in allowed for item in self._named(name)]
        for item in self.sheet.sections:
            if item not in known:
                raise Fault(item.line, f"the section {item.name!r} is not known here")

    # --- expressions and texts -----------------------------------------------------------------------------------

    def _draw(self) -> None:
        front = self.sheet.front
        if "vary" in front:
            variants = self.evaluate(front["vary"], self.sheet.lines["vary"])
            if not hasattr(variants, "parameters"):
                raise Fault(self.sheet.lines["vary"], f"vary must name Variants of {CHECKS}")
            self.parameters = variants.parameters(self.draw)
            self.names |= self.parameters
        derived = front.get("let", {})
        if not isinstance(derived, dict):
            raise Fault(self.sheet.lines["let"], "let must be names with expressions")
        for name, expression in derived.items():
            self.names[str(name)] = self.evaluate(expression, self.sheet.lines["let"])

    def evaluate(self, expression: Any, line: int) -> Any:
        """The value of an expression (of a value that is none: itself)."""
        if not isinstance(expression, str):
            return expression
        try:
            return eval(expression, self.names)
        except Exception as problem:
            raise Fault(
                line, f"{expression!r} cannot be computed ({type(problem).__name__}: {problem})"
            ) from None

    def text(self, text: str, line: int) -> str:
        return str(self.filled(text, line))

    def filled(self, value: Any, line: int) -> Any:
        """A value with the expressions in all of its texts filled in."""
        if isinstance(value, list):
            return [self.filled(one, line) for one in value]
        if isinstance(value, dict):
            return {key: self.filled(one, line) for key, one in value.items()}
        if not (self.varies and isinstance(value, str)):
            return value
        try:
            return _Filler(self.names).fill(value)
        except Exception as problem:
            raise Fault(line, f"a text cannot be filled in ({type(problem).__name__}: {problem})") from None

    # --- values by their types -----------------------------------------------------------------------------------

    def _front(self, name: str, hint: Any) -> Any:
        if name not in self.sheet.front:
            raise Fault(self.sheet.lines[""], f"the front matter lacks {name!r}")
        return self.convert(self.sheet.front[name], hint, self.sheet.lines[name], name)

    def _of_kind(self, field) -> Any:
        """One field of the kind; what is left out has the kind's default."""
        hint = _hints(self._kind())[field.name]
        items, line = self._named(field.name), self.sheet.lines.get(field.name, 1)
        if hint == Source:  # code stands in a section of its own, or in the solution
            return self._source((items or self._named("solution") or [Item(1)])[0])
        if items and field.name in self.sheet.front:
            raise Fault(line, f"{field.name!r} stands in the front matter and in a section, too")
        if items:
            whole = [item for item in items if not item.codes]
            if whole and len(items) > 1:
                raise Fault(items[1].line, f"the section {items[1].name!r} stands here twice")
            return self.records(whole[0].nested if whole else items, hint, items[0].line)
        if field.name in self.sheet.front:
            value = self._front(field.name, hint)
            if isinstance(value, int | float):
                self.names[field.name] = value
            return value
        if field.default is MISSING and field.default_factory is MISSING:
            raise Fault(
                self.sheet.lines[""], f"{field.name!r} is missing, in the front matter or as a section"
            )
        return field.default if field.default is not MISSING else field.default_factory()

    def _kind(self) -> type:
        return KINDS[self.draw.exercise.split(".")[1]]

    def records(self, items, hint: Any, line: int) -> Any:
        """A tuple of dataclasses, or a dictionary, of list items or sections."""
        if not items:
            raise Fault(line, "the section has no records such as - `name`: text")
        arguments = get_args(_bare(hint))
        if get_origin(_bare(hint)) is tuple:
            return tuple(self.record(item, arguments[0], item.codes) for item in items)
        if get_origin(_bare(hint)) is not dict:
            raise Fault(line, "this belongs into the front matter, not into a section")
        found = {}
        for item in items:
            key, codes = self._key(item, arguments[0])
            if key in found:
                raise Fault(item.line, f"{item.codes[0]!r} stands here twice")
            if is_dataclass(arguments[1]):
                found[key] = self.record(item, arguments[1], codes)
            elif codes:
                raise Fault(item.line, f"too many fields in backquotes: {codes[0]!r}")
            else:
                found[key] = self.text(item.text, item.line)
        return found

    def _key(self, item: Item, hint: Any) -> tuple[Any, tuple[str, ...]]:
        count = 2 if get_origin(hint) is tuple and get_args(hint)[-1] is str else 1
        if len(item.codes) < count:
            raise Fault(
                item.line, f"it must begin with {'`name` `name`' if count == 2 else '`name`'}: and a text"
            )
        if count == 2:
            return tuple(self.filled(list(item.codes[:2]), item.line)), item.codes[2:]
        return self.convert(item.codes[0], hint, item.line, "name"), item.codes[1:]

    def record(self, item: Item, cls: type, codes: tuple[str, ...]) -> Any:
        """A dataclass: short fields from the backquotes in order, the others from the part that their type names."""
        found, rest, hints = {}, list(codes), _hints(cls)
        for field in fields(cls):
            part = next(
                (one for one in getattr(hints[field.name], "__metadata__", ()) if isinstance(one, Part)), None
            )
            optional = field.default is not MISSING or field.default_factory is not MISSING
            if part is None:
                value = self.convert(rest.pop(0), hints[field.name], item.line, field.name) if rest else None
            elif part is Part.NESTED:
                value = self.records(item.nested, hints[field.name], item.line) if item.nested else None
            elif part is Part.TICK:
                value = item.ticked
            elif part is Part.FENCE:
                value = self._source(item) if item.fence else None
            else:
                text = item.quote if part is Part.QUOTE or item.name else item.text
                value = self.text(text, item.line) if text else None
            if value is None and not optional:
                where = "in backquotes before the colon" if part is None else part.value
                raise Fault(item.line, f"{field.name!r} is missing ({where})")
            if value is not None:
                found[field.name] = value
        if rest:
            raise Fault(item.line, f"too many fields in backquotes: {rest[0]!r}")
        return self._made(cls, found, item.line)

    def convert(self, value: Any, hint: Any, line: int, name: str) -> Any:
        """A value of the type wanted."""
        bare = _bare(hint)
        if bare is Rows:
            return self._rows(value, line, name)
        if bare is Structure or bare == tuple[Structure, ...]:
            return self._structures(self.filled(value, line), bare, line)
        if bare is str:
            if not isinstance(value, str):
                raise Fault(
                    line, f"{name!r} must be text (in quotation marks, if YAML takes it for something else)"
                )
            return self.text(value, line)
        if bare == tuple[str, ...] or bare is list:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise Fault(line, f"{name!r} must be a list of texts")
            return (list if bare is list else tuple)(self.filled(value, line))
        if get_origin(bare) is dict:
            if not isinstance(value, dict):
                raise Fault(line, f"{name!r} must be names with values")
            return {
                key: self.convert(one, get_args(bare)[1], line, f"{name}: {key}")
                for key, one in value.items()
            }
        wanted = str if bare is Drawing else get_origin(bare) or bare
        value = self.evaluate(value, line)
        value = _tuples(value) if wanted is tuple else value
        checks = {Callable: callable(value), float: isinstance(value, int | float)}
        fits = checks.get(wanted, wanted in (tuple, int, bool, str) and isinstance(value, wanted))
        if not fits or (isinstance(value, bool) and wanted is not bool):
            raise Fault(line, f"{name!r} is {value!r}, but it must be {_KINDS_OF_VALUE[wanted]}")
        return value

    def _rows(self, value: Any, line: int, name: str) -> tuple:
        rows = value.split() if isinstance(value, str) else []
        if not rows or not all(set(row) <= set("01") for row in rows):
            raise Fault(line, f'{name!r} must be rows of 0 and 1 in quotation marks, such as "100 110 111"')
        return tuple(tuple(map(int, row)) for row in rows)

    def _structures(self, value: Any, hint: Any, line: int) -> Any:
        try:
            if hint is Structure:
                return Structure.named(value)
            return tuple(map(Structure.named, value if isinstance(value, list) else [value]))
        except ValueError as problem:
            raise Fault(line, str(problem)) from None

    def _made(self, cls: type, found: dict[str, Any], line: int) -> Any:
        try:
            return cls(**found)
        except (ValueError, TypeError, KeyError) as problem:
            raise Fault(line, str(problem)) from None

    # --- answers -------------------------------------------------------------------------------------------------

    def _source(self, item: Item) -> str:
        """The code of a section, seen to be Python."""
        if not item.fence:
            raise Fault(item.line, "a block of code is missing here (```python)")
        try:
            ast.parse(item.fence)
        except (SyntaxError, ValueError) as problem:
            raise Fault(item.line, f"its code is not Python ({getattr(problem, 'msg', problem)})") from None
        return item.fence

    def _also_right(self) -> dict[str, Any]:
        found = {}
        for item in self._named("also_right"):
            if not item.codes or not item.fence or item.codes[0] in found:
                raise Fault(item.line, "it must read: Also right `another name`, with code below")
            found[item.codes[0]] = self._source(item)
        own = self.sheet.front.get("also_right", {})
        if not isinstance(own, dict):
            raise Fault(self.sheet.lines["also_right"], "also_right must be names with answers")
        return self.filled(own, self.sheet.lines.get("also_right", 1)) | found


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
