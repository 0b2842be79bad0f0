"""Matplotlib figures as SVG elements of a page: its fonts, its colours in light and dark, and nothing fetched."""

import io
import re
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# What matplotlib is told, and the variable of the page's style sheet that takes its place.
INK, MUTED, RULE, GOOD = "#1b1f27", "#5d6675", "#d9dee5", "#127a6e"
SERIES = ("#8a93a1", "#c98a1b", "#3d78c9", "#c2377d", "#6b4fc0", "#3a8f5c")
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    GOOD: "good",
    **{colour: f"series-{number}" for number, colour in enumerate(SERIES)},
}
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
_POINTS_PER_INCH = 72


def page_style() -> AbstractContextManager[None]:
    """Return the context in which charts are drawn: the page's colours, text as text."""
    context: AbstractContextManager[None] = mpl.rc_context(_STYLE)
    return context


def variable_of(colour: str) -> str:
    """Return the name of the page's CSS variable for one of the colours here."""
    return _VARIABLES[colour]


def one_panel(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=inches(width, height), layout="constrained")
    return figure, figure.subplots()


def inches(width: float, height: float) -> tuple[float, float]:
    return width / _POINTS_PER_INCH, height / _POINTS_PER_INCH


def inline_svg(figure: Figure, name: str, spoken: str) -> Markup:
    """Return the figure as an SVG element for HTML: ids are the chart's own, and nothing is fetched."""
    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(?::\w+)?="[^"]*"', "", text)
    text = text.replace("xlink:href", "href")
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    text = re.sub(r"(font: [^;\"]*?px) [^;\"]*", r"\1 var(--font)", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    opening = f'<svg class="chart" role="img" aria-label="{escape(spoken)}"'
    return Markup(re.sub(r'<svg width="([\d.]+)pt" height="[\d.]+pt"', opening, text, count=1))
