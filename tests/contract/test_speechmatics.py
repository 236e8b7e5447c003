from voxport.contract import AdapterContract
from voxport_adapters import speechmatics


class TestSpeechmatics(AdapterContract):
    adapter = speechmatics.adapter
