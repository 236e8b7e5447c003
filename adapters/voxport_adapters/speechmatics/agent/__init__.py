"""Speechmatics' speech-to-text for agents, ``/v2/agent``: both ends of the protocol.

It begins, hears and ends as ``/v2`` does and answers in segments, of which a turn has one or several, with the starts
and ends of speech and turns. The service ends turns or, in the mode ``external``, the application does.
"""

from voxport import codec, wire
from voxport.codec import Accepted, Desk, HttpRequest, HttpResponse
from voxport.settings import Settings
from voxport_adapters.speechmatics import faults, front, keys
from voxport_adapters.speechmatics import rules as common
from voxport_adapters.speechmatics.agent import rules
from voxport_adapters.speechmatics.agent.client import Client
from voxport_adapters.speechmatics.agent.server import Server
from voxport_adapters.speechmatics.service import Speechmatics

__all__ = ["adapter"]

PATH = "/v2/agent"


class Front:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        path = wire.path_of(request.url)
        if path == keys.PATH:
            return keys.answer(self._desk, request)
        return front.no_upgrade(request) if path == PATH else None

    def accept(self, request: HttpRequest) -> Accepted | HttpResponse | None:
        if wire.path_of(request.url) != PATH:
            return None
        verdict = front.admit(self._desk, request, key_in_query=True)
        if isinstance(verdict, HttpResponse):
            return verdict
        refused = None if verdict else faults.failed("not_authorised", "Not Authorized")
        return Accepted(Server(self._desk.new_id(), refused), timers=front.TIMERS)


class SpeechmaticsAgent(Speechmatics):
    name = rules.NAME
    capabilities = codec.Capabilities(
        settings=wire.supports(rules.RULES), encodings=tuple(rules.ENCODINGS), sample_rates=rules.RATES,
        audio_before_begun=False, max_session=front.SESSION * 60.0, acknowledges=True, tells_words=False,
        identifies_speakers=True, tells_beside=("speakers_identified",), temporary_tokens=True,
        key_variable="SPEECHMATICS_API_KEY", default_endpoint=common.REGIONS["eu"], regions=common.REGIONS,
        default_model=rules.MODEL,
    )  # fmt: skip
    path = PATH
    rules = rules.RULES
    client_end = Client
    front_end = Front

    def translate(self, settings: Settings) -> codec.Translation:
        return rules.translate(settings)


adapter = SpeechmaticsAgent()
