"""Scripts (ISO 15924) of texts."""

from collections.abc import Sequence


def dominant_scripts(texts: Sequence[str]) -> list[str]:
    """Return the script of most letters of each text, "" where it has none."""
    return ["" for _ in texts]
