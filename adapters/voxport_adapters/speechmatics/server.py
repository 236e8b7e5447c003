"""The server end of ``/v2``."""

from typing import Any

from voxport import ends, events
from voxport.codec import Closed, Frame, demanded
from voxport_adapters.speechmatics import languages, protocol, text
from voxport_adapters.speechmatics.request import REAL_TIME
from voxport_adapters.speechmatics.serving import Serving, Voice, said


class Server(Serving):
    """Finals are answered by an empty partial or what is left of one, as clients expect."""

    service = REAL_TIME

    def __init__(self, session_id: str, refused: events.Failed | None = None, path_language: str | None = None) -> None:
        super().__init__(session_id, refused, path_language)
        self._held: list[Any] = []
        self._entities: tuple[events.Entity, ...] = ()
        self._words |= {
            events.Transcript: self._transcript,
            events.TurnEnded: self._turn_ended,
            events.Translation: self._translation,
            events.AudioEvent: self._sound,
            events.LanguageDetected: self._language,
        }

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        """Entities stand in the final itself: where they were asked for, it waits for the event after it, together
        with the end of its turn; that is for the next chunk of audio at most.
        """
        held, self._held = self._held, []
        if isinstance(event, events.Entities):
            self._entities = event.items
            frames = self._say(held)
            self._entities = ()
            return frames
        if isinstance(event, events.TurnEnded) and held and not self._is_forced(event):
            self._held = [*held, event]
            return ()
        if isinstance(event, events.Transcript) and event.is_final and self._asked("enable_entities"):
            self._held = [event]
            return self._say(held)
        return self._say([*held, event])

    def _asked(self, option: str) -> bool:
        return self._request is not None and bool(getattr(self._request.config, option))

    def _is_forced(self, ended: events.TurnEnded) -> bool:
        return ended.forced or self._voice_at(ended.channel).forcing

    def _acknowledged(self, taken: events.Acknowledged) -> ends.Outgoing:
        if not taken.settled:
            return super()._acknowledged(taken)
        voices = self._voices if taken.channel is None else [self._voice_at(taken.channel)]
        return [frame for voice in voices for frame in self._silence(voice, taken.until)]

    def _silence(self, voice: Voice, until: float) -> ends.Outgoing:
        """An empty final, by which clients know that nothing more will be said about the audio before ``until``."""
        if until <= voice.settled:
            return ()
        return self._final(events.Transcript(is_final=True, text="", end=until, channel=voice.number), voice)

    def _transcript(self, heard: events.Transcript) -> ends.Outgoing:
        voice = self._voice_at(heard.channel)
        if heard.is_final:
            voice.partial, voice.forced = events.Transcript(is_final=False, text=""), True
            return self._final(heard, voice)
        voice.partial = heard
        return self._partial(heard, voice)

    def _final(self, heard: events.Transcript, voice: Voice) -> ends.Outgoing:
        final = self._said(protocol.AddTranscript, heard, voice, forced=voice.forcing)
        voice.settled = max(voice.settled, heard.end or 0.0)
        return (final, *self._partial(voice.partial, voice))  # clients wait for what is left

    def _partial(self, heard: events.Transcript, voice: Voice) -> ends.Outgoing:
        wanted = self._asked("enable_partials")
        return (self._said(protocol.AddPartialTranscript, heard, voice, forced=False),) if wanted else ()

    def _said(self, kind: type[protocol.Heard], heard: events.Transcript, voice: Voice, *, forced: bool) -> str:
        words = heard.words or ([events.Word(heard.text, heard.start, heard.end)] if heard.text else ())
        space, results = self._delimiter, self._style.results(words)
        if heard.is_final and self._entities:
            results = text.with_entities(results, self._entities, space)
        whole = space.join(word.text for word in text.join(results, space).words)
        whole += space if heard.is_final and results else ""
        span = protocol.Span(voice.settled, max(voice.settled, heard.end or 0.0), whole)
        return said(
            kind, metadata=span, format=protocol.FORMAT, results=results, channel=voice.label, forced=forced
        )  # fmt: skip

    def _turn_ended(self, ended: events.TurnEnded) -> ends.Outgoing:
        voice, forced = self._voice_at(ended.channel), self._is_forced(ended)
        frames: list[Frame | Closed] = []
        if forced and not voice.forced:  # clients wait for a final, be it empty
            frames += self._final(events.Transcript(is_final=True, text="", end=ended.at), voice)
        voice.forcing = voice.forced = False
        assert self._request
        if not forced and not self._request.config.conversation_config.end_of_utterance_silence_trigger:
            return frames
        at = ended.at or voice.settled
        frames.append(
            said(
                protocol.EndOfUtterance, metadata=protocol.Span(at, at), format=protocol.FORMAT, channel=voice.label,
                forced=forced,
            )
        )  # fmt: skip
        return frames

    def _translation(self, heard: events.Translation) -> ends.Outgoing:
        wanted, language = self._request and self._request.translation, languages.pack(heard.language)
        if not wanted or language not in wanted.target_languages or not (heard.is_final or wanted.enable_partials):
            return ()
        start, speaker = heard.start or 0.0, heard.speaker if self._style.speakers else None
        results = [protocol.Translated(heard.text, start, heard.end or start, speaker)] if heard.text else []
        kind = protocol.AddTranslation if heard.is_final else protocol.AddPartialTranslation
        return (said(kind, format=protocol.FORMAT, language=language, results=results),)

    def _sound(self, sound: events.AudioEvent) -> ends.Outgoing:
        wanted = self._request and self._request.sounds
        if not wanted or sound.kind not in wanted.types:
            return ()
        label = self._voice_at(sound.channel).label
        if sound.ended:
            return (said(protocol.AudioEventEnded, event=protocol.SoundEnd(sound.kind, sound.at), channel=label),)
        start = protocol.SoundStart(sound.kind, sound.at, demanded(sound.confidence))
        return (said(protocol.AudioEventStarted, event=start, channel=label),)

    def _language(self, heard: events.LanguageDetected) -> ends.Outgoing:
        if not self._style.languages:
            return ()
        pack = languages.pack(heard.language)
        return (
            said(
                protocol.LanguageInfo, language=pack, word_delimiter=languages.DELIMITERS.get(pack, " "),
                writing_direction=languages.direction(pack), partial=heard.tentative,
            ),
        )  # fmt: skip
