"""Names for what a stage would make: a hash of its version, its config and its inputs.

The fingerprint is known before any work, so a dataset that is there already is never made again
(the idea of facebookresearch/stopes, `stopes/core/stopes_module.py`: a step's cache key is its config's hash
and its version).
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast, get_args

import fsspec
import xxhash
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipelines.datasets.errors import UserError
from pipelines.datasets.folders import files_of, leads_out
from pipelines.datasets.manifest import MANIFEST, read_manifest
from pipelines.datasets.mirror import folder_of


@dataclass(frozen=True)
class ContentHashed:
    """Marks a config field that holds the path of a raw file: its content counts, its path does not."""


@dataclass(frozen=True)
class NotFingerprinted:
    """Marks a config field that cannot change what comes out, such as a folder or a tolerance for waiting."""


@dataclass(frozen=True)
class DatasetHashed:
    """Marks a config field that holds the folder of a dataset: the dataset's fingerprint counts, its path does not."""


RawPath = Annotated[str, ContentHashed()]
DatasetPath = Annotated[str, DatasetHashed()]
LANGUAGE_PLACE = "{language}"
CHECKSUM_NAME = "xxh3_128"
_BLOCK = 1 << 20
_FRESH = 2_000_000_000  # ns: a file that changed so lately may change again under the same time
_hashed: dict[str, tuple[Any, str]] = {}  # what raw files looked like when they were read, and their hashes


def fingerprint(stage: str, version: int, config: BaseModel, inputs: Mapping[str, str]) -> str:
    """Return 32 hexadecimal digits that name the dataset which this stage makes from these inputs.

    `inputs` maps a role to the fingerprint of the dataset read in that role.
    """
    return digest(to_json({"stage": stage, "version": version, "config": canonical(config), "inputs": dict(inputs)}))


def canonical(config: BaseModel) -> dict[str, Any]:
    """Return `config` as JSON values: raw files as their content's hash, fields that cannot matter left out."""
    return {
        name: _canonical_value(getattr(config, name), _hash_of(field))
        for name, field in type(config).model_fields.items()
        if not _is_marked(field, NotFingerprinted)
    }


def raw_paths(config: BaseModel, named: Mapping[str, Any]) -> dict[str, str]:
    """Return where the raw files of `config` are, by their hash in `named`, which is `canonical(config)`.

    Local paths are made absolute.
    """
    return dict(_raw_paths(config, named, False))


