"""The chart of the tokenizer: from facts to an SVG element."""

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipelines.report.svg import SERIES, inches, inline_svg, page_style
from pipelines.report.tokenizer import TokenizerFacts

_UNKNOWN = ("unknown", SERIES[3], "o")
_BYTES = ("spelt in bytes", SERIES[1], "D")
_LEAST = 0.1  # %, that the axis of shares goes to at least


def tokenizer_by_language(found: TokenizerFacts, languages: Sequence[str]) -> Markup:
    """Return for each language of the texts the tokens for a character, and the shares of unknown ones and bytes."""
    with page_style():
        counts = [found.texts[code] for code in languages]
        figure = Figure(figsize=inches(720, 15.5 * len(languages) + 100), layout="constrained")
        lengths, shares = figure.subplots(1, 2, sharey=True)
        _dots(lengths, [one.per_character for one in counts], SERIES[2], "o")
        lengths.set_xlabel("tokens for each character")
        unknown = [100 * one.unknown / max(one.tokens, 1) for one in counts]
        in_bytes = [100 * one.byte_pieces / max(one.tokens, 1) for one in counts]
        for values, (_, colour, marker) in ((unknown, _UNKNOWN), (in_bytes, _BYTES)):
            _dots(shares, values, colour, marker)
        shares.set_xlim(0, max(1.05 * max(unknown + in_bytes), _LEAST))
        shares.set_xlabel("% of the tokens; none where there is no dot")
        lengths.set_yticks(range(len(languages)), languages)
        lengths.set_ylim(len(languages) - 0.4, -0.6)
        handles = [
            Line2D([], [], color=colour, marker=marker, linestyle="", markersize=6, label=label)
            for label, colour, marker in (_UNKNOWN, _BYTES)
        ]
        figure.legend(handles=handles, loc="outside upper right", ncols=2, columnspacing=1.4, handletextpad=0.5)
        spoken = "Tokens for each character, and unknown tokens and bytes, by language; see the table for the numbers"
        return inline_svg(figure, "tokenizer", spoken)


def _dots(axes: Axes, values: Sequence[float], colour: str, marker: str) -> None:
    """Draw the values that are there."""
    places = [place for place, value in enumerate(values) if value]
    axes.plot([values[place] for place in places], places, marker, color=colour, markersize=4.4)
    axes.set_xlim(left=0)
    axes.grid(axis="y", linewidth=0.4)
