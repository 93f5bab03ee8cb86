"""A seeded sample of mutants, each tried with the tests that cover its function: do tests notice a changed program?

    python mutants.py sample OTHER               # draws sample.json: what this checkout and another have
    python mutants.py run RESULTS.json           # tries the sample here; goes on where it stopped
    python mutants.py compare before.json RESULTS.json

Needs cosmic-ray (8.7.0), which changes the source, beside what the tests need: `run.sh` makes such an environment. A
mutant is named by function, operator and line rather than by file, so that a sample drawn before a
redesign is the same after it. Nothing in the checkout changes: mutants live in a copy.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SAMPLE = HERE / "sample.json"
SIZE, SEED = 240, 14
TARGETS = (
    "structure.py",
    "attention.py",
    "blocks.py",
    "transformer.py",
    "cost.py",
    "kinds/*.py",
    "statistics/*.py",
)


def library(root):
    """The files with target code: a pattern is met by the end of a path."""
    files = sorted((root / "lib/destructure").rglob("*.py"))
    return [path for path in files if any(path.match(target) for target in TARGETS) and path.name[0] != "_"]


def functions(path):
    """(first line, last line, name) of every function, the innermost last."""

    def inside(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                name = f"{prefix}{child.name}"
                if isinstance(child, ast.FunctionDef):
                    yield child.lineno, child.end_lineno, name
                yield from inside(child, f"{name}.")

    return list(inside(ast.parse(path.read_text(encoding="utf-8")), ""))


def mutations(path):
    """Every mutant of a file that lies in a function: a dictionary that names it, and how to make it."""
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.plugins import get_operator, operator_names

    source, spans = path.read_text(encoding="utf-8").splitlines(), functions(path)
    tree = get_ast_from_path(path)
    for operator in sorted(operator_names()):
        if get_operator(operator).arguments():
            continue
        maker, seen = get_operator(operator)(), {}
        places = (begin for node in ast_nodes(tree) for begin, _ in maker.mutation_positions(node))
        for occurrence, (line, _) in enumerate(places):
            around = [span for span in spans if span[0] <= line <= span[1]]
            text = source[line - 1].strip()
            if around and "ValueError" not in text:
                first, _, function = around[-1]
                key = (function, text)
                seen[key] = seen.get(key, -1) + 1
                name = {"function": function, "operator": operator, "text": text, "number": seen[key]}
                yield name | {"file": path.name}, (path, maker, occurrence, first)


def named(mutant):
    """What makes it the same mutant in another checkout."""
    return tuple(mutant[key] for key in ("function", "operator", "text", "number"))


def sample(root, other):
    """Draw of what both checkouts have: each target has its share, then each function, so that no file takes all."""
    there = {named(mutant) for path in library(other) for mutant, _ in mutations(path)}
    drawn, rng = [], random.Random(SEED)
    groups = [[path for path in library(root) if path.match(target)] for target in TARGETS]
    for group in groups:
        by_function = {}
        for path in group:
            for mutant, _ in mutations(path):
                if named(mutant) in there:
                    by_function.setdefault((path.name, mutant["function"]), []).append(mutant)
        pools = [rng.sample(each, len(each)) for each in by_function.values()]
        rng.shuffle(pools)
        share = SIZE // len(groups) + (group is groups[-1]) * (SIZE % len(groups))
        while share and any(pools):
            for pool in filter(None, pools):
                if share:
                    drawn.append(pool.pop())
                    share -= 1
    SAMPLE.write_text(json.dumps(drawn, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    print(len(drawn), "mutants")


def trials(copy, log):
    """Start trial.py in a copy; return a function that sends it one request and waits for the answer."""
    setting = {"PYTHONPATH": str(copy / "lib"), "DESTRUCTURE_WORK": str(copy / "work"), "PYTHONHASHSEED": "0"}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log, "text": True}
    command = [sys.executable, str(HERE / "trial.py")]
    process = subprocess.Popen(command, cwd=copy, env=os.environ | setting | threads, **pipes)

    def ask(*request):
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    return ask


def run(root, results, files, sample_file):
    """Try every mutant of the sample that has no result yet; write results after each."""
    from cosmic_ray.mutating import mutate_code

    wanted = json.loads(sample_file.read_text(encoding="utf-8"))
    done = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    with tempfile.TemporaryDirectory() as folder, open(results.with_suffix(".log"), "a") as log:
        copy = Path(folder).resolve() / "course"
        left_out = shutil.ignore_patterns(".git", ".venv", "work", "__pycache__")
        shutil.copytree(root, copy, ignore=left_out, copy_function=shutil.copy2)
        here = {named(mutant): how for path in library(copy) for mutant, how in mutations(path)}
        ask = trials(copy, log)
        kept = results.with_suffix(".coverage.json")  # made once
        if not kept.exists():
            targets = [str(path.relative_to(copy)) for path in library(copy)]
            kept.write_text(json.dumps(ask("cover", targets, files)), encoding="utf-8")
        ask("use", str(kept))
        for mutant in wanted:
            name = " | ".join(map(str, named(mutant)))
            if name in done:
                continue
            done[name] = ["gone", ""]
            if named(mutant) in here:
                path, maker, occurrence, first = here[named(mutant)]
                original, times = path.read_bytes(), (path.stat().st_atime, path.stat().st_mtime)
                path.write_text(mutate_code(original.decode(), maker, occurrence), encoding="utf-8")
                done[name] = ask("try", f"{path.relative_to(copy)}:{first}")
                path.write_bytes(original)
                os.utime(path, times)
            results.write_text(json.dumps(done, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"{len(done)} of {len(wanted)}: {' '.join(map(str, done[name]))} {name}", flush=True)
        noticed_by = sorted({test for outcome, test, *_ in done.values() if outcome == "killed" and test})
        print("Of the tests that noticed one, these fail without a mutant, too:", ask("control", noticed_by))


def share(results, names):
    """Killed among these mutants."""
    return sum(results[name][0] == "killed" for name in names) / max(1, len(names))


def compare(before, after):
    """Shares of the mutants that are on both sides; status 1 if fewer are noticed now."""
    old, new = (json.loads(Path(path).read_text(encoding="utf-8")) for path in (before, after))
    gone = {name for results in (old, new) for name, (outcome, *_) in results.items() if outcome == "gone"}
    both = [name for name in old if name in new and name not in gone]
    then, now = share(old, both), share(new, both)
    print(f"{len(both)} mutants on both sides: {then:.1%} noticed before, {now:.1%} now")
    print(*(f"  no longer noticed: {n}" for n in both if share(old, [n]) > share(new, [n])), sep="\n")
    return int(now < then)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("sample", "run", "compare"))
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument(
        "--root", type=Path, default=HERE.parents[1], help="the checkout; by default this one"
    )
    parser.add_argument("--tests", nargs="*", default=[], help="these test files only, to try it out")
    parser.add_argument("--sample", type=Path, default=SAMPLE, help="mutants to try, a file like sample.json")
    given = parser.parse_args()
    if given.what == "sample":
        sample(given.root, *given.files)
    elif given.what == "run":
        run(given.root, given.files[0].resolve(), given.tests, given.sample)
    else:
        sys.exit(compare(*given.files))
