"""How fast training goes: tokens in a second, and the share of the peak of matrix products (MFU)."""

from dataclasses import dataclass

from training.flops import mfu


@dataclass
class Speed:
    """What steps took and needed, added up.

    tokens: through the trained encoder; available: FLOPs that the devices' peak allows in the same time.
    """

    seconds: float = 0.0
    tokens: float = 0.0
    flops: float = 0.0
    available: float = 0.0

    def add(self, seconds: float, tokens: float, flops: float, peak: float) -> None:
        """Add a step. peak: FLOP/s of all devices together."""
        self.seconds += seconds
        self.tokens += tokens
        self.flops += flops
        self.available += seconds * peak

    def rates(self) -> dict[str, float]:
        """Return tokens in a second and MFU, nothing before the first step."""
        if not self.seconds:
            return {}
        return {
            "tokens_per_second": self.tokens / self.seconds,
            "mfu": mfu(self.flops, self.seconds, self.available / self.seconds),
        }
