"""Conservation: every row that goes into a stage comes out of it or is dropped for a reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipelines.datasets.reasons import Reason


@dataclass(frozen=True)
class Counts:
    """Rows in and out of a stage or of one split. Raises ValueError unless in + expanded = out + dropped.

    `rows_in` and `rows_out` are counted in the stage's own units; `expanded` is what one unit in gave beyond one
    unit out (a record of three paragraphs expands by two).
    """

    rows_in: int = 0
    expanded: int = 0
    rows_out: int = 0
    dropped: Mapping[Reason, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rows_in + self.expanded != self.rows_out + self.dropped_total:
            raise ValueError(
                f"rows are not conserved: {self.rows_in} in + {self.expanded} expanded is not "
                f"{self.rows_out} out + {self.dropped_total} dropped"
            )

    @property
    def dropped_total(self) -> int:
        return sum(self.dropped.values())

    @staticmethod
    def total(parts: Iterable["Counts"]) -> "Counts":
        """Return the sum of `parts`; reasons in the order of the enumeration."""
        rows_in = expanded = rows_out = 0
        dropped: dict[Reason, int] = {}
        for part in parts:
            rows_in += part.rows_in
            expanded += part.expanded
            rows_out += part.rows_out
            for reason, count in part.dropped.items():
                dropped[reason] = dropped.get(reason, 0) + count
        ordered = {reason: dropped[reason] for reason in Reason if dropped.get(reason)}
        return Counts(rows_in, expanded, rows_out, ordered)
