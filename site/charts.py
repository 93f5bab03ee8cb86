"""Charts that answer without a kernel: Vega-Lite of site/charts/, our own rows, JavaScript from a package."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import vl_convert
import yaml

from destructure import Structure
from destructure.statistics import compute_factors, failures_counted
from destructure.studies import plans
from destructure.trends import price_dots

FRAME = (0.1, 10)  # of the figure of κ: an open interval ends there
HERE = Path(__file__).parent
NAMES = ("separate cross-attention", "separate parameters", "final-layer memory", "bidirectional input")
COLOURS = dict.fromkeys(("labelColor", "titleColor", "tickColor"), "currentColor")
COLOURS |= {"labelFontSize": 13, "titleFontSize": 14}
LOOK = {
    "background": "transparent",
    "font": "inherit",
    "view": {"stroke": "transparent"},
    "text": {"color": "currentColor"},
    "axis": COLOURS | {"domainColor": "currentColor", "gridColor": "#80808040"},
}


@cache
def dots() -> pd.DataFrame:
    """Every machine of the course's price series, one row per dot."""
    table = pd.concat(price_dots().values(), ignore_index=True)
    told = table.unconfirmed.map({True: "unconfirmed", False: ""})
    return table[["series", "name", "year", "value", "unconfirmed"]].assign(told=told)


@cache
def factors() -> pd.DataFrame:
    """κ of each structure in all eight surroundings, as in notebook 08, whose cell says which are withdrawn."""
    notebook = json.loads(next(HERE.glob("../notebooks/08_*.ipynb")).read_text("utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    cell: dict = {"np": np, "pd": pd}
    exec(next(each for each in sources if "def not_withdrawn(" in each), cell)
    corners = failures_counted(plans.stored_rows("structure_corners")).query("arm == 'corner'")
    arms, tables = dict(list(corners.groupby("structure"))), []
    for place, switch in enumerate(Structure.SWITCHES):
        for corner in (each for each in Structure.all() if getattr(each, switch)):
            pair = arms[corner.code], arms[corner.without(switch).code]
            here = {f"S{number}": f"S{number}" in corner.code for number in range(1, 5)}
            others = [name for name, there in here.items() if there and name != f"S{place + 1}"]
            words = {"structure": f"S{place + 1}", "others": " ".join(others) or "none of the others"}
            tables.append(cell["not_withdrawn"](compute_factors(*pair), *pair).assign(**words, **here))
    bound = {"above": "a lower bound", "below": "an upper bound", "no": ""}
    table = pd.concat(tables).assign(told=lambda table: table.censored.map(bound))
    ends = {f"drawn_{end}": table[end].clip(*FRAME) for end in ("low", "high")}
    return table.assign(**ends)


def _chart(name: str, data: str, table: pd.DataFrame, options: list[str], labels: list[str]) -> str:
    """A chart for a page: its place, its specification with the rows, and the scripts."""
    spec = yaml.safe_load((HERE / f"charts/{name}.yaml").read_text("utf-8"))
    spec["params"][0]["bind"] |= {"options": options, "labels": labels}
    spec["datasets"] = {data: json.loads(table.to_json(orient="records"))}
    text = json.dumps(spec | {"config": LOOK}, ensure_ascii=False).replace("<", "\\u003c")
    script = f'<script type="application/json">{text}</script>'
    return f'<figure class="chart" aria-label="{spec["description"]}">{script}</figure>'


def shown(name: str) -> dict[str, str]:
    """What the page's template asks for: `chart` and `table`, both HTML."""
    if name == "trends":
        table, series = dots(), list(price_dots())
        chart = _chart("trend", "dots", table, series, series)
    else:
        table = factors()
        numbers = ("S1", "S2", "S3", "S4")
        labels = [f"{one}, {each}" for one, each in zip(numbers, NAMES, strict=True)]
        chart = _chart("factors", "factors", table, [*numbers], labels)
        table = table.drop(columns=[*numbers, "drawn_low", "drawn_high"])
    html = table.to_html(index=False, border=0, classes="data", float_format=lambda value: f"{value:.4g}")
    return {"chart": chart, "table": f'<div class="rows">{html}</div>'}


def _scripts(app, name, template, context, doctree) -> None:
    if 'class="chart"' in context.get("body", ""):
        app.add_js_file("vega.js")
        app.add_js_file("charts.js")


def _bundle(app) -> None:
    target = Path(app.outdir) / "_static/vega.js"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"(() => {{{vl_convert.javascript_bundle()}}})();", "utf-8")


def setup(app):
    """Called by Sphinx."""
    app.connect("builder-inited", _bundle)
    app.connect("html-page-context", _scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
