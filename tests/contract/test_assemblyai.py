from voxport.contract import AdapterContract
from voxport_adapters import assemblyai


class TestAssemblyAI(AdapterContract):
    adapter = assemblyai.adapter
