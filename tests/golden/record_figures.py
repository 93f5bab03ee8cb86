"""Data of every artist of every figure of the notebooks: `python record_figures.py [--write] [NUMBER…]`.

Pictures may have moved, and points may be drawn by another kind of artist: a recorded picture is compared with that
picture of the same notebook which shares most with it, and what it had and the other lacks is listed.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import nbformat
import stored
from nbclient import NotebookClient
from nbformat import v4

from destructure.course.notebooks import nobodys_work_folder, use_one_thread

PLANNED = ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09"]


def pictures(number):
    """Execute a notebook; return the data of its pictures, in the order in which they were drawn."""
    (path,) = (stored.COURSE / "notebooks").glob(f"{number}_*.ipynb")
    notebook = nbformat.read(path, 4)
    with tempfile.TemporaryDirectory() as folder, nobodys_work_folder():
        lines = Path(folder, "pictures")
        begin = f"import sys; sys.path.insert(0, {str(stored.HERE)!r})\nimport figure_recorder\n"
        notebook.cells.insert(0, v4.new_code_cell(f"{begin}figure_recorder.start({str(lines)!r})"))
        NotebookClient(
            notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        ).execute()
        return [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]


def content(picture):
    """Everything in a picture, countable: what kind of thing it is, and its data."""
    found = Counter(("words", word) for word in picture["words"])
    for axes in picture["axes"]:
        places = [point for line in axes["lines"] for point in line] + axes["points"]
        found.update(("points", tuple(point)) for point in places)
        for kind in ("areas", "bars", "shapes", "images"):
            found.update((kind, json.dumps(each)) for each in axes[kind])
        found.update(("words", word) for word in [*axes["texts"], *axes["labels"]] if word)
    return found


def shared(old, new):
    """How much of an old picture is in a new one, from 0 to 1; every kind of thing weighs the same."""
    totals, both = Counter(), Counter()
    for (kind, _), count in old.items():
        totals[kind] += count
    for (kind, _), count in (old & new).items():
        both[kind] += count
    return sum(both[kind] / totals[kind] for kind in totals) / max(1, len(totals))


def report(number, old, new):
    """Print what old pictures have and new ones lack; return how many are not met whole."""
    fresh, missed = [content(each) for each in new], 0
    for place, picture in enumerate(old):
        before = content(picture)
        scores = [shared(before, each) for each in fresh]
        best = max(range(len(fresh)), key=scores.__getitem__) if fresh else None
        lacking = before - fresh[best] if fresh else before
        more = fresh[best] - before if fresh else Counter()
        if lacking or more:
            missed += 1
            print(
                f"{number} picture {place} ({picture['alt'][:70]}): {max(scores, default=0):.0%} in picture {best}"
            )
            for sign, items in (("-", lacking), ("+", more)):
                for kind in dict.fromkeys(kind for kind, _ in items):
                    them = [
                        str(item)[:60]
                        for (one, item), count in items.items()
                        if one == kind
                        for _ in range(count)
                    ]
                    print(f"   {sign} {len(them)} {kind}: {'; '.join(them[:4])}")
    print(f"{number}: {len(old) - missed} of {len(old)} pictures equal, {len(new)} drawn now", flush=True)
    return missed


if __name__ == "__main__":
    use_one_thread()
    chosen = [each for each in sys.argv[1:] if each.isdigit()] or PLANNED
    if "--write" in sys.argv:
        for number in chosen:
            stored.write(f"figures_{number}.json", pictures(number))
            print(number, flush=True)
    else:
        missed = sum(report(each, stored.read(f"figures_{each}.json"), pictures(each)) for each in chosen)
        sys.exit(bool(missed))
