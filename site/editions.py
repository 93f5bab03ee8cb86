"""Decks and handouts (`make slides`, `make handout`), from the executed notebooks as they stand, for any browser.

How the pages look and how slides are cut stands beside this file: templates/, and deck.js and *.css in static/.
"""

import ast
import base64
import json
import re
import shutil
import subprocess
import sys
from html import escape
from importlib.util import find_spec
from pathlib import Path

from conf import WIDGET
from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from destructure.course.contents import lesson, written_lessons
from destructure.exercises import catalogue, markup

HERE = Path(__file__).parent
TEMPLATES = Environment(loader=FileSystemLoader(HERE / "templates"), trim_blocks=True, lstrip_blocks=True)
MATH = {True: r"\[{}\]", False: r"\({}\)"}
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
MARKDOWN.use(dollarmath_plugin, renderer=lambda text, how: MATH[how["display_mode"]].format(escape(text)))
FOLDED = 4  # lines of a drawing's statement that are shown whole
ROOM = {"code": 14, "run": 8, "written": 12, "prediction": 2, "number": 3}  # empty lines on paper, by kind


def text(source: str, folder: Path) -> str:
    """Markdown as HTML that needs no other file; without the line of neighbours."""
    html = MARKDOWN.render(re.sub(r"^\*\*Course\*\*: .*$", "", source, flags=re.MULTILINE))
    html = re.sub(
        r'src="([^":]+\.png)"', lambda found: f'src="{_address((folder / found[1]).read_bytes())}"', html
    )
    return linked(html)


def linked(html: str) -> str:
    """A page whose links lead to the other pages of its kind, or out of the course; what else is linked is text."""
    html = re.sub(r'<a (?:[^<>]* )?href="(\d\d)_\w+\.ipynb(?:#[^"]*)?"', r'<a href="\1.html"', html)
    pattern = r'<a (?:[^<>]* )?href="(?!https?:|\d\d\.html)[^"]*"[^>]*>(.*?)</a>'
    return re.sub(pattern, r"\1", html, flags=re.DOTALL)


def code(source: str) -> str:
    """A program in colours, a span per line, which knows how far it is indented."""
    lines = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n").split("\n")
    indents = [len(line) - len(line.lstrip()) for line in source.split("\n")]
    pairs = zip(lines, indents, strict=False)
    return "".join(
        f'<span class="line" style="--indent: {indent}ch">{line}\n</span>' for line, indent in pairs
    )


def folded(source: str) -> str:
    """A cell that draws, without what its drawing's arguments say: `picture = bars(…)`."""
    lines = source.split("\n")
    for statement in reversed(ast.parse(source).body):
        call = getattr(statement, "value", None)
        if isinstance(call, ast.Call) and statement.end_lineno - statement.lineno >= FOLDED:
            head = lines[call.func.end_lineno - 1].encode()[: call.func.end_col_offset].decode()
            lines[call.func.end_lineno - 1 : statement.end_lineno] = [f"{head}(…)  # whole in the notebook"]
    return "\n".join(lines)


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _output(output: dict) -> dict | None:
    """What of an output is shown: a picture before a table before text; progress bars never."""
    data = output.get("data", {})
    if "image/png" in data:
        alt = output["metadata"].get("image/png", {}).get("alt", "")
        return {"image": f"data:image/png;base64,{''.join(data['image/png']).strip()}", "alt": alt}
    if "text/html" in data:
        return {"html": linked(re.sub(r"<style.*?</style>", "", "".join(data["text/html"]), flags=re.DOTALL))}
    if "text/markdown" in data:
        return {"html": linked(MARKDOWN.render("".join(data["text/markdown"])))}
    plain = re.sub(
        r" +$", "", "".join(output.get("text") or data.get("text/plain", "")), flags=re.MULTILINE
    ).strip("\n")
    return {"text": plain} if plain and WIDGET not in data else None


