"""Deepgram Flux, ``/v2/listen``: both ends of the protocol.

The model decides where turns end. All that is said of a turn is told whole, four times a second, until it ends; there
are no finals before that. ``CloseStream`` is answered by the last text and a close without a code.
"""

from collections.abc import Mapping

from voxport import codec, wire
from voxport_adapters.deepgram import access
from voxport_adapters.deepgram.flux import request
from voxport_adapters.deepgram.flux.client import Client
from voxport_adapters.deepgram.flux.request import Listen
from voxport_adapters.deepgram.flux.server import TIMERS, Server

LISTEN = "/v2/listen"


class Front(access.Front[Listen]):
    """Grants upgrades to ``/v2/listen``."""

    path = LISTEN
    timers = TIMERS

    def read(self, query: Mapping[str, list[str]]) -> Listen:
        return request.read(query)

    def serve(self, query: Listen, request_id: str) -> Server:
        return Server(query, request_id)


class Flux(access.Service):
    """The models for conversations. There is no keep-alive: the pings of the WebSocket are one."""

    name = "deepgram-flux"
    path = LISTEN
    capabilities = codec.Capabilities(
        settings=wire.supports(request.RULES), encodings=tuple(access.ENCODINGS), sample_rates=request.RATES,
        acknowledges=True, configures=("languages", "key_terms", "end_of_turn_silence_ms"),
        configures_options=(
            "eot_threshold", "eager_eot_threshold", "eot_timeout_ms", "keyterm", "language_hint", "numerals",
        ),
        temporary_tokens=True, key_variable=access.KEY_VARIABLE, default_endpoint=access.ENDPOINT,
        default_model=request.ENGLISH, regions=access.REGIONS,
    )  # fmt: skip
    rules = request.RULES
    defaults = {"model": request.ENGLISH}

    client_end = Client
    front_end = Front


adapter = Flux()
