"""What the tables of the registered experiment say (data/registration.md, part A): all computed, nothing typed.

    results = Results()              # reads data/results; tables that are not there yet are None
    print(results.corners)           # how many of the registered seeds and runs are there
    results.steps["separate_parameters"].judgement
    print(report(results))           # everything: python -m destructure verdicts

Verdicts rest on complete seeds only, and say so until all are there.

Where to look: `tables` (reading, completeness), `results` (everything, computed on first use), `summaries` (an arm's
loss, exact match and take-off; envelopes), `factors` (compute factors, verdicts, the eight tests), `effects` (main
effects and interactions), `shapes` (equal parameters, twice the layers), `noise` (what a seed alone changes),
`overfitting` (where more training made it worse), `predictions` (A1 to A12), `published` (other people's removals),
`reports` (all of it as text), `live` (one more run).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "effects": ["corner_effects", "factor_of", "scarce_effects", "take_off_effects"],
        "factors": [
            "LABELS",
            "NAMES",
            "Removal",
            "ladder_steps",
            "primary_tests",
            "removal",
            "smallest_corrected_p",
            "surroundings",
            "whole_ladder",
        ],
        "live": ["expected_interval", "live_run"],
        "noise": ["end_rows", "noise_floor", "wrong_way_round"],
        "predictions": ["Prediction", "brier_score", "score_predictions"],
        "overfitting": ["Rises", "rises"],
        "published": ["our_removals", "published_removals", "t5_removals"],
        "results": ["Results"],
        "reports": ["report"],
        "shapes": ["deeper_take_off", "shape_comparisons"],
        "summaries": [
            "arm_rows",
            "corner_rows",
            "corner_summary",
            "envelope",
            "flops_text",
            "run_table",
            "span_text",
            "untrained",
        ],
        "tables": [
            "Progress",
            "RemovalTables",
            "chosen_rates",
            "corner_progress",
            "load_tables",
            "progress",
            "rates_differ",
            "settled",
            "tuning_is_complete",
            "tuning_points",
        ],
    },
)
