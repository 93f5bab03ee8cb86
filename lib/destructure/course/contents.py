"""The notebooks of the course: what there is, where it lies, what each takes; the README's table of them."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from destructure.files import course_folder, data_folder, notebooks_folder

TIMES_FILE = "notebook_times.csv"
BEGIN, END = "<!-- notebooks: begin -->", "<!-- notebooks: end -->"


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
    Lesson("02", "Structure and compute", "the three-curve cartoon, measured", "9:06–14:23"),
    Lesson("03", "Sequence models", "from text to attention, by way of recurrence", "15:19–17:32"),
    Lesson("04", "Encoder-decoder", "cross-attention, teacher forcing, a translator", "17:29–20:23"),
    Lesson("05", "Encoder-only", "what giving up generation buys and costs", "20:23–22:21"),
    Lesson("06", "Decoder-only", "one attention in both roles; sampling; the cache", "22:21–23:32"),
    Lesson("07", "Four differences", "the table, the cube, four edits with proofs", "23:32–27:03"),
    Lesson("08", "Removing structure", "the registered experiment", "23:32–27:03"),
    Lesson("09", "When each structure pays", "each structure against its own dial", "27:09–35:15"),
    Lesson("10", "Multi-turn chat", "re-encoding against caching", "33:05–35:15"),
    Lesson("11", "Hidden structures", "causality, recurrence, depth, objectives", "Q&A"),
    Lesson("12", "What to remove next", "audit your own assumptions", "35:15–36:27"),
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
    """Seconds each notebook took when it was last made, and the speed (GFLOP/s) of the machine that made it."""
    rows = pd.read_csv(data_folder() / TIMES_FILE, dtype={"notebook": str})
    return {row.notebook: (float(row.seconds), float(row.gflop_per_second)) for row in rows.itertuples()}


def record_time(number: str, seconds: float, gflop_per_second: float) -> None:
    """Keep how long a notebook took, for the README and for `doctor`."""
    times = measured_times() | {number: (seconds, gflop_per_second)}
    rows = [(notebook, *times[notebook]) for notebook in sorted(times)]
    table = pd.DataFrame(rows, columns=["notebook", "seconds", "gflop_per_second"])
    path = data_folder() / TIMES_FILE
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.0f")


def readme_table() -> str:
    """The table of notebooks as Markdown: those that exist are linked, with their measured run time."""
    times = measured_times()
    lines = ["| | notebook | about | talk | runs in |", "|---|---|---|---|---|"]
    for lesson in LESSONS:
        if lesson.file is None:
            title, runs = lesson.title, "planned"
        else:
            title = f"[{lesson.title}](notebooks/{lesson.file.name})"
            runs = f"{times[lesson.number][0]:.0f} s" if lesson.number in times else "not measured"
        lines.append(f"| {lesson.number} | {title} | {lesson.carries} | {lesson.talk} | {runs} |")
    return "\n".join(lines)


def update_readme() -> bool:
    """Write the table into the README; return whether that changed it.

    Raises:
        ValueError: if the README has lost the two markers.
    """
    path = course_folder() / "README.md"
    before = path.read_text(encoding="utf-8")
    after, found = re.subn(
        f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{readme_table()}\n{END}", before, flags=re.DOTALL
    )
    if not found:
        raise ValueError(
            f"README.md has no line {BEGIN!r}; put it and {END!r} around the table of notebooks."
        )
    path.write_text(after, encoding="utf-8")
    return after != before
