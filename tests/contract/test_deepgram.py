from voxport.contract import AdapterContract
from voxport_adapters import deepgram


class TestDeepgram(AdapterContract):
    adapter = deepgram.adapter
