from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from canonical.errors import SpecDefect, UnfitDocument
from gateway_client.envelope import _plan, build
from specs.spec import Status

NAMESPACE = "{urn:ecas-bridge:cans:2026.1}"
CANARY = "Zyzzyva"


def test_the_document_is_what_the_schema_accepts(assess, spec):
    """A complete assessment becomes XML that the package's own schema accepts, read again from its bytes."""
    document = build(assess(), spec)
    root = etree.fromstring(document.content)
    etree.XMLSchema(etree.fromstring(spec.schema)).assertValid(root)
    assert (document.document_id, document.spec, document.provisional) == ("doc-0001", "2026.1", True)
    assert root.findtext(f"{NAMESPACE}LifeDomainFunctioning/{NAMESPACE}Comment") == assess().text("LDF_COMMENT")


def test_the_digest_is_that_of_the_canonical_form(assess, spec):
    """The digest is the SHA-256 of Canonical XML 1.0 without comments, computed here from the bytes that leave."""
    document = build(assess(), spec)
    canonical = etree.tostring(etree.fromstring(document.content), method="c14n", with_comments=False)
    assert document.digest == f"sha-256:{hashlib.sha256(canonical).hexdigest()}"


def test_elements_stand_in_the_order_of_the_dictionary(assess, spec):
    """However the answers are ordered, the document's leaves follow items.csv."""
    backwards = dict(reversed(list(assess().answers.items())))
    root = etree.fromstring(build(replace(assess(), answers=backwards), spec).content)
    tree = root.getroottree()
    leaves = [tree.getelementpath(element).replace(NAMESPACE, "") for element in root.iter() if not len(element)]
    wires = [item.wire for item in spec.items.values()]
    assert leaves == sorted(leaves, key=wires.index)


