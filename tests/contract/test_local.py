from voxport.contract import AdapterContract
from voxport_adapters import local


class TestLocal(AdapterContract):
    adapter = local.adapter
