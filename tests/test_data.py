"""The course's tables: every row has a source, every cell fits the dictionary, and a damaged file says where."""

import csv
import shutil
import subprocess
import sys

import numpy as np
import pytest

from destructure import files
from destructure.files import data_folder
from destructure.tables import citation, load_table, sure_rows, table_columns

OWN = {"opinions"}  # made for the course, so without a source
NOT_FACTS = {
    "columns",
    "sources",
    "notebook_times",
    "hosting",
}  # the dictionary, and what we measured of the course
FACT_TABLES = sorted({path.stem for path in data_folder().glob("*.csv")} - OWN - NOT_FACTS)


@pytest.fixture
def folder(tmp_path):
    """A copy of the tables to damage."""
    for path in data_folder().glob("*.csv"):
        shutil.copy(path, tmp_path)
    return tmp_path


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def change_cell(folder, table, row, column, text):
    """Overwrite one cell, counting rows as a spreadsheet does."""
    path = folder / f"{table}.csv"
    rows = read_rows(path)
    rows[row - 1][rows[0].index(column)] = text
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


# ------------------------------------------------------------------ the tables as they are


def test_the_dictionary_knows_every_table():
    assert set(table_columns()) == {"sources", *FACT_TABLES, *OWN}


@pytest.mark.parametrize("name", FACT_TABLES)
def test_every_row_has_a_source_that_can_be_looked_up(name):
    # Read without the loader, so that a fault in the loader cannot hide a row.
    known = {row[0]: row[1] for row in read_rows(data_folder() / "sources.csv")[1:]}
    header, *rows = read_rows(data_folder() / f"{name}.csv")
    source, verified = header.index("source"), header.index("verified")
    for number, row in enumerate(rows, start=2):
        assert row[source] in known, f"{name}.csv, row {number}: no source"
        assert len(known[row[source]]) > 10, f"{name}.csv, row {number}: no citation"
        assert row[verified] in ("yes", "no"), f"{name}.csv, row {number}: no verified flag"
        if row[source] == "own estimate":
            assert row[verified] == "no", f"{name}.csv, row {number}: an own estimate cannot be verified"


@pytest.mark.parametrize("name", ["sources", *FACT_TABLES, *OWN])
def test_every_table_loads_with_its_types(name):
    table = load_table(name)
    kinds = {column.name: column.kind for column in table_columns()[name]}
    assert list(table.columns) == list(kinds)
    for column, kind in kinds.items():
        expected = {"number": "f", "whole number": "i", "date": "M", "yes or no": "b"}.get(kind, "OU")
        assert table[column].dtype.kind in expected, (column, table[column].dtype)
    assert len(table) == len(read_rows(data_folder() / f"{name}.csv")) - 1


def test_every_number_column_has_a_unit_or_is_a_plain_ratio_and_bounds():
    for name in FACT_TABLES:
        for column in table_columns()[name]:
            if column.kind == "number":
                assert column.unit or column.name == "drag_coefficient", f"{name}: {column.name} has no unit"
                assert column.low, f"{name}: {column.name} has no lower bound"
                assert column.high, f"{name}: {column.name} has no upper bound"


def test_every_source_is_used_and_cited_once():
    used = set()
    for name in FACT_TABLES:
        table = load_table(name)
        used |= set(table["source"]) | set(table.get("drag_source", ()))
    assert used == set(load_table("sources")["source"])
    assert citation("Vaswani 2017").endswith("https://arxiv.org/abs/1706.03762")
    with pytest.raises(ValueError, match="no source 'Nobody 2030'"):
        citation("Nobody 2030")


def test_the_readme_is_the_dictionary():
    text = (data_folder() / "README.md").read_text(encoding="utf-8")
    assert "Epoch AI, epoch.ai" in text
    assert text.count("CC BY 4.0") >= 2
    sections = {part.split(".csv")[0]: part for part in text.split("\n## ")[1:]}
    for name in table_columns():
        assert f"{len(load_table(name))} rows." in sections[name], f"{name}: row count in README.md"
        for column in table_columns()[name]:
            line = next(
                (line for line in sections[name].splitlines() if line.startswith(f"| `{column.name}` |")), ""
            )
            assert line.endswith(f"| {column.meaning} |"), f"{name}.{column.name} differs in README.md"
            assert f"| {column.kind} | {column.unit} |" in line, f"{name}.{column.name} differs in README.md"


# ------------------------------------------------------------------ what may be shown as sure


def test_undisclosed_families_are_never_sure():
    models = load_table("models").set_index("name")
    for name in ("GPT-4 (Mar 2023)", "Claude 2", "Grok 4", "GPT-5", "Reka Core", "RETRO-7B"):
        assert not models.loc[name, "family_checked"], name
    undisclosed = models["family_basis"].str.contains("not disclosed|presumed|not confirmed|mixed")
    assert undisclosed.sum() >= 20
    assert not models.loc[undisclosed, "family_checked"].any()


