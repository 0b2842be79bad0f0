"""How fast training goes: tokens in a second, and the share of the peak of matrix products (MFU)."""

from dataclasses import dataclass

from training.flops import mfu


@dataclass(frozen=True)
class Speed:
    """What some steps took and needed.

    tokens: through the trained encoder; available: FLOPs that the devices' peak allows in the same time.
    """

    seconds: float = 0.0
    tokens: float = 0.0
    flops: float = 0.0
    available: float = 0.0

    def __add__(self, other: "Speed") -> "Speed":
        return Speed(*(mine + its for mine, its in zip(vars(self).values(), vars(other).values(), strict=True)))

    def __sub__(self, other: "Speed") -> "Speed":
        return Speed(*(mine - its for mine, its in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def peak(self) -> float:
        """FLOP/s of all devices together, their mean over the time."""
        return self.available / self.seconds

    @property
    def mfu(self) -> float:
        """Share of the peak that was reached."""
        return mfu(self.flops, self.seconds, self.peak)

    def rates(self) -> dict[str, float]:
        """Return tokens in a second and MFU, nothing before the first step."""
        return {"tokens_per_second": self.tokens / self.seconds, "mfu": self.mfu} if self.seconds else {}
