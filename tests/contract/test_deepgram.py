from voxport.contract import BESIDE, AdapterContract
from voxport.events import Insight
from voxport_adapters import deepgram

HIT = {"confidence": 0.9, "start": 0.48, "end": 0.8, "snippet": "ask"}


class TestDeepgram(AdapterContract):
    adapter = deepgram.adapter
    asking = {"insight": {"search": ["Ask"]}}
    beside = {**BESIDE, "insight": Insight(kind="search", text="Ask (1)", data=[{"query": "Ask", "hits": [HIT]}])}