def raw_files(config: BaseModel, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield every raw file that `config` names: the path of its key, below `place`, and where the file is."""
    for name, field in type(config).model_fields.items():
        key = f"{place}.{name}".lstrip(".")
        yield from _raw_files_in(getattr(config, name), key, _is_marked(field, ContentHashed))


def language_files(pattern: str) -> list[Path]:
    """Return the files of all languages, where `pattern` has the place `{language}`. Raises UserError for none."""
    folder = _folder_of(pattern)
    names = Path(pattern).relative_to(folder).as_posix().replace(LANGUAGE_PLACE, "*")
    places = sorted(folder.glob(names)) if folder.is_dir() else []
    if not places:
        raise UserError(f"{pattern}: there is no such file for any language; check the path in the config")
    return places


def content_hash(location: str) -> str:
    """Return the hash of a raw file's bytes, of a folder's names and bytes, or of a remote file's size and ETag.

    `location` is a path or any fsspec URL, chained ones included (`zip://member::archive.whl`); a path with the place
    `{language}` stands for the files of all languages. What is on a local disk is read once by a process, and again
    only where its size, a time or a name of it has changed since: so it is cheap to ask, when the work is done, whether
    all was as it had been before.
    Raises UserError where there is nothing to read.
    """
    if LANGUAGE_PLACE in location:
        return _pattern_hash(location)
    if "://" in location and not location.startswith(("file://", "zip://")):
        return _remote_hash(location)
    base = location.rsplit("::", 1)[-1].removeprefix("file://")
    path = Path(base)
    try:
        if "://" in base:
            return _read_hash(location)
        look = _look(path)
        known = _hashed.get(location)
        if known is None or known[0] != look:
            known = look, _folder_hash(path) if path.is_dir() else _read_hash(location)
        newest = max((time_ns for *_, time_ns in look), default=0)
        if time.time_ns() - newest > _FRESH:
            _hashed[location] = known
        return known[1]
    except (OSError, KeyError, ValueError) as error:
        raise UserError(
            f"{location}: cannot be read ({error}); check the path in the config, "
            "or run `polyloom fetch`, if a package brings it"
        ) from error


def digest(data: bytes) -> str:
    """Return the checksum of `data` as 32 hexadecimal digits (xxh3, 128 bits)."""
    return xxhash.xxh3_128_hexdigest(data)


def to_json(value: Any) -> bytes:
    """Return the one JSON text of `value`: keys sorted, no optional white space, UTF-8."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def dataset_hash(folder: str) -> str:
    """Return the fingerprint of the dataset in a folder. Raises UserError where there is none."""
    return read_manifest(folder_of(folder) / MANIFEST).fingerprint


def _hash_of(field: FieldInfo) -> Callable[[str], str] | None:
    """Return what stands for a text of this field, where the text itself does not."""
    if _is_marked(field, DatasetHashed):
        return dataset_hash
    return content_hash if _is_marked(field, ContentHashed) else None


def _canonical_value(value: Any, hash_of: Callable[[str], str] | None) -> Any:
    if isinstance(value, str) and hash_of:
        return hash_of(value)
    if isinstance(value, BaseModel):
        return canonical(value)
    if isinstance(value, Mapping):
        return {str(key): _canonical_value(item, hash_of) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical_value(item, hash_of) for item in value]
    return value


def _raw_paths(value: Any, named: Any, is_raw: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and is_raw:
        yield named, value if "://" in value else str(Path(value).resolve())
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if name in named:
                yield from _raw_paths(getattr(value, name), named[name], _is_marked(field, ContentHashed))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _raw_paths(item, named[str(key)], is_raw)
    elif isinstance(value, list | tuple):
        for item, item_named in zip(value, named, strict=True):
            yield from _raw_paths(item, item_named, is_raw)


def _raw_files_in(value: Any, key: str, is_raw: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and is_raw:
        yield key, value
    elif isinstance(value, BaseModel):
        yield from raw_files(value, key)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _raw_files_in(item, f"{key}.{name}", is_raw)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _raw_files_in(item, f"{key}.{number}", is_raw)


def _is_marked(field: FieldInfo, marker: type) -> bool:
    """Return whether the field or a type inside it (`RawPath | None`, `list[RawPath]`) carries the marker."""
    found = [*field.metadata, *_metadata_inside(field.annotation)]
    return any(isinstance(item, marker) for item in found)


def _metadata_inside(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    for argument in get_args(annotation):
        yield from _metadata_inside(argument)


def _stream_hash(file: BinaryIO) -> str:
    state = xxhash.xxh3_128()
    while block := file.read(_BLOCK):
        state.update(block)
    return state.hexdigest()


def _look(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return name, inode, size and time of last change (ns) of a file, or of each file of a folder."""
    paths = files_of(path) if path.is_dir() else [path]
    found = ((str(each), each.lstat() if each != path else each.stat()) for each in paths)
    return tuple((name, stat.st_ino, stat.st_size, max(stat.st_mtime_ns, stat.st_ctime_ns)) for name, stat in found)


def _read_hash(location: str) -> str:
    with fsspec.open(location, "rb") as file:
        return _stream_hash(cast(BinaryIO, file))


def _folder_hash(folder: Path) -> str:
    entries = []
    for path in files_of(folder):
        name = path.relative_to(folder).as_posix()
        if leads_out(path, folder) or not path.is_file():
            entries.append((name, f"link to {path.readlink()}"))
        else:
            with path.open("rb") as file:
                entries.append((name, _stream_hash(file)))
    return digest(to_json(entries))


def _pattern_hash(pattern: str) -> str:
    folder = _folder_of(pattern)
    places = language_files(pattern)
    return digest(to_json([(place.relative_to(folder).as_posix(), content_hash(str(place))) for place in places]))


def _folder_of(pattern: str) -> Path:
    return Path(f"{pattern.split(LANGUAGE_PLACE)[0]}x").parent


def _remote_hash(location: str) -> str:
    try:
        system, path = fsspec.core.url_to_fs(location)
        info = system.info(path)
    except (OSError, ValueError, ImportError) as error:
        raise UserError(f"{location}: cannot be read ({error}); check the URL in the config") from error
    tag = info.get("ETag") or info.get("etag") or info.get("e_tag") or info.get("LastModified") or info.get("mtime")
    return digest(to_json({"size": info.get("size"), "tag": str(tag)}))
