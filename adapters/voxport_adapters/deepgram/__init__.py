"""Deepgram live speech-to-text, ``/v1/listen``: both ends of the protocol. Its successor is in ``flux``.

Settings travel in the query, audio in binary frames, control messages and transcripts as JSON in text frames. The
upgrade itself accepts the session. ``CloseStream`` is answered by the remaining ``Results``, ``Metadata``, close 1000.
"""

from collections.abc import Mapping

from voxport import codec, wire
from voxport_adapters.deepgram import access, request
from voxport_adapters.deepgram.client import Client
from voxport_adapters.deepgram.request import Listen
from voxport_adapters.deepgram.server import TIMERS, Server

LISTEN = "/v1/listen"


class Front(access.Front[Listen]):
    """Grants upgrades to ``/v1/listen``."""

    path = LISTEN
    timers = TIMERS

    def read(self, query: Mapping[str, list[str]]) -> Listen:
        return request.read(query)

    def serve(self, query: Listen, request_id: str) -> Server:
        return Server(query, request_id, self._desk.now())


class Deepgram(access.Service):
    """Nova and older models. Speech onsets are asked for, so that they can be told."""

    name = "deepgram"
    path = LISTEN
    capabilities = codec.Capabilities(
        settings=wire.supports(request.RULES), encodings=tuple(access.ENCODINGS), max_channels=20,
        keep_alive=4.0,  # the service closes with 1011 after 10 s without a message
        configures=("key_terms",), configures_options=("keyterm", "numerals", "language_hint"),
        tells_beside=("entities", "insight"), temporary_tokens=True, key_variable=access.KEY_VARIABLE,
        default_endpoint=access.ENDPOINT, default_model=request.MODEL, regions=access.REGIONS,
        billed_by="audio_per_channel",
    )  # fmt: skip
    rules = request.RULES
    defaults = {"model": request.MODEL, "vad_events": True}

    client_end = Client
    front_end = Front


adapter = Deepgram()
