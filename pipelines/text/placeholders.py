"""Placeholders: the parts of a message that a program fills in, which a translation must keep."""

import re

# {name}, {0}, {count:d}; %s, %1$d, %(name)s: the forms of str.format, ICU and printf
PLACEHOLDER = re.compile(r"\{[\w.:$-]+\}|%(?:\d+\$|\(\w+\))?[sdif](?![\w%])")


def placeholders(text: str) -> list[str]:
    """Return the placeholders of `text` in sorted order, each as often as it stands there."""
    if "{" not in text and "%" not in text:
        return []
    return sorted(PLACEHOLDER.findall(text))


def without_placeholders(text: str) -> str:
    """Return `text` with a space in the place of each placeholder."""
    if "{" not in text and "%" not in text:
        return text
    return PLACEHOLDER.sub(" ", text)
