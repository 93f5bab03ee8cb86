"""A house without circles: modules import only from what stands after them in CONTRIBUTING.md's map."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lib/destructure"
TOP = PACKAGE / "__init__.py"  # hands on names from every floor, and stands on none


def names_on_the_map():
    """Modules and folders from the top of the map to its ground, without `.py` and `/`."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    floors = text.split("## The house")[1].split("```")[1].strip().splitlines()
    return [name for floor in floors for name in re.findall(r"(\w+)(?:\.py|/)", floor.split("   ")[0])]


HOUSE = names_on_the_map()


def imported(source):
    """Names directly under `destructure` that a source text imports anywhere; also the package itself."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            # A relative import counts as one from the top: the library writes names in full.
            module = "destructure" if node.level else node.module
            found |= {f"{module}.{each.name}" for each in node.names}
    ours = {name for name in found if name.split(".")[0] == "destructure"}
    return {name.removeprefix("destructure.").split(".")[0] for name in ours}


def not_after(name, source):
    """What a source text of this module or folder imports, except from itself and from what stands after it."""
    return imported(source) - set(HOUSE[HOUSE.index(name) :])


def test_the_map_names_everything_once():
    there = {path.stem for path in PACKAGE.iterdir() if path != TOP and path.name != "__pycache__"}
    assert sorted(HOUSE) == sorted(there)


@pytest.mark.parametrize("path", sorted(set(PACKAGE.rglob("*.py")) - {TOP}), ids=lambda path: path.stem)
def test_imports_lead_down(path):
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert not_after(name, path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("upwards", "found"),
    [
        ("import destructure.show.style", "show"),
        ("from destructure.show import plots", "show"),
        ("from destructure import show", "show"),
        ("def late():\n    from destructure.show.plots import attention_map", "show"),
        ("from destructure import Transformer", "Transformer"),
        ("import destructure", "destructure"),
        ("from .show import plots", "plots"),
    ],
)
def test_an_import_that_leads_up_is_found(upwards, found):
    assert not_after("attention", upwards) == {found}


def test_an_import_to_the_left_is_found():
    assert not_after("config", "from destructure import tables, structure") == {"tables"}
