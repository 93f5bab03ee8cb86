"""Learning curves: every seed thin, their mean thick."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, figure, use_style

_NAMES = {
    "step": "training step",
    "tokens": "training tokens",
    "flops": "training compute (FLOPs)",
    "loss": "loss (nats per token)",
    "validation_loss": "validation loss (nats per token)",
    "exact_match": "exact match (share of answers)",
}
_MANY_POINTS = 25  # more would make the markers touch


def learning_curve(
    histories: pd.DataFrame,
    *,
    metric: str = "loss",
    x: str = "step",
    log_x: bool = False,
    log_y: bool = False,
    smooth: int = 1,
    x_name: str | None = None,
    metric_name: str | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw how training went: a thin line for every seed, a thick one for the mean of each label.

    The mean is taken at the steps that all seeds of a label have. A run that broke off (its last loss or
    gradient is not finite) ends in a cross.

    Args:
        histories: one row a measurement, with the columns `metric` and `x`; `seed` and `label` tell runs and groups
            apart where present, and `step` where seeds have different x values (tokens differ from seed to seed).
            Rows without a value of the metric are left out: an exact match is not measured at every step.
        metric: the column drawn upwards, such as "loss" or "exact_match".
        x: the column drawn to the right: "step", "tokens", "flops" or another number.
        log_x, log_y: logarithmic axes; points at x = 0 are then left out.
        smooth: how many neighbouring measurements the thick line averages, against the noise of single batches; the
            thin lines stay as measured.
        x_name, metric_name: axis names with units, for columns the course has no name for.
        title: a line above.
        alt: replaces the description.

    Raises:
        ValueError: if a column is missing or not a number, nothing is measured, or a logarithmic axis would have to
            show a value that is not positive.
    """
    if not isinstance(smooth, int) or smooth < 1:
        raise ValueError(f"smooth is {smooth!r}; it must be a whole number of 1 (as measured) or more.")
    table = _checked(histories, metric, x)
    if log_x:
        table = table[table[x] != 0]
    _require_positive(table, {x: log_x, metric: log_y})
    groups = list(table.groupby("label", sort=False))
    names = (
        x_name or _NAMES.get(x, x.replace("_", " ")),
        metric_name or _NAMES.get(metric, metric.replace("_", " ")),
    )
    with use_style():
        drawing = figure(8, 4.8)
        axes = drawing.subplots()
        for number, (label, group) in enumerate(groups):
            _draw_group(axes, group, metric, x, smooth, label, CURVES[number % len(CURVES)])
        _dress(axes, names, log_x, log_y, metric, title)
        if len(groups) > 1 or groups[0][0] != "":
            for text in drawing.legend(loc="outside lower center", ncols=3).get_texts():
                text.set_parse_math(False)
    summary = _summary(groups, names)
    return Picture(drawing, alt or shorten(f"{summary} {_last_values(groups, metric, x)}"), alt or summary)


def _checked(histories, metric: str, x: str) -> pd.DataFrame:
    if not isinstance(histories, pd.DataFrame):
        raise ValueError(
            f"The histories are a {type(histories).__name__}; give one pandas table with a row for each measurement "
            "(join several with pandas.concat)."
        )
    for column in (metric, x):
        if column not in histories.columns:
            raise ValueError(
                f"The histories have no column {column!r}; they have {', '.join(map(str, histories.columns))}."
            )
        if not pd.api.types.is_numeric_dtype(histories[column]):
            raise ValueError(f"The column {column!r} does not hold numbers, so it cannot be drawn.")
    table = histories.reset_index(drop=True)
    for column in {x, metric, "loss", "gradient_norm"} & set(table.columns):
        table[column] = table[column].to_numpy(dtype=float, na_value=np.nan)
    table["label"] = table["label"].astype(str) if "label" in table else ""
    table["seed"] = table["seed"].fillna(0) if "seed" in table else 0
    table["step"] = table["step"] if "step" in table else table[x]
    order = {label: place for place, label in enumerate(table["label"].drop_duplicates())}
    table = table.assign(_order=table["label"].map(order)).sort_values(["_order", x], kind="stable")
    measured = np.isfinite(table[x]) & (np.isfinite(table[metric]) | _stopped(table))
    if not np.isfinite(table[metric]).any():
        raise ValueError(f"The column {metric!r} holds no measured value, so there is no curve to draw.")
    return table[measured]


