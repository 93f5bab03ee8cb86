"""Each reference has its entry in data/references.bib, each entry is used, and sources.csv says the same."""

import sys
from pathlib import Path

import pytest

from destructure.exercises import catalogue
from destructure.tables import load_table

sys.path.insert(0, str(Path(__file__).parents[1]))

import bibliography
import evidence

NUMBERS = [number for number in catalogue.notebooks() if number < "90"]  # the refresher refers to nothing
BULLETS = {number: bibliography.of_notebook(evidence.cells_of(number)) for number in NUMBERS}
ENTRIES = bibliography.ENTRIES


@pytest.mark.parametrize("number", BULLETS)
def test_each_reference_of_a_notebook_has_its_entry(number):
    assert BULLETS[number]
    assert [item for item in BULLETS[number] if not bibliography.cited(item)] == []


def test_a_reference_without_entry_is_found():
    assert bibliography.cited("Nobody, N. (2031). *A title that no file has*. arXiv:3101.00001.") == []
    assert bibliography.cited("Vaswani, A. et al. (2017). *Attention is all\n  you need*.") == ["Vaswani2017"]


def test_all_arxiv_numbers_are_those_of_entries():
    told = "\n".join(item for items in BULLETS.values() for item in items)
    known = {one.fields["eprint"] for one in ENTRIES.values() if "eprint" in one.fields}
    assert set(bibliography.ARXIV.findall(told)) - known == set()


def test_author_and_year_stand_in_the_reference():
    """Where an entry is named by its number or title, whose it is and when must agree, too."""
    for items in BULLETS.values():
        for item in items:
            for key in bibliography.cited(item):
                fields, people = ENTRIES[key].fields, ENTRIES[key].persons.get("author", [])
                names = [name for each in people[:1] for name in each.last_names if name[0] not in "{@"]
                follower = (
                    "and the two that followed" in item or "T5Gemma 2" in item or fields.get("shorttitle")
                )
                assert follower or all(name in item for name in [*names, fields.get("year", "")]), (key, item)


def test_no_entry_is_unused():
    used = {key for items in BULLETS.values() for item in items for key in bibliography.cited(item)}
    assert set(ENTRIES) - used - set(bibliography.used_by_tables()) == set()


def test_sources_of_tables_say_the_same():
    for row in load_table("sources").itertuples():
        one = ENTRIES[row.source.replace(" ", "")]
        assert bibliography.bare(one.fields["title"]) in bibliography.bare(row.citation), row.source
        assert one.fields.get("year", "") in f"{row.source} {row.citation}", row.source
        assert bibliography.address(one) == row.link, row.source
        people = one.persons.get("author", [])
        assert all(name.strip("{}") in row.citation for each in people[:1] for name in each.last_names), (
            row.source
        )
