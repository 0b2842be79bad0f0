"""`report.html`: the template filled with facts and charts."""

from collections.abc import Callable, Sequence
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipelines.report import charts, naming, units
from pipelines.report.config import ReportSection
from pipelines.report.corpus import MeasureFacts, changes
from pipelines.report.corpus_charts import measure_charts
from pipelines.report.facts import ReportFacts
from pipelines.report.suite_chart import suite_by_layer, suite_by_task
from pipelines.report.svg import variable_of
from pipelines.report.tokenizer_chart import tokenizer_by_language
from pipelines.report.training_charts import contrast_curves, learning_curves

_FILTERS: dict[str, Callable[..., Any]] = {
    "count": units.count,
    "percent": units.percent,
    "points": units.points,
    "duration": units.duration,
    "rate": units.rate,
    "size": units.size,
    "system": naming.system_label,
    "objective": naming.objective_label,
    "language": naming.language_name,
    "choice": naming.choice_label,
    "setting": naming.setting,
    "limit": naming.limit,
    "kind": naming.kind_label,
    "prose": naming.prose,
    "meaning": naming.meaning,
    "heat": naming.heat,
    "factor": naming.factor,
}
_CONFUSIONS = 12
_REASONS = 11  # columns of the table by language
_LANGUAGES = 110  # rows of a chart


def page(facts: ReportFacts, section: ReportSection) -> str:
    """Return the report as one HTML document that fetches nothing and runs no script."""
    environment = Environment(
        loader=PackageLoader("pipelines.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= _FILTERS | {"yaml": _yaml}
    systems = [system.name for system in facts.retrieval.systems] if facts.retrieval else []
    encoders = [row.name for row in facts.suite.own] if facts.suite else []
    colours = charts.colours_of(list(dict.fromkeys([*systems, *(arm.name for arm in facts.arms), *encoders])))
    text: str = environment.get_template("report.html").render(
        facts=facts,
        title=section.title or f"Polyloom: run “{facts.name}”",
        examples=section.examples,
        confusions=_CONFUSIONS,
        confusion_languages=charts.CONFUSION_LANGUAGES,
        readings=section.readings,
        flagged_loss=section.flagged_loss,
        changed=changes(facts.texts.previous, facts.texts.rows) if facts.texts and facts.texts.previous else [],
        columns=_REASONS,
        share=units.share,
        variables={name: variable_of(colour) for name, colour in colours.items()},
        style=Markup(environment.get_template("style.css").render()),
        charts=_charts(facts, colours),
    )
    return text


def _charts(facts: ReportFacts, colours: dict[str, str]) -> dict[str, Any]:
    """Return the charts by name, those that the run has facts for."""
    drawn: dict[str, Any] = {}
    if facts.texts is not None:
        drawn["measures"] = _measure_charts(facts.texts.measures, facts.texts.rows.languages, "texts")
    if facts.pairs is not None:
        drawn["pair_measures"] = _measure_charts(facts.pairs.measures, facts.pairs.rows.languages, "pairs")
    if facts.corpus is not None and facts.corpus.languages:
        drawn["languages"] = charts.languages_by_size(facts.corpus)
    if facts.language_id is not None:
        drawn["confusion"] = charts.language_confusion(facts.language_id)
    if facts.tokenizer is not None and facts.tokenizer.texts:
        drawn["tokenizer"] = tokenizer_by_language(facts.tokenizer, facts.tokenizer.languages[:_LANGUAGES])
    if facts.arms:
        drawn["learning"] = learning_curves(facts.arms, colours)
        drawn["contrast"] = contrast_curves(facts.arms, colours)
    if facts.retrieval is not None:
        drawn["means"] = charts.retrieval_means(facts.retrieval, colours)
        drawn["by_language"] = charts.retrieval_by_language(facts.retrieval, colours)
        drawn["dev"] = charts.dev_choices(facts.retrieval, colours)
    if facts.suite is not None:
        drawn["suite"] = suite_by_task(facts.suite, colours)
        if facts.suite.curves:
            drawn["suite_layers"] = suite_by_layer(facts.suite, colours)
    return drawn


def _measure_charts(measures: Sequence[MeasureFacts], languages: Sequence[str], rows: str) -> list[dict[str, Any]]:
    """Return the charts of those measures that any row has."""
    known = [
        one for one in measures if any(spread.rows for part in (one.kept, one.dropped) for spread in part.values())
    ]
    charts = measure_charts(known, languages[:_LANGUAGES], rows)
    return [{"title": title, "svg": chart} for title, chart in charts]


def _yaml(value: Any) -> str:
    """Return JSON values as YAML, as a recipe has them."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)
    return text
