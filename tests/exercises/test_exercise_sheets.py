"""The texts of exercises: whatever is wrong with one is one sentence with file and line."""

import re
import shutil
from pathlib import Path
from random import Random

import pytest
import yaml
from test_exercise_catalogue import faults
from wrong_answers import Wrong

from destructure.exercises.building import build
from destructure.exercises.catalogue import every, find, sheet_of
from destructure.exercises.draws import Draw
from destructure.exercises.expressions import checks
from destructure.exercises.sheet import BrokenSheet, read_sheet
from destructure.files import course_folder, notebooks_folder
from destructure.tables import load_table

FOLDER = notebooks_folder() / "exercises"
FILES = sorted(FOLDER.glob("*/*.*.md"))


def made(path: Path, student: str = ""):
    return build(read_sheet(path), Draw(student, f"{path.parent.name}.{path.stem}"))


def shown_blocks() -> tuple[str, str, str]:
    """The section of CONTRIBUTING.md that adds an exercise: its text, the sheet, the wrong answers."""
    text = (course_folder() / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## Add an exercise")[1].split("\n## Add a task")[0]
    return section, *(
        section.split(f"```{language}\n")[1].split("```")[0] for language in ("markdown", "yaml")
    )


def test_the_exercise_shown_to_contributors_works_and_is_as_long_as_it_says(tmp_path):
    section, sheet, wrong = shown_blocks()
    assert int(re.search(r"in (\d+) lines", section)[1]) == len(sheet.splitlines())
    (tmp_path / "06").mkdir()
    path = tmp_path / "06" / "mask.input.md"
    path.write_text(sheet, encoding="utf-8")
    ((id, answers),) = yaml.safe_load(wrong).items()
    exercise = made(path)
    assert exercise.id == id
    assert faults(exercise, {name: Wrong(*entry) for name, entry in answers.items()}) == []


# --- faults --------------------------------------------------------------------------------------------------

FAULTS = [  # file, text, what is put in its place, line (of the new file), what is said
    ("04/choice.teacher_forcing", "---\ntitle", "title", 1, "must begin with front matter"),
    ("04/choice.teacher_forcing", "minutes: 2\n---", "minutes: 2", 1, "front matter"),
    ("04/choice.teacher_forcing", 'talk: "17:29"', 'talk: "17:29', 3, "is not YAML"),
    ("04/choice.teacher_forcing", "minutes: 2", "minutes: 2\nminutes: 3", 7, "minutes stands here twice"),
    ("04/choice.teacher_forcing", "minutes: 2", "minuts: 2", 6, "'minuts' is not known here"),
    ("04/choice.teacher_forcing", "minutes: 2\n", "", 6, "'minutes' is missing"),
    ("04/choice.teacher_forcing", "minutes: 2", "minutes: soon", 6, "'soon' cannot be computed"),
    ("04/choice.teacher_forcing", "minutes: 2", "minutes: 0.5", 6, "must be a whole number"),
    ("04/choice.teacher_forcing", "minutes: 2", "minutes: 0", 1, "at least one minute"),
    ("04/choice.teacher_forcing", '"17:29"', "17:29", 3, "'talk' must be text"),
    ("04/choice.teacher_forcing", '"17:29"', '"early"', 1, "give minutes and seconds"),
    ("04/choice.teacher_forcing", "## Options", "# Options", 10, "use ## for a section"),
    ("04/choice.teacher_forcing", "## Options", "## Choices", 10, "the section 'Choices' is not known here"),
    ("04/choice.teacher_forcing", "## Hints", "## Tips", 20, "the section 'Tips' is not known here"),
    ("04/choice.teacher_forcing", "- [x]", "- [ ]", 1, "0 options are right"),
    ("04/choice.teacher_forcing", "`parameters`: It", "parameters: It", 17, "write `name`: text"),
    ("04/choice.teacher_forcing", "`parameters`: It", "`parameters` `some`: It", 17, "'some' cannot be computed"),
    ("04/choice.teacher_forcing", "`parameters`: It", "`parameters` `1` `2`: It", 17, "too many fields"),
    ("04/choice.teacher_forcing", "\n  > Teacher", "", 17, "'feedback' is missing (a quotation below"),
    ("04/choice.teacher_forcing", "3. After", "After", 1, "three hints"),
    ("04/choice.teacher_forcing", "## Solution", "## Hints", 25, "exactly one section 'Hints', not 2"),
    ("04/mask.cross", "  11100\n  11100\n", "  11100\n", 1, "must have 4 rows of 5"),
    ("04/mask.cross", "  11100\n---", "  1110x\n---", 9, "must be rows of 0 and 1"),
    ("04/mask.cross", "queries: [", "queries: [1, ", 7, "'queries' must be a list of texts"),
    ("04/switchboard.memory", "vary: PAIRS", "vary: _SIZES", 7, "'_SIZES' cannot be computed (NameError"),
    ("04/switchboard.memory", "{start}", "S1 S2", 8, "There is no structure named 'S1 S2'"),
    ("04/switchboard.memory", "**{goal}**", "**{gaol}**", 25, "cannot be filled in (NameError"),
    ("04/code.shift", "cases: shift_cases", "cases: 5", 8, "'cases' is 5, but it must be a function"),
    ("04/code.shift", "given: [torch", "given: [torsh", 1, "given has ['torsh']"),
    ("04/code.shift", "return target.clone()", "return target.clone(", 0, "its code is not Python"),
    ("04/code.shift", "def shift_right(target, begin):\n    return target.clone", "def f():\n  f", 1, "must define"),
    ("04/number.cross_share", "`cross / whole`", "`cross / hole`", 0, "NameError"),
    ("04/match.nothing", "", "", 1, "cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "line", "says"), FAULTS, ids=lambda part: str(part)[:24])
def test_a_fault_is_one_sentence_with_file_and_line(tmp_path, file, old, new, line, says):
    source = FOLDER / f"{file}.md"
    path = tmp_path / file.split("/")[0] / source.name
    path.parent.mkdir()
    shutil.copy(source.parent / "checks.py", path.parent)
    if source.exists():
        text = source.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BrokenSheet) as problem:
        made(path)
    message = str(problem.value)
    assert says in message
    assert "\n" not in message
    if line:
        assert message.startswith(f"{path.parent.name}/{path.name}, line {line}: ")


def test_a_fault_in_checks_is_one_sentence_too(tmp_path):
    for name, (text, line) in {
        "01": ("import math\nmath.nothing\n", 2),
        "02": ("def f(:\n", 1),
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "checks.py").write_text(text)
        with pytest.raises(BrokenSheet, match=rf"{name}/checks.py, line {line}: "):
            checks(tmp_path / name)


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_any_line_left_out_or_doubled_gives_an_exercise_or_that_one_error(tmp_path, path):
    lines = path.read_text(encoding="utf-8").split("\n")
    copy = tmp_path / path.parent.name / path.name
    copy.parent.mkdir()
    if (path.parent / "checks.py").exists():
        shutil.copy(path.parent / "checks.py", copy.parent)
    numbers = range(len(lines))
    for number in Random(path.stem).sample(numbers, min(len(lines), 12)):
        for piece in ([], [lines[number]] * 2, [lines[number][: len(lines[number]) // 2]]):
            copy.write_text("\n".join([*lines[:number], *piece, *lines[number + 1 :]]), encoding="utf-8")
            problem = ""
            try:
                made(copy)
            except BrokenSheet as broken:
                problem = str(broken)
            assert re.match(rf"({path.parent.name}/[\w.]+, line \d+: \S|$)", problem)


def test_each_text_is_found_and_none_twice():
    assert sorted(sheet_of(one.id).path for one in every()) == FILES


def test_the_exercise_on_flan_quotes_the_table():
    quoted, rows = checks(FOLDER / "09"), load_table("flan_gains").set_index("model")
    assert tuple(rows.loc["T5-XXL", ["before", "after"]]) == quoted["T5_XXL"]
    assert tuple(rows.loc["PaLM 8B", ["before", "after"]]) == quoted["PALM_8B"]
    lead = rows["gain"]["T5-XXL"] - rows["gain"]["PaLM 8B"]
    lower_start = rows["before"]["PaLM 8B"] - rows["before"]["T5-XXL"]
    assert find("09.number.flan").check(100 * lower_start / lead).score == 1
