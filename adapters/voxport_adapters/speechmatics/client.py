"""The client end of ``/v2``."""

from collections.abc import Iterable, Mapping
from typing import Any

from voxport import commands, ends, events, wire
from voxport.codec import Dial
from voxport.settings import Settings
from voxport_adapters.speechmatics import channels, languages, protocol, rules, text
from voxport_adapters.speechmatics.listening import Listening, Voice


class Client(Listening):
    """``Acknowledged`` is said about once for each second of audio taken, and settled after each final."""

    messages = protocol.FROM_SERVER

    def __init__(self, settings: Settings, dial: Dial) -> None:
        super().__init__(settings, dial, rules.translate(settings).options)
        self._by_channel = settings.audio.channels > 1 or rules.by_channel(self._options)
        self._voices = self._new_voices()
        self._by_label = {voice.label: voice for voice in self._voices if voice.label is not None}
        # What a server says of a channel that it was never told of; for mono audio that is no fault.
        self._other = self._new_voice() if self._by_channel else self._voices[0]
        self._meanings |= {
            protocol.AudioAdded: lambda _: self._other.taken(),
            protocol.ChannelAudioAdded: lambda message: self._voice(message.channel).taken(),
            protocol.AddTranscript: lambda message: self._heard(message, is_final=True),
            protocol.AddPartialTranscript: lambda message: self._heard(message, is_final=False),
            protocol.EndOfUtterance: self._turn_ended,
            protocol.AddTranslation: lambda message: self._translated(message, is_final=True),
            protocol.AddPartialTranslation: lambda message: self._translated(message, is_final=False),
            protocol.AudioEventStarted: self._sound_started,
            protocol.AudioEventEnded: self._sound_ended,
            protocol.LanguageInfo: self._language,
        }

    def _new_voices(self) -> list[Voice]:
        if not self._by_channel:
            return [self._new_voice()]
        count = self.settings.audio.channels
        asked = self._options.get("channel_diarization_labels")
        given = list(map(str, asked)) if isinstance(asked, list | tuple) else []
        return [self._new_voice(*pair) for pair in enumerate([*given, *rules.labels(count)[len(given) :]][:count])]

    def _voice(self, label: str | None) -> Voice:
        return self._by_label.get(label, self._other) if label is not None else self._other

    # ----------------------------------------------------------------- saying

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                return self._audio(data)
            case commands.Start():
                return (wire.text(self._start()),)
            case commands.EndUtterance(channel=channel):
                return self._end_utterance(channel)
            case commands.Configure(changes=changes, options=options):
                return self._configure(changes, options)
            case commands.IdentifySpeakers(final=final):
                return (wire.text(protocol.GetSpeakers(final=final)),)
            case commands.Finish():
                self.finishing = True
                return self._finish()
            case _:
                return ()

    def _audio(self, data: bytes) -> ends.Outgoing:
        if not self._by_channel:
            self._voices[0].send(data)
            return (data,)
        return [
            self._channel_audio(voice, part)
            for voice, part in zip(self._voices, channels.split(data, len(self._voices), self._width), strict=True)
        ]

    def _channel_audio(self, voice: Voice, data: bytes) -> str:
        voice.send(data)
        return wire.text(protocol.AddChannelAudio(channel=voice.label or "", data=data))

    def _start(self) -> protocol.StartRecognition:
        beside = {name: value for name, value in self._options.items() if name in rules.BESIDE}
        audio = {"type": "raw", **{name: self._options[name] for name in ("encoding", "sample_rate")}}
        others = rules.BESIDE | rules.AUDIO
        config = {name: value for name, value in self._options.items() if name not in others}
        return protocol.StartRecognition(audio_format=audio, transcription_config=config, **beside)

    def _end_utterance(self, channel: int | None) -> ends.Outgoing:
        # Whether one message without a channel is for all of them is not documented: each is told.
        voices = [voice for voice in self._voices if channel is None or voice.number in {None, channel}]
        return [
            wire.text(protocol.ForceEndOfUtterance(timestamp=voice.seconds, channel=voice.label)) for voice in voices
        ]

    def _configure(self, changes: Mapping[str, Any], options: Mapping[str, Any]) -> ends.Outgoing:
        """What stays is sent again: whether leaving it out would reset it is not documented."""
        wanted: Mapping[str, Any] = {}
        for name, value in changes.items():
            if name in rules.CHANGEABLE_SETTINGS:
                wanted = wire.merged(wanted, rules.RULES[name].carry(value, self.settings)[0])
        changed = {name: value for name, value in wire.merged(wanted, options).items() if name in rules.CHANGEABLE}
        self._options = wire.merged(self._options, changed)
        config = {name: value for name, value in self._options.items() if name in {"language", *rules.CHANGEABLE}}
        return (wire.text(protocol.SetRecognitionConfig(transcription_config=config)),) if changed else ()

    def _finish(self) -> ends.Outgoing:
        if not self._by_channel:
            return (wire.text(protocol.EndOfStream(last_seq_no=self._voices[0].chunks)),)
        return [
            wire.text(protocol.EndOfChannel(channel=voice.label or "", last_seq_no=voice.chunks))
            for voice in self._voices
        ]

    # ----------------------------------------------------------------- hearing

    def _heard(self, message: protocol.Heard, *, is_final: bool) -> Iterable[events.AnyEvent]:
        # Many finals are empty and only settle audio; the next may begin 0.08 s before the end of one. Empty partials
        # matter only to clear another.
        results = message.results or ()
        voice = self._voice(message.channel or (results[0].channel if results else None))
        said = text.join(results, self._delimiter, glue=voice.open)
        until = round(message.metadata.end_time - 0.08, 3)
        if said.words or (voice.partial and not is_final):
            voice.partial = bool(said.words) and not is_final
            yield self._transcript(said, message, voice, is_final=is_final)
        if is_final and said.entities:
            yield events.Entities(items=tuple(said.entities), channel=voice.number)
        if is_final and said.words:
            voice.open, voice.in_turn = said.open, True
            until = max(until, said.words[-1].end or 0.0)
        if is_final and until > voice.settled:
            voice.settled = until
            yield events.Acknowledged(until=until, settled=True, channel=voice.number)

    def _transcript(
        self, said: text.Joined, message: protocol.Heard, voice: Voice, *, is_final: bool
    ) -> events.Transcript:
        words, span = said.words, message.metadata
        start, end = (words[0].start, words[-1].end) if words else (span.start_time, span.end_time)
        return events.Transcript(
            is_final=is_final, text=self._delimiter.join(word.text for word in words), start=start, end=end,
            words=tuple(words), glued=bool(words) and (said.glued or not self._delimiter), channel=voice.number,
            language=text.prevailing(word.language for word in words), speaker=text.common(w.speaker for w in words),
        )  # fmt: skip

    def _turn_ended(self, message: protocol.EndOfUtterance) -> Iterable[events.AnyEvent]:
        voice, forced = self._voice(message.channel), message.forced
        ended, voice.in_turn = voice.in_turn or forced, False
        if not ended:
            return ()
        return (events.TurnEnded(at=message.metadata.end_time, forced=forced, channel=voice.number),)

    def _translated(self, message: protocol.Rendered, *, is_final: bool) -> Iterable[events.AnyEvent]:
        results = message.results
        if is_final and not results:
            return ()
        space = languages.DELIMITERS.get(message.language, " ")
        return (
            events.Translation(
                is_final=is_final, text=space.join(result.content for result in results), language=message.language,
                source_language=str(self._options["language"]), speaker=text.common(r.speaker for r in results),
                start=results[0].start_time if results else None, end=results[-1].end_time if results else None,
            ),
        )  # fmt: skip

    def _sound_started(self, message: protocol.AudioEventStarted) -> Iterable[events.AnyEvent]:
        sound, channel = message.event, self._voice(message.channel).number
        yield events.AudioEvent(kind=sound.type, at=sound.start_time, confidence=sound.confidence, channel=channel)

    def _sound_ended(self, message: protocol.AudioEventEnded) -> Iterable[events.AnyEvent]:
        sound, channel = message.event, self._voice(message.channel).number
        yield events.AudioEvent(kind=sound.type, at=sound.end_time, ended=True, channel=channel)

    def _language(self, message: protocol.LanguageInfo) -> Iterable[events.AnyEvent]:
        self._use_delimiter(message.word_delimiter)
        return (events.LanguageDetected(language=message.language, tentative=message.partial),)
