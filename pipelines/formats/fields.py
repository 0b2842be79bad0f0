"""What a record with named fields gives: a text, or the texts of a translation unit, or why it cannot be read."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pipelines.datasets.reasons import Reason
from pipelines.formats.bitext import block_of, key_of
from pipelines.formats.protocol import RecordBuilder, Unreadable
from pipelines.text.normalize import has_surrogates

Value = TypeVar("Value")


class RowFields(Protocol):
    """Which fields of a row are read, and the records that they give; `records` is how many each row gives.

    A name may lead into a field of fields by dots, such as `translation.de`.
    """

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def text_names(self) -> Sequence[str]: ...

    @property
    def records(self) -> int: ...

    def add(self, file: str, number: int, row: Mapping[str, Any], builder: RecordBuilder, offset: int = -1) -> None:
        """Give row `number` to `builder` as records or as what could not be read.

        A text or document that is not there or of another type is a wrong field; a null text was read and is no text.
        """

    def reject(self, file: str, number: int, reason: Reason, error: str, text: str, builder: RecordBuilder) -> None:
        """Give row `number` to `builder` as what could not be read."""


@dataclass(frozen=True)
class Fields:
    """Which fields hold what. Without `document` a row belongs to none; without `language` `declared` counts."""

    text: str
    document: str | None
    language: str | None
    declared: str | None = None
    records = 1

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.text, self.document, self.language) if name is not None)

    @property
    def text_names(self) -> tuple[str, ...]:
        return (self.text,)

    def add(self, file: str, number: int, row: Mapping[str, Any], builder: RecordBuilder, offset: int = -1) -> None:
        try:
            text = _text(row, self.text)
            document = _label(row, self.document)
            language = _label(row, self.language) or self.declared
        except _BadFieldError as error:
            self.reject(file, number, error.reason, str(error), error.shown, builder)
        else:
            builder.add(file, number, document, "", language, text, offset)

    def reject(self, file: str, number: int, reason: Reason, error: str, text: str, builder: RecordBuilder) -> None:
        builder.reject(Unreadable(file, number, reason, error, text))


@dataclass(frozen=True)
class PairFields:
    """Which field holds the text of which language (at least two), and which the document and the score of the pair."""

    texts: tuple[tuple[str, str], ...]  # language, field
    document: str | None
    score: str | None

    @property
    def records(self) -> int:
        return len(self.texts)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.text_names, *(name for name in (self.document, self.score) if name is not None))

    @property
    def text_names(self) -> tuple[str, ...]:
        return tuple(field for _, field in self.texts)

    def add(self, file: str, number: int, row: Mapping[str, Any], builder: RecordBuilder, offset: int = -1) -> None:
        try:
            document = _label(row, self.document) or block_of(file, number)
            score = _score(row, self.score)
        except _BadFieldError as error:
            self.reject(file, number, error.reason, str(error), error.shown, builder)
            return
        for record, (language, field) in enumerate(self.texts, number * self.records):
            try:
                text = _text(row, field)
            except _BadFieldError as error:
                builder.reject(Unreadable(file, record, error.reason, str(error), error.shown))
            else:
                builder.add(file, record, document, key_of(file, number), language, text, offset, score)

    def reject(self, file: str, number: int, reason: Reason, error: str, text: str, builder: RecordBuilder) -> None:
        for record in range(number * self.records, (number + 1) * self.records):
            builder.reject(Unreadable(file, record, reason, error, text))


def inside(
    whole: Value, name: str, names: Callable[[Value], Collection[str]], step: Callable[[Value, str], Value]
) -> Value:
    """Return the field `name` of `whole`, or what its dots lead to. Raises KeyError where there is none.

    `names` are those of the fields of a value, empty for a value without fields; `step` takes one of them.
    """
    if name in names(whole):
        return step(whole, name)
    first, _, rest = name.partition(".")
    if not rest or first not in names(whole):
        raise KeyError(name)
    return inside(step(whole, first), rest, names, step)


class _BadFieldError(Exception):
    def __init__(self, reason: Reason, error: str, shown: str = "") -> None:
        super().__init__(error)
        self.reason = reason
        self.shown = shown


def _value(row: Mapping[str, Any], name: str) -> Any:
    """Return a field's value. Raises KeyError where there is none."""
    return inside(row, name, _field_names, lambda fields, own: fields[own])


def _field_names(value: Any) -> Collection[str]:
    return value if isinstance(value, Mapping) else ()


def _text(row: Mapping[str, Any], name: str) -> str:
    try:
        value = _value(row, name)
    except KeyError:
        raise _BadFieldError(Reason.WRONG_FIELD, f"no field {name!r}") from None
    if value is None:
        raise _BadFieldError(Reason.NOT_TEXT, f"{name}: null")
    return _string(name, value)


def _label(row: Mapping[str, Any], name: str | None) -> str:
    value = _optional(row, name)
    return str(value) if isinstance(value, int) else _string(str(name), value) if value is not None else ""


def _score(row: Mapping[str, Any], name: str | None) -> float:
    value = _optional(row, name)
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        raise _BadFieldError(Reason.WRONG_FIELD, f"{name}: {type(value).__name__}, not a number", str(value)) from None


def _optional(row: Mapping[str, Any], name: str | None) -> Any:
    try:
        return _value(row, name) if name else None
    except KeyError:
        return None


def _string(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            shown = value.decode("utf-8", "backslashreplace")
            raise _BadFieldError(Reason.NOT_UTF8, f"{name}: {error}", shown) from error
    if not isinstance(value, str):
        raise _BadFieldError(Reason.WRONG_FIELD, f"{name}: {type(value).__name__}, not text", str(value))
    if has_surrogates(value):
        shown = value.encode("utf-8", "backslashreplace").decode()
        raise _BadFieldError(Reason.NOT_UTF8, f"{name}: not Unicode text", shown)
    return value
