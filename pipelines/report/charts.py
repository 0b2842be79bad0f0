"""The report's charts: each a function from facts to an SVG element."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from pipelines.report.facts import CorpusFacts, LanguageIdFacts, RetrievalFacts, SystemFacts
from pipelines.report.naming import system_label
from pipelines.report.svg import GOOD, INK, MUTED, SERIES, inches, inline_svg, one_panel, page_style
from pipelines.report.units import count, percent

_CONTROLS = {"untrained": SERIES[0], "char_ngrams": SERIES[1]}
_SPLITS = {"train": (SERIES[2], "o", 0.0), "dev": (SERIES[1], "D", -0.16), "test": (SERIES[3], "s", 0.16)}
_LEAST_SHARE = 0.002  # of a row's paragraphs, to be shown in the heat map
CONFUSION_LANGUAGES = 60  # rows of the heat map: the largest languages
_DOTS: Any = (0, (2, 2))


def colours_of(systems: Sequence[str]) -> dict[str, str]:
    """Return the colour of each system: the controls have their own, the arms take the others in turn."""
    arms = [name for name in systems if name not in _CONTROLS]
    free = SERIES[len(_CONTROLS) :]
    return _CONTROLS | {name: free[number % len(free)] for number, name in enumerate(arms)}


def retrieval_means(retrieval: RetrievalFacts, colours: Mapping[str, str]) -> Markup:
    """Return the mean top-1 of each system as bars with intervals, and chance as a line."""
    with page_style():
        systems = retrieval.systems
        figure, axes = one_panel(720, 36 * len(systems) + 42)
        places = range(len(systems))
        means = [system.mean for system in systems]
        axes.barh(places, [mean.value for mean in means], height=0.56, color=[colours[s.name] for s in systems])
        for place, mean in zip(places, means, strict=True):
            axes.plot([mean.low, mean.high], [place, place], color=INK, linewidth=1.6, solid_capstyle="butt")
            axes.annotate(
                f"{mean.value:.1f}", (mean.high, place), (7, 0), textcoords="offset points", va="center", weight="bold"
            )
        _chance(axes, retrieval.chance)
        axes.set_yticks(places, [system_label(system.name) for system in systems])
        axes.set_ylim(len(systems) - 0.45, -0.55)
        axes.set_xlim(0, 1.12 * max(mean.high for mean in means))
        axes.set_xlabel("right translation ranked first, % of test sentences, mean over languages and directions")
        axes.grid(axis="y", visible=False)
        spoken = ", ".join(f"{system_label(system.name)} {system.mean.value:.1f} %" for system in systems)
        return inline_svg(figure, "retrieval-means", f"Mean top-1: {spoken}; chance {retrieval.chance:.2g} %")


def retrieval_by_language(retrieval: RetrievalFacts, colours: Mapping[str, str]) -> Markup:
    """Return a dot for each language and system with its interval; languages in the order of the best system."""
    with page_style():
        systems = retrieval.systems
        best = retrieval.system(retrieval.best)
        languages = sorted(retrieval.languages, key=lambda code: -best.languages[code].value)
        figure, axes = one_panel(720, 22 * len(languages) + 76)
        spread = 0.5 / max(1, len(systems) - 1)
        for number, system in enumerate(systems):
            offset = (number - (len(systems) - 1) / 2) * spread
            _dots(axes, system, languages, offset, colours[system.name])
        _chance(axes, retrieval.chance)
        axes.set_yticks(range(len(languages)), languages)
        axes.set_ylim(len(languages) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel("right translation ranked first, % of test sentences, mean of both directions")
        axes.grid(axis="y", linewidth=0.4)
        dots = [dot(system_label(system.name), colours[system.name]) for system in systems]
        legend(figure, [*dots, legend_line("chance", INK, _DOTS)])
        return inline_svg(figure, "retrieval-languages", "Top-1 by language and system, with intervals; see the table")


def dev_choices(retrieval: RetrievalFacts, colours: Mapping[str, str]) -> Markup:
    """Return dev's mean top-1 by layer and pooling, the better of centred and not; what was chosen is ringed."""
    with page_style():
        figure, axes = one_panel(720, 250)
        encoders = [system for system in retrieval.systems if "layer" in system.choice]
        for system in encoders:
            for pooling, line in _by_layer(system).items():
                style = "-" if pooling == "mean" else ":"
                axes.plot(*zip(*line, strict=True), style, color=colours[system.name], marker=".", markersize=5)
            axes.plot(system.choice["layer"], system.dev_score, "o", markersize=11, fillstyle="none", color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("layer (0 is the embedding)")
        axes.set_ylabel("dev top-1, %")
        axes.set_ylim(0, 1.12 * max(point.score for system in encoders for point in system.dev))
        legend(figure, [dot(system_label(system.name), colours[system.name]) for system in encoders])
        return inline_svg(figure, "dev-choices", "Top-1 on dev by layer for each encoder")


def languages_by_size(corpus: CorpusFacts) -> Markup:
    """Return published texts and pairs by language and split, on a log scale."""
    with page_style():
        languages = corpus.languages
        panels = [(title, rows) for title, rows in (("texts", corpus.text), ("pairs", corpus.pairs)) if rows]
        figure = Figure(figsize=inches(720, 15.5 * len(languages) + 100), layout="constrained")
        grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (title, rows) in zip(grid, panels, strict=True):
            _split_dots(axes, rows, languages)
            axes.set_title(title)
        legend(figure, [dot(split, colour, marker) for split, (colour, marker, _) in _SPLITS.items()])
        spoken = "Rows by language and split on a log scale; see the table for the numbers"
        return inline_svg(figure, "languages", spoken)


def language_confusion(found: LanguageIdFacts) -> Markup:
    """Return a heat map: of the paragraphs declared to be a language (row), the share identified as each (column)."""
    with page_style():
        declared = found.declared[:CONFUSION_LANGUAGES]
        columns = list(dict.fromkeys(found.label[code] for code in declared if found.label[code]))
        figure, axes = one_panel(720, 17 * len(declared) + 70)
        for row, code in enumerate(declared):
            shares = {column: found.counts[code].get(column, 0) / found.rows[code] for column in columns}
            shares["other"] = 1 - sum(shares.values())
            for place, (column, share) in enumerate(shares.items()):
                if share >= _LEAST_SHARE:
                    colour = GOOD if column == found.label[code] else SERIES[3]
                    axes.add_patch(_cell(place, row, colour, 0.1 + 0.9 * share**0.6))
            agreeing = percent(100 * found.agreeing[code] / found.rows[code], 0)
            _beside(axes, row, agreeing, INK, va="center")
        _beside(axes, -1, "as declared", MUTED, va="bottom")
        axes.set_xticks(range(len(columns) + 1), [*columns, "other"], rotation=90)
        axes.set_yticks(range(len(declared)), declared)
        axes.set_xlim(-0.6, len(columns) + 0.6)
        axes.set_ylim(len(declared) - 0.4, -0.6)
        axes.set_xlabel("identified as")
        axes.set_ylabel("declared to be")
        axes.grid(linewidth=0.3)
        return inline_svg(
            figure, "confusion", "Declared against identified language; see the table of the largest confusions"
        )


def _split_dots(axes: Axes, rows: Mapping[str, Mapping[str, int]], languages: Sequence[str]) -> None:
    axes.set_xscale("log")
    for split, (colour, marker, offset) in _SPLITS.items():
        for place, code in enumerate(languages):
            if number := rows.get(code, {}).get(split):
                axes.plot(number, place + offset, marker, color=colour, markersize=4.4)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: count(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("rows, log scale")
    axes.set_yticks(range(len(languages)), languages)
    axes.set_ylim(len(languages) - 0.4, -0.6)
    axes.grid(axis="y", linewidth=0.4)


def _dots(axes: Axes, system: SystemFacts, languages: Sequence[str], offset: float, colour: str) -> None:
    for place, code in enumerate(languages):
        score = system.languages[code]
        axes.plot([score.low, score.high], [place + offset] * 2, color=colour, linewidth=1.2, alpha=0.55)
        axes.plot(score.value, place + offset, "o", color=colour, markersize=4.2)


def _by_layer(system: SystemFacts) -> dict[str, list[tuple[int, float]]]:
    """Return dev's best score by layer, a line for each pooling."""
    best: dict[str, dict[int, float]] = {}
    for point in system.dev:
        line = best.setdefault(point.choice["pooling"], {})
        line[point.choice["layer"]] = max(point.score, line.get(point.choice["layer"], 0.0))
    return {pooling: sorted(line.items()) for pooling, line in best.items()}


def _beside(axes: Axes, row: float, text: str, colour: str, va: str) -> None:
    """Write right of the panel, in line with a row, however wide the columns are."""
    place = axes.get_yaxis_transform()
    axes.annotate(
        text, (1, row), (60, 0), place, "offset points", ha="right", va=va, color=colour, annotation_clip=False
    )


def _cell(place: int, row: int, colour: str, opacity: float) -> Rectangle:
    return Rectangle((place - 0.46, row - 0.46), 0.92, 0.92, facecolor=colour, alpha=opacity, linewidth=0)


def _chance(axes: Axes, chance: float) -> None:
    axes.axvline(chance, color=INK, linewidth=1, linestyle=_DOTS, zorder=1)


def dot(label: str, colour: str, marker: str = "o") -> Line2D:
    """Return a mark for a legend."""
    return Line2D([], [], color=colour, marker=marker, linestyle="", markersize=6, label=label)


def legend_line(label: str, colour: str, style: Any = "-") -> Line2D:
    """Return a line for a legend."""
    return Line2D([], [], color=colour, linestyle=style, linewidth=1.7, label=label)


def legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    """Put a legend above all panels."""
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), columnspacing=1.4, handletextpad=0.5)
