"""The dataset card of a converted corpus: its README with a head that Hugging Face `datasets` reads."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import yaml

from pipelines.formats.out.protocol import OutputFormat
from pipelines.text.languages import LANGUAGES

README: Final = "README.md"
EVERYTHING: Final = "all"  # the configuration that holds every language
_LAYOUT = "\n## Layout\n"
Splits = Sequence[str]
_LICENCE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


def converted_card(
    card: str,
    config: Mapping[str, Any],
    form: OutputFormat,
    languages: Collection[str],
    texts: Mapping[str, Splits],
    pairs: Mapping[str, Splits],
) -> str:
    """Return the card of a corpus in another format.

    `card` is its README and `config` its section of the recipe; `texts` are the splits of each language, `pairs` those
    of each pair of languages (`en-de`). Each is a configuration, and `all`, the default one, has all texts.
    (https://huggingface.co/docs/hub/datasets-manual-configuration)
    """
    licence = str(config["licence"]).lower()
    head = {
        "pretty_name": config["title"],
        "license": licence if _LICENCE.fullmatch(licence) else "other",
        "language": sorted({_hub_code(name) for name in languages}),
    }
    if form.on_hub:
        head["configs"] = [
            *([{"config_name": EVERYTHING, "default": True, "data_files": _files(form, texts)}] if texts else []),
            *(
                {"config_name": name, "data_files": _files(form, {name: own})}
                for name, own in {**texts, **pairs}.items()
            ),
        ]
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n{card.split(_LAYOUT)[0].rstrip()}\n{_LAYOUT}\n{form.layout}\n"


def _files(form: OutputFormat, parts: Mapping[str, Splits]) -> list[dict[str, Any]]:
    splits = dict.fromkeys(split for own in parts.values() for split in own)
    return [
        {"split": split, "path": [form.files(name, split) for name, own in parts.items() if split in own]}
        for split in splits
    ]


def _hub_code(code: str) -> str:
    """Return a language as the hub writes it: ISO 639-1 where there is one, else ISO 639-3."""
    known = LANGUAGES.get(code)
    return code if len(code) == 2 or known is None else known.iso639_3
