"""The cheapest way to pair rows with columns."""

from collections.abc import Sequence


def best(costs: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs of row and column, each used at most once and as many as can be, of the least total cost.

    The Hungarian method with potentials, in time of rows squared by columns.
    """
    if not costs or not costs[0]:
        return []
    if len(costs) > len(costs[0]):
        return sorted((row, column) for column, row in best([list(column) for column in zip(*costs, strict=True)]))
    market = _Market(costs)
    for row in range(len(costs)):
        market.add(row)
    return sorted((row, column) for column, row in enumerate(market.taken) if row is not None)


class _Market:
    """Rows that bid for columns, of which there are at least as many."""

    def __init__(self, costs: Sequence[Sequence[float]]) -> None:
        self._costs = costs
        self._columns = range(len(costs[0]))
        self._row_price = [0.0] * len(costs)
        self._column_price = [0.0] * len(costs[0])
        self.taken: list[int | None] = [None] * len(costs[0])
        """The row of each column."""

    def add(self, row: int) -> None:
        """Give one more row a column, and others another one where that is cheaper."""
        slack = dict.fromkeys(self._columns, float("inf"))
        before: dict[int, int | None] = {}
        done: list[int] = []
        here: int | None = row
        while here is not None:
            self._look(here, slack, before, done[-1] if done else None)
            near = min(slack, key=slack.__getitem__)
            self._raise_prices(row, done, slack, slack[near])
            del slack[near]
            done.append(near)
            here = self.taken[near]
        self._hand_over(row, done[-1], before)

    def _look(self, row: int, slack: dict[int, float], before: dict[int, int | None], column: int | None) -> None:
        """How much dearer each column that is left would be for this row, which is reached through ``column``."""
        for other, least in slack.items():
            dearer = self._costs[row][other] - self._row_price[row] - self._column_price[other]
            if dearer < least:
                slack[other], before[other] = dearer, column

    def _raise_prices(self, row: int, done: Sequence[int], slack: dict[int, float], step: float) -> None:
        self._row_price[row] += step
        for column in done:
            self._column_price[column] -= step
            holder = self.taken[column]
            assert holder is not None
            self._row_price[holder] += step
        for column in slack:
            slack[column] -= step

    def _hand_over(self, row: int, column: int, before: dict[int, int | None]) -> None:
        at: int | None = column
        while at is not None:
            earlier = before[at]
            self.taken[at] = row if earlier is None else self.taken[earlier]
            at = earlier
