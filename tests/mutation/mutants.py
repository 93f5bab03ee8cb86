"""A seeded sample of mutants, each tried with the tests that cover its line: do tests notice a changed program?

    python mutants.py sample OTHER               # draws sample.json: what this checkout and another have
    python mutants.py run RESULTS.json           # tries the sample here; goes on where it stopped
    python mutants.py compare before.json RESULTS.json

Needs cosmic-ray (8.7.0), which changes the source, and coverage, in the Python that runs this file; `--python` is the
command that runs the tests ("nice python" is one, too). A mutant is named by function,
operator and line rather than by file, so that a sample drawn before a redesign is the same after it. Nothing in the
checkout changes: mutants live in a copy.
"""

import argparse
import ast
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from coverage.numbits import numbits_to_nums

HERE = Path(__file__).parent
SAMPLE = HERE / "sample.json"
SIZE, SEED, SECONDS = 240, 14, 60
TARGETS = (
    "structure.py",
    "attention.py",
    "blocks.py",
    "transformer.py",
    "cost.py",
    "kinds/*.py",
    "statistics/*.py",
)
TESTS = {
    "tests": "bad_input structure structure_effects equality memory role_swap cost statistics statistics_compute",
    "tests/exercises": "exercise_kinds exercise_catalogue exercise_hostile_answers",
}


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
            names = [name for first, last, name in spans if first <= line <= last]
            text = source[line - 1].strip()
            if names and "ValueError" not in text:
                key = (names[-1], text)
                seen[key] = seen.get(key, -1) + 1
                name = {"function": names[-1], "operator": operator, "text": text, "number": seen[key]}
                yield name | {"file": path.name}, (path, maker, occurrence, line)


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


def environment(root):
    """For tests of a copy: its library, one thread, and no learner's work folder."""
    work = {"PYTHONPATH": str(root / "lib"), "DESTRUCTURE_WORK": str(root / "work")}
    return os.environ | work | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def coverage(root, start):
    """(file, line) → test functions that run it, as pytest ids without parameters."""
    tests = [root / folder / f"test_{name}.py" for folder, names in TESTS.items() for name in names.split()]
    tests = [path for path in tests if path.exists()]
    settings = root / "coverage.cfg"
    settings.write_text(
        f"[run]\ndynamic_context = test_function\nsource = {root}/lib\ndata_file = {root}/covered\n"
    )
    command = [
        *start,
        "-m",
        "coverage",
        "run",
        f"--rcfile={settings}",
        "-m",
        "pytest",
        "-q",
        "-m",
        "not slow",
    ]
    subprocess.run(
        [*command, "-p", "no:cacheprovider", *map(str, tests)], cwd=root, env=environment(root), check=True
    )
    places, found = {path.stem: path for path in tests}, {}
    query = "select path, context, numbits from line_bits join file on file.id = file_id"
    query += " join context on context.id = context_id"
    with sqlite3.connect(root / "covered") as data:
        for path, context, numbits in data.execute(query):
            module, _, test = context.rpartition(".")
            file = places.get(module.split(".")[-1])
            if file is not None:
                for line in numbits_to_nums(numbits):
                    test_ids = found.setdefault((Path(path).relative_to(root).as_posix(), line), set())
                    test_ids.add(f"{file.relative_to(root)}::{test}")
    return found


def outcome(root, start, tests):
    """ "killed" if a test fails, "survived" if all pass, "timeout" if neither in 60 seconds of the processor."""

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))

    command = [*start, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *sorted(tests)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    code = subprocess.run(
        command, cwd=root, env=environment(root), preexec_fn=limit, check=False, **quiet
    ).returncode
    late = (-signal.SIGXCPU, 128 + signal.SIGXCPU, -signal.SIGKILL, 128 + signal.SIGKILL)
    return "timeout" if code in late else "killed" if code else "survived"


def run(root, results, start):
    """Try every mutant of the sample that has no result yet; write results after each."""
    from cosmic_ray.mutating import mutate_code

    wanted = json.loads(SAMPLE.read_text(encoding="utf-8"))
    done = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "course"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git", ".venv", "work", "__pycache__"))
        here = {named(mutant): how for path in library(copy) for mutant, how in mutations(path)}
        covered = coverage(copy, start)
        for mutant in wanted:
            name = " | ".join(map(str, named(mutant)))
            if name in done:
                continue
            if named(mutant) not in here:
                done[name] = "gone"
            else:
                path, maker, occurrence, line = here[named(mutant)]
                original = path.read_bytes()
                tests = covered.get((path.relative_to(copy).as_posix(), line))
                if tests:
                    path.write_text(mutate_code(original.decode(), maker, occurrence), encoding="utf-8")
                    done[name] = outcome(copy, start, tests)
                    path.write_bytes(original)
                else:
                    done[name] = "not covered"
            results.write_text(json.dumps(done, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"{len(done)} of {len(wanted)}: {done[name]:<12} {name}", flush=True)


def share(results, names):
    """Killed among these mutants."""
    return sum(results[name] == "killed" for name in names) / max(1, len(names))


def compare(before, after):
    """Shares of the mutants that are on both sides; status 1 if fewer are noticed now."""
    old, new = (json.loads(Path(path).read_text(encoding="utf-8")) for path in (before, after))
    both = [name for name in old if "gone" not in (old[name], new.get(name, "gone"))]
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
    parser.add_argument("--python", default=sys.executable, help="command that runs the tests")
    given = parser.parse_args()
    if given.what == "sample":
        sample(given.root, *given.files)
    elif given.what == "run":
        run(given.root, given.files[0].resolve(), given.python.split())
    else:
        sys.exit(compare(*given.files))
