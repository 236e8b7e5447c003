"""The matched pairs sentence segment word error test (MAPSSWE), as a cross-check of the bootstrap.

Gillick & Cox 1989; as NIST's SCTK does it (mtchprs.c of sc_stats). The words of the reference are cut into segments
that hold all errors of both systems and are parted by at least two words that both have right and nothing inserted
between them. The differences of errors over segments are taken for independent, and their mean is tested against zero.
"""

import math
from collections.abc import Iterable

import msgspec

from voxport.metrics.align import Alignment

BETWEEN = 2
"""Words that both have right and that part two segments."""


class Mapsswe(msgspec.Struct, frozen=True, kw_only=True):
    """``mean`` is the mean difference of errors in a segment, of the first system less the second; ``z`` by how many
    standard errors it is off zero, and ``p`` how probable at least that is if there is no difference (two-sided).
    """

    segments: int
    mean: float = 0.0
    z: float = 0.0
    p: float = 1.0


def mapsswe(pairs: Iterable[tuple[Alignment, Alignment]]) -> Mapsswe:
    """The test over items, of each of which both systems were aligned with the same reference."""
    both = [segment for first, second in pairs for segment in segments(first, second)]
    differences = [first - second for first, second in both]
    if len(differences) < 2:
        return Mapsswe(segments=len(differences), mean=float(sum(differences)))
    mean = sum(differences) / len(differences)
    variance = sum((one - mean) ** 2 for one in differences) / (len(differences) - 1)
    z = mean / math.sqrt(variance / len(differences)) if variance else 0.0
    return Mapsswe(segments=len(differences), mean=mean, z=z, p=math.erfc(abs(z) / math.sqrt(2)))


def segments(first: Alignment, second: Alignment) -> list[tuple[int, int]]:
    """The errors of both in each segment that has any."""
    found: list[tuple[int, int]] = []
    one = other = good = 0
    for (made_up, wrong), (other_made_up, other_wrong) in zip(_by_word(first), _by_word(second), strict=True):
        one, other = one + made_up, other + other_made_up
        good = 0 if made_up or other_made_up or wrong or other_wrong else good
        good += not (wrong or other_wrong)
        if good >= BETWEEN and (one or other):
            found.append((one, other))
            one = other = 0
        one, other = one + wrong, other + other_wrong
    return [*found, (one, other)] if one or other else found


def _by_word(blocks: Alignment) -> list[tuple[int, int]]:
    """Of each word of the reference: words inserted before it, and 1 if it was not heard; then what comes last."""
    size = max((block.r1 for block in blocks), default=0)
    made_up, wrong = [0] * (size + 1), [0] * (size + 1)
    for kind, r0, r1, h0, h1 in blocks:
        if kind == "insert":
            made_up[r0] += h1 - h0
        elif kind != "equal":
            wrong[r0:r1] = [1] * (r1 - r0)
    return list(zip(made_up, wrong, strict=True))
