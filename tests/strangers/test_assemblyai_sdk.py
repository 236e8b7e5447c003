"""AssemblyAI's own Python SDK, synchronous and asynchronous, as a client of our server end."""

import asyncio
import inspect
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpx
import msgspec
import pytest
from assemblyai.streaming import v3
from assemblyai.streaming.v3 import models

from support.emulated import CHUNKS, JFK, KEY, RATE, SAID, SECONDS, bare, jfk
from voxport import commands, events
from voxport.listener import DroppedError, Listener
from voxport_adapters.assemblyai import adapter, front, server
from voxport_adapters.assemblyai.query import ALIASES, Stream, read
from voxport_adapters.assemblyai.request import UPDATES

# assemblyai 1.8.2 connects without a context manager and reads the code off an exception: websockets has deprecated both.
pytestmark = [
    pytest.mark.stranger("assemblyai", "assemblyai", "sync"),
    pytest.mark.filterwarnings(r"ignore:connect\(\) must be used:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:ConnectionClosed.(code|reason):DeprecationWarning"),
]

ENGLISH, PRO = v3.SpeechModel.universal_streaming_english, v3.SpeechModel.u3_rt_pro
PATIENT = {"connect_timeout": 30.0, "terminate_timeout": 60.0}
"""Seconds: a busy machine takes longer than the SDK waits by itself."""

Step = Callable[[Any], Any]
Use = Callable[..., list[Any]]


def asked(model: Any = ENGLISH, **more: Any) -> Any:
    return v3.RealTimeParameters(sample_rate=RATE, encoding=v3.Encoding.pcm_s16le, speech_model=model, **more)


FORMATTED = asked(format_turns=True)


def play(chunks: Iterable[bytes] = CHUNKS) -> Step:
    return lambda client: client.stream(list(chunks))


def options(listener: Listener, credentials: dict[str, str]) -> Any:
    """An address that says ``ws://`` is taken as it is."""
    return v3.RealTimeTranscriberOptions(api_host=listener.ws_url, **PATIENT, **(credentials or {"api_key": KEY}))


def overhear(client: Any) -> list[Any]:
    """All events and errors that the client will tell, in order."""
    heard: list[Any] = []
    for event in v3.RealTimeEvents:
        client.on(event, lambda _, message: heard.append(message))
    return heard


def synchronously(listener: Listener, params: Any = FORMATTED, *steps: Step, **credentials: str) -> list[Any]:
    """All that the client tells of a session of these steps, by default the script."""
    client = v3.RealTimeTranscriber(options(listener, credentials))
    heard = overhear(client)
    client.connect(params)
    for step in steps or (play(),):
        step(client)
    client.disconnect(terminate=True)
    return heard


def asynchronously(listener: Listener, params: Any = FORMATTED, *steps: Step, **credentials: str) -> list[Any]:
    async def main() -> list[Any]:
        async with v3.AsyncRealTimeTranscriber(options(listener, credentials)) as client:
            heard = overhear(client)
            await client.connect(params)
            for step in steps or (play(),):
                done = step(client)
                if inspect.isawaitable(done):
                    await done
            await client.disconnect(terminate=True)
            return heard

    return asyncio.run(main())


both = pytest.mark.parametrize("use", [synchronously, asynchronously])


class Told:
    """A backend that answers commands of these kinds with these events, and the first audio with what is left."""

    def __init__(self, *told: events.AnyEvent, failing: Exception | None = None) -> None:
        self._told = list(told)
        self._failing = failing

    def hear(self, command: commands.Command) -> Iterable[events.AnyEvent]:
        match command:
            case commands.Start():
                yield events.Begun()
            case commands.Audio():
                yield from self._told
                self._told = []
                if self._failing:
                    raise self._failing
            case commands.Finish():
                yield events.Ended(reported_audio_seconds=SECONDS)
            case commands.Invalid(answer=answer):
                yield answer

    def close(self) -> None:
        """There is nothing to close."""


def finals(heard: Sequence[Any]) -> list[str]:
    return [turn.transcript for turn in heard if turn.type == "Turn" and turn.end_of_turn]


def kinds(heard: Sequence[Any]) -> list[str]:
    return [getattr(message, "type", "Error") for message in heard]


# ------------------------------------------------------------------- a session, and each family's shape


