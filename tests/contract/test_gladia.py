from voxport.contract import AdapterContract
from voxport_adapters import gladia


class TestGladia(AdapterContract):
    adapter = gladia.adapter
    asking = {"insight": {"post_processing": {"summarization": True}}}
