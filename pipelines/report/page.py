"""`report.html`: the template filled with facts and charts."""

from collections.abc import Callable
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipelines.report import charts, naming, units
from pipelines.report.config import ReportSection
from pipelines.report.facts import ReportFacts
from pipelines.report.svg import variable_of

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
    "kind": naming.kind_label,
    "prose": naming.prose,
}
_CONFUSIONS = 12


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
    colours = charts.colours_of([*systems, *(arm.name for arm in facts.arms if arm.name not in systems)])
    text: str = environment.get_template("report.html").render(
        facts=facts,
        title=section.title or f"Polyloom: run “{facts.name}”",
        examples=section.examples,
        confusions=_CONFUSIONS,
        share=units.share,
        variables={name: variable_of(colour) for name, colour in colours.items()},
        style=Markup(environment.get_template("style.css").render()),
        charts=_charts(facts, colours),
    )
    return text


def _charts(facts: ReportFacts, colours: dict[str, str]) -> dict[str, Markup]:
    """Return the charts by name, those that the run has facts for."""
    drawn = {}
    if facts.corpus.languages:
        drawn["languages"] = charts.languages_by_size(facts.corpus)
    if facts.language_id is not None:
        drawn["confusion"] = charts.language_confusion(facts.language_id)
    if facts.arms:
        drawn["losses"] = charts.loss_curves(facts.arms, colours)
    if facts.retrieval is not None:
        drawn["means"] = charts.retrieval_means(facts.retrieval, colours)
        drawn["by_language"] = charts.retrieval_by_language(facts.retrieval, colours)
        drawn["dev"] = charts.dev_choices(facts.retrieval, colours)
    return drawn


def _yaml(value: Any) -> str:
    """Return JSON values as YAML, as a recipe has them."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)
    return text
