from voxport.contract import BESIDE, AdapterContract
from voxport.events import Insight
from voxport_adapters import assemblyai


class TestAssemblyAI(AdapterContract):
    adapter = assemblyai.adapter
    asking = {"insight": {"llm_gateway": {"model": "m", "messages": [{"role": "user", "content": "{{turn}}"}]}}}
    beside = {**BESIDE, "insight": Insight(kind="answer", text="Nobody shall ask.")}
    changing = {
        "language": {"speech_model": "universal-3-5-pro"},
        "languages": {"speech_model": "universal-3-5-pro"},
        "punctuation": {"speech_model": "universal-streaming-english"},
    }
