"""The docs say what is there."""

import re
from pathlib import Path

import pytest

from pipelines.datasets.fingerprint import canonical
from pipelines.recipe import load_recipe
from pipelines.reference import config_reference
from pipelines.registry import stages
from pipelines.report.deviations import deviations

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_each_deviation_of_the_demo_stands_in_its_page_with_a_reason() -> None:
    arms = load_recipe(ROOT / "flows" / "configs" / "demo.yaml").section("pretrain").resolve()  # type: ignore[union-attr]
    found = deviations({name: canonical(arm) for name, arm in arms.items()})
    page = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
    assert len(found) > 20
    assert [one.key for one in found if f"`{one.key}`" not in page] == []


def test_the_reference_is_what_the_models_accept() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == config_reference()


def test_the_readme_names_every_stage() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in stages() if f"`{name}`" not in readme and f"polyloom {name}" not in readme] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_tests_that_the_contracts_name_are_there() -> None:
    page = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    names = re.findall(r"`(?:[a-z_/]*/)?(test_[a-z_]+\.py)`", page)
    assert len(names) > 8
    assert [name for name in names if not list((ROOT / "tests").rglob(name))] == []
