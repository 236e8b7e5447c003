"""Two texts as one: what was said and what was heard, with the differences marked."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from voxport.metrics.difference import Piece


def diff(pieces: Iterable[Piece]) -> Markup:
    """What was heard, in order; what is missing of the other text is inside ``del``, what that has not inside ``ins``.

    A difference in formatting alone is shown as it was heard, and tells the other form on demand.
    """
    return Markup(" ").join(_shown(piece) for piece in pieces)


def _shown(piece: Piece) -> Markup:
    if piece.kind == "same":
        return escape(piece.second)
    if piece.kind == "formatting":
        return Markup('<span class="form" title="{}">{}</span>').format(piece.first, piece.second)
    sides = ((Markup("<del>{}</del>"), piece.first), (Markup("<ins>{}</ins>"), piece.second))
    return Markup(" ").join(form.format(words) for form, words in sides if words)
