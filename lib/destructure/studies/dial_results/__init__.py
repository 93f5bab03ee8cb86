"""What the tables of part B say (data/registration.md): when each structure pays. All computed, nothing typed.

    results = DialResults()          # reads data/results; what is not there yet is None
    print(results.progress)          # how many of the registered seeds and runs are there
    results.effects["S2 likeness"].verdict
    print(report(results))           # everything: part of python -m destructure verdicts

Where to look: `tables` (reading, completeness), `contrasts` (two arms, seed by seed: the advantage), `effects` (the
five dials, their tests and verdicts), `beyond` (equal parameters, counter-proposals, widths, remedies), `secondary`
(κ and take-off), `predictions` (B1 to B16), `scorecard` (beside published work), `results` (everything, computed on
first use), `reports` (all of it as text).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "beyond": [
            "counter_proposals",
            "equal_parameters",
            "every_surrounding",
            "remedies",
            "role_swap",
            "widths",
        ],
        "contrasts": ["SMALLEST", "Arm", "Contrast", "advantages", "compare", "contrast_word"],
        "effects": ["DIALS", "Dial", "DialEffect", "dial_effect", "primary_tests"],
        "predictions": ["score_predictions"],
        "reports": ["report"],
        "results": ["DialResults"],
        "scorecard": ["scorecard"],
        "tables": ["DialTables", "chosen_rates", "load_dials", "rates_differ"],
    },
)