def test_sure_rows_need_numbers_and_family():
    models = load_table("models").set_index("name")
    sure = sure_rows(models)
    assert sure["BERT-Large"]
    assert not sure["BERT-Base"]  # FLOP computed by us
    assert models.loc["GPT-4 (Mar 2023)", "verified"]
    assert not sure["GPT-4 (Mar 2023)"]  # family presumed
    assert models.loc["Gemini 1.0 Ultra", ["verified", "family_checked"]].all()
    assert not sure["Gemini 1.0 Ultra"]  # FLOP estimated by outsiders
    assert sure.sum() > 150
    assert models.loc[sure, ["verified", "family_checked"]].all(axis=None)
    hardware = load_table("hardware")
    assert sure_rows(hardware).equals(hardware["verified"])


# ------------------------------------------------------------------ numbers checked by other routes


def test_known_values_are_in_the_tables():
    models = load_table("models").set_index("name")
    assert models.loc["GPT-3 175B (davinci)", "training_flop"] == 3.14e23
    assert models.loc["Transformer (big)", "training_flop"] == 2.3e19
    assert models.loc["GLM-130B", "family"] == "prefix LM"
    slide = load_table("compute_slide")
    assert len(slide) == 44
    assert slide["year"].is_monotonic_increasing
    hardware = load_table("hardware")
    eniac = hardware[hardware["name"] == "ENIAC"].set_index("series")
    assert eniac.loc["Moravec", "operations_per_second"] == 2890
    assert eniac.loc["Nordhaus", "operations_per_second"] == pytest.approx(18.2)
    assert eniac.loc["Nordhaus", "price_usd"] == 487_000


def test_cartoon_curves_cross_where_the_slide_does():
    curves = load_table("compute_cartoon").pivot(index="compute", columns="curve", values="performance")
    more, less, even_less = (
        curves[name] for name in ("more structure", "less structure", "even less structure")
    )
    # The drawn curves cross at 0.38, 0.70 and 0.80 of the axis.
    assert more[0.35] > less[0.35]
    assert more[0.40] < less[0.40]
    assert abs(even_less[0.70] - more[0.70]) < 0.01
    assert even_less[0.75] < less[0.75]
    assert even_less[0.80] > less[0.80]
    falls = {name: int((np.diff(curves[name]) < 0).sum()) for name in curves}
    assert falls["more structure"] == 0
    assert falls["less structure"] > 0
    assert falls["even less structure"] > 0


def test_cache_sizes_are_the_arithmetic_they_claim():
    table = load_table("attention_cost")
    sizes = table[table["topic"] == "key-value cache size"]
    assert len(sizes) == 7
    pattern = r"(\d+) layers, (\d+) (?:key-value )?heads? of (\d+), two bytes"
    for _, row in sizes.iterrows():
        layers, heads, width = sizes["note"].str.extract(pattern).loc[row.name].astype(int)
        assert row["value"] == 2 * layers * heads * width * 2


def test_flan_gains_are_after_minus_before():
    table = load_table("flan_gains")
    assert np.allclose(table["after"] - table["before"], table["gain"], atol=0.051)
    assert (table.groupby("family")["architecture"].nunique() == 1).all()
    largest, smallest = table.set_index("model").loc[["T5-XXL", "PaLM 8B"], "gain"]
    assert (largest, smallest) == (26.6, 15.5)


def test_falling_things_say_what_is_an_estimate():
    things = load_table("falling_objects").set_index("name")
    assert things.verified.to_dict() == {"pen": False, "sheet of paper": True, "feather": False}
    paper = things.loc["sheet of paper"]
    assert paper.mass_kg == pytest.approx(0.21 * 0.297 * 0.080, rel=1e-3)
    assert paper.area_m2 == pytest.approx(0.21 * 0.297)


# ------------------------------------------------------------------ planted faults


