"""What can be asked of a Gladia session over HTTP: ``/v2/live/{id}``, its file, lists, and the deprecated alias."""

import io
import wave
from typing import Any
from urllib.parse import urlencode

import pytest

from support.gladia import ALL, NOW, PCM, SAID, STAMP, STOP, Account, Socket
from voxport.codec import HttpRequest, HttpResponse
from voxport.events import Acknowledged, Begun, Ended, SpeechStarted, TurnEnded
from voxport.wire import json_of
from voxport_adapters.gladia import front, intake

UNKNOWN = "/v2/live/00000000-0000-4000-8000-00000000dead"


def record(socket: Socket, chunks: int = 1, size: int = 3200) -> None:
    for _ in range(chunks):
        socket.hear((PCM * (size // len(PCM) + 1))[:size])
        socket.say(Acknowledged(until=0.1))


def finished(**body: Any) -> Account:
    account = Account(**body)
    socket = account.socket()
    socket.say(Begun())
    record(socket)
    socket.say(SpeechStarted(at=1.02), SAID, TurnEnded(at=2.3))
    socket.hear(STOP)
    account.now += 2.0
    socket.say(Ended())
    return account


def test_a_job_that_waits_for_its_client() -> None:
    account = Account(sample_rate=8000, made_up_option=7, custom_metadata={"user": "Lena"})
    job = account.job()
    params = job.pop("request_params")
    assert job == {
        "id": account.id, "request_id": f"G-{account.id[:8]}", "version": 2, "kind": "live", "status": "queued",
        "created_at": STAMP, "post_session_metadata": {}, "completed_at": None, "custom_metadata": {"user": "Lena"},
        "error_code": None, "file": None, "result": None,
    }  # fmt: skip
    assert (params["sample_rate"], params["encoding"], params["made_up_option"]) == (8000, "wav/pcm", 7)
    assert "custom_metadata" not in params


def test_a_job_at_work() -> None:
    account = Account(channels=2)
    socket = account.socket()
    socket.say(Begun())
    record(socket, chunks=2)
    job = account.job()
    assert (job["status"], job["result"], job["completed_at"]) == ("processing", None, None)
    assert job["file"] == {
        "id": account.id, "filename": f"{account.id}.wav", "source": None, "audio_duration": 0.1,
        "number_of_channels": 2,
    }  # fmt: skip


def test_a_job_that_is_done() -> None:
    account = finished(messages_config=ALL)
    job = account.job()
    assert (job["status"], job["completed_at"]) == ("done", "2026-03-04T10:11:14.345Z")
    result = job["result"]
    assert result["metadata"]["transcription_time"] == 2.0
    assert result["transcription"]["languages"] == ["en"]
    kinds = [json_of(frame.encode())["type"] for frame in result["messages"]]
    assert kinds == [
        "start_recording", "speech_start", "speech_end", "transcript", "end_recording", "post_transcript",
        "post_final_transcript", "end_session",
    ]  # fmt: skip


def test_the_alias_answers_for_live_jobs_too() -> None:
    account = finished()
    old = account.ask("GET", f"/v2/transcription/{account.id}")
    assert json_of(old.body) == account.job()
    file = account.ask("GET", f"/v2/transcription/{account.id}/file")
    assert file == account.ask("GET", f"/v2/live/{account.id}/file")
    assert account.ask("DELETE", f"/v2/transcription/{account.id}").status == 202


def test_the_file_is_what_was_received() -> None:
    account = Account(channels=2, sample_rate=8000)
    socket = account.socket()
    socket.say(Begun())
    record(socket, chunks=3)
    answer = account.ask("GET", f"/v2/live/{account.id}/file")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    with wave.open(io.BytesIO(answer.body)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        assert file.readframes(10_000) == PCM * 3


def test_the_file_of_mulaw_says_so() -> None:
    account = Account(encoding="wav/ulaw", bit_depth=8, sample_rate=8000)
    socket = account.socket()
    record(socket)
    file = account.ask("GET", f"/v2/live/{account.id}/file").body
    assert (file[:4], file[8:16], len(file)) == (b"RIFF", b"WAVEfmt ", 44 + 3200)
    assert (file[20:22], file[32:36]) == (b"\x07\0", b"\x01\0\x08\0")


def test_nothing_received_is_no_file() -> None:
    account = Account()
    assert account.ask("GET", f"/v2/live/{account.id}/file").status == 404


def test_a_recording_that_grows_too_long_is_no_longer_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "WHOLE", 2_000_000)
    account = Account()
    socket = account.socket()
    record(socket, chunks=20, size=100_000)
    assert account.job()["file"]
    record(socket, chunks=1, size=100_000)
    assert account.ask("GET", f"/v2/live/{account.id}/file").status == 404
    assert account.job()["file"] is None
    kept = socket.server._job.intake.recording  # type: ignore[attr-defined] # Server is Gladia's
    assert kept.end == 2_100_000
    assert kept.end - kept.start == 30 * 32_000


def test_only_the_newest_recordings_are_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "RECORDINGS", 2)
    account = finished()
    ids = [account.id]
    for _ in range(2):
        account.made = json_of(account.ask("POST", "/v2/live", {}).body)
        ids.append(account.made["id"])
        record(account.socket())
    assert [account.ask("GET", f"/v2/live/{name}/file").status for name in ids] == [404, 200, 200]
    account.ask("POST", "/v2/live", {})
    assert account.ask("GET", f"/v2/live/{ids[1]}/file").status == 404


def test_only_so_many_finished_jobs_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "JOBS", 1)
    account = finished()
    first = account.id
    for _ in range(2):
        account.made = json_of(account.ask("POST", "/v2/live", {}).body)
        socket = account.socket()
        socket.say(Begun(), Ended())
    assert account.ask("GET", f"/v2/live/{first}").status == 404
    assert account.ask("GET", f"/v2/live/{account.made['id']}").status == 200
    assert account.upgrade() is not None


# ------------------------------------------------------------------- changing and deleting


def test_a_job_is_deleted_once_it_is_over() -> None:
    account = Account()
    path = f"/v2/live/{account.id}"
    refused = account.ask("DELETE", path)
    assert (refused.status, json_of(refused.body)["message"]) == (403, "Still processing")
    account.socket().say(Begun(), Ended())
    assert account.ask("DELETE", path) == HttpResponse(202)
    for method in ("GET", "DELETE", "PATCH"):
        assert account.ask(method, path).status == 404
    assert account.ask("GET", f"{path}/file").status == 404
    assert isinstance(account.upgrade(), HttpResponse)


@pytest.mark.parametrize(
    "body", [{"browser": "x"}, {"post_session_metadata": {"browser": "x"}}], ids=["as it is", "by its name"]
)
def test_notes_can_be_attached(body: dict[str, Any]) -> None:
    account = Account()
    answer = account.ask("PATCH", f"/v2/live/{account.id}", body)
    assert (answer.status, answer.body) == (204, b"")
    assert account.job()["post_session_metadata"] == {"browser": "x"}


@pytest.mark.parametrize(
    ("body", "status"), [({"a": "x" * 100_000}, 413), (b"[]", 400), (b"", 400), (b"{", 400), (b"[" * 90_000, 400)]
)
def test_notes_that_are_refused(body: object, status: int) -> None:
    account = Account()
    answer = account.ask("PATCH", f"/v2/live/{account.id}", body)
    assert (answer.status, json_of(answer.body)["statusCode"]) == (status, status)
    assert account.job()["post_session_metadata"] == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", UNKNOWN), ("DELETE", UNKNOWN), ("PATCH", UNKNOWN), ("GET", f"{UNKNOWN}/file"), ("PUT", "/v2/live"),
     ("GET", "/v2/transcription/x")],
)  # fmt: skip
def test_what_is_not_there_is_a_404_in_the_services_words(method: str, path: str) -> None:
    answer = Account().ask(method, path, {})
    tree = json_of(answer.body)
    assert answer.status == 404
    assert tree == {
        "timestamp": STAMP, "path": path, "request_id": "G-00000003", "statusCode": 404, "message": "Not found",
    }  # fmt: skip


