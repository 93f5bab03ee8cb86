"""Tests in forked children: which functions does each cover, and does one of them notice a mutant?

`mutants.py` starts this in a copy of a checkout and sends requests, a line of JSON each. What all tests import is
imported once, so a trial takes as long as its tests. All times are of the processor, not of the clock: a busy machine
changes nothing. Tests are tried in an order that needs no knowledge of mutants: first each test's fastest case,
then the other cases, the fast ones before the slow.
"""

import ast
import gc
import json
import multiprocessing
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from functools import _lru_cache_wrapper
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

SECONDS = 60  # a trial's at most
CHOSEN_SECONDS = 6  # what the chosen tests took without a mutant, at most
LONGEST_TEST = 12  # a longer one is not tried
WAIT = 3600  # seconds of the clock, for a child that only waits
# Test files that run a model only to train it, drive other programs, or concern none of the targets.
LEFT_OUT = """browser gate environment course docstrings house citations editions pretrained pretrained_files
    pretrained_large pretrained_stored sweep sweep_cluster sweep_interruptions train tasks experiment_tasks languages
    plans studies number_study recurrence_study concatenation_study language_study language_identification read_outs
    closer_than_twice bottleneck_probe long_words exercise_store exercise_progress exercise_widget exercise_editions
    trends trend_plots data try_it telephone number_words counting naive_bayes ngram word_vectors""".split()  # noqa: SIM905


def warm_up():
    """Import what tests import, but nothing of the course."""
    import dask.distributed
    import hypothesis
    import IPython
    import matplotlib.pyplot as plt
    import nbformat
    import pandas
    import scipy.stats
    import torch

    torch.set_num_threads(1)
    plt.switch_backend("agg")
    hypothesis.settings.register_profile("trial", deadline=None, derandomize=True, database=None)
    hypothesis.settings.load_profile("trial")
    return dask, IPython, nbformat, pandas, scipy


def in_child(function, *arguments, wait=WAIT):
    """The function's value from a forked child, or None if the child ended without one."""
    here, there = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(quiet, stream)
        sys.path.insert(0, "lib")
        there.send(function(*arguments))
        there.close()
        os._exit(0)
    there.close()
    try:
        value = here.recv() if here.poll(wait) else None
    except EOFError:
        value = None
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return value


class Observer:
    """Plugin: which functions a case runs, how long it takes, and what happens to it."""

    def __init__(self):
        self.cases, self.users, self.module, self.context = {}, {}, None, ""
        self.ran = {}  # function → cases and shared fixtures; "" is an import

    def note(self, function):
        self.ran.setdefault(function, set()).add(self.context)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        if item.path != self.module:  # another file's values must not hide what this one runs
            self.module = item.path
            for thing in gc.get_objects():
                if isinstance(thing, _lru_cache_wrapper) and str(thing.__module__).startswith("destructure"):
                    thing.cache_clear()
        self.context, self.passed, begin = item.nodeid, True, time.process_time()
        signal.setitimer(signal.ITIMER_PROF, LONGEST_TEST)
        value = yield
        signal.setitimer(signal.ITIMER_PROF, 0)
        if self.passed:
            self.cases[item.nodeid] = round(time.process_time() - begin, 4)
        print(round(time.process_time() - begin, 2), self.passed, item.nodeid, file=sys.stderr, flush=True)
        self.context = ""
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        """What a shared fixture runs is covered by every test that asks for it, not only by the first."""
        if fixturedef.scope == "function":
            return (yield)
        before, self.context = self.context, f"fixture {fixturedef.baseid}::{fixturedef.argname}"
        users = [i.nodeid for i in request.session.items if fixturedef.argname in i.fixturenames]
        self.users[self.context] = [user for user in users if user.startswith(fixturedef.baseid)]
        try:
            return (yield)
        finally:
            self.context = before

    def pytest_runtest_logreport(self, report):
        self.passed &= not report.failed


def too_long(*_):
    pytest.fail(f"more than {LONGEST_TEST} seconds of the processor", pytrace=False)


def pytest_main(arguments, plugin):
    return pytest.main(["-q", "-p", "no:cacheprovider", *arguments], plugins=[plugin])