def _stopped(table: pd.DataFrame) -> pd.Series:
    """Rows in which a run broke off: its last one, if loss or gradient is not finite there."""
    broken = pd.Series(False, index=table.index)
    for column in {"loss", "gradient_norm"} & set(table.columns):
        broken |= ~np.isfinite(table[column])
    return broken & ~table.duplicated(["label", "seed"], keep="last")


def _require_positive(table: pd.DataFrame, logarithmic: dict[str, bool]) -> None:
    for column, wanted in logarithmic.items():
        if wanted and (table[column] <= 0).any():
            raise ValueError(
                f"A logarithmic axis cannot show {column} = {table[column].min():g}; use a linear axis or leave "
                "those rows out."
            )


def _draw_group(
    axes: Axes, group: pd.DataFrame, metric: str, x: str, smooth: int, label: str, look: tuple
) -> None:
    colour, line, marker = look
    for _, run in group.groupby("seed", sort=False):
        finite = run[np.isfinite(run[metric])]
        dots = {"marker": marker, "markersize": 4} if len(finite) <= _MANY_POINTS else {}
        axes.plot(finite[x], finite[metric], color=colour, alpha=0.55, linewidth=1, linestyle="-", **dots)
        if len(finite) < len(run) and len(finite):
            end = finite[x].iloc[-1], finite[metric].iloc[-1]
            axes.plot(*end, "X", color=INK, markersize=11, zorder=4)
            axes.annotate("stopped", end, xytext=(8, 8), textcoords="offset points", zorder=4)
    mean = _mean(group, metric, x)
    mean = mean.rolling(smooth, center=True, min_periods=1).mean()
    dots = {"marker": marker} if len(mean) <= _MANY_POINTS else {}
    axes.plot(mean[x], mean[metric], color=colour, linestyle=line, linewidth=3, zorder=3, label=label, **dots)


def _mean(group: pd.DataFrame, metric: str, x: str) -> pd.DataFrame:
    """Mean over seeds at the steps that every seed has: with fewer seeds the mean would jump."""
    finite = group[np.isfinite(group[metric])]
    per_step = finite.groupby("step")
    complete = per_step["seed"].nunique() == group["seed"].nunique()
    columns = list(dict.fromkeys([x, metric]))
    return pd.DataFrame({column: per_step[column].mean() for column in columns})[complete]


def _dress(
    axes: Axes, names: tuple[str, str], log_x: bool, log_y: bool, metric: str, title: str | None
) -> None:
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    if log_x:
        axes.set_xscale("log")
        _number_decades(axes.xaxis)
    if log_y:
        axes.set_yscale("log")
        _number_decades(axes.yaxis)
    elif metric == "exact_match":
        axes.set_ylim(-0.03, 1.03)
    elif metric in ("loss", "validation_loss"):
        axes.set_ylim(bottom=0)
    if metric == "exact_match":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None if log_y else 0))
    if title:
        axes.set_title(title, parse_math=False)


def _number_decades(axis: Axis) -> None:
    """Number 1, 10, 100, …, on a short axis also 2 and 5 of each: matplotlib's own choice can overlap."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _short_number(value)))
    axis.set_minor_formatter(NullFormatter())


def _short_number(value: float) -> str:
    if 1e-3 <= value < 1e4:
        return f"{value:g}"
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = value / 10.0**exponent
    times = "" if abs(factor - 1) < 1e-6 else rf"{factor:g}\times"
    return rf"$\mathdefault{{{times}10^{{{exponent}}}}}$"


def _summary(groups: Sequence, names: tuple[str, str]) -> str:
    """Words that are the same in every run."""
    labels = ", ".join(str(label) for label, _ in groups if label != "")
    counts = sorted({group["seed"].nunique() for _, group in groups})
    seeds = (
        f"{' or '.join(map(str, counts))} seeds, thin, and their mean, thick"
        if counts[-1] > 1
        else "one seed"
    )
    return shorten(
        f"Learning curve: {names[1]} against {names[0]}{' for ' + labels if labels else ''}; {seeds}."
    )


def _last_values(groups: Sequence, metric: str, x: str) -> str:
    """Where each mean begins and ends; measured, so never part of the compared text."""
    parts = []
    for label, group in groups:
        mean = _mean(group, metric, x)[metric]
        if len(mean):
            parts.append(f"{label or 'the mean'} goes from {mean.iloc[0]:.3g} to {mean.iloc[-1]:.3g}")
    return f"Measured: {'; '.join(parts)}." if parts else ""
