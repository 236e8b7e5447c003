"""What every adapter owes, as a test class: subclass it in a pytest module and give it the adapter.

::

    class TestAcme(AdapterContract):
        adapter = acme

It joins both ends in memory and checks the meaning of the words in ``voxport.events``. It proves that the two ends
agree, not that they are right: for that, keep recorded frames, and let the provider's own software talk to the server.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from voxport.codec import Adapter, Closed, Desk, Dial, HttpRequest, HttpResponse
from voxport.commands import Audio, Configure, EndUtterance, Finish, IdentifySpeakers, KeepAlive, Start
from voxport.events import (
    Acknowledged,
    AnyEvent,
    AudioEvent,
    Begun,
    Ended,
    Entities,
    Entity,
    Failed,
    Feeling,
    Insight,
    LanguageDetected,
    Notice,
    Revision,
    Sentiments,
    Speaker,
    SpeakersIdentified,
    SpeakersRevised,
    SpeechStarted,
    Transcript,
    Translation,
    TurnEnded,
    Unknown,
    Word,
)
from voxport.pair import Pair, dialled
from voxport.settings import NEUTRAL, AudioSettings, Secret, Settings, Transcription
from voxport.wire import json_of

KEY = "canary-key-5f1d"

DEEP = '{"type":' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "}"
"""Well-formed JSON that is nested too deeply to be read."""

WORDS = (Word("Ask", 0.48, 0.8, 0.91), Word("not.", 0.88, 1.2, 0.87))
"""What the server says in these tests: two words, with times and confidences."""


CHANGES: Mapping[str, Any] = {
    "language": "es", "languages": ("en", "es"), "partials": False, "punctuation": True, "diarization": True,
    "key_terms": ("Kelda",), "end_of_turn_silence_ms": 900, "profanity_filter": True, "redaction": True,
}  # fmt: skip
"""A value for each setting that some provider can change in mid-session."""

BESIDE: Mapping[str, AnyEvent] = {
    "translation": Translation(is_final=True, text="Ne demandez pas.", language="fr", start=0.48, end=1.2),
    "entities": Entities(items=(Entity("NAME", "Ask", 0.48, 0.8, 0.9),)),
    "sentiments": Sentiments(items=(Feeling("negative", "Ask not.", "annoyance", 0.48, 1.2, 0),)),
    "audio_event": AudioEvent(kind="music", at=0.4, confidence=0.9),
    "language_detected": LanguageDetected(language="fr"),
    "speakers_revised": SpeakersRevised(
        revisions=(Revision("0", "B", (Word("Ask", 0.48, 0.8, 0.91, "B"), Word("not.", 0.88, 1.2, 0.87, "B"))),)
    ),
    "speakers_identified": SpeakersIdentified(speakers=(Speaker("S1", ("c3BrMQ==",)),)),
    "insight": Insight(kind="summary", text="Nobody shall ask."),
}
"""An event of each kind that is told beside the transcript."""


class AdapterContract:
    """The contract; ``adapter`` is what is judged."""

    adapter: Adapter
    asking: Mapping[str, Mapping[str, Any]] = {}
    """For the events of ``tells_beside``, by tag: the options without which the provider does not tell them."""
    beside: Mapping[str, AnyEvent] = BESIDE
    """For the same, what is told; for a provider that knows only some of the kinds of an event."""
    changing: Mapping[str, Mapping[str, Any]] = {}
    """For the settings of ``configures``, by name: the options without which the provider does not change them."""

    def settings(self, **changes: Any) -> Settings:
        """Settings with the valid key, partials and punctuation on."""
        asked = Settings(
            provider=self.adapter.name,
            api_key=Secret(KEY),
            endpoint="ws://emulator.test",
            transcription=Transcription(language="en", partials=True, punctuation=True),
        )
        return msgspec.structs.replace(asked, **changes)

    def desk(self) -> Desk:
        """One valid key; ids count up; the clock stands."""
        ids = iter(f"00000000-0000-4000-8000-{number:012d}" for number in range(1, 1000))
        return Desk(frozenset({KEY}), lambda: next(ids), lambda: 1_800_000_000.0)

    def pair(self, **changes: Any) -> Pair:
        """A conversation that was accepted and has begun."""
        pair = Pair(self.adapter, self.settings(**changes), self.adapter.front(self.desk()))
        assert pair.refused is None
        pair.tell(Begun())
        return pair

    # ----------------------------------------------------------------- tables

    def test_every_neutral_setting_has_its_support(self) -> None:
        """The table of capabilities has no gap."""
        assert set(self.adapter.capabilities.settings) == set(NEUTRAL)

    def test_translation_is_total_and_keeps_the_callers_options(self) -> None:
        """Every setting given is accounted for; ``options`` win."""
        everything = Transcription(
            language="en", languages=("en", "fr"), punctuation=True, diarization=True, key_terms=("Kelda",),
            end_of_turn_silence_ms=700, profanity_filter=True, redaction=True, filler_words=True, entities=True,
            sentiment=True, translate_to=("fr",),
        )  # fmt: skip
        asked = self.settings(
            transcription=everything, model="some-model", region="eu", options={"made_up_option": 7}
        )  # fmt: skip
        translation = self.adapter.translate(asked)
        assert [item.setting for item in translation.settings] == list(NEUTRAL)
        assert translation.options["made_up_option"] == 7

    # ----------------------------------------------------------------- the road in

    def test_the_server_learns_what_the_client_asked_for(self) -> None:
        """The audio's format, and that partials are wanted, arrive in ``Start``."""
        starts = [command for command in self.pair().commands if isinstance(command, Start)]
        assert len(starts) == 1
        assert starts[0].settings.audio == AudioSettings()
        assert starts[0].settings.transcription.partials

    def test_each_encoding_it_claims_arrives(self) -> None:
        """The server hears the encoding and rate that the client sends."""
        for encoding in self.adapter.capabilities.encodings:
            audio = AudioSettings(encoding=encoding, sample_rate=8000)  # type: ignore[arg-type] # a claim is checked here
            (start,) = (c for c in self.pair(audio=audio).commands if isinstance(c, Start))
            assert (start.settings.audio.encoding, start.settings.audio.sample_rate) == (encoding, 8000)

    def test_begun_comes_once_and_first(self) -> None:
        """Whether the provider greets or not."""
        heard = self.pair().events
        assert isinstance(heard[0], Begun)
        assert sum(isinstance(event, Begun) for event in heard) == 1

    def test_a_wrong_key_is_refused(self) -> None:
        """Before or after the upgrade; the client hears one failure that it must not retry."""
        if not self.adapter.capabilities.needs_key:
            return
        pair = Pair(self.adapter, self.settings(api_key=Secret("wrong")), self.adapter.front(self.desk()))
        failures = [pair.refused] if pair.refused else [e for e in pair.events if isinstance(e, Failed)]
        assert [(failure.kind, failure.retryable) for failure in failures] == [("refused", False)]
        assert not any(isinstance(event, Begun) for event in pair.events)

    def test_a_temporary_token_opens_a_session(self) -> None:
        """Where the provider has such tokens."""
        if self.adapter.capabilities.temporary_tokens:
            assert isinstance(self.pair(temporary_token=True).events[0], Begun)

    def test_a_token_that_was_issued_elsewhere_opens_a_session(self) -> None:
        """Without a key here; the adapter's own way of asking for a token issues it."""
        if not self.adapter.capabilities.temporary_tokens:
            return
        front, bodies = self.adapter.front(self.desk()), list[bytes]()

        def answer(request: HttpRequest) -> HttpResponse | None:
            answered = front.answer(request)
            bodies.extend([answered.body] if answered else [])
            return answered

        dialled(self.adapter.dial(self.settings(temporary_token=True)), answer)
        token = next(value for value in json_of(bodies[0]).values() if isinstance(value, str))
        pair = Pair(self.adapter, self.settings(api_key=None, token=Secret(token)), front)
        assert pair.refused is None
        pair.tell(Begun())
        assert isinstance(pair.events[0], Begun)

    def test_no_key_shows(self) -> None:
        """Neither in the ``repr`` of a dial nor in that of settings."""
        asked = self.settings()
        dial = dialled(self.adapter.dial(asked), self.adapter.front(self.desk()).answer)
        assert isinstance(dial, Dial)
        assert KEY not in repr(dial) + repr(asked)

    # ----------------------------------------------------------------- the conversation

    def test_audio_arrives_byte_for_byte(self) -> None:
        """In order, nothing added."""
        pair = self.pair()
        sent = [bytes([number]) * 1600 for number in range(5)]
        for chunk in sent:
            pair.say(Audio(chunk))
        assert [command.data for command in pair.commands if isinstance(command, Audio)] == sent

    def test_a_turn_is_heard_as_it_was_said(self) -> None:
        """A partial, a final with its words, the end of the turn; each once, in order."""
        pair = self.pair()
        self.speak(pair, ("Ask", "Ask not."))
        finals = [e for e in pair.events if isinstance(e, Transcript) and e.is_final]
        partials = [e for e in pair.events if isinstance(e, Transcript) and not e.is_final and e.text]
        assert [e.text for e in finals] == ["Ask not."]
        assert partials[-1].text.rstrip(".\u2014") in {"Ask", "Ask not"}
        words = WORDS if self.adapter.capabilities.tells_words else ()
        assert [(w.text, w.start, w.end) for w in finals[0].words] == [(w.text, w.start, w.end) for w in words]
        assert (finals[0].start, finals[0].end) == (0.48, 1.2)
        ends = [e for e in pair.events if isinstance(e, TurnEnded)]
        assert len(ends) == (1 if self.adapter.capabilities.tells_turns else 0)
        if ends:
            assert pair.events.index(ends[0]) > pair.events.index(finals[0])

    def test_two_turns_are_two_finals(self) -> None:
        """Nothing is repeated and nothing merged."""
        pair = self.pair()
        self.speak(pair, ("Ask not.",))
        later = tuple(Word(w.text, (w.start or 0) + 3, (w.end or 0) + 3, w.confidence) for w in WORDS)
        self.speak(pair, ("Ask not.",), later)
        finals = [e for e in pair.events if isinstance(e, Transcript) and e.is_final]
        assert [e.start for e in finals] == [0.48, 3.48]

    def test_commands_are_heard(self) -> None:
        """``EndUtterance``, ``KeepAlive`` and ``IdentifySpeakers``, where the provider has them; ``Finish`` always."""
        pair = self.pair()
        can = self.adapter.capabilities
        assert [type(c) for c in pair.say(EndUtterance())] == ([EndUtterance] if can.forces_endpoint else [])
        if can.keep_alive is not None:
            assert [type(c) for c in pair.say(KeepAlive())] in ([KeepAlive], [Audio], [])
        if can.identifies_speakers:
            assert pair.say(IdentifySpeakers(final=True)) == [IdentifySpeakers(final=True)]
        assert [type(c) for c in pair.say(Finish())] == [Finish]

    def test_what_can_be_changed_in_mid_session_arrives(self) -> None:
        """Each neutral setting that the capabilities name, by itself."""
        for name in self.adapter.capabilities.configures:
            pair = self.pair(transcription=Transcription(language="en"), options=self.changing.get(name, {}))
            (heard,) = (c for c in pair.say(Configure({name: CHANGES[name]})) if isinstance(c, Configure))
            assert msgspec.convert(heard.changes.get(name), type(CHANGES[name])) == CHANGES[name], name

    def test_channels_are_told_apart(self) -> None:
        """Where several can be sent: a turn on the second is told as one on the second."""
        if self.adapter.capabilities.max_channels > 1:
            pair = self.pair(audio=AudioSettings(channels=2))
            self.speak(pair, ("Ask", "Ask not."), channel=1)
            heard = [e for e in pair.events if isinstance(e, Transcript | TurnEnded) and getattr(e, "text", True)]
            assert {event.channel for event in heard} == {1}

    def test_what_it_tells_beside_the_transcript_arrives(self) -> None:
        """Each event that the capabilities name, after the final that it is about."""
        asked = Transcription(
            language="en", punctuation=True, diarization=True, entities=True, sentiment=True, translate_to=("fr",)
        )  # fmt: skip
        for tag in self.adapter.capabilities.tells_beside:
            pair = self.pair(transcription=asked, options=self.asking.get(tag, {}))
            self.speak(pair, ("Ask not.",))
            # A server may hold a final back for what is told within it.
            said = next((e.utterance for e in pair.events if isinstance(e, Transcript) and e.is_final), None)
            told = _about(self.beside[tag], said or "0")
            pair.tell(told)
            if not any(type(event) is type(told) for event in pair.events):
                pair.tell(Ended())  # some are told with the provider's last words
            finals = [event for event in pair.events if isinstance(event, Transcript) and event.is_final]
            assert [event.text for event in finals] == ["Ask not."], tag
            assert _gist(told) in [_gist(event) for event in pair.events], (tag, pair.events)

    def test_ended_comes_once_and_last(self) -> None:
        """After ``Finish`` the provider's own last message ends the session; the close after it says nothing more."""
        pair = self.pair()
        pair.say(Finish())
        self.speak(pair, ("Ask not.",))
        pair.tell(Ended(reported_audio_seconds=2.0))
        pair.hear_events([Closed(1000)])
        assert isinstance(pair.events[-1], Ended)
        assert sum(isinstance(event, Ended | Failed) for event in pair.events) == 1
        assert [e.text for e in pair.events if isinstance(e, Transcript) and e.is_final] == ["Ask not."]

    def test_a_server_error_fails_the_session_once(self) -> None:
        """An error in-band and the close after it are one failure."""
        pair = self.pair()
        pair.tell(Failed(kind="provider", code="1011", message="internal error", retryable=True))
        pair.hear_events([Closed(1011, "internal error")])
        assert [type(e) for e in pair.events if isinstance(e, Failed | Ended)] == [Failed]

    def test_a_dropped_connection_is_a_failure_to_retry(self) -> None:
        """Without a Close frame, in the middle of the session or while draining."""
        for before in ((), (Finish(),)):
            pair = self.pair()
            for command in before:
                pair.say(command)
            heard = pair.hear_events([Closed(None)])
            assert [(type(e), getattr(e, "retryable", None)) for e in heard] == [(Failed, True)]

    # ----------------------------------------------------------------- what it must survive

    def test_an_unknown_message_is_unknown(self) -> None:
        """A value, not an error."""
        heard = self.pair().hear_events(['{"type":"Bogus","message":"Bogus","event":"Bogus","extra":1}'])
        assert [type(event) for event in heard] == [Unknown]

    def test_a_malformed_message_is_a_notice(self) -> None:
        """Not JSON, not an object, bytes that are no text, a known shape with nonsense inside."""
        frames: Sequence[str | bytes] = (
            "[" * 100_000,
            "{",
            "[]",
            "null",
            "",
            b"\xff\xfe",
            '{"type":7,"message":7,"event":7}',
        )
        for frame in frames:
            assert [type(event) for event in self.pair().hear_events([frame])] == [Notice], frame

    def test_a_server_survives_nonsense(self) -> None:
        """No frame makes it raise."""
        for frame in ("[" * 100_000, DEEP, "{", "[]", "null", "", '{"type":"Bogus","message":"Bogus"}', b"", b"\x00"):
            self.pair().hear_commands([frame])

    # ----------------------------------------------------------------- helpers

    def speak(
        self, pair: Pair, texts: Sequence[str], words: tuple[Word, ...] = WORDS, channel: int | None = None
    ) -> None:
        """A turn as a recogniser tells it: onset, partials, the final (the last of ``texts``), the end."""
        pair.tell(Acknowledged(until=words[-1].end or 0.0))
        pair.tell(SpeechStarted(at=words[0].start, channel=channel))
        for text in texts:
            said = words[: len(text.split())]
            final = text is texts[-1]
            start, end = said[0].start, said[-1].end
            pair.tell(Transcript(is_final=final, text=text, start=start, end=end, words=said, channel=channel))
        pair.tell(TurnEnded(at=words[-1].end, channel=channel))


