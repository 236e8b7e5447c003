"""How good, how fast, how steady and how dear: every figure of a comparison, from takes and items alone.

Pure: no socket, no thread, no clock, and chance only from a fixed seed, so that equal takes give equal figures. What a
measure means is said where it is listed, in the ``MEASURES`` of its module; ``summarise`` makes all of them.
"""

from voxport.metrics.case import Method, read_method
from voxport.metrics.cost import PriceList, read_prices
from voxport.metrics.summarise import MEASURES, summarise, values
from voxport.metrics.summary import Summary

__all__ = ["MEASURES", "Method", "PriceList", "Summary", "read_method", "read_prices", "summarise", "values"]
