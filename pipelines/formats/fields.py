"""What a record with named fields gives: a text, its document and its language, or why it cannot be read."""

from dataclasses import dataclass
from typing import Any

from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import RecordBuilder, Unreadable
from pipelines.text.normalize import has_surrogates


@dataclass(frozen=True)
class Fields:
    """Which fields hold what. Without `document` a row belongs to none; without `language` `declared` counts."""

    text: str
    document: str | None
    language: str | None
    declared: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.text, self.document, self.language) if name is not None)

    def add(self, file: str, number: int, record: dict[str, Any], builder: RecordBuilder, offset: int = -1) -> None:
        """Give `record` to `builder` as a row or as what could not be read.

        A text or document that is not there or of another type is a wrong field; a null text was read and is no text.
        """
        try:
            text = self._text(record)
            document = self._label(record, self.document)
            language = self._label(record, self.language) or self.declared
        except _BadFieldError as error:
            builder.reject(Unreadable(file, number, error.reason, str(error), error.shown))
        else:
            builder.add(file, number, document, "", language, text, offset)

    def _text(self, record: dict[str, Any]) -> str:
        if self.text not in record:
            raise _BadFieldError(Reason.WRONG_FIELD, f"no field {self.text!r}")
        value = record[self.text]
        if value is None:
            raise _BadFieldError(Reason.NOT_TEXT, f"{self.text}: null")
        return _string(self.text, value)

    @staticmethod
    def _label(record: dict[str, Any], name: str | None) -> str:
        value = record.get(name) if name else None
        return str(value) if isinstance(value, int) else _string(str(name), value) if value is not None else ""


class _BadFieldError(Exception):
    def __init__(self, reason: Reason, error: str, shown: str = "") -> None:
        super().__init__(error)
        self.reason = reason
        self.shown = shown


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
