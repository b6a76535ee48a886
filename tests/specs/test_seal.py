"""The seal: what was published is what is read."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical.errors import ConfigurationError, SpecDefect
from specs.reader import load
from specs.seal import SEAL, digest_of, seal


def test_the_seal_is_what_sha256sum_reads(package):
    """Anyone can check a package without ecas-bridge."""
    done = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SEAL], cwd=package, check=False)
    assert done.returncode == 0


def test_the_seal_lists_every_other_file_in_order(package, files):
    """Sorted by path, itself left out."""
    names = [line.split("  ", 1)[1] for line in (package / SEAL).read_text().splitlines()]
    assert names == sorted(files)


def test_sealing_twice_changes_nothing(package):
    """The digest of a package is that of its seal, and depends on its content alone."""
    before = (package / SEAL).read_bytes()
    assert seal(package) == digest_of(before) == f"sha-256:{hashlib.sha256(before).hexdigest()}"
    assert (package / SEAL).read_bytes() == before


def test_a_changed_file_is_named_at_its_line_of_the_seal(package, files):
    """Even a note: what was reviewed is not what is here."""
    (package / "NOTES.md").write_text("Changed.\n")
    line = sorted(files).index("NOTES.md") + 1
    with pytest.raises(SpecDefect, match=f"{SEAL}:{line}: The file NOTES.md was changed"):
        load(package)


def test_an_unlisted_file_is_refused(package):
    """Nobody has reviewed it."""
    (package / "extra.txt").write_text("x")
    with pytest.raises(SpecDefect, match=f"extra.txt:1: The file is not listed in {SEAL}."):
        load(package)


def test_a_listed_file_that_is_gone_is_refused(package, files):
    """A rule could otherwise be taken out by deleting its file."""
    (package / "rules" / "B001.toml").unlink()
    line = sorted(files).index("rules/B001.toml") + 1
    with pytest.raises(SpecDefect, match=f"{SEAL}:{line}: The file rules/B001.toml is listed but not in the package."):
        load(package)


def test_a_link_is_no_file_of_a_package(package, tmp_path):
    """What it leads to can change without the package changing."""
    (tmp_path / "elsewhere").write_text("x")
    (package / "linked.md").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SpecDefect, match=r"linked\.md:1: This is no plain file"):
        load(package)
    with pytest.raises(ConfigurationError, match="no plain file"):
        seal(package)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "not a SHA-256 digest"),
        (f"{'0' * 64}  ../outside", "listed but not in the package"),
        (f"{'0' * 64}  /etc/passwd", "listed but not in the package"),
        ("", "not a SHA-256 digest"),
    ],
)
def test_a_line_that_seals_nothing_is_refused(package, line, says):
    """Nor does any line make us look outside the package."""
    listed = (package / SEAL).read_text()
    (package / SEAL).write_text(f"{listed}{line}\n")
    with pytest.raises(SpecDefect, match=f"{SEAL}:14: .*{says}"):
        load(package)


def test_a_file_listed_twice_is_refused(package):
    """One of the two digests would not count."""
    listed = (package / SEAL).read_text()
    (package / SEAL).write_text(listed + listed.splitlines(keepends=True)[0])
    with pytest.raises(SpecDefect, match=f"{SEAL}:14: .* is listed twice"):
        load(package)


def test_only_packages_are_sealed(tmp_path):
    """A mistyped directory gets no SHA256SUMS."""
    with pytest.raises(ConfigurationError, match=r"holds no package\.toml"):
        seal(tmp_path)
    assert not (tmp_path / SEAL).exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_byte_goes_unseen(package, data):
    """Whichever byte of whichever file: the package judges nothing."""
    paths = sorted(path for path in package.rglob("*") if path.is_file() and path.name != SEAL)
    path = data.draw(st.sampled_from(paths))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    try:
        with pytest.raises(SpecDefect, match="was changed after the package was sealed"):
            load(package)
    finally:
        path.write_bytes(content)
