"""The course as a site (`make site`): pages are made from notebooks and texts as they stand; nothing is run again."""

import json
import re
import sys
from base64 import b64encode
from html import escape
from operator import methodcaller
from pathlib import Path

import jinja2
from myst_parser.parsers.sphinx_ import MystParser

from destructure.exercises import catalogue
from destructure.exercises.markup import markdown
from destructure.exercises.pages import static_page
from destructure.studies.corner_models import weights_file

sys.path.insert(0, str(Path(__file__).parent))
import bibliography
import charts
import evidence
import terms

project, html_title, project_copyright = "Destructure", "Destructure", "text and figures: CC BY 4.0"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.apidoc", "sphinx-mathjax-offline"]
extensions += ["terms", "charts"]  # beside this file
root_doc = "site/index"  # the sources' folder is the repository, so that links between its files hold
include_patterns = ["site/*.md", "site/api/*.rst", "notebooks/*.ipynb", "notebooks/*.md", "notebooks/guide/*.md"]
include_patterns += ["notebooks/instructor/*.ipynb", "notebooks/exercises/*/*.md"]
include_patterns += ["data/README.md", "data/registration.md", "data/results/README.md", "data/**.csv"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext", ".csv": "markdown"}
exclude_patterns = ["site/api/modules.rst"]  # a list of one thing
suppress_warnings = ["config.cache", "ref.python"]  # the function for anchors; words with two meanings

WIDGET = "application/vnd.jupyter.widget-view+json"
nb_execution_mode, nb_ipywidgets_js = "off", {}
nb_mime_priority_overrides = [("html", WIDGET, None)]  # without a kernel: the picture beside it
myst_enable_extensions, myst_heading_anchors = ["dollarmath", "amsmath"], 6
myst_heading_slug_func = methodcaller("replace", " ", "-")  # as JupyterLab names anchors

apidoc_modules = [{"path": "../lib/destructure", "destination": "site/api", "exclude_patterns": ["**/_[a-z]*"]}]
apidoc_modules[0] |= {"max_depth": 1, "automodule_options": {"members"}}
autodoc_default_options = {"ignore-module-all": True}
autodoc_member_order, autodoc_typehints, napoleon_use_ivar, default_role = "bysource", "none", True, "code"
groups = ("Sizes", "Structure", "Block details", "Embeddings and output")  # of TransformerConfig
napoleon_custom_sections = [(name, "params_style") for name in groups]

html_theme, html_static_path, html_css_files, html_js_files = "furo", ["static"], ["site.css"], ["site.js"]
SHOW = Path(__file__).parents[1] / "lib/destructure/show"
html_static_path.append(str(SHOW / "structure_explorer.css"))
EXPLORER = """<link rel="stylesheet" href="../_static/structure_explorer.css">
<script defer src="../_static/explorer.js"></script>"""  # brings every element of that class to life
html_extra_path = ["top"]  # index.html of the folder, which leads to the first page
html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_show_search_summary = False  # the search would fetch each page that it found, which no page from a folder may

EXPLORE = {"TrendExplorer(": "trends", "removal_factors": "factors"}  # how a cell begins, or its picture → page


def _folded(summary: str, html: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>\n{html}\n</details>\n"


def _exercise(number: str, name: str) -> str:
    """The text of an exercise as it stands unanswered; hints, solution and rubric are closed."""
    one = catalogue.find(f"{number}.{name}")
    boxes = [_folded(f"Hint {place}", markdown(hint)) for place, hint in enumerate(one.hints, start=1)]
    boxes.append(_folded("Solution", markdown(one.solution)))
    if rubric := re.search(r"\n## Rubric\n(.*?)\n\n", catalogue.sheet_of(one.id).path.read_text("utf-8"), re.DOTALL):
        boxes.append(_folded("Rubric: points, and what to look for", markdown(rubric[1])))
    html = re.sub(r"\n\s*\n", "\n", static_page(one) + "".join(boxes))
    return f"# {one.title}\n\n[The notebook](../../{evidence.file_of(number)})\n\n```{{raw}} html\n{html}\n```\n"


def _exercises(number: str) -> str:
    names = "\n".join(one.id[3:] for one in catalogue.every(number))
    return f"# {number} · {catalogue.title_of(number)}\n\n```{{toctree}}\n:maxdepth: 1\n{names}\n```\n"


def _cell(cell: dict, number: str) -> dict:
    """A cell for readers: exercises without their call, results of predictions closed, alternative texts told."""
    ours, tags = cell["metadata"].get("destructure", {}), cell["metadata"].setdefault("tags", [])
    kept = [out for out in cell["outputs"] if set(out.get("data", ())) != {WIDGET, "text/plain"}]  # progress bars
    if "exercise" in ours:
        tags.append("remove-input")
        address, code = f"exercises/{number}/{ours['exercise'][3:]}.html", "".join(cell["source"])
        starter = "" if code.startswith("exercise(") else f"<pre>{escape(code)}</pre>"
        more = f'{starter}<p><a href="{address}">On a page of its own, with hints and solution</a></p>'
        kept[0]["data"]["text/html"] = "".join(kept[0]["data"]["text/html"]) + more
    for data in (out["data"] for out in kept if "data" in out):
        if "text/markdown" in data:
            data["text/html"] = markdown("".join(data.pop("text/markdown")))
        if "text/html" in data:  # its links lead to pages, too
            data["text/html"] = re.sub(r'(href="\d\d_\w+\.)ipynb', r"\1html", "".join(data["text/html"]))
            data["text/html"] += EXPLORER * ('class="structure-explorer"' in data["text/html"])
    if page := EXPLORE.get(ours.get("picture", "".join(cell["source"])[:14])):
        link = f'<p><a href="../site/{page}.html">Explore this figure here, without a kernel</a></p>'
        kept.append({"output_type": "display_data", "data": {"text/html": link}, "metadata": {}})
    if "reveal" in ours:
        tags.append("hide-output")
    told = [out.get("metadata", {}).get("image/png", {}).get("alt", "") for out in kept]
    cell["metadata"]["mystnb"] = {"image": {"alt": " ".join(filter(None, told))}}
    return cell | {"outputs": kept}


def _notebook(text: str, number: str) -> str:
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= _cell(cell, number)
        else:
            cell["source"] = bibliography.with_links("".join(cell["source"]))
    return json.dumps(notebook)


def _page(name: str, text: str) -> str:
    """A page of this folder, which is a template."""
    built = Path(__file__).parent / "built"
    known = {"made": [kind for kind in ("slides", "handout") if (built / kind / "index.html").exists()]}
    if name == "bibliography":
        items = {number: bibliography.of_notebook(evidence.cells_of(number)) for number in catalogue.notebooks()}
        said = {number: "\n".join(each) for number, each in items.items()}
        known |= {"entries": bibliography.listed(said), "files": {one: evidence.file_of(one) for one in said}}
    elif name == "tables":
        known |= {"tables": evidence.tables()}
    elif name in ("trends", "factors"):
        known |= {part: f"```{{raw}} html\n{html}\n```" for part, html in charts.shown(name).items()}
    return jinja2.Template(text).render(**known) + (evidence.verdicts() if name == "verdicts" else "")


def _read(app, name, source):
    if match := re.fullmatch(r"notebooks/exercises/(\d\d)/(.+)", name):
        source[0] = _exercises(match[1]) if match[2] == "notebook" else _exercise(*match.groups())
    elif match := re.fullmatch(r"notebooks/(\d\d)_\w+", name):
        source[0] = _notebook(source[0], match[1])
    elif name == "notebooks/glossary":
        source[0] = terms.with_ids(source[0])
    elif match := re.fullmatch(r"(data|data/results)/([a-z]\w+)", name):
        source[0] = source[0] if match[2] == "registration" else evidence.table(*match.groups())
    elif match := re.fullmatch(r"site/(\w+)", name):
        source[0] = _page(match[1], source[0])


def _docstring(app, what, name, thing, options, lines):
    """Blocks between fences, as in Markdown, for a reader of reStructuredText."""
    fenced = False
    for place, line in enumerate(lines):
        if line.strip().startswith("```"):
            fenced = not fenced
            lines[place] = "\n::\n" if fenced else ""
        elif fenced:
            lines[place] = f"    {line}"
    lines[:] = "\n".join(lines).split("\n")


def _explorer(app, problem):
    """The structure explorer as one script, weights and all, so that it runs from a folder, too."""
    code = "".join((SHOW / name).read_text("utf-8") for name in ("corner_model.js", "structure_explorer.js"))
    script = f'(() => {{\n{code}\nbring("{b64encode(weights_file().read_bytes()).decode()}");\n}})();'
    (Path(app.outdir) / "_static/explorer.js").write_text(script, "utf-8")


def setup(app):
    """Called by Sphinx."""
    app.extensions["sphinx-mathjax-offline"].parallel_read_safe = True  # it only names a file
    app.add_source_parser(MystParser)  # of tables, which become Markdown; myst-nb has one for notebooks
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _docstring, priority=400)  # before napoleon
    app.connect("build-finished", _explorer)
    return {"parallel_read_safe": True}
