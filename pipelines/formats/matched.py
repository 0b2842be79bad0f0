"""Members of a source whose names fit a pattern with the places {document} and {language}."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.datasets.errors import UserError
from pipelines.formats.protocol import Split

_PLACES = ("document", "language")


@dataclass(frozen=True)
class Matched:
    """A member that fits: its name, the document and language that the name says, and its bytes."""

    name: str
    document: str
    language: str
    size: int


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the regular expression for a pattern with `{document}` and `{language}`.

    Raises ValueError unless each of them stands in it once.
    """
    if any(pattern.count(f"{{{place}}}") != 1 for place in _PLACES):
        raise ValueError("the pattern must hold {document} and {language}, each once")
    expression = re.escape(pattern)
    for place in _PLACES:
        expression = expression.replace(re.escape(f"{{{place}}}"), f"(?P<{place}>[^/]+)")
    return re.compile(expression)


def matched(sizes: Mapping[str, int], pattern: str, languages: Iterable[str]) -> list[Matched]:
    """Return the members, given by name and size, that fit and are in `languages`, by document and language."""
    expression, wanted = compile_pattern(pattern), set(languages)
    fitting = ((name, expression.fullmatch(name), size) for name, size in sizes.items())
    found = (Matched(name, fit["document"], fit["language"], size) for name, fit, size in fitting if fit)
    return sorted((one for one in found if one.language in wanted), key=lambda one: (one.document, one.language))


def plan_matched(
    found: Sequence[Matched], split_bytes: int, location: str, pattern: str, languages: Iterable[str]
) -> list[Split]:
    """Return splits of whole members, about `split_bytes` each. Raises UserError where a language has no member."""
    missing = sorted(set(languages) - {member.language for member in found})
    if missing:
        raise UserError(
            f"{location}: no file fits {pattern!r} for {', '.join(missing)}; "
            "check the pattern and the languages of this source"
        )
    splits = []
    start = size = 0
    for index, member in enumerate(found):
        if size and size + member.size > split_bytes:
            splits.append(Split(start, index))
            start, size = index, 0
        size += member.size
    return [*splits, Split(start, len(found))]


def split_of_matched(found: Sequence[Matched], file: str, source: str, location: str, pattern: str) -> Split:
    """Return the split that is the one member which rows call `file`. Raises UserError where there is none."""
    names = [f"{source}/{member.name}" for member in found]
    if file not in names:
        raise UserError(f"{file}: no such file in {location} that the pattern {pattern!r} fits")
    return Split(names.index(file), names.index(file) + 1)
