"""A comparison as a picture that stands by itself: differences with their intervals, one row for each."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.report.svg import GOOD, INK, MUTED, SERIES, inches, page_style

_ROW_POINTS = 19
_FRAME_POINTS = 96
WORSE = SERIES[3]


@dataclass(frozen=True)
class Panel:
    """Differences of one measure: a label and, as `comparison.json` has them, `mean`, `low`, `high`, `by_seed`."""

    title: str
    unit: str
    lower_is_better: bool
    rows: Sequence[tuple[str, Mapping[str, Any]]]


def differences_svg(title: str, panels: Sequence[Panel]) -> bytes:
    """Return an SVG with a panel for each measure. What is surely better is green, surely worse is red."""
    with page_style(), mpl.rc_context({"svg.hashsalt": title, "figure.facecolor": "white"}):
        height = max(len(panel.rows) for panel in panels) * _ROW_POINTS + _FRAME_POINTS
        figure = Figure(figsize=inches(840, height), layout="constrained")
        grid = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(grid, panels, strict=True):
            _draw(axes, panel)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        return file.getvalue()


def _draw(axes: Axes, panel: Panel) -> None:
    for place, (_, one) in enumerate(panel.rows):
        colour = _colour(one, panel.lower_is_better)
        axes.plot([one["low"], one["high"]], [place, place], color=colour, linewidth=1.8, solid_capstyle="butt")
        axes.plot(one["by_seed"], [place] * len(one["by_seed"]), "|", color=MUTED, markersize=7)
        axes.plot(one["mean"], place, "o", color=colour, markersize=4.6)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_yticks(range(len(panel.rows)), [label for label, _ in panel.rows])
    axes.set_ylim(len(panel.rows) - 0.4, -0.6)
    axes.set_title(panel.title)
    axes.set_xlabel(f"{panel.unit}, {'less' if panel.lower_is_better else 'more'} is better")
    axes.grid(axis="y", linewidth=0.4)


def _colour(one: Mapping[str, Any], lower_is_better: bool) -> str:
    if one["low"] <= 0 <= one["high"]:
        return SERIES[0]
    return GOOD if (one["mean"] < 0) == lower_is_better else WORSE
