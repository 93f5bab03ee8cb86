"""Reads the text of an exercise: YAML front matter, then Markdown in sections; `building` makes an exercise of it.

```
---
title: What teacher forcing costs
talk: "17:29"
---
The question, in Markdown.

## Options
- [ ] `parameters`: It needs twice as many parameters.
  > Teacher forcing changes no parameter.

## Hints
1. …
```

A list item is a record: perhaps a tick box, then short fields in backquotes, a colon, and the text; below it,
indented, perhaps a quotation, a block of code, and records that belong to it. A heading such as
"Mistake `future leak` `0.2`" opens a section that is one record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.front_matter import front_matter_plugin


class BrokenSheet(ValueError):
    """A text from which no exercise can be made; says in one sentence which file, which line, and what is wrong."""

    def __init__(self, path: Path, line: int, problem: str):
        super().__init__(f"{path.parent.name}/{path.name}, line {line}: {' '.join(problem.split())}")


class Fault(ValueError):
    """Something wrong at a line of the text at hand; `problem` is the rest of the sentence."""

    def __init__(self, line: int, problem: str):
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True)
class Item:
    """One record of a sheet: a list item, or a section.

    Attributes:
        line: where it begins, from 1.
        name: of a section: its heading without what stands in backquotes.
        codes: what stands in backquotes before the colon, or in the heading.
        text: the rest of its first paragraph as Markdown; of a section, all Markdown below the heading.
        whole: its first paragraph, fields and all.
        ticked: whether its tick box is ticked; `None` without a box.
        quote: the quotation below it; fence: the code below it; nested: the records below it.
    """

    line: int
    name: str = ""
    codes: tuple[str, ...] = ()
    text: str = ""
    whole: str = ""
    ticked: bool | None = None
    quote: str = ""
    fence: str = ""
    nested: tuple["Item", ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The text of one exercise, taken apart.

    Attributes:
        path: the file.
        front: the front matter; lines: where each of its names stands.
        question: Markdown up to the first section; sections: all sections in order.
    """

    path: Path
    front: dict[str, Any]
    lines: dict[str, int]
    question: str
    sections: tuple[Item, ...] = field(repr=False)


_PARSER = MarkdownIt("commonmark").use(front_matter_plugin)


def read_sheet(path: Path) -> Sheet:
    """Take a file apart.

    Raises:
        BrokenSheet: if the file cannot be read, or is not of the form that this module describes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BrokenSheet(path, 1, f"the file cannot be read ({problem})") from None
    try:
        root = SyntaxTreeNode(_PARSER.parse(text))
        nodes = list(root.children)
        if not nodes or nodes[0].type != "front_matter":
            raise Fault(1, "it must begin with front matter between two lines of ---")
        front, lines = _front(nodes.pop(0).content)
        rows = text.splitlines()
        end = next((node.map[0] for node in nodes if node.type == "heading"), len(rows))
        question = "\n".join(rows[lines[""] : end]).strip()
        sections = tuple(_sections(nodes, rows))
    except Fault as fault:
        raise BrokenSheet(path, fault.line, str(fault)) from None
    return Sheet(path, front, lines, question, sections)


def _front(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The front matter and the line of each name; under "" the line of the second ---."""
    try:
        node, front = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "context_mark", None) or getattr(problem, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise Fault(line, f"the front matter is not YAML ({getattr(problem, 'problem', problem)})") from None
    except (ValueError, TypeError) as problem:  # a date that does not exist; a name that cannot be one
        raise Fault(1, f"the front matter is not YAML ({problem})") from None
    if not isinstance(front, dict):
        raise Fault(1, "the front matter must be names with values, such as title: …")
    _refuse_repetitions(node)
    lines = {key.value: key.start_mark.line + 2 for key, _ in node.value}
    if bad := [key for key in front if not isinstance(key, str)]:
        raise Fault(lines.get(str(bad[0]), 1), f"{bad[0]!r} is no name")
    return front, lines | {"": text.count("\n") + 3}


def _refuse_repetitions(node: yaml.Node) -> None:
    """YAML would silently take the last of two equal names."""
    if isinstance(node, yaml.MappingNode):
        names = set()
        for key, value in node.value:
            if str(key.value) in names:
                raise Fault(key.start_mark.line + 2, f"{key.value} stands here twice")
            names.add(str(key.value))
            _refuse_repetitions(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repetitions(value)


def _sections(nodes: list[SyntaxTreeNode], rows: list[str]) -> Iterator[Item]:
    starts = [number for number, node in enumerate(nodes) if node.type == "heading"]
    for number in starts:
        if nodes[number].tag != "h2":
            raise Fault(nodes[number].map[0] + 1, f"use ## for a section, not {nodes[number].markup}")
    for number, end in pairwise([*starts, len(nodes)]):
        heading, parts = nodes[number], nodes[number + 1 : end]
        first, last = heading.map[1], nodes[end].map[0] if end < len(nodes) else len(rows)
        words = [child.content for child in heading.children[0].children if child.type == "text"]
        codes = [child.content for child in heading.children[0].children if child.type == "code_inline"]
        if not codes:
            words = [heading.children[0].content]
        lists = [node for node in parts if node.type in ("bullet_list", "ordered_list")]
        yield Item(
            line=heading.map[0] + 1,
            name=" ".join("".join(words).split()),
            codes=tuple(codes),
            text="\n".join(rows[first:last]).strip(),
            quote=next((_paragraph(node) for node in parts if node.type == "paragraph"), ""),
            fence=next((node.content for node in parts if node.type == "fence"), ""),
            nested=tuple(_item(node) for one in lists for node in one.children),
        )


def _paragraph(node: SyntaxTreeNode) -> str:
    return " ".join(node.children[0].content.splitlines())


def _item(node: SyntaxTreeNode) -> Item:
    line = node.map[0] + 1
    found: dict[str, Any] = {}
    ticked, codes, text, whole = None, (), "", ""
    for part in node.children:
        if part.type == "paragraph" and not whole:
            whole = _paragraph(part)
            ticked, codes, text = _record(part.children[0], whole, line)
        elif part.type == "blockquote" and len(part.children) == 1 and part.children[0].type == "paragraph":
            found["quote"] = _paragraph(part.children[0])
        elif part.type == "fence":
            found["fence"] = part.content
        elif part.type == "bullet_list":
            found["nested"] = tuple(_item(child) for child in part.children)
        else:
            raise Fault(part.map[0] + 1, f"a list item cannot hold this ({part.type.replace('_', ' ')})")
    return Item(line, codes=codes, text=text, whole=whole, ticked=ticked, **found)


def _record(inline: SyntaxTreeNode, whole: str, line: int) -> tuple[bool | None, tuple[str, ...], str]:
    """The tick box, the fields in backquotes up to the colon, and the text behind it."""
    text, ticked, codes = whole, None, []
    for box, state in (("[x] ", True), ("[ ] ", False)):
        if text.startswith(box):
            text, ticked = text.removeprefix(box), state
    for part in inline.children:
        if part.type == "code_inline" and text.startswith(part.markup):
            codes.append(part.content)
            text = text[len(part.content) + 2 * len(part.markup) :].lstrip(" ")
        elif part.type != "text" or part.content.strip() not in ("", "[x]", "[ ]"):
            break
    if codes and text.startswith(":"):
        return ticked, tuple(codes), text[1:].strip()
    if ticked is not None:
        raise Fault(line, "write `name`: text behind the tick box")
    return None, (), whole  # an ordinary item, such as a hint
