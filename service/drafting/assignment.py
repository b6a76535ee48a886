"""Which place goes to which item: the best choice for all of them together.

Each place feeds at most one item and each item takes at most one place, and the sum of the scores is as large as it can
be. A greedy choice takes the best pair first and can leave two others with nothing: where ``Depression`` fits two items and
the first of them is the only one that ``Depr/Withdrawal`` fits, greed gives the wrong one away. This is the assignment
problem, solved by the Hungarian method with potentials (Kuhn, Munkres) in O(n²m) steps. Ties are broken by order, so the
same sample always gives the same draft.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def assignment(scores: Sequence[Sequence[float]], least: float) -> dict[int, int]:
    """Return the column of each row, of those pairs that score at least so much.

    Args:
        scores: one row for each item, one column for each place, from 0 to 1.
        least: a pair below is worse than none.
    """
    # What is worse than nothing everywhere takes no part: most items of a package, in most samples.
    rows = [at for at, row in enumerate(scores) if any(score >= least for score in row)]
    columns = sorted({at for row in rows for at, score in enumerate(scores[row]) if score >= least})
    if not rows:
        return {}
    # One column for each row that stands for nothing: an item without a place costs nothing, and gains nothing.
    worse = [0.0] * len(rows)
    cost = [[least - scores[row][at] if scores[row][at] >= least else 1.0 for at in columns] + worse for row in rows]
    holder = _holders(cost)
    chosen = {rows[holder[at] - 1]: columns[at - 1] for at in range(1, len(columns) + 1) if holder[at]}
    return {row: column for row, column in sorted(chosen.items()) if scores[row][column] >= least}


def _holders(cost: Sequence[Sequence[float]]) -> list[int]:
    """Return the row that holds each column at the least cost, both counted from 1; 0 for none."""
    width = len(cost[0])
    prices = [0.0] * (len(cost) + 1), [0.0] * (width + 1)
    holder = [0] * (width + 1)
    for row in range(1, len(cost) + 1):
        holder[0] = row
        column, way = _cheapest_way(cost, prices, holder)
        while column:  # each row on the way moves on to the next column
            holder[column] = holder[way[column]]
            column = way[column]
    return holder


def _cheapest_way(
    cost: Sequence[Sequence[float]], prices: tuple[list[float], list[float]], holder: Sequence[int]
) -> tuple[int, list[int]]:
    """Return the nearest free column for the row that column 0 holds, and the way to it; the prices follow."""
    of_rows, of_columns = prices
    width = len(of_columns)
    slack, taken, way = [math.inf] * width, [False] * width, [0] * width
    column = 0
    while holder[column]:
        taken[column] = True
        held = holder[column]
        costs, price = cost[held - 1], of_rows[held]
        for at in range(1, width):
            reduced = math.inf if taken[at] else costs[at - 1] - price - of_columns[at]
            if reduced < slack[at]:
                slack[at], way[at] = reduced, column
        nearest = min((at for at in range(1, width) if not taken[at]), key=slack.__getitem__)
        step = slack[nearest]
        for at in range(width):
            if taken[at]:
                of_rows[holder[at]] += step
                of_columns[at] -= step
            else:
                slack[at] -= step
        column = nearest
    return column, way