@pytest.mark.parametrize(
    ("table", "row", "column", "text", "said"),
    [
        ("hardware", 17, "source", "", "the cell is empty"),
        ("models", 5, "source", "a friend", "'a friend' given; it must be a source that sources.csv lists"),
        ("published_rates", 8, "unit", "fortnights", "'fortnights' given; it must be one of years, months"),
        ("hardware", 3, "operations_per_second", "fast", "'fast' given; it must be a number"),
        ("hardware", 3, "price_usd", "1,200", "'1,200' given; it must be a number with a decimal point"),
        ("hardware", 3, "price_usd", "1_200", "'1_200' given; it must be a number"),
        ("hardware", 3, "price_usd", "nan", "'nan' given; it must be a number"),
        ("hardware", 3, "year", "19650", "19650 given; it must be 2030 years or less"),
        (
            "compute_slide",
            45,
            "log10_calculations_per_second_per_1000_usd",
            "-57",
            "-7 powers of ten or more",
        ),
        ("depth_history", 4, "layers", "22.5", "'22.5' given; it must be a whole number"),
        ("models", 9, "date", "2017-02-30", "'2017-02-30' given; it must be a date"),
        ("models", 9, "date", "3026-01-01", "3026-01-01 given; it must be 2030-12-31 or less"),
        ("models", 9, "family", "decoder only", "'decoder only' given; it must be one of RNN, CNN"),
        ("models", 9, "family_checked", "maybe", "'maybe' given; it must be yes or no"),
        ("hardware", 300, "price_source", "a shop", "'a shop' given; it must be an address"),
        ("falling_objects", 2, "mass_kg", "-0.01", "-0.01 given; it must be 1e-7 kilograms or more"),
    ],
)
def test_planted_fault_names_file_row_and_column(folder, table, row, column, text, said):
    change_cell(folder, table, row, column, text)
    with pytest.raises(ValueError, match=r"given|empty") as caught:
        load_table(table, folder)
    message = str(caught.value)
    assert message.startswith(f"{table}.csv, row {row}, column '{column}': ")
    assert said in message
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace("dot,year,", "dot,", 1), "row 1: column 'year' is missing"),
        (
            lambda text: text.replace("dot,year,", "dot,month,", 1),
            "row 1: column 'month' is not known; the header must be",
        ),
        (lambda text: text.replace("dot,year,", "year,dot,", 1), "row 1: columns year,dot,.* another order"),
        (lambda text: text.replace(",", ";"), "row 1: cells are separated by ';'"),
        (lambda text: text.replace("\n1,1900,", "\n1,1900,9,", 1), "row 2: 6 cells where 5 are needed"),
        (lambda text: text.replace("\n1,1900,", '\n"1,1900,', 1), "cannot be read as CSV"),
        (lambda text: text.splitlines()[0] + "\n", "a header and no rows"),
        (lambda text: "", "row 1: column 'dot' is missing"),
    ],
)
def test_a_damaged_file_gives_one_clear_sentence(folder, damage, said):
    path = folder / "compute_slide.csv"
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match=said) as caught:
        load_table("compute_slide", folder)
    assert str(caught.value).startswith("compute_slide.csv")
    assert "\n" not in str(caught.value)


def test_missing_and_undecodable_files_say_so(folder):
    (folder / "compute_slide.csv").write_bytes(b"dot,year\n\xff\xfe1,2\n")
    with pytest.raises(ValueError, match=r"compute_slide\.csv is not UTF-8 text"):
        load_table("compute_slide", folder)
    (folder / "compute_slide.csv").unlink()
    with pytest.raises(ValueError, match=r"compute_slide\.csv is missing; restore it"):
        load_table("compute_slide", folder)


def test_what_a_spreadsheet_adds_is_accepted(folder):
    path = folder / "compute_slide.csv"
    text = path.read_text(encoding="utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\r\n")
    assert load_table("compute_slide", folder).equals(load_table("compute_slide"))


def test_a_source_listed_twice_is_refused(folder):
    path = folder / "sources.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match=rf"sources\.csv, row {len(lines) + 1}, column 'source': .* listed twice"
    ):
        load_table("hardware", folder)


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("kind", "colour", "kind is 'colour'; it must be one of text"),
        ("required", "perhaps", "required is 'perhaps'"),
        ("low", "few", "'few' given; it must be a number"),
        ("choices", "a|b", "only kind 'choice' has choices"),
        ("kind", "text", "only numbers and dates have bounds"),
    ],
)
def test_a_damaged_dictionary_says_where(folder, column, text, said):
    rows = read_rows(folder / "columns.csv")
    row = next(number for number, cells in enumerate(rows, start=1) if cells[:2] == ["hardware", "year"])
    change_cell(folder, "columns", row, column, text)
    with pytest.raises(ValueError, match=said) as caught:
        load_table("hardware", folder)
    assert str(caught.value).startswith(f"columns.csv, row {row}, column 'year' of table 'hardware': ")


def test_an_unknown_table_lists_the_known_ones():
    with pytest.raises(
        ValueError, match=r"There is no table 'software'; the tables are sources, hardware, models"
    ):
        load_table("software")


# ------------------------------------------------------------------ where the folder is


def test_a_library_copied_away_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "__file__", str(tmp_path / "lib" / "destructure" / "files.py"))
    with pytest.raises(
        ValueError, match=r"not found around .*; install the course from a copy of its repository"
    ):
        data_folder()


def test_tables_and_trends_need_no_torch():
    code = (
        "import sys, destructure.tables, destructure.trends; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
