"""Numbers as the report writes them: grouped by narrow spaces, with units, rounded to what they are worth."""

NARROW_SPACE = "\u202f"
MINUS = "\u2212"


def count(value: float) -> str:
    """Return a whole number with its thousands apart: `12 345`."""
    return f"{round(value):,}".replace(",", NARROW_SPACE).replace("-", MINUS)


def percent(value: float, digits: int = 1) -> str:
    """Return a number that is in percent already: `57.1 %`."""
    return f"{_signless(f'{value:.{digits}f}')}{NARROW_SPACE}%"


def share(part: float, whole: float) -> str:
    """Return `part` of `whole` in percent; a share that is there but rounds to nothing is `< 0.1 %`."""
    if not whole:
        return "–"
    value = 100 * part / whole
    if 0 < value < 0.05:
        return f"<{NARROW_SPACE}0.1{NARROW_SPACE}%"
    return percent(value)


def points(value: float) -> str:
    """Return a difference in percentage points with its sign: `+27.4`."""
    return _signless(f"{value:+.1f}")


def duration(seconds: float) -> str:
    """Return a time span: `0.42 s`, `14.2 s`, `3 min 07 s`, `2 h 05 min`."""
    if seconds < 0.995:
        return f"{seconds:.2f}{NARROW_SPACE}s"
    if seconds < 59.95:
        return f"{seconds:.1f}{NARROW_SPACE}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{NARROW_SPACE}min {whole % 60:02d}{NARROW_SPACE}s"
    return f"{whole // 3600}{NARROW_SPACE}h {whole % 3600 // 60:02d}{NARROW_SPACE}min"


def size(number_of_bytes: float) -> str:
    """Return bytes in the decimal unit that fits: `938 kB`, `1.2 MB`."""
    value = float(number_of_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5 or unit == "TB":
            digits = 0 if value >= 100 or unit == "B" else 1
            return f"{value:.{digits}f}{NARROW_SPACE}{unit}"
        value /= 1000
    raise AssertionError("unreachable")


def rate(value: float) -> str:
    """Return how many in a second: `51 300/s`, `4.23/s`, `0.083/s`."""
    shown = count(value) if value >= 100 else f"{value:.3g}" if value >= 1 else f"{value:.2g}"
    return f"{shown}/s"


def _signless(text: str) -> str:
    """Write a minus as a minus sign, and no minus before a zero."""
    return text.replace("-", "" if not text.strip("-0.") else MINUS)
