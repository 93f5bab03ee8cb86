"""The library is built in floors, mapped in CONTRIBUTING.md: what a module imports lies on its own floor or below."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lib/destructure"
TOP = PACKAGE / "__init__.py"  # hands on names from every floor, and stands on none


def floors():
    """The floor of each module or folder, counted from the top, by its name without `.py` and `/`."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lines = text.split("## The house")[1].split("```")[1].strip().splitlines()
    names = [re.findall(r"(\w+)(?:\.py|/)", line.split("   ")[0]) for line in lines]
    return [(name, number) for number, line in enumerate(names) for name in line]


def imported(source):
    """Names directly under `destructure` that a source text imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return {name.split(".")[1] for name in found if name.startswith("destructure.")}


def too_high(name, source):
    """What a source text of this module or folder imports from floors above its own, or from the package's top."""
    floor = dict(floors())
    return {each for each in imported(source) if floor.get(each, -1) < floor[name]}


def test_the_map_names_everything_once():
    names = [name for name, _ in floors()]
    there = {path.stem for path in PACKAGE.iterdir() if path != TOP and path.name != "__pycache__"}
    assert sorted(names) == sorted(there)


@pytest.mark.parametrize("path", sorted(set(PACKAGE.rglob("*.py")) - {TOP}), ids=lambda path: path.stem)
def test_imports_lead_down(path):
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert too_high(name, path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("upwards", "found"),
    [
        ("import destructure.show.style", "show"),
        ("from destructure.show import plots", "show"),
        ("from destructure import show", "show"),
        ("def late():\n    from destructure.show.plots import attention_map", "show"),
        ("from destructure import Transformer", "Transformer"),
    ],
)
def test_an_import_that_leads_up_is_found(upwards, found):
    assert too_high("attention", upwards) == {found}