def watch(files, note):
    """From now on, each function of these files says that it runs, when it is called: "file:first line"."""

    class Marks(ast.NodeTransformer):
        def __init__(self, file):
            self.file = file

        def visit_FunctionDef(self, node):
            self.generic_visit(node)
            mark = ast.parse(f"__import__('sys').note({f'{self.file}:{node.lineno}'!r})").body[0]
            for each in ast.walk(mark):
                each.lineno = each.end_lineno = node.body[0].lineno
                each.col_offset = each.end_col_offset = 0
            node.body.insert(ast.get_docstring(node) is not None, mark)
            return node

    def source_to_code(loader, data, path, **options):
        file = os.path.relpath(path)
        if file not in files:
            return usual(loader, data, path, **options)
        return compile(Marks(file).visit(ast.parse(data)), path, "exec", dont_inherit=True)

    sys.note, usual = note, SourceFileLoader.source_to_code
    SourceFileLoader.source_to_code = source_to_code


def cover(targets, files):
    """{"cases": case → seconds, "ran": function → numbers of cases} of all tests that pass alone."""
    sys.dont_write_bytecode = True
    files = files or [
        str(path.relative_to(Path.cwd()))
        for path in sorted(Path.cwd().glob("tests/**/test_*.py"))
        if path.stem.removeprefix("test_") not in LEFT_OUT and path.parent.name != "browser"
    ]
    signal.signal(signal.SIGPROF, too_long)
    observer = Observer()
    watch(targets, observer.note)
    pytest_main(files, observer)
    numbers = {case: n for n, case in enumerate(observer.cases)}
    ran = {
        function: sorted(
            {
                numbers[case]
                for context in contexts
                for case in observer.users.get(context, [context])
                if case in numbers
            }
        )
        for function, contexts in observer.ran.items()
    }
    return {"cases": observer.cases, "ran": ran}


def chosen(covered, function):
    """Groups of cases that run a function, in order, as far as the time goes; of all cases if none was seen to."""
    cases, seconds = list(covered["cases"]), covered["cases"]
    found = [cases[n] for n in covered["ran"].get(function, [])] or cases
    by_test = {}
    for case in sorted(found, key=seconds.get):
        by_test.setdefault(case.split("[")[0], []).append(case)
    fastest = sorted((each[0] for each in by_test.values()), key=seconds.get)
    others = sorted((case for each in by_test.values() for case in each[1:]), key=seconds.get)
    groups, spent = [], 0
    for half in (fastest, others):
        by_file = {}  # together, for what they share
        for case in half:
            if spent + seconds[case] <= CHOSEN_SECONDS:
                by_file.setdefault(case.split("::")[0], []).append(case)
                spent += seconds[case]
        groups += sorted(by_file.values(), key=lambda group: sum(map(seconds.get, group)))
    return groups


class Chosen:
    """Plugin: of what is collected, these cases only, in this order."""

    def __init__(self, cases):
        self.order, self.failed = {case: n for n, case in enumerate(cases)}, []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid or "import")


def attempt(groups, stop=True, seconds=SECONDS):
    """Cases that fail, the first one only or all; the child's whole life is limited."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    sys.dont_write_bytecode = True
    failed = []
    for cases in groups:
        plugin = Chosen(cases)
        tests = dict.fromkeys(case.split("[")[0] for case in cases)
        code = pytest_main(["-x"] * stop + list(tests), plugin)
        failed += plugin.failed or (["import"] if code not in (0, 1, 5) else [])
        if failed and stop:
            break
    return failed


def tried(covered, function):
    """[outcome, the test that noticed, seconds of the processor]."""
    groups = chosen(covered, function)
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    failed = in_child(attempt, groups)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = round(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime, 1)
    if failed is None:
        return ["timeout", "", seconds]
    return (
        ["killed", failed[0], seconds] if failed else ["survived", f"{sum(map(len, groups))} cases", seconds]
    )


def compile_all(covered):
    """Leave compiled files of tests and library, which trials then only read."""
    files = {case.split("::")[0] for case in covered["cases"]}
    return int(pytest_main(["--collect-only", *sorted(files)], Chosen([])))


def main():
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warm_up()
    covered = {}
    for line in sys.stdin:
        what, *rest = json.loads(line)
        if what == "cover":
            answer = in_child(cover, *rest, wait=None)
        elif what == "use":
            covered = json.loads(Path(*rest).read_text(encoding="utf-8"))
            answer = in_child(compile_all, covered)
        elif what == "try":
            answer = tried(covered, *rest)
        else:
            groups = [[case] for case in rest[0] if "::" in case]
            answer = in_child(attempt, groups, False, 10 * SECONDS)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
