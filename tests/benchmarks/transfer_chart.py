"""The picture of the transfer experiment: a dot for each system and language, one panel for each task."""

import io
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.report.svg import INK, SERIES, inches, page_style

_ROW_POINTS = 16
_FRAME_POINTS = 130
_MEAN = "all but English"
_MARKS = "xDosv^"


def transfer_svg(tasks: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return an SVG: languages in the order of the last system's scores, above them the mean with its intervals."""
    with page_style(), mpl.rc_context({"svg.hashsalt": "transfer", "figure.facecolor": "white"}):
        rows = max(len(task["sentences"]) for task in tasks.values()) + 1
        figure = Figure(figsize=inches(840, rows * _ROW_POINTS + _FRAME_POINTS), layout="constrained")
        grid = figure.subplots(1, len(tasks), squeeze=False)[0]
        for axes, task in zip(grid, tasks.values(), strict=True):
            _draw(axes, task)
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        figure.suptitle("Learnt from English alone: macro-F1 on test", x=0.01, ha="left", fontsize=12)
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        return file.getvalue()


def _draw(axes: Axes, task: Mapping[str, Any]) -> None:
    systems = task["systems"]
    last = systems[list(systems)[-1]]["by_language"]
    languages = sorted(last, key=lambda language: (language != "en", -last[language]))
    places = range(1, len(languages) + 1)
    for (name, row), colour, mark in zip(systems.items(), SERIES, _MARKS, strict=True):
        values = [row["by_language"][language] for language in languages]
        axes.plot(values, places, mark, color=colour, markersize=4.2, label=name)
        mean = row["transfer"]
        axes.plot([mean["low"], mean["high"]], [0, 0], color=colour, linewidth=1.8, solid_capstyle="butt")
        axes.plot(mean["mean"], 0, mark, color=colour, markersize=6)
    axes.axhline(0.5, color=INK, linewidth=0.8)
    axes.set_yticks([0, *places], [_MEAN, *languages])
    axes.set_ylim(len(languages) + 0.6, -0.6)
    axes.set_xlim(0, 100)
    axes.set_title(task["title"])
    axes.set_xlabel("macro-F1, %")
