from __future__ import annotations

import gzip

import pytest


@pytest.mark.parametrize(
    ("format", "file", "begins"),
    [
        ("fhir", "package.tgz", b"\x1f\x8b"),
        ("csv", "dictionary.csv", b"\xef\xbb\xbf"),
        ("html", "dictionary.html", b"<!doctype html>"),
    ],
)
def test_each_format_has_its_file(ecas, tmp_path, format, file, begins):
    """Called after what it is, unless told otherwise; the line says which package it is, and how far to trust it."""
    done = ecas("spec", "export", "--format", format, "--spec", "2026.1", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"The provisional 2026.1 in {file}, ")
    assert (tmp_path / file).read_bytes().startswith(begins)


def test_two_exports_are_the_same_to_the_byte(ecas, tmp_path):
    """From two processes, into two files."""
    for name in ("first.tgz", "second.tgz"):
        assert ecas("spec", "export", "--format", "fhir", "--out", tmp_path / name).returncode == 0

    assert (tmp_path / "first.tgz").read_bytes() == (tmp_path / "second.tgz").read_bytes()
    assert gzip.decompress((tmp_path / "first.tgz").read_bytes())


def test_a_dash_writes_to_standard_output(ecas, tmp_path):
    """And nothing else with it, for a pipe."""
    done = ecas("spec", "export", "--format", "csv", "--out", "-", cwd=tmp_path)

    assert done.stdout.lstrip("\ufeff").startswith("item,label,")
    assert "dictionary.csv" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_wrong_usage(ecas, tmp_path):
    """Said in a sentence, not as a fault of ours."""
    done = ecas("spec", "export", "--format", "csv", "--out", tmp_path / "no-such-folder/x.csv")

    assert done.returncode == 2
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--format", "pdf"), ("--format", "csv", "--spec", "1999.9")])
def test_wrong_usage_says_so(ecas, arguments):
    """No format, one that there is not, a package that there is not."""
    assert ecas("spec", "export", *arguments).returncode == 2
