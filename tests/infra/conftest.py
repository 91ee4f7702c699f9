"""The template and the zips that the guards read: built once, by the same code as `make package`."""

import json
from pathlib import Path

import pytest

from infra.package import BUILD, package
from tests.infra.reading import Template


@pytest.fixture(scope="session")
def build() -> Path:
    """The folder of the current package."""
    package(unless_current=True)
    return BUILD


@pytest.fixture(scope="session")
def template(build: Path) -> Template:
    """The merged template, as it is deployed."""
    return Template(json.loads((build / "template.json").read_text()))
