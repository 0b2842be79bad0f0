"""What `polyloom xtreme check` shows: a row for each part of a task, then what is wrong with broken files."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from training.xtreme.check import Finding, examine

_LEGEND: Final = "ar: missing; (ar): missing, but not needed to predict with models chosen by English dev; ar!: broken"


def check(folder: Path) -> bool:
    """Show which languages and files of XTREME are in a folder, which are missing and what is wrong with broken ones.

    Returns whether a suite of all nine tasks runs. Raises UserError where the folder is not there.
    """
    findings = list(examine(folder))
    console = Console()
    console.print(table(findings))
    console.print(_LEGEND)
    for fault in dict.fromkeys(one.fault for one in findings if one.fault):
        console.print(escape(fault), soft_wrap=True, style="red")
    console.print(_verdict(findings))
    return not any(one.stops for one in findings)


def table(findings: Sequence[Finding]) -> Table:
    """Return a row for each part of each task: its files, how many languages read well, and which do not."""
    shown = Table(
        "task",
        "part",
        Column("files", overflow="fold"),
        Column("languages", justify="right"),
        Column("examples", justify="right"),
        Column("missing or broken", overflow="fold"),
        box=None,
    )
    for (name, part), group in groupby(_by_part(findings), key=lambda one: (one.task.name, one.part)):
        rows = list(group)
        there = [one for one in rows if one.is_there]
        shown.add_row(
            name,
            part,
            "\n".join(part.files(rows[0].task)),
            f"{len(there)} of {len(rows)}",
            f"{sum(one.examples for one in there):,}",
            "all" if not there and all(one.missing for one in rows) else " ".join(filter(None, map(_gap, rows))),
        )
    return shown


def _by_part(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with the languages of each part together, tasks and parts in the order of their first."""
    parts = list(dict.fromkeys((one.task.name, one.part) for one in findings))
    return sorted(findings, key=lambda one: parts.index((one.task.name, one.part)))


def _gap(one: Finding) -> str:
    if one.fault:
        return f"{one.language}!"
    if one.is_there:
        return ""
    return one.language if one.needed else f"({one.language})"


def _verdict(findings: Sequence[Finding]) -> str:
    stopping = sum(one.stops for one in findings)
    unlabelled = sum(one.part == "labels of test" and not one.is_there for one in findings)
    first = f"{stopping} needed parts are missing or broken" if stopping else "all nine tasks can be run"
    second = f"{unlabelled} test sets have no labels and get predictions, but no score" if unlabelled else "all score"
    return f"{first}; {second}"
