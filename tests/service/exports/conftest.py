from __future__ import annotations

import pytest

from specs.catalog import Catalog
from specs.spec import Spec


@pytest.fixture(scope="session")
def spec() -> Spec:
    """The provisional package, with everything that a package can hold."""
    return Catalog().named("2026.1")
