from voxport.contract import AdapterContract
from voxport_adapters.deepgram import flux


class TestDeepgramFlux(AdapterContract):
    adapter = flux.adapter
    changing = {"languages": {"model": "flux-general-multi"}}