def test_what_cannot_be_done_to_a_job_is_not_there() -> None:
    account = Account()
    for method, path in (("POST", ""), ("PUT", ""), ("POST", "/file"), ("DELETE", "/file")):
        assert account.ask(method, f"/v2/live/{account.id}{path}").status == 404


@pytest.mark.parametrize("path", ["/v2/live", "/v2/live/x", "/v2/live/x/file", "/v2/transcription/x"])
def test_a_wrong_key(path: str) -> None:
    assert Account().ask("GET", path, key="wrong").status == 401


def test_other_paths_are_not_ours() -> None:
    made = Account().front
    for path in ("/v1/listen", "/v2/lively", "/v2/live/x/y", "/v2/transcription", "/"):
        request = HttpRequest("GET", f"http://127.0.0.1:8000{path}", {"x-gladia-key": "canary-key-5f1d"})
        assert made.answer(request) is None, path
        assert made.accept(request) is None, path


# ------------------------------------------------------------------- lists


class Library(Account):
    """Five jobs, a day apart; the first is done, and the second has another user than the rest."""

    def __init__(self) -> None:
        super().__init__(custom_metadata={"user": "Lena", "number": 0})
        self.socket().say(Begun(), Ended())
        self.ids = [self.id]
        for number in range(1, 5):
            self.now = NOW + number * 86_400
            metadata = {"user": "Max" if number == 1 else "Lena", "number": number}
            self.ids.append(json_of(self.ask("POST", "/v2/live", {"custom_metadata": metadata}).body)["id"])

    def list(self, **query: Any) -> list[int]:
        """The numbers of the jobs that are found."""
        answer = self.ask("GET", f"/v2/live?{urlencode(query, doseq=True)}")
        assert answer.status == 200
        return [self.ids.index(item["id"]) for item in json_of(answer.body)["items"]]


