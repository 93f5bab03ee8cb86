"""The notebooks of the course: what there is, where it lies, what each takes; the README's table of them."""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from destructure.exercises.catalogue import every
from destructure.files import course_folder, data_folder, notebooks_folder

TIMES_FILE = "notebook_times.csv"


@dataclass(frozen=True)
class Lesson:
    """One notebook of the course.

    Attributes:
        number: "00" to "12".
        title: as in the notebook's first heading.
        carries: what it is about, in a few words.
        talk: the part of the lecture it covers.
    """

    number: str
    title: str
    carries: str
    talk: str

    @property
    def file(self) -> Path | None:
        """The notebook's file, or `None` if it is not written yet."""
        found = sorted(notebooks_folder().glob(f"{self.number}_*.ipynb"))
        return found[0] if found else None


LESSONS = (
    Lesson("00", "Study the change", "how to use the course; when one force dominates", "2:06–7:31"),
    Lesson("01", "Compute trends", "the price of compute, with intervals and backtests", "7:31–9:06"),
    Lesson("02", "Structure and compute", "the three-curve cartoon, measured; the bridge", "9:06–15:19"),
    Lesson("03", "Sequence models", "from text to attention, by way of recurrence", "15:19–17:32"),
    Lesson("04", "Encoder-decoder", "cross-attention, teacher forcing, a translator", "17:29–20:23"),
    Lesson("05", "Encoder-only", "what giving up generation buys and costs", "20:23–22:21"),
    Lesson("06", "Decoder-only", "one attention in both roles; sampling; the cache", "22:21–23:32"),
    Lesson("07", "Four differences", "the table, the cube, four edits with proofs", "23:32–27:03"),
    Lesson("08", "Removing structure", "the registered experiment", "23:32–27:03"),
    Lesson("09", "When each structure pays", "each structure against its own dial", "27:09–35:15"),
    Lesson("10", "Multi-turn chat", "re-encoding against caching", "33:05–35:15"),
    Lesson("11", "Hidden structures", "causality, recurrence, depth, objectives", "Q&A"),
    Lesson("12", "What to remove next", "audit your own assumptions; a removal of your own", "35:15–36:27"),
)


def lesson(number: str) -> Lesson:
    """Find a lesson by its number.

    Raises:
        ValueError: if there is none, or its notebook is not written yet.
    """
    found = next((each for each in LESSONS if each.number == str(number)), None)
    if found is None or found.file is None:
        written = [each.number for each in written_lessons()]
        raise ValueError(f"There is no notebook {number!r}; the course has {', '.join(written)}.")
    return found


def written_lessons() -> list[Lesson]:
    """The lessons whose notebooks exist, in order."""
    return [each for each in LESSONS if each.file is not None]


def measured_times() -> dict[str, tuple[float, float]]:
    """Processor seconds that each notebook took when it was last made, and those of `doctor`'s short training."""
    rows = pd.read_csv(data_folder() / TIMES_FILE, dtype={"notebook": str})
    return {row.notebook: (float(row.seconds), float(row.training_seconds)) for row in rows.itertuples()}


def record_time(number: str, seconds: float, training_seconds: float) -> None:
    """Keep how long a notebook took, for the README and for `doctor`."""
    times = measured_times() | {number: (seconds, training_seconds)}
    rows = [(notebook, *times[notebook]) for notebook in sorted(times)]
    table = pd.DataFrame(rows, columns=["notebook", "seconds", "training_seconds"])
    path = data_folder() / TIMES_FILE
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.3g")


def minutes(lesson: Lesson) -> tuple[int, int]:
    """Minutes to read and run a notebook, as its first cell says, and those of its exercises, as each says."""
    first = "".join(json.loads(lesson.file.read_text(encoding="utf-8"))["cells"][0]["source"])
    said = re.search(r"\*\*Time\*\*: about (\d+) minutes", first)
    return int(said[1]), sum(exercise.minutes for exercise in every(lesson.number))


def readme_table() -> str:
    """The table of notebooks as Markdown, with what each takes, and a sentence on the whole course."""
    times, written = measured_times(), {lesson.number: minutes(lesson) for lesson in written_lessons()}
    lines = ["| | notebook | about | talk | to read | exercises | runs in |", "|---|---|---|---|---|---|---|"]
    for lesson in LESSONS:
        if lesson.file is None:
            title, takes = lesson.title, "| planned |"
        else:
            title = f"[{lesson.title}](notebooks/{lesson.file.name})"
            runs = f"{times[lesson.number][0]:.0f} s" if lesson.number in times else "not measured"
            takes = "{} min | {} min | {}".format(*written[lesson.number], runs)
        lines.append(f"| {lesson.number} | {title} | {lesson.carries} | {lesson.talk} | {takes} |")
    reading, exercises = (sum(each) / 60 for each in zip(*written.values(), strict=True))
    sentence = (
        f"**In all about {reading + exercises:.0f} hours**: {reading:.0f} to read and run the notebooks, "
    )
    return "\n".join([*lines, "", f"{sentence}{exercises:.0f} for the exercises."])


def public_address() -> str:
    """The course's public address, from the one place that names it; at `unset.invalid` until there is one."""
    project = tomllib.loads((course_folder() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"]


def readme_addresses(address: str) -> str:
    """How to get the course, and where it runs without an installation, as Markdown."""
    folder = address.rsplit("/", 1)[1]
    lines = ["```", f"git clone {address}.git", f"cd {folder}", "```", ""]
    lines.append(f"Or unpack the zip of it, {address}/archive/refs/heads/main.zip, and go into its folder.")
    if "//unset.invalid/" in address:
        lines.append(
            "(There is no public home yet: `unset.invalid` stands for its address. Take the folder you were given.)"
        )
    if (host := "https://github.com/") in address:
        name, first = address.removeprefix(host), f"notebooks/{lesson('00').file.name}"
        tests = f"{address}/actions/workflows/tests.yml"
        lines += [
            f"\n[![tests]({tests}/badge.svg)]({tests})",
            f"[Open in Binder](https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/{first}),",
            f"[open in Colab](https://colab.research.google.com/github/{name}/blob/main/{first}).",
        ]
    return "\n".join(lines)


def update_readme() -> bool:
    """Write the table and the addresses into the README; return whether that changed it.

    Raises:
        ValueError: if the README has lost the lines between which they stand.
    """
    path = course_folder() / "README.md"
    before = after = path.read_text(encoding="utf-8")
    for name, text in (("notebooks", readme_table()), ("addresses", readme_addresses(public_address()))):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        if begin not in after or end not in after.split(begin)[1]:
            raise ValueError(
                f"README.md has no lines {begin!r} and {end!r}; put them where the {name} should stand."
            )
        head, rest = after.split(begin, 1)
        after = f"{head}{begin}\n{text}\n{end}{rest.split(end, 1)[1]}"
    path.write_text(after, encoding="utf-8")
    return after != before
