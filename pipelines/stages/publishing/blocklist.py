"""Blocklists: documents whose URL, domain, or a domain above it is not wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import fsspec
import numpy as np
import numpy.typing as npt

from pipelines.config.filters import Blocklist as BlocklistConfig
from pipelines.datasets.errors import UserError


@dataclass(frozen=True)
class Blocklist:
    """Domains, each of which blocks its subdomains too, and URLs without scheme, fragment and last slash."""

    domains: frozenset[str]
    urls: frozenset[str]

    def blocked(self, documents: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which documents are blocked: bool [n]. One that is not called by a URL never is."""
        return np.fromiter((self._blocks(name) for name in documents), bool, len(documents))

    def _blocks(self, document: str) -> bool:
        host, rest = _parts(document) if "://" in document else ("", "")
        if not host:
            return False
        labels = host.split(".")
        above = (".".join(labels[place:]) for place in range(len(labels)))
        return f"{host}{rest}" in self.urls or any(domain in self.domains for domain in above)


@lru_cache(maxsize=1)
def load_blocklist(config: BlocklistConfig) -> Blocklist:
    """Return the lists that the config names, read once in each process.

    Raises UserError where a list cannot be read, or where a domain in it is none.
    """
    domains = frozenset(_domain(entry, place) for place, entry in _entries(config.domains))
    urls = (_parts(entry if "://" in entry else f"//{entry}") for _, entry in _entries(config.urls))
    return Blocklist(domains, frozenset(f"{host}{rest}" for host, rest in urls))


def _entries(location: str | None) -> list[tuple[str, str]]:
    """Return the entries of a list with their places."""
    if location is None:
        return []
    try:
        with fsspec.open(location, "rt", encoding="utf-8", compression="infer") as file:
            lines = file.read().split("\n")
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{location}: the blocklist cannot be read as UTF-8 text ({error}); check the file") from error
    bare = ((f"{location}, line {number}", line.split("#")[0].strip()) for number, line in enumerate(lines, 1))
    return [(place, entry) for place, entry in bare if entry]


def _domain(entry: str, place: str) -> str:
    if not entry.strip(".") or any(mark in entry for mark in "/:@ "):
        raise UserError(f"{place}: {entry!r} is no domain; write it as example.org, and whole URLs in the list of urls")
    return _ascii(entry.removeprefix("*").strip("."))


def _parts(url: str) -> tuple[str, str]:
    """Return the host, and the path with its query, as they are compared; "" where the URL has no host."""
    try:
        split = urlsplit(url)
        host = split.hostname or ""
    except ValueError:  # such as a bracket that is not closed
        return "", ""
    return _ascii(host), split.path.rstrip("/") + (f"?{split.query}" if split.query else "")


def _ascii(host: str) -> str:
    """Return a host as DNS has it: `пример.рф` is `xn--e1afmkfd.xn--p1ai`."""
    try:
        return host.lower().encode("idna").decode()
    except UnicodeError:
        return host.lower()
