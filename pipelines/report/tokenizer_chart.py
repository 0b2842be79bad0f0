"""The chart of the tokenizer: from facts to an SVG element."""

from collections.abc import Callable, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipelines.report.svg import SERIES, inches, inline_svg, page_style
from pipelines.report.tokenizer import TokenCounts, TokenizerFacts

_UNKNOWN = ("unknown", SERIES[3], "o")
_BYTES = ("spelt in bytes", SERIES[1], "D")


def tokenizer_by_language(found: TokenizerFacts, languages: Sequence[str]) -> Markup:
    """Return for each language of the texts the tokens for a character, and the shares of unknown ones and bytes."""
    with page_style():
        counts = [found.texts[code] for code in languages]
        figure = Figure(figsize=inches(720, 15.5 * len(languages) + 100), layout="constrained")
        lengths, shares = figure.subplots(1, 2, sharey=True)
        _dots(lengths, counts, lambda one: one.per_character, SERIES[2], "o")
        lengths.set_xlabel("tokens for each character")
        for share, (_, colour, marker) in ((_unknown, _UNKNOWN), (_in_bytes, _BYTES)):
            _dots(shares, counts, share, colour, marker)
        shares.set_xlabel("% of the tokens")
        lengths.set_yticks(range(len(languages)), languages)
        lengths.set_ylim(len(languages) - 0.4, -0.6)
        handles = [
            Line2D([], [], color=colour, marker=marker, linestyle="", markersize=6, label=label)
            for label, colour, marker in (_UNKNOWN, _BYTES)
        ]
        figure.legend(handles=handles, loc="outside upper right", ncols=2, columnspacing=1.4, handletextpad=0.5)
        spoken = "Tokens for each character, and unknown tokens and bytes, by language; see the table for the numbers"
        return inline_svg(figure, "tokenizer", spoken)


def _unknown(one: TokenCounts) -> float:
    return 100 * one.unknown / max(one.tokens, 1)


def _in_bytes(one: TokenCounts) -> float:
    return 100 * one.byte_pieces / max(one.tokens, 1)


def _dots(
    axes: Axes, counts: Sequence[TokenCounts], value: Callable[[TokenCounts], float], colour: str, marker: str
) -> None:
    axes.plot([value(one) for one in counts], range(len(counts)), marker, color=colour, markersize=4.4)
    axes.set_xlim(left=0)
    axes.grid(axis="y", linewidth=0.4)
