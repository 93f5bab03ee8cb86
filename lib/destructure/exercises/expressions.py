"""Expressions in sheets: what they may use, what they give, and texts with expressions in braces."""

import importlib.util
import math
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from destructure.exercises.draws import Draw
from destructure.exercises.sheet import BrokenSheet, Fault, Sheet

CHECKS = "checks.py"
OWN_FIELDS = ("vary", "let")


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
        frames = traceback.extract_tb(problem.__traceback__)
        lines = [1, *(frame.lineno for frame in frames if frame.filename == str(path))]
        line = getattr(problem, "lineno", None) or lines[-1]
        raise BrokenSheet(path, line, f"{type(problem).__name__}: {problem}") from None
    return vars(module)


class Names(Formatter):
    """The names that the expressions of one sheet may use, for one student.

    Attributes:
        parameters: what was drawn for the student.
        values: name → value: `math`, the notebook's `checks.py`, the draws, what is derived from them.
        fills: whether expressions in the sheet's texts are filled in.
    """

    def __init__(self, sheet: Sheet, draw: Draw):
        self.values: dict[str, Any] = dict(vars(math)) | dict(checks(sheet.path.parent))
        self.fills = any(name in sheet.front for name in OWN_FIELDS)
        self.parameters: dict[str, Any] = {}
        if "vary" in sheet.front:
            variants = self.evaluate(sheet.front["vary"], sheet.lines["vary"])
            if not hasattr(variants, "parameters"):
                raise Fault(sheet.lines["vary"], f"vary must name Variants of {CHECKS}")
            self.parameters = variants.parameters(draw)
            self.values |= self.parameters
        derived = sheet.front.get("let", {})
        if not isinstance(derived, dict):
            raise Fault(sheet.lines["let"], "let must be names with expressions")
        for name, expression in derived.items():
            self.values[str(name)] = self.evaluate(expression, sheet.lines["let"])

    def evaluate(self, expression: Any, line: int) -> Any:
        """The value of an expression (of a value that is no text: itself)."""
        if not isinstance(expression, str):
            return expression
        try:
            return eval(expression, self.values)
        except Exception as problem:
            what = f"{expression!r} cannot be computed"
            raise Fault(line, f"{what} ({type(problem).__name__}: {problem})") from None

    def filled(self, value: Any, line: int) -> Any:
        """A value with the expressions in all of its texts filled in."""
        if isinstance(value, list):
            return [self.filled(one, line) for one in value]
        if isinstance(value, dict):
            return {key: self.filled(one, line) for key, one in value.items()}
        if not (self.fills and isinstance(value, str)):
            return value
        try:
            return self.vformat(value, (), {})
        except Exception as problem:
            raise Fault(line, f"a text cannot be filled in ({type(problem).__name__}: {problem})") from None

    def get_field(self, field_name, args, kwargs):
        """What stands in braces is an expression."""
        return eval(field_name, self.values), field_name
