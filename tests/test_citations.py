"""Notebooks print where the published numbers behind a figure come from; estimates never look sure."""

import re

import nbformat
import pandas as pd
import pytest

from destructure.course.contents import written_lessons
from destructure.show import cite
from destructure.tables import citation, load_table

LOADS = re.compile(r"load_table\(\s*\"(\w+)\"")


def printed(notebook):
    streams = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return "".join(output.get("text", "") for output in streams)


def tables_read(notebook):
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return set(LOADS.findall(code))


def uncited(notebook):
    """Tables a notebook reads of which no source is printed."""
    text = printed(notebook)
    tables = {name: load_table(name) for name in tables_read(notebook)}
    sources = {name: table["source"].unique() for name, table in tables.items() if "source" in table}
    return [name for name, keys in sources.items() if not any(citation(key) in text for key in keys)]


@pytest.mark.parametrize("lesson", written_lessons(), ids=lambda lesson: lesson.number)
def test_every_table_a_notebook_reads_is_cited_in_it(lesson):
    assert uncited(nbformat.read(lesson.file, 4)) == []


def test_a_notebook_that_cites_nothing_is_found():
    cell = nbformat.v4.new_code_cell('load_table("t5_architectures")')
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert uncited(notebook) == ["t5_architectures"]


def test_cite_prints_each_source_once(capsys):
    cite("ISO 216", pd.DataFrame({"source": ["NASA shapes", "ISO 216"]}))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"Source: {citation(key)}" for key in ("ISO 216", "NASA shapes")]
