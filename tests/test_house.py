"""The house rules, with the figures printed (`pytest -s tests/test_house.py`): size, floors, circles, public names.

What a rule does not hold for stands in a list with its reason. The limits and the lists may only become smaller; an
entry that is no longer needed is printed.
"""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lib/destructure"
TOP = PACKAGE / "__init__.py"  # hands on names from every floor, and stands on none
FILES = sorted(PACKAGE.rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path):
    return path.read_text(encoding="utf-8")


def lines(paths):
    return sum(len(read(path).splitlines()) for path in paths)


def name_of(path):
    """ "show.picture" for lib/destructure/show/picture.py, "show" for its __init__."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# --- size ----------------------------------------------------------------------------------------------------

LIMITS = {  # may only fall
    "lib": 25_159,
    "all Python outside tests and notebooks' cells": 28_265,
    "tests": 22_556,
    "benchmarks": 1_493,  # apart: they are no tests, and a peer more must not cost one
    "checks of the site": 785,
}
SMALLEST, LARGEST = 40, 350
LEAST_DOCSTRINGS = 0.172  # what it was before the redesign
OTHER_SIZES = {}  # module → why
CIRCLES = {}  # frozenset of names → why

BY_NAME = {  # found by a name in data, so nobody imports them
    "exercises.kinds.": "the first part of a sheet's name",
    "studies.plans.": "registered under their names",
    "tasks.": "named by run configurations and notebooks",
}
ONE_NOTEBOOK = {  # why they stand in the library nevertheless → names
    "tested statistics": "overtaking factorial_effects judge_factors training_dots backtest compare_growth",
    "measured with whole models, tested on planted ones": """quality stored_writer expected_interval
        teacher_forced_accuracy GapFiller BlackBox""",
    "formulas, beside those of the other architectures": "encoder_parameters",
    "real weights: a notebook per model": "molecules spelling_to_sound",
    "drawings and widgets too long for a cell": """mask_picture structure_mask corner_cube structure_cube
        TrendExplorer try_corner try_sampling""",
    "for learners, instructors and contributors": """varying exercise_cell misplaced solved
        sign_in hand_in read_pictures_aloud""",
}
OTHER_IMPORTS = {}  # notebook → why


def new(found, known, what):
    """What is found and not known; prints what is known and no longer found."""
    if spare := sorted(map(str, set(known) - set(found))):
        print(f"no longer needed in the list of {what}: {', '.join(spare)}")
    return set(found) - set(known)


def test_the_house_stays_small():
    outside = [*ROOT.glob("notebooks/**/*.py"), *ROOT.glob("site/*.py"), *ROOT.glob("*.py")]
    benchmarks, checks = set(ROOT.glob("tests/benchmarks/*.py")), ROOT.glob("site/checks/*.py")
    tests = set(ROOT.glob("tests/**/*.py")) - benchmarks
    sizes = map(lines, (FILES, [*FILES, *outside], tests, benchmarks, checks))
    for (name, limit), size in zip(LIMITS.items(), sizes, strict=True):
        print(f"{name}: {size:,} lines of at most {limit:,}")
        assert size <= limit, f"{name} has grown; say it in fewer lines, or take something out"


def docstring_lines(path):
    """Lines of texts that stand alone: docstrings, and those under a constant."""
    alone = [node.value for node in ast.walk(ast.parse(read(path))) if isinstance(node, ast.Expr)]
    texts = [each for each in alone if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return sum(each.end_lineno - each.lineno + 1 for each in texts)


def test_docstrings_keep_their_share():
    share = sum(map(docstring_lines, FILES)) / lines(FILES)
    print(f"docstrings: {share:.1%} of the library's lines")
    assert share >= LEAST_DOCSTRINGS


def test_no_module_is_a_crumb_or_a_wall():
    sizes = {name_of(path): lines([path]) for path in FILES if not path.name.startswith("__")}
    others = {name for name, size in sizes.items() if not SMALLEST <= size <= LARGEST}
    print(
        f"modules outside {SMALLEST} to {LARGEST} lines: {', '.join(f'{n} {sizes[n]}' for n in sorted(others))}"
    )
    assert new(others, OTHER_SIZES, "sizes") == set()


# --- floors and circles ----------------------------------------------------------------------------------------


def names_on_the_map():
    """Modules and folders from the top of the map to its ground, without `.py` and `/`."""
    floors = read(ROOT / "CONTRIBUTING.md").split("## The house")[1].split("```")[1].strip().splitlines()
    return [name for floor in floors for name in re.findall(r"(\w+)(?:\.py|/)", floor.split("   ")[0])]


HOUSE = names_on_the_map()
MODULES = {name_of(path): path for path in FILES if path != TOP}


@cache
def handed_on(package):
    """Name → module inside a package that has it, for names that the package's `__init__` hands on at first use."""
    path = MODULES[package]
    calls = [node for node in ast.walk(ast.parse(read(path))) if isinstance(node, ast.Call)]
    tables = [each.value for call in calls for each in call.keywords if each.arg == "submod_attrs"]
    table = ast.literal_eval(tables[0]) if path.name == "__init__.py" and tables else {}
    return {name: f"{package}.{module}" for module, names in table.items() for name in names}


