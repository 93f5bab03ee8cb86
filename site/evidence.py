"""Evidence pages: what the cells that judge have printed, and each table with its entry in README and its rows."""

import json
import re
from functools import cache

import pandas as pd
from jinja2 import Environment, FileSystemLoader

from destructure.exercises import catalogue
from destructure.files import data_folder, notebooks_folder

MOST_ROWS = 300
TEMPLATES = Environment(loader=FileSystemLoader(data_folder().parent / "site/templates"))


def file_of(number: str) -> str:
    """A notebook's file."""
    return next(notebooks_folder().glob(f"{number}_*.ipynb")).name


def cells_of(number: str) -> list[dict]:
    """A notebook's cells as they are stored."""
    return json.loads((notebooks_folder() / file_of(number)).read_text("utf-8"))["cells"]


def verdicts() -> str:
    """What the cells that judge have printed, notebook by notebook."""
    parts = []
    for number in catalogue.notebooks():
        judges = [cell for cell in cells_of(number) if cell["metadata"].get("destructure", {}).get("verdict")]
        said = ["".join(out["text"]) for cell in judges for out in cell["outputs"] if "text" in out]
        heading = f"\n## {number} · {catalogue.title_of(number)}\n\n[The notebook](../notebooks/{file_of(number)})\n"
        parts += [heading] * bool(said) + [f"```text\n{one}```\n" for one in said]
    return "\n".join(parts)


@cache
def entries(folder: str) -> dict[str, tuple[str, str]]:
    """File → (its question, its text), from the README of "data" or "data/results"."""
    sections = (data_folder().parent / folder / "README.md").read_text("utf-8").split("\n## ")[1:]
    parts = [(*section.split("\n", 1)[0].partition(": ")[::2], section.partition("\n")[2]) for section in sections]
    return {file: (question, text) for files, question, text in parts for file in re.findall(r"\w+\.csv", files)}


def tables() -> list[dict]:
    """All tables for the list of them."""
    found = []
    for folder in ("data/results", "data"):
        for path in sorted((data_folder().parent / folder).glob("*.csv")):
            question, _ = entries(folder).get(path.name, ("", ""))
            lines = path.read_text("utf-8").count("\n") - 1
            found.append({"folder": folder, "file": path.name, "question": question, "rows": lines})
    return found


def table(folder: str, name: str) -> str:
    """One table's page."""
    question, text = entries(folder).get(f"{name}.csv", ("", ""))
    rows = pd.read_csv(data_folder().parent / folder / f"{name}.csv", dtype=str, keep_default_na=False)
    html = rows[:MOST_ROWS].to_html(index=False, border=0, classes="data")
    known = {"file": f"{name}.csv", "question": question, "text": text, "html": html, "shown": len(rows[:MOST_ROWS])}
    return TEMPLATES.get_template("table.md").render(**known, rows=len(rows), columns=len(rows.columns))
