"""Notebook 12: verdicts on planted rows, a removal from one edited cell, the worksheet, odds, links."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import nbformat
import numpy as np
import pandas as pd
import pytest

from destructure import Structure
from destructure.course.contents import lesson
from destructure.exercises import AnswerStore, answer
from destructure.exercises.catalogue import find
from destructure.files import notebooks_folder
from destructure.statistics import interval
from destructure.studies import plans
from destructure.studies.plans.own_removal import EXAMPLES
from notebook_cells import code_cells, run_cells
from notebook_functions import functions_of

ROOT = Path(__file__).parents[1]
CELLS = code_cells("12")
MINE = next(place for place, source in enumerate(CELLS) if source.startswith("mine = "))
TINY = {"budgets": (4e7, 8e7), "measuring": {"examples": 10, "watch_every": None}, "dials": {"high": 99}}


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("DESTRUCTURE_WORK", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def names():
    return functions_of("12", WORDS=["free", "hurts", "pays", "undecided"], FEWEST=6)


# --- words -----------------------------------------------------------------------------------------------------


def two_arms(differences, seeds=range(400, 408)):
    """Rows of two arms at two budgets; the loss of the arm without is exp(difference) times the other's."""
    return pd.DataFrame(
        {
            "arm": arm,
            "seed": seed,
            "width": 16,
            "budget": budget,
            "loss": budget * np.exp(extra),
            "exact_match": 0.95,
        }
        for seed, difference in zip(seeds, differences, strict=False)
        for arm, extra in (("kept", 0.0), ("removed", difference))
        for budget in (1.0, 2.0)
    )


@pytest.mark.parametrize(
    ("middle", "spread", "found"),
    [
        (0.0, 0.05, "free"),
        (0.05, 0.01, "free"),
        (0.3, 0.1, "hurts"),
        (-0.3, 0.1, "pays"),
        (0.05, 0.4, "undecided"),
    ],
)
def test_planted_effects_get_their_word(names, middle, spread, found):
    differences = middle + spread * np.linspace(-1, 1, 8)
    values = names["effects_of"](two_arms(differences))
    assert values.tolist() == pytest.approx(differences.tolist())
    assert names["word"](values) == found
    solution = {}
    exec("import math\nimport numpy as np\n" + find("12.code.verdict").reference, solution)
    assert names["word"](values, solution["decide"]) == found


def test_half_a_pair_counts_for_nothing_and_five_seeds_decide_nothing(names):
    rows = two_arms(0.3 + 0.01 * np.arange(8))
    halves = rows[(rows.seed > 401) | (rows.arm == "kept")]
    assert len(names["effects_of"](halves)) == 6
    assert names["word"](names["effects_of"](halves)) == "hurts"
    assert names["word"](names["effects_of"](rows[rows.seed < 405])) == "undecided"
    assert names["effects_of"](rows[rows.arm == "kept"]).empty


def test_losses_at_the_floor_are_equal_and_failures_count(names):
    low = two_arms([5.0] * 8)
    low["loss"] = np.where(low.arm == "kept", 0.001, 0.02)
    assert names["effects_of"](low).eq(0).all()
    assert names["word"](names["effects_of"](low)) == "undecided", (
        "from values that do not vary nothing follows"
    )
    low["loss"] = np.where(low.arm == "kept", 0.1 + 0.001 * low.seed, np.nan)
    assert names["word"](names["effects_of"](low)) == "hurts"


def test_plans_that_have_not_been_run_say_so(names):
    class Plans:
        @staticmethod
        def make_plan(name):
            return type("Plan", (), {"runs": range(10)})

        @staticmethod
        def stored_rows(name):
            if name == "later":
                raise ValueError("nothing there")
            return pd.DataFrame({"run": ["a", "a", "b"]})

    stored = functions_of("12", plans=Plans)  # the notebook imports its own
    stored["plans"] = Plans
    assert stored["stored"]("now", "later")[1] == "2 of 20 registered runs"
    rows, there = stored["stored"]("later")
    assert (len(rows), there) == (0, "0 of 10 registered runs")


# --- a removal from one edited cell -----------------------------------------------------------------------------


