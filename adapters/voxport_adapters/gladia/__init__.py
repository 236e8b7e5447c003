"""Gladia live speech-to-text, ``/v2/live``: both ends of the protocol.

Settings travel in the body of a POST, which answers with the address of a session; there audio goes up in binary frames
and all else is JSON. A session outlives its sockets: the same address continues after the last acknowledged byte.
``stop_recording`` is answered by what is left to say, ``end_session`` (only if asked for) and close 1000.
"""

from urllib.parse import urljoin

from voxport import codec, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.gladia.client import Client
from voxport_adapters.gladia.failures import explain
from voxport_adapters.gladia.front import LIVE, Front
from voxport_adapters.gladia.job import LASTS
from voxport_adapters.gladia.memory import Memory
from voxport_adapters.gladia.request import MODEL, RATES
from voxport_adapters.gladia.rules import FORMATS, REGIONS, RULES

__all__ = ["Client", "Front", "adapter"]

WANTED = ("final_transcripts", "speech_events", "acknowledgments", "lifecycle_events")


class Gladia(ends.TableAdapter):
    """Solaria. What tells where turns end, what has been taken and what comes last is asked for."""

    name = "gladia"
    capabilities = codec.Capabilities(
        settings=wire.supports(RULES), encodings=tuple(FORMATS), sample_rates=RATES, max_channels=8, resumes=True,
        acknowledges=True, keep_alive=15.0, max_session=LASTS, forces_endpoint=False, default_model=MODEL,
        tells_beside=("translation", "entities", "sentiments", "insight"), key_variable="GLADIA_API_KEY",
        default_endpoint="https://api.gladia.io", billed_by="audio_per_channel", regions=REGIONS,
    )  # fmt: skip
    rules = RULES
    defaults = {"model": MODEL, "messages_config": {f"receive_{name}": True for name in WANTED}}
    client_end = Client
    front_end = Front

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """The address is secret as a whole, and good for every socket. ``region`` goes to the query."""
        if resume:
            return resume
        endpoint = settings.endpoint or self.capabilities.default_endpoint
        body = dict(self.translate(settings).options)
        region = wire.query_string({"region": body.pop("region", None)})
        url = wire.endpoint_url(endpoint, "http", LIVE) + (region and f"?{region}")
        headers = {"X-Gladia-Key": settings.key, "Content-Type": "application/json"}
        made = wire.json_of((yield codec.HttpRequest("POST", url, headers, wire.encode(body))).body)
        address = urljoin(wire.endpoint_url(endpoint, "ws", LIVE), str(made.get("url", "")))
        return codec.Dial(address, session_id=made.get("id"), memory=Memory(settings))

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        """See ``codec.Adapter``."""
        return explain(response)


adapter = Gladia()
