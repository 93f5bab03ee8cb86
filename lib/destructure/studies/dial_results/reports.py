"""Every verdict of part B as text: part of what `python -m destructure verdicts` prints, and notebook 09 shows."""

from collections.abc import Iterable

from destructure.studies.dial_results.contrasts import Contrast
from destructure.studies.dial_results.effects import DialEffect, primary_tests, smallest_corrected_p, span
from destructure.studies.dial_results.predictions import score_predictions
from destructure.studies.dial_results.results import DialResults
from destructure.studies.dial_results.secondary import contrast_factors, take_off_text
from destructure.studies.removal_results.reports import factor_lines, prediction_lines
from destructure.studies.removal_results.summaries import TRAINED, seeds_text, share_below, span_text

NOTHING_YET = "No seed of dial_runs is complete yet, so nothing can be said."


def report(results: DialResults | None = None) -> str:
    """All of part B that the tables allow.

    Args:
        results: by default those of the course's own tables.
    """
    results = DialResults() if results is None else results
    parts = ["When each structure pays (part B)", f"dial_runs: {results.progress}", ""]
    if results.rows is None:
        return "\n".join([*parts, NOTHING_YET]) + "\n"
    parts += _section("The dials", effect_lines(results))
    parts += _section("The five registered tests", test_lines(results))
    parts += _section("κ and take-off at the ends of the dials", secondary_lines(results))
    for heading, found in results.surroundings.items():
        parts += _section(f"{heading} at every setting", contrast_lines(found))
    parts += _section("Equal parameters: two stacks over one", contrast_lines(results.equal_parameters))
    for heading, found in results.counter_proposals.items():
        parts += _section(heading, contrast_lines(found))
    for heading, found in results.widths.items():
        parts += _section(f"S4, {heading}", contrast_lines(found))
    parts += _section("What a causal model can do instead", contrast_lines(results.remedies))
    parts += _section("Predictions", prediction_lines(score_predictions(results)))
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [title, "-" * len(title), *lines, ""]


def effect_lines(results: DialResults) -> list[str]:
    """Each dial: its verdict, the advantage at both ends, the dial effect."""
    return [line for effect in results.effects.values() for line in one_effect_lines(effect, results)]


def one_effect_lines(effect: DialEffect, results: DialResults) -> list[str]:
    """One dial as text."""
    dial, (estimate, low, high) = effect.dial, span(effect.interval)
    return [
        f"{dial.name}: {effect.verdict} ({results.progress.label})",
        *(f"    {line}" for line in contrast_lines((effect.first, effect.second))),
        f"    turning the dial: × {estimate:.2f} {span_text(low, high)}",
    ]


def contrast_lines(found: Iterable[Contrast]) -> list[str]:
    """One line a contrast: the advantage as a factor on the loss, its word, and how many are right at the end."""
    lines = []
    for each in found:
        estimate, low, high = span(each.interval)
        right = [
            share_below(score, TRAINED) if score < TRAINED else f"{score:.0%}" for score in each.exact_match
        ]
        line = (
            f"{each.label}: {each.word}, loss without over loss with {estimate:.2f} {span_text(low, high)}; "
            f"right {right[0]} with, {right[1]} without"
        )
        lines.append(line + weak_note(each))
    return lines


def weak_note(*found: Contrast) -> str:
    """What stands beside a statement that rests on arms not trained within the range; empty if all are."""
    weak = [(each.label, " and ".join(each.weak)) for each in found if each.weak]
    named = ", ".join(sides if len(found) == 1 else f"{label} {sides}" for label, sides in weak)
    return f" (not trained within the range: {named})" if weak else ""


def secondary_lines(results: DialResults) -> list[str]:
    """κ and take-off at both ends of every dial: described, not tested."""
    lines = []
    for name, effect in results.effects.items():
        for contrast in (effect.first, effect.second):
            found = contrast_factors(results.rows, contrast)
            lines.append(
                f"{name}, {contrast.label}: {found.judgement.verdict}; {'; '.join(factor_lines(found))}"
            )
            with_arm, without = (
                take_off_text(results.rows, arm) for arm in (contrast.with_arm, contrast.without_arm)
            )
            lines.append(f"    take-off with: {with_arm}; without: {without}")
    return lines


def test_lines(results: DialResults) -> list[str]:
    """The five tests after Holm's correction, which of them remain, and what so few seeds allow."""
    tests = primary_tests(results.effects)
    lines = [
        f"{each.dial}: p = {each.p_value:.3f}, corrected {each.corrected:.3f}" for each in tests.itertuples()
    ]
    remain = ", ".join(tests[tests["significant"]]["dial"]) or "none"
    seeds = len(results.progress.complete)
    return [
        *lines,
        f"below 5% after correction: {remain}; the verdicts rest on intervals that are not corrected",
        f"smallest corrected p that {seeds_text(seeds)} can give: {smallest_corrected_p(seeds):.3f}",
    ]


test_lines.__test__ = False  # not a test for pytest
