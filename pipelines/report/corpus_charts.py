"""The charts of a corpus of texts: each a function from facts to an SVG element."""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from pipelines.report.corpus import MeasureFacts, Spread
from pipelines.report.naming import measure_label
from pipelines.report.svg import SERIES, inches, inline_svg, page_style
from pipelines.report.units import count

ACROSS = 3  # panels beside each other
_LOGARITHMIC = ("chars", "perplexity", "length_factor")
_OPEN = ("given_score", "confidence", "margin", "lexical_forward", "lexical_backward")  # that may lie beyond 0 and 1
_SIDES = ((SERIES[2], -0.17), (SERIES[1], 0.17))  # kept, dropped


def measure_charts(
    measures: Sequence[MeasureFacts], languages: Sequence[str], rows: str = "texts"
) -> Iterator[tuple[str, Markup]]:
    """Yield (title, chart): panels of some measures side by side, the spread in each language as lines and a dot.

    `rows` says what has the measures: texts or pairs.
    """
    for first in range(0, len(measures), ACROSS):
        part = measures[first : first + ACROSS]
        with page_style():
            figure = Figure(figsize=inches(720, 13.5 * len(languages) + 66), layout="constrained")
            grid = figure.subplots(1, ACROSS, sharey=True, squeeze=False)[0]
            for axes, measure in zip(grid, part, strict=False):
                _panel(axes, measure, languages)
            for axes in grid[len(part) :]:
                axes.set_axis_off()
            title = ", ".join(measure_label(measure.name) for measure in part)
            spoken = f"Quantiles by language, published and dropped {rows}: {title}"
            yield title, inline_svg(figure, f"measures-{rows}-{first // ACROSS}", spoken)


def _panel(axes: Axes, measure: MeasureFacts, languages: Sequence[str]) -> None:
    if measure.name in _LOGARITHMIC:
        axes.set_xscale("log", base=2 if measure.name == "length_factor" else 10)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: count(value) if value >= 1 else f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    elif measure.name not in _OPEN:
        axes.set_xlim(-0.02, 1.02)
    for spreads, (colour, offset) in zip((measure.kept, measure.dropped), _SIDES, strict=True):
        _lines(axes, spreads, languages, colour, offset)
    axes.set_title(measure_label(measure.name))
    axes.set_yticks(range(len(languages)), languages)
    axes.tick_params(axis="y", labelsize=9)
    axes.set_ylim(len(languages) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)


def _lines(axes: Axes, spreads: Mapping[str, Spread], languages: Sequence[str], colour: str, offset: float) -> None:
    places = [place for place, code in enumerate(languages) if code in spreads and spreads[code].rows]
    if not places:
        return
    heights = [place + offset for place in places]
    low, lower, middle, upper, high = zip(*(spreads[languages[place]].quantiles for place in places), strict=True)
    axes.hlines(heights, low, high, color=colour, linewidth=0.8)
    axes.hlines(heights, lower, upper, color=colour, linewidth=2.6)
    axes.plot(middle, heights, "o", color=colour, markersize=3.4)
