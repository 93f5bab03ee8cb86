"""Reads a number as people write it: "63,4 %", "1,300,000", "−0.15", "60·log10(2) Months", "8*2/2^8"."""

import ast
import math
import re
import unicodedata
from collections.abc import Mapping

from destructure.exercises.plain import shown
from destructure.exercises.verdict import UnreadableAnswer

_SIGNS = str.maketrans("−–·×÷≈~", "--**/==") | str.maketrans({"^": "**", "½": ".5", "√": "sqrt"})
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_NAMES = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "log10", "pi", "e")}
_NAMES["ln"] = math.log
_PARTS = (ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Constant, ast.Call, ast.Name, ast.Load)
_SAME = {
    "sec": "s", "second": "s", "minute": "min", "hour": "h", "mo": "month", "yr": "year", "y": "year", "byte": "b",
    "percent": "%", "per cent": "%", "pct": "%", "time": "x", "×": "x", "fold": "x",
    "millisecond": "ms", "mebibyte": "mib", "gibibyte": "gib", "megabyte": "mb", "gigabyte": "gb",
}  # fmt: skip


def number_in(text: str, unit: str, factors: Mapping[str, float], example: str) -> float:
    """The number that a text gives, in `unit`.

    Args:
        factors: further units a learner may write → what they are in `unit`.
        example: a right form, for messages.

    Raises:
        UnreadableAnswer: with a sentence that says what is not understood.
    """
    if len(text) > 60:
        raise UnreadableAnswer(f"Give one number, such as {example}, not a long text.")
    told = _with_points(text := text.strip().rstrip("."))
    number = _value(told, text)
    if number is not None:
        return number
    parts = re.fullmatch(r"(.*[\d.)])\s*([^\d.()][^\d()]*)", told.strip(), re.DOTALL)
    number = _value(parts[1], text) if parts else None
    if number is None:
        raise UnreadableAnswer(f"{shown(text)} is not a number; give one such as {example}.")
    known = {_plain_unit(name): factor for name, factor in {"%": 0.01, **factors}.items()}
    known |= {_plain_unit(unit): 1.0, _plain_unit(unit).split(" ")[0]: 1.0}
    given = _plain_unit(text[-len(parts[2]) :])
    if given not in known:
        wanted = f"in {unit}" if unit else "without a unit"
        raise UnreadableAnswer(f"The unit in {shown(text)} is not understood; give the number {wanted}.")
    return number * known[given]


def _plain_unit(name: str) -> str:
    """A unit in small letters and the singular, by its usual name."""
    singular = re.sub(r"(?<=\w\w)s\b|\.", "", name.casefold()).replace(" per ", " a ")
    return _SAME.get(word := " ".join(singular.split()), word)


def _with_points(text: str) -> str:
    """A decimal comma as a point, commas between thousands left out."""
    text = "".join(str(unicodedata.decimal(one, one)) for one in text).translate(_SIGNS)
    text = re.sub(r"^.*=|^\s*(about|around|roughly)\b", "", text).replace("minus ", "-")
    text = re.sub(r"[⁰¹²³⁴-⁹⁻]+", lambda found: f"**({found[0].translate(_POWERS)})", text)
    text = re.sub(r"(?<=\d) (?=\d{3}\b)|_", "", text)
    if re.search(r"log\(.*,", text) or not re.search(r"\d,\d", text):
        return text
    thousands = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
    for found in re.findall(r"[\d.,]*\d", text):
        whole = thousands.fullmatch(found)
        if whole and found[0] != "0" and found.count(",") == 1 and "." not in found:
            either = f"{found.replace(',', '')} or {found.replace(',', '.')}"
            raise UnreadableAnswer(f"{shown(text)} may be read in two ways; write {either}.")
        text = text.replace(found, found.replace(",", "" if whole and found[0] != "0" else "."))
    return text


def _value(text: str, whole: str) -> float | None:
    """The value of an arithmetical expression; `None` if it is none."""
    text = re.sub(r"(?<![\d.])0+(?=\d)|\b(math|np)\.", "", text.strip())
    try:
        tree = ast.parse(text, mode="eval")
        for node in ast.walk(tree.body):
            if not isinstance(node, _PARTS) or isinstance(getattr(node, "func", None), ast.Constant):
                return None
            if isinstance(node, ast.Constant):
                node.value = float(node.value) if type(node.value) in (int, float) else None
        return float(eval(compile(tree, "<answer>", "eval"), {"__builtins__": {}}, _NAMES))
    except ZeroDivisionError:
        raise UnreadableAnswer(f"{shown(whole)} divides by zero; give an ordinary number.") from None
    except OverflowError:
        raise UnreadableAnswer(f"{shown(whole)} is too large to be an answer; stay below 1e100.") from None
    except (SyntaxError, ValueError, NameError, TypeError, RecursionError, MemoryError):
        return None