def test_the_newest_come_first() -> None:
    library = Library()
    assert library.list() == [4, 3, 2, 1, 0]
    (newest, *_) = json_of(library.ask("GET", "/v2/live").body)["items"]
    assert newest == json_of(library.ask("GET", f"/v2/live/{library.ids[4]}").body)


FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({"limit": 2}, [4, 3]),
    ({"offset": 3}, [1, 0]),
    ({"offset": 1, "limit": 2}, [3, 2]),
    ({"offset": 9}, []),
    ({"date": "2026-03-05"}, [1]),
    ({"before_date": "2026-03-05T10:11:12.345Z"}, [0]),
    ({"after_date": "2026-03-06"}, [4, 3, 2]),
    ({"after_date": "2026-03-05", "before_date": "2026-03-07T00:00:00+00:00"}, [2, 1]),
    ({"status": "done"}, [0]),
    ({"status": ["done", "queued"]}, [4, 3, 2, 1, 0]),
    ({"status": "error"}, []),
    ({"custom_metadata": '{"user":"Max"}'}, [1]),
    ({"custom_metadata[user]": "Lena", "custom_metadata[number]": 3}, [3]),
    ({"custom_metadata": '{"user":"Max"}', "status": "done"}, []),
]


@pytest.mark.parametrize(("query", "found"), FILTERS, ids=range(len(FILTERS)))
def test_a_list_can_be_narrowed(query: dict[str, Any], found: list[int]) -> None:
    assert Library().list(**query) == found


def test_pages_follow_each_other_on_the_host_that_was_asked() -> None:
    library = Library()
    url, seen = "http://127.0.0.1:8000/v2/live?limit=2&status=queued", list[int]()
    while url:
        page = json_of(library.ask("GET", url.removeprefix("http://127.0.0.1:8000")).body)
        assert page["first"] == "http://127.0.0.1:8000/v2/live?limit=2&status=queued&offset=0"
        assert page["current"].endswith(f"offset={len(seen)}")
        seen += [library.ids.index(item["id"]) for item in page["items"]]
        url = page["next"]
    assert seen == [4, 3, 2, 1]


@pytest.mark.parametrize(
    "query",
    ["offset=-1", "limit=0", "limit=many", "date=today", "before_date=x", "after_date=x", "status=over",
     "status=done&status=x"],
)  # fmt: skip
def test_a_list_that_is_refused(query: str) -> None:
    answer = Account().ask("GET", f"/v2/live?{query}")
    assert answer.status == 400
    (complaint,) = json_of(answer.body)["validation_errors"]
    assert query.partition("=")[0] in complaint
