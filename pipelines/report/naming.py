"""Names as people write them: systems, objectives, languages, choices."""

import math
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from pipelines.datasets.reasons import Reason
from pipelines.report.units import count
from pipelines.text.languages import LANGUAGES

_SYSTEMS = {"untrained": "untrained encoder", "char_ngrams": "character n-grams"}
_OBJECTIVES = {"mlm": "MMLM", "mmlm": "MMLM", "tlm": "TLM", "xlco": "XLCO"}
_MEASURES = {
    "chars": "characters",
    "letters": "share of letters",
    "digits": "share of digits",
    "punctuation": "share of punctuation",
    "lid_prob": "probability of the identified language",
    "perplexity": "perplexity",
    "agreement": "agreement of a document's paragraphs on its language",
    "alphabetic_words": "share of words with a letter",
    "repeated_line_chars": "characters in repeated lines",
    "top_2gram": "characters in the commonest two words",
    "repeated_5gram": "characters in repeated five words",
    "length_factor": "target's length / source's",
    "source_lid_prob": "source: language's probability",
    "target_lid_prob": "target: language's probability",
    "near_copy": "how alike the two sides are",
    "given_score": "the source's own score",
    "confidence": "confidence of the aligner or miner",
    "margin": "margin of the encoder",
    "lexical_forward": "lexical score, source to target",
    "lexical_backward": "lexical score, target to source",
}


def system_label(name: str) -> str:
    """Return `MMLM + TLM` for an arm named `mmlm_tlm`; other names as they are."""
    parts = name.split("_")
    if all(part in _OBJECTIVES for part in parts):
        return " + ".join(_OBJECTIVES[part] for part in parts)
    return _SYSTEMS.get(name, name)


def objective_label(name: str) -> str:
    return _OBJECTIVES.get(name, name)


def measure_label(name: str) -> str:
    return _MEASURES.get(name, name)


def meaning(reason: str) -> str:
    """Return what a reason says; an earlier version may have had another one."""
    return Reason(reason).meaning if reason in set(Reason) else reason


def heat(share: float) -> int:
    """Return how strong the colour of a share is, in percent: small shares are seen as well."""
    return round(100 * math.sqrt(share))


def factor(log: float) -> str:
    """Return what a natural logarithm is of, as a factor."""
    return f"{math.exp(log):.2f}"


def language_name(code: str) -> str:
    """Return the English name of a language, or the code of one that is not in the table."""
    return LANGUAGES[code].name if code in LANGUAGES else code


def choice_label(choice: Mapping[str, Any]) -> str:
    """Return what was chosen on dev in words: `layer 2, mean pooling, centred`."""
    words = []
    if "layer" in choice:
        words.append(f"layer {choice['layer']}")
    if "pooling" in choice:
        words.append("pooled at <s>" if choice["pooling"] == "cls" else f"{choice['pooling']} pooling")
    if "shortest" in choice:
        words.append(f"{choice['shortest']} to {choice['longest']} characters")
    if "centered" in choice:
        words.append("centred" if choice["centered"] else "not centred")
    return ", ".join(words)


def setting(value: Any) -> str:
    """Return a config's value on one line: a section's keys in turn, a number as it is written."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {setting(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(setting, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return f"{value:g}" if isinstance(value, float) else count(value) if isinstance(value, int) else str(value)


def limit(value: Any) -> str:
    """Return a filter's limit on one line; of one that differs by language its least and greatest values."""
    if isinstance(value, Mapping) and len(value) > 3:
        return f"{setting(min(value.values()))} to {setting(max(value.values()))} by language"
    return setting(value)


def prose(text: str) -> Markup:
    """Return a description from a config model as HTML: escaped, with what stands in backquotes as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def kind_label(kind: str) -> str:
    """Return the plural of a kind of rows: `texts` or `pairs`."""
    return "texts" if kind == "text" else kind
