"""Personal data: e-mail addresses and public IP addresses, counted or masked.

What FineWeb does (datatrove's `PIIFormatter`: src/datatrove/pipeline/formatters/pii.py) with three differences: IPv6 is
found too, upper case too, and each kind has one replacement, reserved for documentation (RFC 2606, 5737, 3849), so that
no address of a real host gets into the text and masked text is found clean.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

EMAIL: Final = "email@example.com"
IPV4: Final = "192.0.2.1"
IPV6: Final = "2001:db8::1"

_SUSPECT: Final = r"@|[0-9]\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:"

# ASCII alone, so that in scripts without spaces the words beside an address stay; the lengths are RFC 5321's
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@"
    r"((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9])"
)
_RESERVED_DOMAIN = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)$", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![A-Za-z0-9_.-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![A-Za-z0-9_]|[.-][0-9])")
_IPV6 = re.compile(r"(?<![A-Za-z0-9_:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{1,34}(?![A-Za-z0-9_:]|\.[0-9])")
_BEFORE_A_VERSION = re.compile(
    r"(?:\b(?:[vw]ers\w*|верс\w*|ver|v|rev|release|build|firmware)\.?|版本|バージョン)\s*:?\s*$", re.IGNORECASE
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291, section 2.4: all that is handed out
_LOOK_BACK: Final = 16  # characters in which a word for version is looked for


@dataclass(frozen=True)
class Personal:
    """The texts, masked if asked, and how many addresses stand in each (int32 [n])."""

    texts: list[str]
    emails: npt.NDArray[np.int32]
    addresses: npt.NDArray[np.int32]


def find_personal(texts: Sequence[str], mask: bool) -> Personal:
    """Return the texts with the counts of what was found; `mask` replaces it by `EMAIL`, `IPV4` and `IPV6`.

    No personal data are: e-mail addresses in the domains that RFC 2606 reserves; private, loopback, link-local,
    documentation and multicast addresses; four numbers behind a word for version.
    """
    masked = list(texts)
    emails, addresses = np.zeros(len(masked), np.int32), np.zeros(len(masked), np.int32)
    suspected = pc.match_substring_regex(pa.array(texts, pa.string()), _SUSPECT)
    for row in pc.indices_nonzero(suspected).to_pylist():
        text, emails[row] = _replaced(_EMAIL, EMAIL, _is_personal, texts[row])
        text, addresses[row] = _replaced(_IPV4, IPV4, _is_public_v4, text)
        text, more = _replaced(_IPV6, IPV6, _is_public_v6, text)
        addresses[row] += more
        if mask:
            masked[row] = text
    return Personal(masked, emails, addresses)


def _replaced(
    pattern: re.Pattern[str], replacement: str, counts: Callable[[re.Match[str]], bool], text: str
) -> tuple[str, int]:
    """Return `text` with the matches that count replaced, and their number."""
    found = [match.span() for match in pattern.finditer(text) if counts(match)]
    for start, end in reversed(found):
        text = text[:start] + replacement + text[end:]
    return text, len(found)


def _is_personal(email: re.Match[str]) -> bool:
    return not _RESERVED_DOMAIN.search(email[1])


def _is_public_v4(found: re.Match[str]) -> bool:
    try:
        address = ipaddress.IPv4Address(found[0])
    except ValueError:
        return False
    before = found.string[max(0, found.start() - _LOOK_BACK) : found.start()]
    return address.is_global and not address.is_multicast and not _BEFORE_A_VERSION.search(before)


def _is_public_v6(found: re.Match[str]) -> bool:
    try:
        address = ipaddress.IPv6Address(found[0])
    except ValueError:
        return False
    return address in _GLOBAL_UNICAST and address.is_global
