"""What a comparison found, as tables, as a picture and as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.mirror import shown
from pipelines.datasets.store import Store
from pipelines.report.comparison import Panel, differences_svg

COMPARISON: Final = "comparison.json"
ALL: Final = "all languages"
_WIDTH: Final = 120
_MEASURES: Final = {"loss": ("masked-LM loss", True), "retrieval": ("retrieval", False)}


def read(compared: Dataset) -> dict[str, Any]:
    """Return `comparison.json` of a dataset of `compare`."""
    return dict(json.loads(compared.read(COMPARISON)))


def show(compared: Dataset) -> None:
    """Print the tables of two or more sides, and say where the picture and the JSON are."""
    result = read(compared)
    console = Console(width=max(Console().width, _WIDTH))
    for measure in _MEASURES:
        console.print(f"\n{_heading(result, measure)}")
        console.print(table(result, measure))
    console.print("\nretrieval against controls, top-1 in %")
    console.print(controls(result))
    picture = draw(compared, result)
    print(f"picture: {shown(picture)}\nfigures: {compared.place}/{COMPARISON}")


def draw(compared: Dataset, result: Mapping[str, Any]) -> Path:
    """Write the picture beside the dataset and return its path."""
    store, name = Store(compared.folder.parent), f"{compared.folder.name}.svg"
    title = f"{' and '.join(result['sides'][1:])} minus {result['sides'][0]}"
    if len(result["sides"]) > 2:
        title = f"Each minus {result['sides'][0]}"
    panels = [
        Panel(what, result[measure]["unit"], less, [(label, one) for label, _, one in _rows(result, measure)])
        for measure, (what, less) in _MEASURES.items()
    ]
    store.put_bytes(name, differences_svg(f"{title}: {_how(result)}", panels))
    return store.path(name)


def table(result: Mapping[str, Any], measure: str) -> Table:
    """Return the means of all rows and the differences: a row for each language, or for each side of several."""
    first, *others = result["sides"]
    _, less = _MEASURES[measure]
    second = others[0] if len(others) == 1 else "mean"
    shown = Table("", first, second, "difference", "95 % interval", "by seed", box=None)
    for label, (one, other), difference in _rows(result, measure):
        digits = 3 if less else 1
        shown.add_row(
            label,
            f"{one:.{digits}f}",
            f"{other:.{digits}f}",
            f"{difference['mean']:+.{digits}f}",
            f"{difference['low']:+.{digits}f} to {difference['high']:+.{digits}f}",
            " ".join(f"{value:+.{digits}f}" for value in difference["by_seed"]),
        )
    return shown


def controls(result: Mapping[str, Any]) -> Table:
    """Return the retrieval of every side beside that of the controls."""
    found = result["retrieval"]
    names = list(found["against"])
    shown = Table("", "top-1", *(f"minus {name}" for name in names), box=None)
    for name, mean in found["means"].items():
        gaps = [found["against"][control].get(name) for control in names]
        cells = [f"{gap['mean']:+.1f} ({gap['low']:+.1f} to {gap['high']:+.1f})" if gap else "" for gap in gaps]
        shown.add_row(name, f"{mean['mean']:.1f}", *cells)
    return shown


def _rows(result: Mapping[str, Any], measure: str) -> Iterator[tuple[str, tuple[float, float], Mapping[str, Any]]]:
    """Yield a label, the two means and the difference: over languages and for each, or for each of several sides."""
    first, *others = result["sides"]
    means, differences = result[measure]["means"], result[measure]["differences"]
    if len(others) > 1:
        for name in others:
            yield name, (means[first]["mean"], means[name]["mean"]), differences[name]["overall"]
        return
    (other,) = others
    yield ALL, (means[first]["mean"], means[other]["mean"]), differences[other]["overall"]
    for language, one in differences[other]["by_language"].items():
        yield language, (means[first]["by_language"][language], means[other]["by_language"][language]), one


def _heading(result: Mapping[str, Any], measure: str) -> str:
    what, less = _MEASURES[measure]
    return f"{what}, {result[measure]['unit']} ({'less' if less else 'more'} is better); {_how(result)}"


def _how(result: Mapping[str, Any]) -> str:
    seeds: Sequence[int] = result["seeds"]
    return f"{result['split']}, {len(seeds)} seeds, intervals over sentences and seeds"