def test_the_bytes_are_the_same_in_every_process():
    """Two processes with different hash seeds build the same bytes."""
    script = (
        "import sys; sys.path.insert(0, 'tests/gateway_client')\n"
        "import hashlib, conftest\n"
        "from canonical.assessment import Answer, Assessment\n"
        "from gateway_client.envelope import build\n"
        "spec = conftest.Catalog().named('2026.1')\n"
        "answers = {i: Answer(text=t, source=conftest.HERE) for i, t in conftest.ANSWERS.items()}\n"
        "made = build(Assessment(agency=None, answers=answers, origin=conftest.HERE), spec)\n"
        "print(hashlib.sha256(made.content).hexdigest(), made.digest)\n"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(runs) == 1


def test_groups_without_content_are_not_there(assess, spec):
    """Without consent no empty section is left to tell that there was one."""
    root = etree.fromstring(build(assess(CONSENT="refused"), spec).content)
    assert root.find(f"{NAMESPACE}LifeDomainFunctioning") is None
    assert all(len(element) or element.text for element in root.iter())


@pytest.mark.parametrize(
    ("changes", "items", "reasons"),
    [
        ({"DOCUMENT_ID": None}, ("DOCUMENT_ID",), ("SCHEMAV_ELEMENT_CONTENT",)),
        ({"COMPLETION_STATUS": None}, ("COMPLETION_STATUS",), ("SCHEMAV_ELEMENT_CONTENT",)),
        ({"AGENCY_ID": None}, ("AGENCY_ID", "PROVIDER_ID", "SERVICE"), ("SCHEMAV_ELEMENT_CONTENT",)),
        ({"MEMBER_GENDER": None}, ("MEMBER_GENDER",), ("SCHEMAV_ELEMENT_CONTENT",)),
        ({"MEMBER_GENDER": None, "MEMBER_ZIP": "02139"}, ("MEMBER_GENDER",), ("SCHEMAV_ELEMENT_CONTENT",)),
        ({"ASSESSOR_KEY": None}, ("ASSESSOR_KEY",), ("SCHEMAV_ELEMENT_CONTENT",)),
        (
            {"ASSESSOR_KEY": None, "ASSESSOR_NAME": None},
            ("ASSESSOR_NAME", "ASSESSOR_KEY"),
            ("SCHEMAV_ELEMENT_CONTENT",),
        ),
        ({"LDF_FAMILY": CANARY}, ("LDF_FAMILY",), ("SCHEMAV_CVC_ENUMERATION_VALID",)),
        ({"MEMBER_DOB": CANARY}, ("MEMBER_DOB",), ("SCHEMAV_CVC_DATATYPE_VALID_1_2_1",)),
        (
            {"MEMBER_ID": CANARY, "LDF_FAMILY": CANARY},
            ("MEMBER_ID", "LDF_FAMILY"),
            ("SCHEMAV_CVC_PATTERN_VALID", "SCHEMAV_CVC_ENUMERATION_VALID"),
        ),
        ({"MEMBER_LAST_NAME": CANARY * 100}, ("MEMBER_LAST_NAME",), ("SCHEMAV_CVC_MAXLENGTH_VALID",)),
        ({"MEMBER_LAST_NAME": f"{CANARY}\x00"}, ("MEMBER_LAST_NAME",), ("XML_ILLEGAL_CHARACTER",)),
        ({"MEMBER_LAST_NAME": f"{CANARY}\ud800"}, ("MEMBER_LAST_NAME",), ("XML_ILLEGAL_CHARACTER",)),
        (
            {"LDF_COMMENT": f"{CANARY}\x0b", "MEMBER_FIRST_NAME": "\uffff"},
            ("MEMBER_FIRST_NAME", "LDF_COMMENT"),
            ("XML_ILLEGAL_CHARACTER",),
        ),
    ],
)
def test_a_refusal_names_the_items_and_never_a_value(assess, spec, changes, items, reasons):
    """Every complaint of the schema comes back as the item that it is about and a stable reason."""
    with pytest.raises(UnfitDocument) as refused:
        build(assess(**changes), spec)
    assert (refused.value.items, refused.value.reasons) == (items, reasons)
    assert CANARY not in repr(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("item", ["DOCUMENT_ID", "MEMBER_GENDER", "LDF_FAMILY", "DX_CODE"])
def test_every_leaf_is_mapped_back(assess, spec, item):
    """A fault in one leaf is reported for exactly that item."""
    with pytest.raises(UnfitDocument) as refused:
        build(assess(**{item: "?"}), spec)
    assert refused.value.items == (item,)


def test_a_document_larger_than_the_state_takes_is_unfit(assess, spec):
    """The transport's limit is judged before anything is sent, to the byte."""
    size = len(build(assess(), spec).content)
    exact = replace(spec, transport=replace(spec.transport, max_document_bytes=size))
    build(assess(), exact)
    with pytest.raises(UnfitDocument) as refused:
        build(assess(), replace(spec, transport=replace(spec.transport, max_document_bytes=size - 1)))
    assert refused.value.reasons == ("DOCUMENT_TOO_LARGE",)


@pytest.mark.parametrize("status", list(Status))
def test_the_interlock_is_told_by_the_package(assess, spec, status):
    """Documents under a provisional or draft package say so."""
    assert build(assess(), replace(spec, status=status)).provisional is status.interlocked


def test_a_package_whose_schema_is_none_is_a_defect(assess, spec):
    """A broken schema refuses to build anything; it never waves documents through."""
    for schema in (b"", b"<not", b"<a/>", b"<!DOCTYPE a><a/>"):
        with pytest.raises(SpecDefect):
            build(assess(), replace(spec, schema=schema))


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=100))
def test_any_text_comes_through_or_is_refused(assess, spec, text):
    """A comment arrives exactly as it was read, or the document is unfit: nothing is changed in silence."""
    arrived, refused = None, ()
    try:
        root = etree.fromstring(build(assess(LDF_COMMENT=text), spec).content)
        arrived = root.findtext(f"{NAMESPACE}LifeDomainFunctioning/{NAMESPACE}Comment")
    except UnfitDocument as unfit:
        refused = unfit.items
    assert arrived == text or refused == ("LDF_COMMENT",)


def test_threads_do_not_read_each_others_faults(assess, spec):
    """Documents built at the same time are judged each by its own."""
    seen: list[bool] = []

    def work(*, fit: bool) -> None:
        for _ in range(50):
            try:
                build(assess() if fit else assess(LDF_FAMILY="9"), spec)
                seen.append(fit)
            except UnfitDocument as refused:
                seen.append(not fit and refused.items == ("LDF_FAMILY",))

    threads = [threading.Thread(target=work, kwargs={"fit": fit}) for fit in (True, False) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 200


def test_threads_that_come_first_compile_one_schema(spec):
    """A schema is compiled once, however many need it at once: libxml2 does not survive two at their first."""
    fresh, plans, together = replace(spec), [], threading.Barrier(8)

    def plan() -> None:
        together.wait()
        plans.append(_plan(fresh))

    threads = [threading.Thread(target=plan) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in plans}) == 1
