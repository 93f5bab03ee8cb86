"""A homework set: which exercises, how many points, when it is due, and what a late one costs. Plain data (YAML)."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from jinja2 import Environment, PackageLoader, select_autoescape

from destructure.exercises.catalogue import find, sheet_of
from destructure.files import notebooks_folder

TEMPLATES = Environment(
    loader=PackageLoader("destructure.classroom", "."), autoescape=select_autoescape(), trim_blocks=True
)
_SCHEMAS = json.loads((files("destructure.classroom") / "schemas.json").read_text(encoding="utf-8"))


class Refused(ValueError):
    """What was given cannot be used; the text says why."""


def require(is_so: object, otherwise: str) -> None:
    """Go on if something is so (raises `Refused` with the sentence if not)."""
    if not is_so:
        raise Refused(otherwise)


@dataclass(frozen=True)
class HomeworkSet:
    """What is handed in together.

    Attributes:
        name, title: for file names, and for people.
        points: exercise → points.
        due: the deadline, in UTC; `None` if there is none.
        late: what being late costs: nothing for `grace_minutes`, then `per_day` percent of the marks for each day
            begun, up to `at_most` percent.
        extensions: student → a later deadline.
        counts: which of several submissions counts, "last" or "best".
        course: the class; what a student gave to `sign_in`, so that last year's answers do not fit.
    """

    name: str
    title: str
    points: dict[str, float]
    due: datetime | None = None
    late: dict[str, float] = field(default_factory=dict)
    extensions: dict[str, datetime] = field(default_factory=dict)
    counts: str = "last"
    course: str = ""

    @property
    def most(self) -> float:
        """All points together."""
        return sum(self.points.values())

    def share(self, student: str, collected: datetime | None) -> float:
        """The share of the marks that a submission collected then keeps."""
        due = self.extensions.get(student, self.due)
        if due is None or collected is None:
            return 1.0
        late = {"grace_minutes": 0, "per_day": 0, "at_most": 100} | self.late
        over = collected - due - timedelta(minutes=late["grace_minutes"])
        days_begun = max(0, -(-over // timedelta(days=1)))
        return 1 - min(late["per_day"] * days_begun, late["at_most"]) / 100


@cache
def edition(id: str) -> str:
    """A fingerprint of an exercise's question, so that an answer to another edition of it is noticed."""
    sheet = sheet_of(id).path
    texts = [path.read_bytes() for path in (sheet, sheet.with_name("checks.py")) if path.exists()]
    return hashlib.sha256(b"".join(texts).replace(b"\r\n", b"\n")).hexdigest()[:16]


def read_set(name: str | Path) -> HomeworkSet:
    """Read one of the course's sets by its name, such as "04", or one from a file of yours.

    Raises:
        ValueError: one sentence with the file and what is wrong in it.
    """
    folder = notebooks_folder() / "homework"
    path = next((one for one in (Path(name), folder / f"{name}.yaml") if one.is_file()), None)
    known = ", ".join(sorted(each.stem for each in folder.glob("*.yaml")))
    require(path, f"There is no homework set {str(name)!r}; give one of {known}, or a YAML file's path.")
    try:
        text = json.dumps(yaml.safe_load(path.read_text(encoding="utf-8-sig")), default=str)
        data = {"name": path.stem, "title": path.stem} | validated(json.loads(text), "homework")
        for id in data["points"]:
            find(id)
        data["due"] = moment(data["due"]) if "due" in data else None
        data["extensions"] = {one: moment(until) for one, until in data.get("extensions", {}).items()}
        return HomeworkSet(**data)
    except yaml.YAMLError as problem:
        raise ValueError(f"{path}: it is not YAML ({' '.join(str(problem).split())[:200]}).") from None
    except (ValueError, OSError, RecursionError, TypeError) as problem:
        raise ValueError(f"{path}: {problem}") from None


def validated(data: Any, schema: str) -> Any:
    """The data itself, if it follows a schema of `schemas.json` (raises ValueError with its first fault)."""
    try:
        jsonschema.validate(data, _SCHEMAS[schema])
    except jsonschema.ValidationError as problem:
        where, said = ".".join(map(str, problem.absolute_path))[:60], problem.message
        said = said if len(said) < 150 else f"{said[:60]} … {said[-60:]}"
        raise ValueError(f"{where + ': ' if where else ''}{said}.") from None
    return data


def moment(text: str) -> datetime:
    """A point in time, in UTC; without a time zone in its text it is meant in UTC (raises ValueError)."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no date and time; write it like 2027-02-01T18:00+01:00.") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