def _exercise(id: str, source: str) -> dict:
    one = catalogue.find(id)
    starter = re.sub(r"\s*^exercise\(.*$", "", source, flags=re.MULTILINE)
    question = markup.markdown(one.question) + one.kind.control(live=False)
    kind = id.split(".")[1]
    facts = f"{one.minutes} minute{'s' if one.minutes > 1 else ''} · difficulty {one.difficulty} of 3"
    known = {"id": id, "title": one.title, "facts": facts, "question": question, "room": ROOM.get(kind, 0)}
    solution = "" if kind == "prediction" else markup.markdown(one.solution)
    return known | {"starter": code(starter) if starter.strip() else "", "solution": solution}


def parts(cells: list[dict], folder: Path) -> list[dict]:
    """The cells of a notebook as the templates take them; what only imports is left out."""
    found = []
    for cell in cells:
        source, ours = "".join(cell["source"]), cell["metadata"].get("destructure", {})
        part = {
            "type": cell["metadata"].get("slideshow", {}).get("slide_type", "-"),
            "notes": ours.get("notes", ""),
        }
        if cell["cell_type"] == "markdown":
            part["text"] = text(source, folder)
        elif "exercise" in ours:
            part["exercise"] = _exercise(ours["exercise"], source)
        else:
            part["outputs"] = [one for one in map(_output, cell["outputs"]) if one]
            draws = any("image" in one for one in part["outputs"])
            imports = all(isinstance(each, ast.Import | ast.ImportFrom) for each in ast.parse(source).body)
            shown = folded(source) if draws else source
            part["code"] = "" if imports else code(shown)
            part["draws"] = draws and shown.count("\n") < FOLDED
            if re.fullmatch(r"(cite\(.*\)\n?)+", source):
                part["source"] = " ".join(one["text"] for one in part["outputs"])
            if "reveal" in ours:
                part["reveal"] = markup.markdown(catalogue.find(ours["reveal"]).solution)
        found.append(part)
    return [part for part in found if any(part.get(kind) for kind in ("text", "exercise", "code", "outputs"))]


def shared(folder: Path) -> None:
    """The files that all pages need: reveal.js, MathJax, the house's own."""
    names = ("sphinx_revealjs", "sphinx-mathjax-offline")
    revealjs, mathjax = (Path(find_spec(name).submodule_search_locations[0]) for name in names)
    reveal, own = revealjs / "_static/revealjs", ("deck.js", "deck.css", "handout.css", "mathjax.js")
    files = [
        (reveal / "dist", "reveal.js"),
        (reveal / "dist", "reveal.css"),
        (reveal / "plugin/notes", "notes.js"),
    ]
    files += [(mathjax / "static/mathjax", "tex-svg.js"), *((HERE / "static", name) for name in own)]
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in files:
        shutil.copy(place / name, folder / name)
    colours = HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".code")
    (folder / "code.css").write_text(colours, "utf-8")


def make(kind: str, numbers: list[str], built: Path, pdf: bool = False) -> None:
    """Write the pages of some notebooks, for students and for instructors; with Chromium also as PDF."""
    shared(built / "shared")
    template = TEMPLATES.get_template(f"{kind}.html")
    for one in [lesson(number) for number in numbers] or written_lessons(extra=True):
        cells = json.loads(one.file.read_text("utf-8"))["cells"]
        content = {"lesson": one, "parts": parts(cells, one.file.parent)}
        for name, instructor in (("", False), ("instructor", True)):
            (built / name).mkdir(exist_ok=True)
            page = built / name / f"{one.number}.html"
            page.write_text(template.render(content, instructor=instructor, up="../" * instructor), "utf-8")
            if pdf:
                _print(page)
    index = TEMPLATES.get_template("index.html").render(kind=kind, lessons=written_lessons(extra=True))
    (built / "index.html").write_text(index, "utf-8")
    print(f"Open {built / 'index.html'}")


def _print(page: Path) -> None:
    if (browser := shutil.which("chromium") or shutil.which("google-chrome")) is None:
        sys.exit("A PDF is printed by Chromium, which is not here; print the page from a browser.")
    options = ["--headless", "--no-sandbox", "--no-pdf-header-footer", "--virtual-time-budget=20000"]
    command = [browser, *options, f"--print-to-pdf={page.with_suffix('.pdf')}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    pdf = "--pdf" in rest
    try:
        make(kind, [one for one in rest if one != "--pdf"], HERE / "built" / kind, pdf)
    except ValueError as problem:
        sys.exit(str(problem))
