"""The report's curves of training: each a function from facts to an SVG element."""

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pipelines.report.charts import legend, legend_line
from pipelines.report.facts import ArmFacts
from pipelines.report.naming import system_label
from pipelines.report.svg import inches, inline_svg, page_style

_COLUMNS, _WIDTH, _HEIGHT = 3, 720, 150
_LEARNING: Final = {
    "mlm": "MMLM, cross-entropy",
    "tlm": "TLM, cross-entropy",
    "xlco": "XLCO, contrast",
    "retrieval": "top-1 on dev, %",
    "gradient_norm": "norm of the gradient",
    "learning_rate": "learning rate",
    "skipped_steps": "steps left out",
}
_CONTRAST: Final = {
    "xlco_hits": "own key ranks first",
    "alignment": "alignment",
    "uniformity": "uniformity",
    "queue_age": "age of the queue's keys, steps",
    "contrast_entropy": "languages of a step, nats",
}
_FROM_ZERO: Final = {"learning_rate", "retrieval", "xlco_hits", "alignment", "queue_age", "contrast_entropy"}
_SHARES: Final = {"xlco_hits"}


def learning_curves(arms: Sequence[ArmFacts], colours: Mapping[str, str]) -> Markup:
    """Return losses, retrieval on dev, the gradient's norm and the learning rate by tokens; a line for each arm."""
    return _panels(
        "learning", "Losses, retrieval on dev, gradient and learning rate by tokens", _LEARNING, arms, colours
    )


def contrast_curves(arms: Sequence[ArmFacts], colours: Mapping[str, str]) -> Markup | None:
    """Return what is known of the contrast's space by tokens, for the arms that have one; None where none has."""
    having = [arm for arm in arms if any(name in arm.curves for name in _CONTRAST)]
    spoken = "Accuracy of the contrast, alignment, uniformity, age of the queue and languages by tokens"
    return _panels("contrast", spoken, _CONTRAST, having, colours) if having else None


def _panels(
    name: str, spoken: str, titles: Mapping[str, str], arms: Sequence[ArmFacts], colours: Mapping[str, str]
) -> Markup:
    with page_style():
        shown = [measure for measure in titles if any(measure in arm.curves for arm in arms)]
        rows = -(-len(shown) // _COLUMNS)
        figure = Figure(figsize=inches(_WIDTH, _HEIGHT * rows + 26), layout="constrained")
        grid = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
        for axes, measure in zip(grid, shown, strict=False):
            _curves(axes, measure, arms, colours)
            axes.set_title(titles[measure])
        for axes in grid[len(shown) :]:
            axes.set_axis_off()
        legend(figure, [legend_line(system_label(arm.name), colours[arm.name]) for arm in arms])
        return inline_svg(figure, name, f"{spoken}, a line for each arm")


def _curves(axes: Axes, measure: str, arms: Sequence[ArmFacts], colours: Mapping[str, str]) -> None:
    highest = 0.0
    for arm in arms:
        if measure in arm.curves:
            tokens, values = zip(*arm.curves[measure], strict=True)
            axes.plot([t / 1e6 for t in tokens], values, color=colours[arm.name], linewidth=1.5)
            highest = max(highest, *values)
    axes.set_xlabel("million tokens")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    if measure in _FROM_ZERO:
        axes.set_ylim(0, 1.08 * highest or 1)
    if measure in _SHARES:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
