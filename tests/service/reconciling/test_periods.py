"""Which days exports cover, by their names."""

from __future__ import annotations

from datetime import date

import pytest
from cbhi import export, line

from canonical.submission import State
from service.reconciling.coverage import Coverage
from service.reconciling.period import Period
from service.reconciling.remark import Fault

CHILD = "100000000124"


def days(first: int, last: int) -> Period:
    return Period(date(2026, 10, first), date(2026, 10, last))


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("20261012-20261018.txt", days(12, 18)),
        ("20261012-20261012.TXT", days(12, 12)),
        ("20261018-20261012.txt", None),
        ("20261312-20261318.txt", None),
        ("20261012-20261018.csv", None),
        ("copy of 20261012-20261018.txt", None),
        ("20261012-20261018.txt\n", None),
        ("2026-10-12.txt", None),
        ("٢٠٢٦١٠١٢-٢٠٢٦١٠١٨.txt", None),
    ],
)
def test_a_period_is_the_whole_name(name, period):
    """First and last day, and nothing around them."""
    assert Period.named(name) == period


@pytest.mark.parametrize(
    ("periods", "spans", "gaps"),
    [
        ([], (), ()),
        ([days(12, 18)], (days(12, 18),), ()),
        ([days(19, 25), days(12, 18)], (days(12, 25),), ()),
        ([days(12, 18), days(20, 25)], (days(12, 18), days(20, 25)), (days(19, 19),)),
        ([days(12, 18), days(14, 15), days(18, 24)], (days(12, 24),), ()),
        ([days(1, 2), days(5, 6), days(9, 9)], (days(1, 2), days(5, 6), days(9, 9)), (days(3, 4), days(7, 8))),
    ],
    ids=["none", "one", "contiguous", "a day between", "one within another", "two gaps"],
)
def test_contiguous_periods_are_stitched(periods, spans, gaps):
    """What joins is one span, and what is between two spans is a gap, day by day."""
    covered = Coverage(periods)
    assert (covered.spans, covered.gaps) == (spans, gaps)
    every = [date(2026, 10, number) for number in range(1, 32)]
    assert [day in covered for day in every] == [any(day in period for period in periods) for day in every]


def faults(result) -> list[tuple[Fault, str, str]]:
    return [(one.fault, str(one.place or ""), one.about) for one in result.remarks]


A, B, C = (line(CHILD, f"10/{day}/2026") for day in (12, 19, 26))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("exports", "told"),
    [
        ([export(A), export(B, name="20261019-20261025.txt")], []),
        (
            [export(A), export(C, name="20261026-20261101.txt")],
            [(Fault.GAP, "", "2026-10-19 to 2026-10-25")],
        ),
        (
            [export(A), export(B, name="20261018-20261024.txt")],
            [(Fault.OVERLAP, "20261018-20261024.txt", "20261012-20261018.txt")],
        ),
        (
            [
                export(A, name="20261001-20261031.txt"),
                export(B, name="20261019-20261025.txt"),
                export(C, name="20261026-20261031.txt"),
            ],
            [
                (Fault.OVERLAP, "20261019-20261025.txt", "20261001-20261031.txt"),
                (Fault.OVERLAP, "20261026-20261031.txt", "20261001-20261031.txt"),
                (Fault.TOO_LONG, "20261001-20261031.txt", "31"),
            ],
        ),
        (
            [export(A), export(A, name="again.txt")],
            [(Fault.SAME_FILE, "again.txt", "20261012-20261018.txt")],
        ),
        ([export(A), export(A)], [(Fault.SAME_FILE, "20261012-20261018.txt", "20261012-20261018.txt")]),
        ([export(A + B)], [(Fault.OUT_OF_PERIOD, "20261012-20261018.txt:2", "")]),
        ([export("no fields at all\n")], [(Fault.NOT_READ, "20261012-20261018.txt, the whole file", "A001")]),
        (
            [export(A), export("", name="20261019-20261025.txt"), export(C, name="20261026-20261101.txt")],
            [
                (Fault.NOT_READ, "20261019-20261025.txt, the whole file", "A001"),
                (Fault.GAP, "", "2026-10-19 to 2026-10-25"),
            ],
        ),
        ([export(line("12345", "10/12/2026"))], [(Fault.NO_ID, "20261012-20261018.txt:1", "")]),
        ([export(line("", "10/12/2026"))], [(Fault.NO_ID, "20261012-20261018.txt:1", "")]),
        ([export(line(CHILD, "12.10.2026"))], [(Fault.NO_DATE, "20261012-20261018.txt:1", "")]),
        ([export(A, "too|many" + "|" * 260 + "^\n")], [(Fault.NOT_READ, "20261012-20261018.txt:2", "A007")]),
    ],
    ids=[
        "contiguous", "a gap", "a day twice", "within a longer one", "the same bytes", "the same file", "another week",
        "no export", "an empty file between two", "a short id", "no id", "an odd date", "a ragged record",
    ],
)  # fmt: skip
def test_faults_of_the_exports_are_told(reconcile, exports, told):
    """Each with its file, and its line where it has one; and never exit code 0."""
    result = reconcile(*exports)
    assert faults(result) == told
    assert result.exit_code == (3 if not any(file.read for file in result.files) else 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_could_not_be_read_covers_nothing(reconcile, stand):
    """What is not in it is not called missing."""
    stand(State.CLOSED, CHILD, "2026-10-13")
    result = reconcile(export("no fields at all\n"))
    assert (result.coverage.spans, dict(result.kinds), result.exit_code) == ((), {}, 3)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_the_same_bytes_nothing_is_counted_twice(reconcile):
    """The second is named, and its records are not records."""
    result = reconcile(export(A), export(A, name="again.txt"))
    assert (result.rows.total(), [file.read for file in result.files]) == (1, [True, False])
