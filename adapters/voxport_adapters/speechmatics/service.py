"""What the adapters of the service have in common: how it is dialled, and what its refusals mean."""

from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from voxport import codec, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.speechmatics import faults, keys


class Speechmatics(ends.TableAdapter):
    path: ClassVar[str]

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """Temporary keys come from the cloud's management host or, where ``endpoint`` is another's, from there."""
        endpoint = wire.endpoint_url(wire.endpoint_of(settings, self.capabilities), "ws", self.path)
        key = settings.issued or settings.key
        if settings.temporary_token:
            ours = str(urlsplit(endpoint).hostname).endswith(".speechmatics.com")
            url = wire.endpoint_url("https://mp.speechmatics.com" if ours else endpoint, "http", keys.PATH)
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            body = wire.encode({"ttl": keys.SHORTEST})
            issued = yield codec.HttpRequest("POST", f"{url}?type=rt", headers, body)
            key = str(wire.json_of(issued.body).get("key_value", ""))
        return codec.Dial(endpoint, {"Authorization": f"Bearer {key}"})

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        body = wire.json_of(response.body)
        said = [str(body[name]) for name in ("message", "error", "detail") if body.get(name)]
        failed = wire.refusal(response, ": ".join(said))
        remedy = faults.FAULTS["not_authorised"].remedy if response.status == 401 else failed.remedy
        return msgspec.structs.replace(failed, remedy=remedy)
