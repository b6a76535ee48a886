"""Mechanical faults in every text format, mended in the file itself: nothing but the faulty value is written anew."""

from __future__ import annotations

import random
import sys
from collections import Counter
from datetime import UTC, datetime

import mechanical_faults
import pytest
from click.testing import CliRunner
from mechanical_faults import MARKER, SPEC, canonical, forms, word

from service.cli import fix
from service.cli.checker import Checker
from service.cli.judging_options import Choices

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FAULTS = 200
ENOUGH = 0.95


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    for number, form in enumerate(forms()):
        (folder / f"{number}.toml").write_text(form.mapping, "utf-8")
    return folder


def _checker(folder, number, form):
    mapping = folder / f"{number}.toml" if form.mapping else None
    return Checker(Choices(format=form.format, mapping=mapping, certification=False), NOW)


def _written(form, records):
    """Write records as the form does, in the sender's own words."""
    texts = [
        {item: word(SPEC.occurrences[item], text) if form.worded else text for item, text in one.items()}
        for one in records
    ]
    return form.write(texts), texts


def test_every_form_is_clean_without_a_fault(folder):
    """What the faults are put into conforms: a finding afterwards is the fault's."""
    for number, form in enumerate(forms()):
        content, _ = _written(form, canonical())
        (folder / "clean").write_bytes(content)
        found = _checker(folder, number, form).check(folder / "clean").all_findings
        assert [one.rule for one in found if one.severity != "advice"] == [], form.name


def test_mechanical_faults_are_mended_and_no_other_byte_is_changed(folder, tmp_path, monkeypatch, capsys):
    """Of 200 seeded faults over all forms at least 95 % are mended; then the file is clean, and a second time nothing is done."""
    monkeypatch.setattr(fix, "utc_now", lambda: NOW)
    draw, mended = random.Random(20260314), Counter()
    failed = []
    every = forms()
    for number, form in enumerate(every):
        faults = [_faulty(form, draw) for _ in range(number, FAULTS, len(every))]
        files = [tmp_path / f"{number}-{turn}" for turn in range(len(faults))]
        for file, (content, _, _, _) in zip(files, faults, strict=True):
            file.write_bytes(content)
        _apply(folder, number, form, files)
        for file, (_, before, behind, fault) in zip(files, faults, strict=True):
            content = file.read_bytes()
            assert content.startswith(before), (form.name, fault)
            assert content.endswith(behind), (form.name, fault)
            if wrong := _wrong(_checker(folder, number, form), file, fault):
                failed.append((form.name, fault, wrong))
            else:
                mended[form.format] += 1
        done = [file.read_bytes() for file in files]
        _apply(folder, number, form, files)
        assert [file.read_bytes() for file in files] == done
    with capsys.disabled():
        sys.stdout.write(f"\necas fix: {mended.total()} of {FAULTS} mechanical faults mended: {dict(mended)}\n")
    assert mended.total() + len(failed) == FAULTS
    assert mended.total() >= ENOUGH * FAULTS, failed


def _faulty(form, draw):
    """Return a file with a fault, the bytes before and behind its place, and the fault."""
    one = mechanical_faults.fault(form, canonical(), draw)
    _, texts = _written(form, canonical())
    texts[one.record][one.item] = one.faulty
    content = form.write(texts)
    texts[one.record][one.item] = MARKER
    before, behind = form.write(texts).split(MARKER.encode("utf-16-le" if "UTF-16" in form.name else "ascii"))
    return content, before, behind, one


def _apply(folder, number, form, files):
    """Run “ecas fix --apply”."""
    mapping = ["--mapping", str(folder / f"{number}.toml")] if form.mapping else []
    options = ["--apply", "--list", "--without-certification", "--format", form.format, *mapping]
    done = CliRunner().invoke(fix.command, [*options, *map(str, files)], standalone_mode=False)
    assert done.exception is None, done.output
    assert done.return_value == 0, done.output


def _wrong(checker, file, fault):
    """Return what is still wrong with a file: findings, or another answer than the canonical one."""
    examined = checker.examine(file)
    told = examined.reading.assessments[fault.record].text(fault.item)
    left = [one.rule for one in examined.checked().all_findings if one.severity != "advice"]
    return [*left, *([] if told == canonical()[fault.record][fault.item] else ["another answer"])]