@pytest.mark.judges("words", "turns", "metadata")
@both
def test_a_session_with_a_model_that_settles_word_by_word(emulated: Listener, use: Use) -> None:
    heard = use(emulated)
    assert kinds(heard) == ["Begin", *["Turn"] * 9, "Termination"]
    assert (heard[0].configuration.model, heard[0].configuration.mode) == (ENGLISH, None)
    turns = heard[1:-1]
    assert [(turn.turn_order, turn.transcript, turn.end_of_turn) for turn in turns] == [
        (0, "", False), (0, "Good", False), (0, SAID[0], False), (0, SAID[0], True),
        (1, "", False), (1, "Ask", False), (1, "Ask not", False), (1, SAID[1], False), (1, SAID[1], True),
    ]  # fmt: skip
    pending = [[word.text for word in turn.words if not word.word_is_final] for turn in turns]
    assert pending == [["Good"], ["mourn"], [], [], ["Ask"], ["not"], ["what."], [], []]
    assert all(turn.turn_is_formatted for turn in turns)
    words = [(word.text, word.start, word.end, word.confidence, word.word_is_final) for word in turns[3].words]
    assert words == [("Good", 200, 500, 0.98, True), ("morning.", 500, 900, 0.91, True)]
    assert heard[-1].audio_duration_seconds == SECONDS


@pytest.mark.judges("words", "turns", "metadata")
@both
def test_a_session_with_the_universal_3_family(emulated: Listener, use: Use) -> None:
    heard = use(emulated, asked(PRO))
    assert kinds(heard) == ["Begin", "SpeechStarted", *["Turn"] * 3, "SpeechStarted", *["Turn"] * 4, "Termination"]
    assert (heard[0].configuration.model, heard[0].configuration.mode) == (PRO, "balanced")
    assert [message.timestamp for message in heard if message.type == "SpeechStarted"] == [200, 1200]
    turns = [message for message in heard if message.type == "Turn"]
    texts = ["Good\u2014", "Good mourn\u2014", SAID[0], "Ask\u2014", "Ask not\u2014", SAID[1], SAID[1]]
    assert [turn.transcript for turn in turns] == texts
    assert [(turn.end_of_turn, turn.turn_is_formatted) for turn in turns] == [
        (turn.end_of_turn, turn.end_of_turn) for turn in turns
    ]
    assert [(turn.turn_order, turn.end_of_turn_confidence) for turn in turns if turn.end_of_turn] == [(0, 1), (1, 1)]


@both
def test_finals_alone(emulated: Listener, use: Use) -> None:
    heard = use(emulated, asked(include_partial_turns=False))
    assert [turn.transcript for turn in heard[1:-1]] == ["good morning", "ask not what"]


@pytest.mark.judges("real speech")
@both
def test_real_speech(listening: Listener, use: Use) -> None:
    assert bare(finals(use(listening, FORMATTED, play(jfk())))) == JFK


def test_every_value_that_the_sdk_knows_is_taken() -> None:
    for policy in models.StreamingPiiPolicy:
        assert read({"redact_pii_policies": [f'["{policy}"]']}).redact_pii_policies == [policy]
    for model in set(models.SpeechModel) - {models.SpeechModel.u3_pro}:  # the service refuses that one
        assert read({"speech_model": [model.value]}).speech_model == model
    kinds_of_value = {"domain": models.StreamingDomain, "voice_focus": models.NoiseSuppressionModel,
                      "mode": models.StreamingMode, "redact_pii_sub": models.StreamingPiiSubstitution}  # fmt: skip
    for name, values in kinds_of_value.items():
        assert [getattr(read({name: [value.value]}), name) for value in values] == list(values)
    known = {*Stream.__struct_fields__, *ALIASES}
    assert set(models.RealTimeParameters.model_fields) <= known
    assert set(models.RealTimeSessionParameters.model_fields) <= {*UPDATES, *ALIASES}


# ------------------------------------------------------------------- in mid-session


@both
def test_a_turn_is_ended_by_force(emulated: Listener, use: Use) -> None:
    heard = use(emulated, FORMATTED, play(CHUNKS[:5]), lambda client: client.force_endpoint(), play(CHUNKS[5:]))
    assert finals(heard) == ["Good", "morning.", SAID[1]]


@both
def test_settings_change_in_mid_session(emulated: Listener, use: Use) -> None:
    changed = v3.RealTimeSessionParameters(format_turns=False, max_turn_silence=900, keyterms_prompt=["Kelda"])
    heard = use(emulated, FORMATTED, play(CHUNKS[:10]), lambda client: client.set_params(changed), play(CHUNKS[10:]))
    assert finals(heard) == [SAID[0], "ask not what"]