def edited(**changes):
    """The notebook from its imports through the report, its one cell edited; returns names and what is printed."""
    first = next(place for place, source in enumerate(CELLS) if "def effects_of" in source)
    last = next(place for place, source in enumerate(CELLS) if source.startswith("tried = "))
    cell = CELLS[MINE]
    for old, new in changes.items():
        cell, count = re.subn(rf"^    {old}=.*$", f"    {old}={new},", cell, flags=re.MULTILINE)
        assert count == 1
    needed = [
        source
        for source in CELLS[first : last + 1]
        if ("def " in source and "meant" not in source) or source.startswith(("registered", "tried"))
    ]
    names = {}
    told = run_cells(
        [CELLS[0], "WORDS = ['free', 'hurts', 'pays', 'undecided']", *needed[:-2], cell, *needed[-2:]], names
    )
    return names, told


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {
            "question": '"Does it need its last layer only?"',
            "kept": "{}",
            "removed": '{"structure": Structure.ENCODER_DECODER.without("final_layer_memory")}',
            "everywhere": repr(TINY),
            "prediction": '"pays"',
        },
        {
            "question": '"Is attention all you need, for copying?"',
            "kept": '{"structure": Structure.PREFIX_LM}',
            "removed": '{"structure": Structure.PREFIX_LM, "model": {"feed_forward": 1}}',
            "everywhere": repr(
                TINY | {"task": "Copying", "dials": {"read": 3, "write": 3, "train_examples": 60}}
            ),
            "odds": "0.9",
        },
    ],
    ids=["another structure", "another task"],
)
def test_the_capstone_works_for_someone_who_edits_one_cell(work, changes):
    names, told = edited(**changes)
    mine, page = names["mine"], names["page"]
    assert told.endswith(page + "\n")
    assert page.startswith(f"# {mine.question}\n\n**Removing it: ")
    word = re.search(r"\*\*Removing it: (\w+)\.\*\*", page)[1]
    assert word == names["word"](names["effects_of"](names["rows"]))
    came = "came true" if word == mine.prediction else "did not come true"
    assert f"forecast: {mine.prediction} ({mine.odds:.0%}) {came}" in page
    ratio = interval(names["effects_of"](names["rows"])).exp()
    assert f"{ratio:.2f} (95%)" in page
    for part in (
        "8 of 8 seeds; registered before any run",
        "what differs",
        "compute factor",
        "4e07, 8e07 FLOPs",
    ):
        assert part in page
    kept = (work / "removals" / mine.file.name).read_text(encoding="utf-8")
    assert json.loads(kept)["question"] == mine.question
    assert (
        (work / "removals" / mine.file.name)
        .with_suffix(".md")
        .read_text(encoding="utf-8")
        .endswith(page + "\n")
    )


def test_the_cell_as_it_stands_is_an_example_whose_rows_are_there():
    names = {}
    run_cells([CELLS[0], CELLS[MINE]], names)
    assert names["mine"].content == EXAMPLES["segments"].content
    assert names["mine"].register()["known"] == 16


def test_a_plan_keeps_its_date_and_notices_changes():
    mine = replace(EXAMPLES["segments"], everywhere=TINY, seeds=range(6))
    first = mine.register()
    assert (first["known"], mine.register()) == (0, first)
    text = mine.file.read_text(encoding="utf-8")
    for changed in (text.replace('"odds": 0.6', '"odds": 0.9'), text[:-20], "[]"):
        mine.file.write_text(changed, encoding="utf-8")
        with pytest.raises(ValueError, match="was changed after it was registered"):
            mine.register()


