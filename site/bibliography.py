"""The bibliography: one page from data/references.bib, and a link to it beside each reference of a notebook."""

import re
from collections.abc import Iterator

from pybtex.database import Entry, parse_file

from destructure.files import data_folder
from destructure.tables import load_table, table_columns

ENTRIES = parse_file(data_folder() / "references.bib").entries
ARXIV = re.compile(r"\b\d{4}\.\d{4,5}\b")
REFERENCES = re.compile(r"(?<=\n## References\n).*?(?=\n\n\*\*Course\*\*|\Z)", re.DOTALL)
BULLET = re.compile(r"^- .*(?:\n +.*)*", re.MULTILINE)


def bare(text: str) -> str:
    """A text without case and punctuation, with a blank at each end."""
    return " ".join(["", *re.findall(r"\w+", text.lower()), ""])


def cited(text: str) -> list[str]:
    """Keys of the entries that a text names: by arXiv number, by title, or by the short title where there is one."""
    words = bare(text)
    names = {key: one.fields.get("shorttitle", one.fields["title"]) for key, one in ENTRIES.items()}
    return [
        key
        for key, one in ENTRIES.items()
        if bare(names[key]) in words or one.fields.get("eprint", "none") in text
    ]


def references(cell: str) -> list[str]:
    """The items below "References" in a cell of a notebook."""
    return [item for part in REFERENCES.findall(f"\n{cell}") for item in BULLET.findall(part)]


def of_notebook(cells: list[dict]) -> list[str]:
    """All references of a notebook, from its stored cells."""
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return [item for text in texts for item in references(text)]


def with_links(cell: str) -> str:
    """The cell with a link to the bibliography at the end of each reference."""
    for item in references(cell):
        keys = cited(item)
        links = [f'<a href="../site/bibliography.html#{key}">{key}</a>' for key in keys]
        cell = cell.replace(item, f"{item} <small>{' · '.join(links)}</small>")
    return cell


def address(one: Entry) -> str:
    """Where a work can be read, "" if nobody has looked that up."""
    known, forms = one.fields, {"eprint": "https://arxiv.org/abs/", "doi": "https://doi.org/", "url": ""}
    return next((form + known[name] for name, form in forms.items() if name in known), "")


def _authors(one: Entry) -> str:
    people = one.persons.get("author", [])
    names = [" ".join([*each.last_names, *each.first_names, *each.middle_names]) for each in people]
    return ", ".join(names).replace(", others", " et al.").replace("{", "").replace("}", "")


def used_by_tables() -> dict[str, list[str]]:
    """Key of an entry → tables of data/ with rows from there."""
    used: dict[str, list[str]] = {}
    for name in table_columns():
        for source in load_table(name).get("source", []):
            used.setdefault(source.replace(" ", ""), []).append(name)
    return {key: sorted(set(names) - {"sources"}) for key, names in used.items()}


def listed(notebooks: dict[str, str]) -> Iterator[dict]:
    """Entries for the page, by author and year; `notebooks`: number → its references as one text."""
    where, licences = used_by_tables(), load_table("sources").set_index("source").licence
    licences.index = licences.index.str.replace(" ", "")
    for key, one in sorted(ENTRIES.items(), key=lambda each: (_authors(each[1]) or "~", each[0])):
        fields = {"authors": _authors(one), "address": address(one), "licence": licences.get(key, "")}
        citing = [number for number, text in notebooks.items() if key in cited(text)]
        places = {"tables": where.get(key, []), "notebooks": citing}
        yield {"key": key} | dict(one.fields.items()) | fields | places
