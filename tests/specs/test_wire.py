"""Whether the wire schema and the dictionary agree."""

from __future__ import annotations

import pytest

from specs.reader import load
from specs.wire import check_wire

ID = '<xs:element name="Id" type="xs:string"/>'
VERSION = '<xs:element name="Version" type="xs:integer"/>'
INSTRUMENT = '<xs:element name="Instrument" type="InstrumentCode"/>'
LIFE = """\
  <xs:complexType name="Life">
    <xs:sequence>
      <xs:element name="Sleep" type="xs:string" minOccurs="0"/>
      <xs:element name="Comment" type="xs:string" minOccurs="0"/>
    </xs:sequence>
  </xs:complexType>
"""
#: Other ways to write the same schema.
SAME = {
    "an element of text with attributes": (
        ID,
        """<xs:element name="Id"><xs:complexType><xs:simpleContent><xs:extension base="xs:string">
        <xs:attribute name="kind"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>""",
    ),
    "elements that need not be there": (
        ID,
        f"""{ID}<xs:element name="Kind" type="xs:string" minOccurs="0"/>
        <xs:choice><xs:element name="A" type="xs:string"/><xs:element name="B" type="xs:string"/></xs:choice>""",
    ),
    "a type with the name of a built-in one": (LIFE, LIFE + LIFE.replace('"Life"', '"string"')),
    "a reference to a group": (ID, '<xs:group ref="Ids"/>'),
    "a reference to an element": (ID, '<xs:element ref="Id"/>'),
    "a type that extends another": (
        LIFE,
        """\
  <xs:complexType name="Rest">
    <xs:sequence>
      <xs:element name="Sleep" type="xs:string" minOccurs="0"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="Life">
    <xs:complexContent>
      <xs:extension base="Rest">
        <xs:sequence>
          <xs:element name="Comment" type="xs:string" minOccurs="0"/>
        </xs:sequence>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
""",
    ),
}
#: What the references above lead to.
GLOBALS = f'  {ID}\n  <xs:group name="Ids"><xs:sequence><xs:element ref="Id"/></xs:sequence></xs:group>\n</xs:schema>'


def test_a_schema_that_agrees_has_no_defect(package):
    """Inline types and named ones are followed alike."""
    assert check_wire(load(package)) == ()


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_other_ways_to_write_the_same_schema_agree(tmp_path, files, write, old, new):
    """An official schema may be written in any of them."""
    assert old in files["wire.xsd"]
    files["wire.xsd"] = files["wire.xsd"].replace("</xs:schema>", GLOBALS).replace(old, new, 1)
    assert check_wire(load(write(tmp_path, files))) == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "at", "says"),
    [
        ("wire.xsd", "<xs:sequence>", "<xs:sequence", '<xs:element name="DocumentId"', "is to be written &lt;"),
        ("wire.xsd", 'type="Life"', 'type="Lives"', 'type="Lives"', "This is not XML Schema 1.0"),
        ("wire.xsd", "<xs:simpleType", '<xs:include schemaLocation="http://127.0.0.1:9/x.xsd"/><xs:simpleType',
         "<xs:include", "The schema must stand alone"),
        ("wire.xsd", '"qualified"', '"unqualified"', "elementFormDefault", "The elements must be qualified"),
        ("package.toml", "urn:test:cans", "urn:test:other", "", "The target namespace is not that of package.toml."),
        ("package.toml", '"Cans"', '"Snac"', "", "The schema declares no element Snac"),
        ("items.csv", "Life/Sleep", "Life/Rest", "Life/Rest", "The wire path leads to no element"),
        ("items.csv", ",Version,our", ",Version/Major,our", "Version/Major", "leads below an element that holds text"),
        ("items.csv", "Member/Id", "Member/Id/Number", "Member/Id/Number", "leads below an element that holds text"),
        ("wire.xsd", '"Sleep" type="xs:string"', '"Sleep" type="Member"', "LDF_SLEEP", "holds elements, not text"),
        ("wire.xsd", ID, f'{ID}<xs:element name="Stamp" type="xs:string"/>', 'name="Stamp"',
         "The element Stamp must be there, and no item fills it."),
        ("wire.xsd", '      <xs:enumeration value="older"/>\n', "", 'name="Instrument"',
         "The element allows no 'older', a code of INSTRUMENT."),
        ("wire.xsd", f"{VERSION}\n        {INSTRUMENT}", f"{INSTRUMENT}\n        {VERSION}",
         "INSTRUMENT", "The wire path stands in another order"),
    ],
)  # fmt: skip
def test_a_disagreement_is_named(tmp_path, files, write, file, old, new, at, says):
    """Alone, with the file and the line to look at."""
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    (defect,) = check_wire(load(write(tmp_path, files)))
    place, _, _ = defect.partition(": ")
    name, line = place.split(":")
    assert at in files[name].splitlines()[int(line) - 1]
    assert says in defect
