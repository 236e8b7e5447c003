"""A session's life, pure: ``Engine`` decides, and each part of what it has to keep in mind is a module of its own.

``outlet`` and ``replay`` hold what is to be said, and said again; ``dialler`` finds the way to a connection, ``budget``
how often; ``vitals`` tells whether a connection lives; ``scribe`` and ``turns`` follow what is heard; ``ledger`` counts
what it costs; ``route`` is a provider with what is asked of it; ``report`` collects what is to be done.
"""

from voxport.engine.machine import Engine
from voxport.engine.route import Route

__all__ = ["Engine", "Route"]
