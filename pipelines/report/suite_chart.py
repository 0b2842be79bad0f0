"""The chart of a suite of tasks: own encoders against what is published."""

from collections.abc import Mapping

from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from pipelines.report.charts import dot, legend
from pipelines.report.naming import system_label
from pipelines.report.suite import SuiteFacts
from pipelines.report.svg import INK, MUTED, inline_svg, one_panel, page_style


def suite_by_task(suite: SuiteFacts, colours: Mapping[str, str]) -> Markup:
    """Return a dot with its deviation for each own encoder and task, over grey marks of published systems."""
    with page_style():
        tasks = suite.tasks
        figure, axes = one_panel(720, 30 * len(tasks) + 84)
        for place, task in enumerate(tasks):
            for row in suite.published:
                published = row.tasks.get(task.name)
                if published and not published.metric:
                    axes.plot(published.value, place, "|", color=MUTED, markersize=11)
            spread = 0.4 / max(1, len(suite.own) - 1)
            for number, row in enumerate(suite.own):
                own = row.tasks.get(task.name)
                if own:
                    height = place + (number - (len(suite.own) - 1) / 2) * spread
                    colour = colours[row.name]
                    if own.deviation is not None:
                        bounds = [own.value - own.deviation, own.value + own.deviation]
                        axes.plot(bounds, [height, height], color=colour, linewidth=1.4)
                    axes.plot(own.value, height, "o", color=colour, markersize=5)
        axes.set_yticks(range(len(tasks)), [task.title for task in tasks])
        axes.set_ylim(len(tasks) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        axes.set_xlabel("score, %, with its standard deviation over seeds")
        axes.grid(axis="y", linewidth=0.4)
        dots = [dot(system_label(row.name), colours[row.name]) for row in suite.own]
        legend(figure, [*dots, dot("published", MUTED, "|")])
        return inline_svg(figure, "suite", "Scores by task of each encoder, beside published ones; see the table")


def suite_by_layer(suite: SuiteFacts, colours: Mapping[str, str]) -> Markup:
    """Return what each layer reaches on BUCC's dev, a line for each encoder; the layer that is read is ringed."""
    with page_style():
        figure, axes = one_panel(720, 230)
        for encoder, scores in suite.curves:
            axes.plot(*zip(*scores.by_layer, strict=True), color=colours[encoder], marker=".", markersize=5)
            for layer, f1 in scores.by_layer:
                if layer == scores.layer:
                    axes.plot(layer, f1, "o", markersize=11, fillstyle="none", color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("layer")
        axes.set_ylabel("dev F1, %")
        axes.set_ylim(bottom=0)
        legend(figure, [dot(system_label(encoder), colours[encoder]) for encoder, _ in suite.curves])
        return inline_svg(figure, "suite-layers", "F1 on BUCC's dev by layer for each encoder")