def imported(source):
    """Full names of what a source text imports from `destructure`, anywhere in it; also the package itself."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            # A relative import counts as one from the top: the library writes names in full.
            module = "destructure" if node.level else node.module
            found |= {f"{module}.{each.name}" for each in node.names}
    ours = {name for name in found if name.split(".")[0] == "destructure"}
    return {name.removeprefix("destructure.") for name in ours}


def module_of(name):
    """The module in which an imported name lies: "show.picture" for "show.Picture"."""
    if name in MODULES:
        return name
    package, _, last = name.rpartition(".")
    return handed_on(package).get(last, package) if package in MODULES else package


def not_after(name, source):
    """What a source text of this module or folder imports, except from itself and from what stands after it."""
    return {each.split(".")[0] for each in imported(source)} - set(HOUSE[HOUSE.index(name) :])


def test_the_map_names_everything_once():
    there = {path.stem for path in PACKAGE.iterdir() if path != TOP and path.name != "__pycache__"}
    assert sorted(HOUSE) == sorted(there)


def test_imports_lead_down():
    upwards = {name: not_after(name.split(".")[0], read(path)) for name, path in MODULES.items()}
    assert {name: found for name, found in upwards.items() if found} == {}


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
    assert not_after("structure", "from destructure import cost, files") == {"cost"}


def circles(graph):
    """Groups of files that import each other, directly or by way of others."""
    reach = {start: set() for start in graph}
    for start in graph:
        waiting = list(graph[start])
        while waiting:
            name = waiting.pop()
            if name not in reach[start]:
                reach[start].add(name)
                waiting += graph.get(name, ())
    return {frozenset(n for n in reach[one] if one in reach.get(n, ())) for one in graph if one in reach[one]}


def test_no_circle_of_files():
    """Imports inside functions and for types alone count; a name handed on by a package counts for its own module."""
    graph = {
        name: {module_of(each) for each in imported(read(path))} - {name} for name, path in MODULES.items()
    }
    found = circles(graph)
    assert new(found, CIRCLES, "circles") == set(), [sorted(circle) for circle in found]


def test_a_circle_is_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"f"}, "f": {"e"}}
    assert circles(graph) == {frozenset("abc"), frozenset("ef")}


# --- the public face -------------------------------------------------------------------------------------------


def code_of(notebook):
    """Sources of a notebook's code cells."""
    return [cell.source for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code"]


def tree_of(sources):
    """One syntax tree of several cells, without magics."""
    text = "\n".join(sources)
    return ast.parse("\n".join("pass" if line.startswith(("%", "!")) else line for line in text.splitlines()))


def words(tree):
    """Every name that a syntax tree reads, calls, imports or takes from something, and how often."""
    nodes = list(ast.walk(tree))
    found = Counter(node.id for node in nodes if isinstance(node, ast.Name))
    found.update(node.attr for node in nodes if isinstance(node, ast.Attribute))
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    found.update(each.name.split(".")[-1] for node in imports for each in node.names)
    return found


def fronts(tree):
    """The modules of the library from which a syntax tree imports names; "destructure" for the top."""
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    found = {node.module for node in froms} | {
        f"destructure.{each.name}"
        for node in froms
        if node.module == "destructure"
        for each in node.names
        if each.name in MODULES
    }
    return {name for name in found if name.split(".")[0] == "destructure"}


def test_public_names_serve_two_notebooks_or_machinery():
    """Classes and functions without an underscore at the top of a module; commands are used by their names."""
    trees = {name: ast.parse(read(path)) for name, path in MODULES.items()}
    machinery = {name: words(tree) for name, tree in trees.items() if MODULES[name].name != "__init__.py"}
    lessons = []
    for notebook in NOTEBOOKS:
        checks = [read(path) for path in (ROOT / "notebooks/exercises" / notebook.name[:2]).glob("*.py")]
        lessons.append(words(tree_of(code_of(notebook) + checks)))
    users = Counter(name for used in machinery.values() for name in used)
    alone = set()
    for module, tree in trees.items():
        for node in tree.body:
            public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
            if public and module != "cli":
                here = machinery.get(module, Counter())[node.name]
                elsewhere = users[node.name] - bool(here)
                by_itself = words(node)[node.name]
                unused = here == by_itself and not elsewhere
                if unused and sum(node.name in used for used in lessons) < 2:
                    alone.add(f"{module}.{node.name}")
    alone = {name for name in alone if not name.startswith(tuple(BY_NAME))}
    print(f"{len(alone)} public names serve one notebook or none: {', '.join(sorted(alone))}")
    known = " ".join(ONE_NOTEBOOK.values()).split()
    assert new({name.split(".")[-1] for name in alone}, known, "public names") == set()


MOST_MODULES, LONGEST_IMPORTS = 4, 10


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name[:2])
def test_a_notebook_imports_from_few_places_in_one_short_cell(notebook):
    sources = code_of(notebook)
    trees = [tree_of([source]) for source in sources]
    importing = [source for source, tree in zip(sources, trees, strict=True) if fronts(tree)]
    modules = set().union(*map(fronts, trees)) - {"destructure"}
    longest = max((len(source.splitlines()) for source in importing), default=0)
    print(
        f"{notebook.name[:2]}: {len(importing)} import cells, {longest} lines, from {', '.join(sorted(modules))}"
    )
    if notebook.name[:2] not in OTHER_IMPORTS:
        assert len(modules) <= MOST_MODULES
        assert len(importing) == 1
        assert longest <= LONGEST_IMPORTS
