"""Which package judges which day."""

from __future__ import annotations

from datetime import date

import pytest

from canonical.errors import ConfigurationError, NoSpecInForce, SpecDefect
from specs.catalog import PACKAGES, Catalog, UnknownSpec
from specs.spec import Status


@pytest.fixture
def publish(tmp_path, files, write):
    """Publish a package into the test's own shelf, in force far from the built-in ones' days."""

    def publish(version: str, status: str, in_force: str, *, supersedes: str = "", folder: str = ""):
        text = (
            files["package.toml"]
            .replace('version = "2030.1"', f'version = "{version}"')
            .replace('"provisional"', f'"{status}"')
            .replace("2030-01-01", in_force)
            .replace('supersedes = ""', f'supersedes = "{supersedes}"')
        )
        return write(tmp_path / "shelf" / (folder or version), {**files, "package.toml": text})

    return publish


@pytest.fixture
def catalog(tmp_path):
    """A catalog of the shelf, once it is filled."""
    return Catalog(tmp_path / "shelf")


# The built-in packages begin in 2026; the days below lie before them, so that only the shelf counts.
@pytest.mark.parametrize(
    ("shelf", "day", "chosen"),
    [
        pytest.param([("a", "provisional", "2001-01-01", "")], "2001-01-01", "a", id="from its first day"),
        pytest.param([("a", "provisional", "2001-01-01", "")], "2025-12-31", "a", id="and on"),
        pytest.param(
            [("a", "official", "2001-01-01", ""), ("b", "provisional", "2003-01-01", "")], "2004-01-01", "a",
            id="official wins over a later provisional",
        ),
        pytest.param(
            [("a", "official", "2003-01-01", ""), ("b", "provisional", "2001-01-01", "")], "2002-12-31", "b",
            id="provisional until the official begins",
        ),
        pytest.param(
            [("a", "official", "2001-01-01", ""), ("b", "official", "2003-01-01", "a")], "2002-12-31", "a",
            id="the one before on its last day",
        ),
        pytest.param(
            [("a", "official", "2001-01-01", ""), ("b", "official", "2003-01-01", "a")], "2003-01-01", "b",
            id="the later of two officials",
        ),
        pytest.param(
            [("a", "official", "2001-01-01", ""), ("b", "draft", "2002-01-01", "a")], "2003-01-01", "a",
            id="never a draft",
        ),
        pytest.param(
            [("a", "retired", "2001-01-01", ""), ("b", "official", "2003-01-01", "a")], "2002-12-31", "a",
            id="retired, before its successor",
        ),
        pytest.param(
            [("a", "retired", "2001-01-01", ""), ("b", "provisional", "2003-01-01", "a")], "2003-01-01", "b",
            id="retired, and its successor begins",
        ),
        pytest.param(
            [("a", "retired", "2002-01-01", ""), ("b", "official", "2003-01-01", "a"), ("c", "provisional", "2001-01-01", "")],
            "2002-06-01", "a",
            id="retired wins over provisional",
        ),
    ],
)  # fmt: skip
def test_the_package_of_a_day(publish, catalog, shelf, day, chosen):
    """Official before provisional, the latest of each, never a draft, retired ones only until their successor."""
    for version, status, in_force, supersedes in shelf:
        publish(version, status, in_force, supersedes=supersedes)
    assert catalog.for_date(date.fromisoformat(day)).version == chosen


@pytest.mark.parametrize(
    ("shelf", "day"),
    [
        pytest.param([("a", "official", "2001-01-01", "")], "2000-12-31", id="the day before the first"),
        pytest.param([("a", "draft", "2001-01-01", "")], "2002-01-01", id="only a draft"),
        pytest.param([("a", "retired", "2001-01-01", "")], "2002-01-01", id="retired without a successor"),
        pytest.param(
            [("a", "retired", "2001-01-01", ""), ("b", "draft", "2003-01-01", "a")], "2002-01-01",
            id="a draft takes nobody's place",
        ),
    ],
)  # fmt: skip
def test_no_package_covers_the_day(publish, catalog, shelf, day):
    """It is said so, with the day, and nothing is chosen in its stead."""
    for version, status, in_force, supersedes in shelf:
        publish(version, status, in_force, supersedes=supersedes)
    with pytest.raises(NoSpecInForce, match=day):
        catalog.for_date(date.fromisoformat(day))


def test_two_packages_with_one_claim_are_refused(publish, catalog):
    """Which of them judges must not hang on their names."""
    publish("a", "official", "2001-01-01")
    publish("b", "official", "2001-01-01")
    with pytest.raises(SpecDefect, match="a and b both come into force on 2001-01-01"):
        catalog.for_date(date(2002, 1, 1))


def test_two_packages_of_one_version_are_refused(publish, catalog):
    """A report names its package by version alone."""
    publish("a", "official", "2001-01-01", folder="one")
    publish("a", "official", "2002-01-01", folder="two")
    with pytest.raises(SpecDefect, match="go by the version a"):
        catalog.versions()


def test_a_draft_is_used_by_name(publish, catalog):
    """By version, or by directory."""
    directory = publish("a", "draft", "2001-01-01")
    assert catalog.named("a").status is Status.DRAFT
    assert catalog.named(directory) is catalog.named("a")
    assert catalog.named(str(directory)) is catalog.named("a")


def test_a_name_that_nothing_answers_to_is_refused(publish, catalog, tmp_path):
    """The message lists the versions at hand."""
    publish("a", "draft", "2001-01-01")
    for name in ("b", "latest", tmp_path / "shelf", ""):
        with pytest.raises(UnknownSpec, match=r"the versions at hand \(a, 2026\.1"):
            catalog.named(name)


def test_a_directory_may_be_a_package_itself(publish):
    """Whoever has one package need not build a shelf for it."""
    directory = publish("a", "official", "2001-01-01")
    assert Catalog(directory).for_date(date(2002, 1, 1)).version == "a"


def test_a_directory_given_twice_is_one(publish, tmp_path):
    """A setting may repeat the built-in directory, or itself."""
    publish("a", "official", "2001-01-01")
    shelf = tmp_path / "shelf"
    assert [summary.version for summary in Catalog(shelf, shelf, PACKAGES).versions()].count("a") == 1


def test_a_directory_that_is_not_there_is_a_wrong_setting(tmp_path):
    """An official package that silently did not count would be worse."""
    with pytest.raises(ConfigurationError, match="nowhere"):
        Catalog(tmp_path / "nowhere").versions()


def test_listing_versions_reads_package_toml_only(publish, catalog):
    """A package may be broken elsewhere: it is told when the package is used."""
    directory = publish("a", "official", "2001-01-01")
    (directory / "items.csv").unlink()
    (summary, *_) = catalog.versions()
    assert (summary.version, summary.status, summary.in_force) == ("a", Status.OFFICIAL, date(2001, 1, 1))
    with pytest.raises(SpecDefect):
        catalog.for_date(date(2002, 1, 1))


def test_a_broken_package_toml_is_told_with_its_line(publish, catalog):
    """Its claim to a day cannot be read, so no day can be decided."""
    path = publish("a", "official", "2001-01-01") / "package.toml"
    path.write_text(path.read_text().replace('"official"', '"certain"'))
    with pytest.raises(SpecDefect, match=r"package\.toml:4: 'certain' is no status"):
        catalog.versions()


def test_a_package_is_loaded_once(publish, catalog):
    """The same spec is handed out again."""
    publish("a", "official", "2001-01-01")
    assert catalog.for_date(date(2002, 1, 1)) is catalog.for_date(date(2003, 1, 1)) is catalog.named("a")
