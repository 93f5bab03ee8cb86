"""Published rates in one common measure, and what a training run would cost on a year's hardware."""

import math

_MEASURES = {"doubling time": 2.0, "halving time": 2.0, "ten-fold time": 10.0}
_YEARS = {"years": 1.0, "months": 1 / 12}
SECONDS_A_YEAR = 365.25 * 24 * 3600


def rate_to_ten_fold_years(measure: str, value: float, unit: str) -> float:
    """Years per factor of ten, from the way a rate was published (`data/published_rates.csv`).

    Args:
        measure: "doubling time", "halving time", "ten-fold time" (in years or months), "growth a year" (in
            percent) or "growth factor a year" (in times).
        value: above zero; a growth factor above 1.
        unit: as named under `measure`.

    Raises:
        ValueError: if measure and unit do not fit together or the value means no growth.
    """
    if measure in _MEASURES and unit in _YEARS and value > 0:
        return value * _YEARS[unit] / math.log10(_MEASURES[measure])
    if measure == "growth a year" and unit == "percent" and value > 0:
        return 1 / math.log10(1 + value / 100)
    if measure == "growth factor a year" and unit == "times" and value > 1:
        return 1 / math.log10(value)
    raise ValueError(
        f"{measure!r} of {value} {unit} is no rate; give a doubling, halving or ten-fold time above 0 in years or "
        "months, growth a year above 0 in percent, or a growth factor a year above 1 in times."
    )


def training_cost(
    flop: float, operations_per_second_per_usd: float, utilisation: float = 0.4, years_in_use: float = 3.0
) -> float:
    """What the hardware time of one training run costs, in the dollars of the price.

    A machine is bought, used for `years_in_use` and thrown away; the run pays for its share. Electricity,
    people and failed runs are left out, so this is a lower bound. The two defaults are rough and ours: about
    four tenths of the peak rate is what large runs report, and three years is a common write-off.

    Args:
        flop: operations of the run.
        operations_per_second_per_usd: peak rate per dollar of price.
        utilisation: share of the peak rate reached, above 0 and at most 1.
        years_in_use: above 0.

    Raises:
        ValueError: if a number is outside its range.
    """
    if not (flop > 0 and operations_per_second_per_usd > 0 and 0 < utilisation <= 1 and years_in_use > 0):
        raise ValueError(
            f"flop {flop}, rate {operations_per_second_per_usd}, utilisation {utilisation} and years in use "
            f"{years_in_use} were given; all must be above 0 and utilisation at most 1."
        )
    return flop / (operations_per_second_per_usd * utilisation * years_in_use * SECONDS_A_YEAR)