def test_what_was_run_is_not_run_again_and_a_second_plan_says_that_it_was_known(monkeypatch):
    mine = replace(EXAMPLES["segments"], everywhere=TINY, seeds=range(6))
    rows = mine.run(progress=False)
    assert (len(rows), rows.seed.nunique()) == (24, 6)
    other = replace(mine, prediction="pays", odds=0.99)
    assert other.file != mine.file
    assert other.register()["known"] == 12
    monkeypatch.setattr("destructure.study.plan.Plan.compute", None)
    assert other.run(progress=False).equals(rows)
    lands = list(mine.one_more(rows, seed=0))  # a stored seed, computed again
    assert [loss for _, loss, _ in lands] == rows[(rows.arm == "removed") & (rows.seed == 0)].loss.tolist()
    assert all(low <= loss <= high for _, loss, (low, high) in lands)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"question": " "}, "question is empty"),
        ({"prediction": "maybe"}, "must be one of free, hurts, pays, undecided"),
        ({"odds": 1}, "above 0 and below 1"),
        ({"seeds": range(5)}, "give 6 to 10"),
        ({"seeds": [1] * 8}, "give 6 to 10"),
        ({"kept": {"seed": 3}}, "give fields by name, of budgets"),
        ({"kept": 3}, "give fields by name"),
        ({"removed": {"structure": Structure.DECODER_ONLY}}, "the same model"),
        ({"removed": {"budgets": (1e9,)}}, "equal training FLOPs"),
        ({"removed": {"model": {"positions": "magic"}}}, "positions is 'magic'"),
        ({"everywhere": {"width": "wide"}}, "has another form"),
        ({"everywhere": {"task": "Chess"}}, "There is no task 'Chess'"),
    ],
)
def test_a_removal_that_cannot_be_is_refused_in_one_sentence(work, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(EXAMPLES["segments"], **change).register()
    assert not list(work.glob("removals/*.json"))


def test_the_examples_hurt_are_free_and_stay_undecided_and_the_model_answer_has_their_numbers(names):
    table = plans.stored_rows("removal_examples")
    found = {name: names["effects_of"](each.rows(table)) for name, each in EXAMPLES.items()}
    assert {name: names["word"](values) for name, values in found.items()} == {
        "positions": "hurts",
        "biases": "free",
        "segments": "undecided",
    }
    ratio = interval(found["positions"]).exp()
    text = find("12.written.report").reference
    assert f"{ratio.estimate:.2f} times" in text
    assert f"interval {ratio.low:.2f} to {ratio.high:.2f} over 8 seeds" in text


# --- worksheet and odds --------------------------------------------------------------------------------------------


def test_the_worksheet_is_a_page_of_what_was_committed(names):
    names["HEADINGS"] = {
        "assumptions": "What it assumes",
        "still_true": "What is still true",
        "remove": "What goes first",
    }
    assert names["worksheet"](AnswerStore()) == ""
    for part in ("assumptions", "remove"):
        answer(f"12.written.{part}", find(f"12.written.{part}").reference)
    page = names["worksheet"](AnswerStore())
    assert re.findall("^#.*", page, re.MULTILINE) == [
        "# An audit of my own problem",
        "## What it assumes",
        "## What goes first",
    ]
    assert find("12.written.remove").reference.strip() in page


def test_committed_predictions_are_read_and_scored(names):
    names["LINE"] = next(
        eval(source.split("LINE = ")[1].splitlines()[0], {"re": re})
        for source in CELLS
        if source.startswith("LINE = ")
    )
    assert names["predictions_of"](AnswerStore()).empty
    answer("12.written.forecasts", find("12.written.forecasts").reference)
    answer("01.prediction.dated", find("01.prediction.dated").reference)
    made = names["predictions_of"](AnswerStore())
    assert made.chance.tolist() == [0.75, 0.25, 0.35, 0.8]
    assert set(made.due) == {"2028-12-31"}
    assert made.locked.str.startswith("20").all()
    cells = [source for source in CELLS if source.startswith(("mine_dated", "LINE"))]
    solution = {}
    exec(find("12.code.brier").reference, solution)
    told = run_cells([CELLS[0], *cells], {"came_true": {1: True, 3: False}, "best_card": 100.0, **solution})
    assert "4 predictions committed, 3 decided" in told
    assert f"Brier score {(0.25**2 + 0.35**2 + 0.2**2) / 3:.2f}" in told
    told = run_cells([CELLS[0], *cells], {"came_true": {}, "best_card": 5000.0, **solution})
    assert f"Brier score {0.8**2:.2f}" in told, "outside the interval"


# --- every request has an answer ----------------------------------------------------------------------------------

LINK = re.compile(r"\]\(((?:notebooks/)?[\w]+\.(?:ipynb|md))(?:#([^)]+?))?\)(?=[\s,|.;:)]|$)")


def anchors(path):
    """The headings of a notebook or page as JupyterLab links to them."""
    if path.suffix == ".md":
        texts = [path.read_text(encoding="utf-8")]
    else:
        texts = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    return {
        line.lstrip("#").strip().replace(" ", "-")
        for text in texts
        for line in text.splitlines()
        if line[:1] == "#"
    }


def broken(text, folder):
    """Links of a text that lead nowhere."""
    links = LINK.findall(text)
    return [
        (file, part)
        for file, part in links
        if not (folder / file).is_file() or (part and unquote(part) not in anchors(folder / file))
    ]


def requests_in(text):
    """Who asked → the links of the answer, in a table of requests."""
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in text.splitlines()
        if row.startswith("| @")
    ]
    return {who: LINK.findall(answered) for who, _, answered in rows}


def tables():
    cells = nbformat.read(lesson("12").file, 4).cells
    own = next(cell.source for cell in cells if cell.source.startswith("## Every viewer's request"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return own, readme.split("<!-- requests: begin -->")[1].split("<!-- requests: end -->")[0]


def test_every_request_links_to_the_place_that_answers_it():
    own, readme = tables()
    assert broken(own, notebooks_folder()) == []
    assert broken(readme, ROOT) == []
    answered = requests_in(own)
    assert {
        who: [(file.removeprefix("notebooks/"), part) for file, part in links]
        for who, links in requests_in(readme).items()
    } == answered
    assert all(answered.values()), "every row has a link"
    asked = """pierce8308 bayptr sucim pratyushparashar1736 ryan2897 gwonchanjasonyoon8087 lele_with_dots
        robertthallium6883 puahaha07 misterbeach8826 123jay34 claudioagmfilho luqmanmalik9428 junxunpei
        ShowRisk AIWorks2040 labsanta user-lb2gu7ih5e varshneydevansh g111an s.7980 hyungwonchung5222 niyui8"""
    assert set(re.findall(r"@([\w.-]+\w)", " ".join(answered))) == set(asked.split())


def test_a_link_that_leads_nowhere_is_found():
    text = "[a](00_study_the_change.ipynb#No-such-part), [b](99_nowhere.ipynb), [c](glossary.md)"
    assert broken(text, notebooks_folder()) == [
        ("00_study_the_change.ipynb", "No-such-part"),
        ("99_nowhere.ipynb", ""),
    ]


def test_all_links_of_the_notebook_resolve():
    cells = nbformat.read(lesson("12").file, 4).cells
    own = [line for cell in cells for line in cell.source.splitlines() if not line.startswith("**Course**")]
    text = "\n".join(own)
    assert broken(text, notebooks_folder()) == []