@both
def test_a_change_that_is_not_accepted_ends_the_session(emulated: Listener, use: Use) -> None:
    changed = v3.RealTimeSessionParameters(agent_context="a" * 1751)
    begin, error = use(emulated, FORMATTED, lambda client: client.set_params(changed))
    assert (begin.type, error.code) == ("Begin", 3006)
    assert str(error) == (
        "User Input Validation Error: Invalid 'agent_context': Value error, agent_context exceeds maximum length of "
        "1750 characters (got 1751)"
    )


# ------------------------------------------------------------------- what is opted in to

WORDS = tuple(events.Word(text, at, at + 0.2, 0.9, "B") for text, at in (("Yes,", 0.2), ("it", 0.5), ("works.", 0.8)))
YES = events.Transcript(
    is_final=True, text="Yes, it works.", words=WORDS, start=0.2, end=1.0, language="en", language_confidence=0.9
)
REVISED = events.SpeakersRevised(
    revisions=(events.Revision("0", "A", tuple(msgspec.structs.replace(word, speaker="A") for word in WORDS)),)
)
ANSWER = events.Insight(kind="answer", text="noted", utterance="0")
GATEWAY = models.LLMGatewayConfig(
    model="m", messages=[models.LLMGatewayMessage(role="user", content="{{turn}}")], max_tokens=9
)
OPTIONAL = {
    "speaker_labels": True, "language_detection": True, "llm_gateway": GATEWAY, "session_heartbeat": True,
    "acknowledge_silence": True, "webhook_url": "https://h/w",
}  # fmt: skip


@both
def test_what_is_opted_in_to_is_told(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BEAT", 1e-9)
    told = (YES, events.TurnEnded(at=1.0), ANSWER, events.Acknowledged(until=2.0, settled=True), REVISED)
    with Listener([adapter], lambda: Told(*told), keys=[KEY]) as listener:
        heard = use(listener, asked(PRO, **OPTIONAL))
        assert listener.failures() == ()
    assert sorted(kinds(heard)) == sorted([
        "Begin", "Warning", "SpeechStarted", "Turn", "LLMGatewayResponse", "Heartbeat", "Silence", "SpeakerRevision",
        "Termination",
    ])  # fmt: skip
    by_kind = dict(zip(kinds(heard), heard, strict=True))
    turn, answer = by_kind["Turn"], by_kind["LLMGatewayResponse"]
    assert (turn.language_code, turn.language_confidence, turn.speaker_label) == ("en", 0.9, "B")
    assert [word.speaker for word in turn.words] == ["B", "B", "B"]
    assert (answer.turn_order, answer.transcript) == (0, YES.text)
    assert answer.data["choices"][0]["message"]["content"] == "noted"
    assert (by_kind["Silence"].start_ms, by_kind["Silence"].end_ms) == (1000, 2000)
    assert by_kind["Heartbeat"].total_audio_received_ms == 100
    (revision,) = by_kind["SpeakerRevision"].revisions
    assert (revision.turn_order, revision.speaker_label) == (0, "A")
    assert [(word.text, word.speaker) for word in revision.words] == [(word.text, "A") for word in WORDS]
    assert by_kind["Warning"].warning.startswith("webhook_url: ")


@both
def test_nothing_of_it_is_told_unasked(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BEAT", 1e-9)
    told = (YES, events.TurnEnded(at=1.0), ANSWER, events.Acknowledged(until=2.0, settled=True), REVISED)
    with Listener([adapter], lambda: Told(*told), keys=[KEY]) as listener:
        heard = use(listener, asked(PRO))
    assert kinds(heard) == ["Begin", "SpeechStarted", "Turn", "Termination"]
    assert (heard[2].language_code, heard[2].speaker_label) == (None, None)


# ------------------------------------------------------------------- refusals and failures


@both
@pytest.mark.parametrize(
    ("credentials", "why"),
    [
        ({"api_key": "wrong"}, "Unauthorized Connection: Invalid API key"),
        ({"token": "wrong"}, "Unauthorized Connection: Invalid API key"),
        ({"api_key": ""}, "Unauthorized Connection: Missing Authorization header"),
    ],
)
@pytest.mark.judges("wrong key")
def test_a_wrong_key(emulated: Listener, use: Use, credentials: dict[str, str], why: str) -> None:
    (error,) = use(emulated, FORMATTED, play(()), **credentials)
    assert (type(error), error.code, str(error)) == (v3.RealTimeError, 1008, why)


@both
@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (asked(keyterms_prompt=["a"] * 101), "'keyterms_prompt': Value error, Max 100 items"),
        (
            asked(PRO, prompt="a" * 1751),
            "'prompt': Value error, prompt exceeds maximum length of 1750 characters (got 1751)",
        ),
        (asked(max_speakers=11), "'max_speakers': Input should be less than or equal to 10"),
        (asked(vad_threshold=2.0), "'vad_threshold': Input should be less than or equal to 1"),
        (asked(inactivity_timeout=1), "'inactivity_timeout': Input should be greater than or equal to 5"),
        (
            v3.RealTimeParameters(encoding=v3.Encoding.opus, speech_model=PRO),
            "'encoding': Value error, 'opus' is not decoded by this server; send pcm_s16le or pcm_mulaw",
        ),
    ],
)
@pytest.mark.judges("bad setting")
def test_a_bad_setting(emulated: Listener, use: Use, bad: Any, why: str) -> None:
    (error,) = use(emulated, bad, play(()))
    assert (error.code, str(error)) == (3006, f"User Input Validation Error: Invalid {why}")


