"""What the server ends have in common: all that they hear, and what they say besides the transcript."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import msgspec

from voxport import commands, ends, events, wire
from voxport.codec import Closed, Frame
from voxport.settings import SAMPLE_BYTES
from voxport_adapters.speechmatics import channels, faults, languages, protocol, request, rules, text

_INFORMATION = {"recognition_quality", "concurrent_session_usage"}
"""Of what a ``Notice`` tells, what is no warning."""


class Voice:
    """What was heard and said on one channel, or on the only one (whose ``number`` and ``label`` are ``None``)."""

    def __init__(self, number: int | None = None, label: str | None = None) -> None:
        self.number = number
        self.label = label
        self.bytes = 0
        self.owed = 0  # chunks to acknowledge: some clients count, and give up on one too many or too few
        self.added = 0  # chunks acknowledged
        self.settled = 0.0
        self.partial = events.Transcript(is_final=False, text="")  # what stands
        self.forcing = False  # the end of the utterance was asked for
        self.forced = False  # and a final has answered


class Serving(ends.ServerEnd):
    """A conversation without its transcript. ``refused`` is said at once; ``path_language`` is that of older URLs."""

    service: ClassVar[request.Service]

    def __init__(self, session_id: str, refused: events.Failed | None = None, path_language: str | None = None) -> None:
        self._session_id = session_id
        self._refused = refused
        self._path_language = path_language
        self._request: request.Request | None = None
        self._style = text.Style("en")
        self._voices = [Voice()]
        self._joiner: channels.Joiner | None = None
        self._second = 0  # bytes of one channel
        self._begun = self._finished = False
        self._speakers_wanted = self._speakers_at_end = False
        self._speakers: tuple[events.Speaker, ...] = ()
        self._meanings: dict[type, Callable[[Any], Iterable[commands.Command]]] = {
            protocol.StartRecognition: self._start,
            protocol.AddChannelAudio: self._channel_audio,
            protocol.EndOfStream: lambda _: self._finish(),
            protocol.EndOfChannel: self._end_channel,
            protocol.SetRecognitionConfig: self._configure,
            protocol.ForceEndOfUtterance: self._force,
            protocol.GetSpeakers: self._get_speakers,
        }
        self._words: dict[type, Callable[[Any], ends.Outgoing]] = {
            events.Begun: lambda _: self._greeting(),
            events.Acknowledged: self._acknowledged,
            events.SpeakersIdentified: self._identified,
            events.Notice: self._warning,
            events.Failed: self._failed,
            events.Ended: lambda _: self._ended(),
        }
        """How each kind of event is said; what is not here, the protocol has no words for."""

    # ----------------------------------------------------------------- hearing

    def opened(self) -> Iterable[commands.Command]:
        return (commands.Invalid(self._refused),) if self._refused else ()

    def audio(self, data: bytes) -> Iterable[commands.Command]:
        if self._finished:
            return _warned("add_audio_after_eos", "Audio after EndOfStream is ignored.")
        if not self._begun:
            return _refused("protocol_error", "AddAudio before RecognitionStarted")
        if self._joiner:
            return _refused("protocol_error", "AddAudio where channels were asked for: send AddChannelAudio")
        self._voices[0].owed += 1
        return super().audio(data)

    def command(self, frame: str) -> Iterable[commands.Command]:
        message = protocol.FROM_CLIENT.decode(frame)
        if isinstance(message, events.Notice) and frame.startswith('"'):
            message = protocol.FROM_CLIENT.decode(_inner(frame))  # one SDK encodes a message twice
        try:
            return self._obey(message)
        except request.RefusedError as error:
            return (commands.Invalid(error.failed),)

    def _obey(self, message: protocol.FromClient | events.Unknown | events.Notice) -> Iterable[commands.Command]:
        if isinstance(message, events.Notice):
            return _refused("invalid_message", message.message.partition(": ")[2] or "not an object with a 'message'")
        starts = isinstance(message, protocol.StartRecognition)
        if starts and self._request:
            return _refused("protocol_error", "StartRecognition came before")
        if not starts and not self._begun:
            return _refused("protocol_error", f"{_name(message)} before RecognitionStarted")
        obey = self._meanings.get(type(message))
        if obey is None:
            return _warned("unsupported", f"{_name(message)} is not understood and was ignored")
        return obey(message)

    def _start(self, message: protocol.StartRecognition) -> Iterable[commands.Command]:
        asked = self._request = request.read(message, self.service, self._path_language)
        self._style = asked.config.style
        settings = asked.settings
        width = SAMPLE_BYTES[settings.audio.encoding]
        self._second = width * settings.audio.sample_rate
        if asked.config.by_channel:
            labels = asked.config.channel_diarization_labels
            silence = b"\xff" if settings.audio.encoding == "mulaw" else b"\0"
            self._voices = [Voice(number, label) for number, label in enumerate(labels)]
            self._joiner = channels.Joiner(len(labels), width, silence)
        warnings = [commands.Invalid(warning) for warning in asked.warnings]
        self._speakers_at_end = asked.config.speaker_diarization_config.get_speakers
        wanted = [commands.IdentifySpeakers(final=True)] if self._speakers_at_end else []
        return (*warnings, commands.Start(settings), *wanted)

    def _channel_audio(self, message: protocol.AddChannelAudio) -> Iterable[commands.Command]:
        if not self._joiner:
            return _refused("protocol_error", "AddChannelAudio where no channels were asked for: send AddAudio")
        voice = self._voice_of(message.channel)
        assert voice.number is not None
        if self._finished or not self._joiner.is_open(voice.number):
            return _warned("add_audio_after_eos", "Audio after EndOfStream or EndOfChannel is ignored.")
        voice.owed += 1
        voice.bytes += len(message.data)
        taken = events.Acknowledged(until=voice.bytes / self._second, channel=voice.number)
        return (commands.Taken(taken), *_audio(self._joiner.add(voice.number, message.data)))

    def _end_channel(self, message: protocol.EndOfChannel) -> Iterable[commands.Command]:
        voice = self._voice_of(message.channel)
        if self._joiner is None or voice.number is None or self._finished:
            return ()
        rest = _audio(self._joiner.end([voice.number]))
        return (*rest, *self._finish()) if self._joiner.over else rest

    def _finish(self) -> Iterable[commands.Command]:
        if self._finished:
            return ()
        self._finished = True
        rest = _audio(self._joiner.end(range(len(self._voices)))) if self._joiner else ()
        return (*rest, commands.Finish())

    def _configure(self, message: protocol.SetRecognitionConfig) -> Iterable[commands.Command]:
        assert self._request
        before, self._request = self._request, self._request.changed(message.transcription_config)
        self._style = self._request.config.style
        options = {
            name: value for name in rules.CHANGEABLE
            if (value := self._request.options.get(name)) is not None and value != before.options.get(name)
        }  # fmt: skip
        found = {name: rules.RULES[name].recover(self._request.options) for name in rules.CHANGEABLE_SETTINGS}
        changes = {name: value for name, value in found.items() if value is not None}
        return (commands.Configure(changes, options),)

    def _force(self, message: protocol.ForceEndOfUtterance) -> Iterable[commands.Command]:
        """The cut is made in what was heard so far: clients stamp it with the audio that they sent."""
        voices = self._voices if message.channel is None else [self._voice_of(message.channel)]
        for voice in voices:
            voice.forcing, voice.forced = True, False
        return (commands.EndUtterance(None if message.channel is None else voices[0].number),)

    def _get_speakers(self, message: protocol.GetSpeakers) -> Iterable[commands.Command]:
        """``final`` is answered once, at the end, however often it is asked for."""
        if message.final and self._speakers_at_end:
            return ()
        if message.final:
            self._speakers_at_end = True
        else:
            self._speakers_wanted = True
        return (commands.IdentifySpeakers(final=message.final),)

    def _voice_of(self, label: str) -> Voice:
        for voice in self._voices:
            if voice.label == label:
                return voice
        raise request.RefusedError("invalid_message", f"there is no channel {label!r}")

    # ----------------------------------------------------------------- saying

    def send(self, event: events.AnyEvent) -> ends.Outgoing:
        """See ``codec.Codec.send``."""
        return self._say([event])

    def _say(self, items: Iterable[Any]) -> list[Frame | Closed]:
        return [frame for item in items if (say := self._words.get(type(item))) for frame in say(item)]

    def _voice_at(self, channel: int | None) -> Voice:
        return self._voices[channel if channel is not None and channel < len(self._voices) else 0]

    @property
    def _delimiter(self) -> str:
        return languages.DELIMITERS.get(self._style.language, " ")

    def _greeting(self) -> ends.Outgoing:
        assert self._request
        self._begun, pack = True, self._request.config.language
        info = {  # exactly five keys: one SDK forbids others
            "adapted": bool(self._request.config.additional_vocab), "itn": True,
            "language_description": {"en": "English"}.get(pack, pack), "word_delimiter": self._delimiter,
            "writing_direction": languages.direction(pack),
        }  # fmt: skip
        # Prose and schema differ in the name of this field: both are said.
        labels = self._request.config.channel_diarization_labels if self._joiner else None
        return (
            said(
                protocol.RecognitionStarted,
                id=self._session_id, language_pack_info=info, channel_ids=labels, channels=labels,
            ),
        )  # fmt: skip

    def _acknowledged(self, taken: events.Acknowledged) -> ends.Outgoing:
        if taken.settled or (self._joiner and taken.channel is None):
            return ()
        voice = self._voice_at(taken.channel)
        owed, voice.owed = voice.owed, 0
        return [self._added(voice) for _ in range(owed)]

    def _added(self, voice: Voice) -> str:
        voice.added += 1
        if voice.label is None:
            return said(protocol.AudioAdded, seq_no=voice.added)
        return said(protocol.ChannelAudioAdded, channel=voice.label, seq_no=voice.added)

    def _identified(self, known: events.SpeakersIdentified) -> ends.Outgoing:
        self._speakers = known.speakers
        wanted, self._speakers_wanted = self._speakers_wanted, False
        return (self._speakers_result(),) if wanted else ()

    def _speakers_result(self) -> str:
        voices = [protocol.Voice(speaker.label, list(speaker.identifiers)) for speaker in self._speakers]
        return said(protocol.SpeakersResult, speakers=voices)

    def _ended(self) -> ends.Outgoing:
        speakers = (self._speakers_result(),) if self._speakers_at_end else ()
        return (*speakers, said(protocol.EndOfTranscript), Closed(1000))

    def _warning(self, notice: events.Notice) -> ends.Outgoing:
        if self._is_no_silence(notice.code):
            return ()
        kind = protocol.Info if notice.code in _INFORMATION else protocol.Warning
        return (said(kind, type=notice.code, reason=notice.message),)

    def _is_no_silence(self, code: str) -> bool:
        """A timer misses binary audio, but that of several channels comes as text."""
        return code == "idle_timeout" and self._joiner is not None

    def _failed(self, failed: events.Failed) -> ends.Outgoing:
        if self._is_no_silence(failed.code):
            return ()
        code = faults.nearest(failed)
        close = faults.FAULTS[code].close
        return (said(protocol.Error, type=code, reason=failed.message), Closed(close, faults.NAMES[close]))


def said(kind: type[protocol.Message], **fields: Any) -> str:
    """A message of this kind, as it travels."""
    return wire.text(kind(**fields))


def _audio(data: bytes) -> tuple[commands.Command, ...]:
    return (commands.Audio(data),) if data else ()


def _refused(code: str, reason: str) -> tuple[commands.Command, ...]:
    return (commands.Invalid(faults.failed(code, reason)),)


def _warned(code: str, reason: str) -> tuple[commands.Command, ...]:
    return (commands.Invalid(events.Notice(code=code, message=reason)),)


def _name(message: protocol.FromClient | events.Unknown) -> str:
    return message.kind if isinstance(message, events.Unknown) else type(message).__name__


def _inner(frame: str) -> str:
    """The text of a frame that is JSON within a JSON string, else the frame."""
    try:
        return msgspec.json.decode(frame, type=str)
    except wire.UNREADABLE:
        return frame
