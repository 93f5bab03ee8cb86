"""The notebook in which an instructor watches a class: what it shows follows the folder."""

import nbformat
import pytest

from destructure.files import notebooks_folder


@pytest.mark.slow
def test_what_it_shows_follows_the_folder():
    cells = nbformat.read(notebooks_folder() / "instructor" / "class_report.ipynb", 4).cells
    names = {}
    for cell in cells:
        if cell.cell_type == "code" and cell.id != "later":
            exec(cell.source, names)
    assert names["state"].value == "24 people have handed in."
    assert 'the guesses of 24 people"' in names["room"].value
    names["imagine"]("<b>one more", 0.9)
    (names["FOLDER"] / "broken.zip").write_bytes(b"")
    names["clock"].value += 1  # as the running triangle does
    assert names["state"].value == "26 people have handed in."
    assert 'the guesses of 25 people"' in names["room"].value
    assert "26 students, 1 without" in names["report"].value
    assert "one more" not in names["report"].value
    names["nameless"].value = False
    assert "broken.zip" in names["report"].value
    names["result"].value = "55,5"
    assert "the guesses of 25 people; the result is 55.5" in names["room"].value
    names["result"].value = "soon"
    assert "the result is" not in names["room"].value
