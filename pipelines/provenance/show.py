"""Answers as a person reads them."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.provenance.corpus import Decision
from pipelines.provenance.raw import RawRecord
from pipelines.provenance.trace import Side, Trace
from pipelines.provenance.why import Answer, Fate

_TEXT_SHOWN = 1000


def show_trace(console: Console, found: Trace) -> None:
    """Print where a published row comes from."""
    console.print(f"[bold]published[/] at {found.place}: {found.language}, {found.split}", highlight=False)
    for side in found.sides:
        console.print(_side(side))
    if found.cluster is not None:
        size = f"{found.cluster.size:,} rows, of which this is number {found.cluster.rank + 1}"
        console.print(f"[bold]copies[/] cluster {found.cluster.key:016x}: {size}", highlight=False)
        for copy in found.copies:
            console.print(f"  {copy.id}: {_decided(copy.decision)}", highlight=False, markup=False)


def show_answer(console: Console, answer: Answer) -> None:
    """Print what became of a raw line."""
    console.print(f"[bold]{escape(str(answer.id))}[/]", highlight=False)
    if isinstance(answer.raw, RawRecord):
        _line(console, "raw", _visible(answer.raw.data))
    for fate in answer.fates:
        name = "pair" if fate.pair else "record" if fate.id.paragraph is None else "paragraph"
        _line(console, f"{name} {fate.id}", _cut(fate.text))
        for number, line in enumerate(_outcome(fate)):
            console.print(f"  {'[bold]→[/] ' if not number else '  '}{escape(line)}", highlight=False)
    if answer.waiting:
        console.print(f"not run yet: {', '.join(answer.waiting)}", highlight=False)


def _outcome(fate: Fate) -> Iterator[str]:
    if not fate.stage:
        yield "staged; what becomes of it is decided by publish"
    elif fate.reason is None:
        yield f"kept in {fate.split}" + (f": {fate.published}" if fate.published else "")
    else:
        yield f"dropped by {fate.stage} as {fate.reason}: {fate.reason.meaning}"
        if fate.detail and fate.detail != fate.reason.meaning:
            yield fate.detail
        if fate.copy_of is not None:
            place = f", published at {fate.copy_of.published}" if fate.copy_of.published else ""
            near = "" if fate.copy_of.jaccard == 1 else f" (Jaccard {fate.copy_of.jaccard:.2f})"
            yield f"what was kept instead is {fate.copy_of.id}{near}{place}"


def _side(side: Side) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    offset = f", byte {side.offset:,} of the unpacked file" if side.offset >= 0 else ""
    table.add_row("row", escape(str(side.id)))
    if isinstance(side.raw, RawRecord):
        table.add_row("raw file", escape(side.raw.path))
        table.add_row("record", f"{side.id.record:,}{offset}")
        table.add_row("raw bytes", escape(_visible(side.raw.data)))
        table.add_row("raw text", escape(_part(side, side.raw)))
    else:
        table.add_row("record", f"{side.id.record:,}{offset}")
        table.add_row("raw bytes", f"cannot be read: {escape(side.raw)}")
    table.add_row("clean text", escape(_cut(side.text)))
    kinds = ", ".join(str(change.name).lower() for change in side.changes)
    table.add_row("changed", f"{side.changed:,} characters" + (f" ({kinds})" if kinds else ""))
    table.add_row("document", escape(side.document) or "none")
    table.add_row("measures", _measures(side.measures))
    table.add_row("of its document", _measures(side.document_measures))
    return table


def _part(side: Side, raw: RawRecord) -> str:
    number = side.id.paragraph or 0
    return _cut(raw.parts[number]) if number < len(raw.parts) else "the record has no such paragraph any more"


def _decided(decision: Decision | None) -> str:
    if decision is None:
        return "not decided"
    return f"kept in {decision.split}" if decision.reason is None else f"dropped: {decision.reason}"


def _measures(values: Mapping[str, Any]) -> str:
    known = {name: value for name, value in values.items() if value == value}  # not a number: there is no score
    shown = (f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in known.items())
    return escape(", ".join(shown))


def _line(console: Console, name: str, text: str) -> None:
    console.print(f"[bold]{escape(name)}[/] {escape(text)}", highlight=False)


def _visible(data: bytes) -> str:
    """Return bytes as text, with escapes for what no reader would see."""
    text = data[:_TEXT_SHOWN].decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _cut(text: str) -> str:
    shown = text if len(text) <= _TEXT_SHOWN else f"{text[: _TEXT_SHOWN - 1]}…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown)