def _about(event: AnyEvent, utterance: str) -> AnyEvent:
    """``event``, referring to ``utterance``."""
    if isinstance(event, SpeakersRevised):
        revisions = tuple(msgspec.structs.replace(revision, utterance=utterance) for revision in event.revisions)
        return msgspec.structs.replace(event, revisions=revisions)
    refers = "utterance" in event.__struct_fields__
    return msgspec.structs.replace(event, utterance=utterance) if refers else event


def _gist(event: AnyEvent) -> tuple[object, ...]:
    """What of an event must survive the way through any protocol that has it."""
    match event:
        case Translation(is_final=is_final, text=text, language=language):
            return (Translation, is_final, text, language)
        case Entities(items=items):
            return (Entities, *((item.kind.lower(), item.text) for item in items))
        case Sentiments(items=items):
            return (Sentiments, *((item.sentiment, item.text) for item in items))
        case AudioEvent(kind=kind, at=at, ended=ended):
            return (AudioEvent, kind, at, ended)
        case LanguageDetected(language=language):
            return (LanguageDetected, language)
        case SpeakersRevised(revisions=revisions):
            return (SpeakersRevised, *((item.utterance, item.speaker, item.words[0].speaker) for item in revisions))
        case SpeakersIdentified(speakers=speakers):
            return (SpeakersIdentified, speakers)
        case Insight(kind=kind, text=text):
            return (Insight, kind, text)
    return (type(event),)
