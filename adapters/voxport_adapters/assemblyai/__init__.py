"""AssemblyAI Universal-Streaming v3, ``/v3/ws``: both ends of the protocol.

Settings travel in the query, audio in binary frames, messages as JSON in text frames, times in milliseconds. Refusals
come after the upgrade, as ``Error`` and a close with the same code. A ``Turn`` is replaced as a whole until its
``end_of_turn``. ``Terminate`` is answered by the open ``Turn``, ``Termination``, close 1000.
"""

from typing import Any

from voxport import codec, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.assemblyai.client import Client
from voxport_adapters.assemblyai.front import BOUNDS, LONGEST, STREAM, TOKENS, VERSION, Front
from voxport_adapters.assemblyai.models import U3
from voxport_adapters.assemblyai.request import CHANGEABLE, REGIONS, RULES, UPDATES, translated


class AssemblyAI(ends.TableAdapter):
    """Every model of Universal-Streaming. Nothing ends an idle session unless ``inactivity_timeout`` asks for that, and
    then keep-alives would keep it from ending: none are sent.
    """

    name = "assemblyai"
    capabilities = codec.Capabilities(
        settings=wire.supports(RULES), encodings=tuple(RULES["encoding"].values), sample_rate_range=(8000, 96_000),
        chunk_seconds=(0.05, 1.0), max_session=float(LONGEST), configures=CHANGEABLE, configures_options=UPDATES,
        tells_beside=("speakers_revised", "insight"), temporary_tokens=True, key_variable="ASSEMBLYAI_API_KEY",
        default_endpoint=REGIONS["global"], default_model=U3, billed_by="session", regions=REGIONS,
        # Not every model is known to send the heartbeats that are asked for; the first one tells.
        answers_regularly=False,
        # Throttled at 1.25 by some reports, refused with 3007 past a backlog that is not documented.
        replay_pace=1.2,
        # Last words of turns were seen to end 0.24 s late as a rule, and up to 1.3 s.
        word_slack=1.3,
    )  # fmt: skip
    rules = RULES

    client_end = Client
    front_end = Front

    def translate(self, settings: Settings) -> codec.Translation:
        """Defaults depend on the model."""
        return translated(settings)

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """One upgrade; with ``temporary_token`` a token is fetched first. Lists and mappings travel as JSON."""
        endpoint = wire.endpoint_of(settings, self.capabilities)
        headers, query = {"AssemblyAI-Version": VERSION, "Authorization": settings.key}, {}
        options = self.translate(settings).options
        token = settings.issued
        if settings.temporary_token:
            asked = {"expires_in_seconds": 60} | {name: options[name] for name in BOUNDS if name in options}
            options = {name: value for name, value in options.items() if name not in BOUNDS}
            url = f"{wire.endpoint_url(endpoint, 'http', TOKENS)}?{wire.query_string(asked)}"
            issued = yield codec.HttpRequest("GET", url, {"Authorization": settings.key})
            token = wire.json_of(issued.body).get("token", "")
        if token or settings.temporary_token:
            del headers["Authorization"]
            query["token"] = token
        for name, value in options.items():
            query[name] = wire.text(value) if isinstance(value, list | tuple | dict) else value
        return codec.Dial(f"{wire.endpoint_url(endpoint, 'ws', STREAM)}?{wire.query_string(query)}", headers)

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        """Tokens are refused so, with ``detail`` or with ``error``; upgrades only by what stands before the service."""
        body = wire.json_of(response.body)
        said = body.get("error") or body.get("detail") or ""
        return wire.refusal(
            response,
            "; ".join(map(_complaint, said if isinstance(said, list) else [said])),
            str(body.get("code") or ""),
        )


def _complaint(said: Any) -> str:
    match said:
        case {"loc": [*place], "msg": why}:
            return f"{'.'.join(map(str, place))}: {why}"
    return str(said)


adapter = AssemblyAI()