@both
def test_a_message_of_audio_that_is_too_long(emulated: Listener, use: Use) -> None:
    begin, error = use(emulated, FORMATTED, play([bytes(38_400)]))
    assert (begin.type, error.code) == ("Begin", 3007)
    assert str(error) == ("Input Duration Error: Input Duration Violation: 1200.0 ms. Expected between 50 and 1000 ms")


def waiting(client: Any) -> Any:
    """Until the far side has ended the session."""
    return client._stop_event.wait()


@pytest.mark.judges("idle")
@both
def test_an_idle_client(use: Use, emulate: Callable[..., Listener]) -> None:
    params = asked(inactivity_timeout=5)
    begin, error = use(emulate(impatient=True), params, lambda client: client.keep_alive(), waiting)
    assert (begin.type, error.code) == ("Begin", 3006)
    assert str(error) == "Session terminated due to inactivity: No messages received for 5 seconds"


@both
def test_a_session_that_has_lasted_too_long(
    use: Use, emulate: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "LONGEST", 0.3)
    begin, error = use(emulate(), FORMATTED, waiting)
    assert (begin.type, error.code) == ("Begin", 3008)
    assert str(error) == "Session Expired: Maximum session duration exceeded"


@both
@pytest.mark.parametrize(
    ("failed", "code"),
    [
        (events.Failed(kind="provider", code="1011", message="Session Cancelled: An error occurred"), 3005),
        (events.Failed(kind="refused", code="429", message="Too many concurrent sessions", retryable=True), 3009),
    ],
)
@pytest.mark.judges("error")
def test_a_server_that_fails(use: Use, failed: events.Failed, code: int) -> None:
    with Listener([adapter], lambda: Told(failed), keys=[KEY]) as listener:
        begin, error = use(listener, FORMATTED, play(CHUNKS[:1]))
    assert (begin.type, error.code, str(error)) == ("Begin", code, failed.message)


@pytest.mark.judges("drop")
@both
def test_a_connection_that_drops(use: Use) -> None:
    with Listener([adapter], lambda: Told(YES, events.TurnEnded(), failing=DroppedError()), keys=[KEY]) as listener:
        *heard, error = use(listener, FORMATTED, play(CHUNKS[:1]))
    assert (kinds(heard), finals(heard[1:])) == (["Begin", "Turn", "Turn"], [YES.text])
    assert (error.code, str(error)) == (1006, "Connection closed (code=1006)")


# ------------------------------------------------------------------- tokens


@pytest.mark.judges("temporary token")
def test_temporary_tokens_over_tls(tls: ssl.SSLContext, emulate: Callable[..., Listener]) -> None:
    """The SDK asks for tokens over TLS only."""
    listener = emulate(tls=tls)
    assert listener.url.startswith("https://127.0.0.1:")
    secure = v3.RealTimeTranscriberOptions(api_host=listener.url.removeprefix("https://"), api_key=KEY)
    client = v3.RealTimeTranscriber(secure)
    token = client.create_temporary_token(expires_in_seconds=60, max_session_duration_seconds=90)
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        client.create_temporary_token(expires_in_seconds=601)
    client._client._http_client.close()  # the SDK leaves it open
    heard = synchronously(listener, token=token)
    assert finals(heard) == SAID
    assert 0 < heard[0].expires_at.timestamp() - time.time() <= 90
