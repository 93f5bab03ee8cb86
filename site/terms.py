"""Terms of the glossary: on each page the first use is a link that tells the meaning, also to finger and keyboard."""

import re
from html import escape
from pathlib import Path
from urllib.parse import quote

from destructure.files import notebooks_folder

ROW = re.compile(r"^\| (?P<term>.+?) \| (?P<meaning>.+?) \| (?P<notebook>\d\d) \|$", re.MULTILINE)
# Such a word is meant as a term only where it stands alone between tags, mostly emphasised.
EVERYDAY = set(Path(__file__).with_name("everyday_words.txt").read_text("utf-8").split())
# Not within these: links, code, headings, formulas, what is drawn, what is pressed.
PIECES = re.compile(
    r"<(?P<tag>a|code|pre|h\d|script|style|summary|button|svg|label|th|title|caption|textarea|select)\b.*?</(?P=tag)>"
    r'|<(?P<math>span|div) class="[^"]*(?:math|sig)\b.*?</(?P=math)>|<[^>]+>|(?P<text>[^<]+)',
    re.DOTALL,
)


def anchor(term: str) -> str:
    """The id of a term's row in the glossary."""
    return "term-" + re.sub(r"\W+", "-", term).strip("-")


def _forms(term: str) -> list[str]:
    """How a term is written in a text: "key, query, value" is three, "multilayer perceptron (MLP)" two."""
    short = re.findall(r"\(([A-ZΑ-ω][\wκ]*)\)", term)
    return [*re.sub(r"\s*\(.*?\)", "", term).replace("`", "").replace(" and ", ", ").split(", "), *short]


def glossary() -> dict[str, tuple[str, str]]:
    """Form of a term, in small letters → (its row's id, its meaning)."""
    rows = ROW.findall((notebooks_folder() / "glossary.md").read_text("utf-8"))
    told = [(anchor(term), re.sub(r"[`*]", "", meaning), _forms(term)) for term, meaning, _ in rows]
    return {form.lower(): (id, meaning) for id, meaning, forms in told for form in forms}


def with_ids(page: str) -> str:
    """The glossary's table with an id for each row."""
    return ROW.sub(lambda row: row[0].replace("| ", f'| <span id="{anchor(row["term"])}"></span>', 1), page)


class Marker:
    """Marks terms in pages; `address` of the glossary is relative to the page."""

    def __init__(self):
        self.terms = glossary()
        longest_first = "|".join(map(re.escape, sorted(self.terms, key=len, reverse=True)))
        self.word = re.compile(rf"(?<![\w-])({longest_first})(?:e?s)?(?![\w-])", re.IGNORECASE)

    def mark(self, body: str, address: str) -> str:
        """The page's body with a link at the first use of each term."""
        seen: set[str] = set()

        def word(match: re.Match) -> str:
            id, meaning = self.terms[match[1].lower()]
            alone = match[1] == match.string.strip()
            if id in seen or (match[1].lower() in EVERYDAY and not alone):
                return match[0]
            seen.add(id)
            return f'<a class="term" href="{address}#{quote(id)}" title="{escape(meaning)}">{match[0]}</a>'

        return PIECES.sub(lambda piece: self.word.sub(word, piece[0]) if piece["text"] else piece[0], body)


def _mark(app, name, template, context, doctree) -> None:
    if re.match(r"notebooks/(?!glossary)|data/\w+/?README|data/registration", name) and "body" in context:
        address = app.builder.get_relative_uri(name, "notebooks/glossary")
        context["body"] = app.config.term_marker.mark(context["body"], address)


def setup(app):
    """Called by Sphinx."""
    app.config.term_marker = Marker()
    app.connect("html-page-context", _mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
