"""What an expression of a package may say, and what it may cost."""

from __future__ import annotations

import pytest

from specs.bounds import LONGEST_EXPRESSION, LONGEST_LIST
from specs.expressions import NOT_EVALUABLE, compiled, context_of, expression_faults, items_in

SOUND = [
    ("a.MEMBER_ID == '1'", ("MEMBER_ID",)),
    ("has(a.B) && a['C'] != \"x\" || !('D' in a)", ("B", "C", "D")),
    ("[a.B, a.C].exists(x, x == 'a')", ("B", "C")),
    ("[1, 2].all(x, [3, 4].exists(y, x < y)) && a.B.size() > 0", ("B",)),
    ("a.B.matches('^(x|y)+$') ? a.C == '1' : a.D == '2'", ("B", "C", "D")),
    ("a.B - a.C < duration('24h') && a.B.getFullYear() == 2026", ("B", "C")),
    ("a.B in ['a', 'a.C', 'it\\'s a']", ("B",)),
]


@pytest.mark.parametrize(("expression", "items"), SOUND)
def test_a_sound_expression_says_which_items_it_asks(expression, items):
    """They are known without running it, and a text that looks like one is none."""
    assert expression_faults(expression) == ()
    assert items_in(expression) == items


ONES = ", ".join("1" * LONGEST_LIST)
FAULTY = [
    ("a.B ==", "is not CEL"),
    ("a.B == 'x" + "x" * LONGEST_EXPRESSION + "'", "1,000 are the most"),
    ("(" * 17 + "a.B == '1'" + ")" * 17, "More than 16 brackets within one another (character 17)"),
    ("[1].all(x, [1].all(y, [1].all(z, x == y)))", "More than 2 macros within one another (character 30)"),
    (f"a.B in [{ONES}, 1]", f"A list has {LONGEST_LIST} elements at most"),
    ("size(a) > 1", "'a' (character 6) is asked for single items only"),
    ("a.all(k, k != '')", "'a' (character 1) is asked for single items only"),
    ("a[a.B] == '1'", "'a' (character 1) is asked for single items only"),
    ("a == a", "'a' (character 1) is asked for single items only"),
    ("[1].all(a, a == 1)", "No macro may call its element 'a'"),
    ("b.B == '1'", "'b' (character 1) is no variable"),
    ("a.B.reverse() == '1'", "'reverse' (character 5) is no function"),
    ("cel.bind(x, a.B, x == x)", "'cel' (character 1) is no variable"),
    ("{'x': 1}.x == 1", "holds something that rules have no use for"),
    ("a.B == ''' ' ''' + a.C + ''' ' '''", "holds something that rules have no use for"),
    ("a.B == r'\\' || a.C == '", "'r' (character 8) is no variable"),
    ("a.B.matches(a.C)", "takes one regular expression, in quotes"),
    ("a.B.matches('x' + '(')", "takes one regular expression, in quotes"),
    ("a.B.matches('\\\\d')", "takes one regular expression, in quotes, without backslashes"),
    ("a.B.matches('(?=x)')", "not one that RE2 understands"),
    ("a.B.matches('((x{20}){20}){20}')", "RE2"),
]


@pytest.mark.parametrize(("expression", "says"), FAULTY)
def test_an_expression_that_could_hide_or_cost_something_is_refused(expression, says):
    """Before it is compiled: by looking at its words."""
    assert says in expression_faults(expression)[0]


def test_a_list_of_the_longest_length_is_sound():
    """The bound itself may be reached."""
    assert expression_faults(f"a.B in [{ONES}]") == ()


@pytest.mark.parametrize("expression", ["a.B > 1", "a.C == '1'", "a.B.size() / 0 == 1", "int(a.B) == 1", "a.B.c == 1"])
def test_what_cannot_be_evaluated_raises_what_is_expected(expression):
    """Nothing that the library raises slips by those who turn it into could-not-check."""
    with pytest.raises(NOT_EVALUABLE):
        compiled(expression).execute(context_of({"B": "text"}))
