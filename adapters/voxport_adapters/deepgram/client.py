"""The client end of ``/v1/listen``."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from voxport import codec, commands, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.deepgram import closes, messages
from voxport_adapters.deepgram.messages import Alternative, FoundEntity, FromServer, Results, Search, SpokenWord

SAME = 0.02
"""Seconds by which two tellings of one time may differ."""
NOTHING = Alternative("")


class _Floor:
    """Where one channel stands."""

    __slots__ = ("ending", "partial", "said_until", "settled_until", "turn")

    def __init__(self) -> None:
        self.partial = False  # one stands
        self.turn = False  # finals have come, and no end of their turn
        self.said_until = 0.0  # the end of the last word, be it a guess
        self.settled_until = 0.0  # the same of finals
        self.ending: float | None = None  # the turn's end is told, and its last final is not


class Client(closes.ClientEnd[FromServer]):
    """Turns and partials are kept for each channel of audio."""

    messages = wire.Messages(FromServer, "type")

    def __init__(self, settings: Settings, dial: codec.Dial) -> None:
        super().__init__(settings, dial)
        self._floors: defaultdict[int, _Floor] = defaultdict(_Floor)

    def send(self, command: commands.Command) -> ends.Outgoing:
        match command:
            case commands.Audio(data=data):
                return (data,)
            case commands.EndUtterance(channel=channel):
                return (wire.text(messages.Finalize(channel)),)
            case commands.KeepAlive():
                return ('{"type":"KeepAlive"}',)
            case commands.Configure(changes=changes, options=options):
                return _configure(changes, options)
            case commands.Finish():
                self.finishing = True
                return ('{"type":"CloseStream"}',)
            case _:
                return ()

    def opened(self, headers: Mapping[str, str]) -> Iterable[events.AnyEvent]:
        """No greeting follows: the upgrade is the greeting, and ``dg-request-id`` names the session."""
        model = headers.get("dg-model-name")
        return (events.Begun(session_id=headers.get("dg-request-id"), details={"model": model} if model else {}),)

    def hear(self, message: FromServer) -> Iterable[events.AnyEvent]:
        match message:
            case Results():
                return self._results(message)
            case messages.SpeechStarted(timestamp=at, channel=channel):
                return (events.SpeechStarted(at=at, channel=_channel(channel)),)
            case messages.UtteranceEnd(last_word_end=at, channel=channel):
                return self._utterance_end(channel, at)
            case messages.Metadata(duration=duration) if self.finishing:
                return self.end(audio_seconds=duration)
            case messages.Metadata(duration=duration):
                # It has been seen at the start, in mid-stream and before a close, and ends nothing by itself.
                return (events.Notice(code="metadata", message=f"the service has counted {duration:.2f} s of audio"),)
            case messages.ConfigureSuccess(keyterms=terms):
                return (events.Configured(options={} if terms is None else {"keyterm": terms}),)
            case messages.ConfigureFailure(code=code, description=said):
                return (events.Notice(code=code, message=said),)
            case messages.Error(variant=variant, description=said, code=code):
                return (events.Notice(code=code or variant, message=said),)

    def _results(self, results: Results) -> Iterable[events.AnyEvent]:
        """A final settles its range even where it holds no text; an empty partial matters only to clear another."""
        heard = results.channel.alternatives[0] if results.channel.alternatives else NOTHING
        floor = self._floors[results.channel_index[0]]
        channel = _channel(results.channel_index)
        end = results.start + results.duration
        # One page shows speech_final without is_final; all others say that it implies it.
        final = results.is_final or results.speech_final
        if heard.transcript or floor.partial:
            yield _transcript(results, heard, channel, is_final=final and bool(heard.transcript))
        floor.partial = bool(heard.transcript) and not final
        floor.said_until = heard.words[-1].end if heard.words else floor.settled_until
        if final:
            floor.settled_until = floor.said_until
            floor.turn = floor.turn or bool(heard.transcript)
            yield events.Acknowledged(until=end, settled=True, channel=channel)
            yield from _beside(results, heard, channel)
        if results.speech_final or results.from_finalize:
            yield from _turn_ended(floor, channel, end, forced=results.from_finalize)
        elif final and floor.ending is not None:
            yield from _turn_ended(floor, channel, floor.ending)

    def _utterance_end(self, index: tuple[int, int], at: float) -> Iterable[events.AnyEvent]:
        """It may be about a word before the last one, and then ends nothing; or overtake the final of its words."""
        floor = self._floors[index[0]]
        if at < floor.said_until - SAME:
            return ()
        if floor.partial:
            floor.ending = at
            return ()
        return _turn_ended(floor, _channel(index), at)


def _turn_ended(floor: _Floor, channel: int | None, at: float, *, forced: bool = False) -> Iterable[events.AnyEvent]:
    """An end is told once: ``UtteranceEnd`` after ``speech_final`` says nothing new."""
    if forced or floor.turn:
        floor.turn, floor.ending = False, None
        yield events.TurnEnded(at=at, forced=forced, channel=channel)


def _transcript(results: Results, heard: Alternative, channel: int | None, *, is_final: bool) -> events.Transcript:
    words = tuple(map(_word, heard.words or ()))
    return events.Transcript(
        is_final=is_final, text=heard.transcript, words=words, channel=channel,
        start=words[0].start if words else results.start,
        end=words[-1].end if words else results.start + results.duration,
        confidence=heard.confidence if heard.transcript else None,
        language=heard.languages[0] if heard.languages else None,
        speaker=_only_speaker(words) if words and words[0].speaker else None,
    )  # fmt: skip


def _word(word: SpokenWord) -> events.Word:
    speaker = None if word.speaker is None else str(word.speaker)
    return events.Word(word.punctuated_word or word.word, word.start, word.end, word.confidence, speaker, word.language)


def _only_speaker(words: Sequence[events.Word]) -> str | None:
    speakers = {word.speaker for word in words}
    return speakers.pop() if len(speakers) == 1 else None


def _beside(results: Results, heard: Alternative, channel: int | None) -> Iterable[events.AnyEvent]:
    if results.entities:
        items = tuple(_entity(entity, heard.words or ()) for entity in results.entities)
        yield events.Entities(items=items, channel=channel)
    if results.channel.search and any(search.hits for search in results.channel.search):
        yield _found(results.channel.search)


def _entity(entity: FoundEntity, words: Sequence[SpokenWord]) -> events.Entity:
    """With the times of its words, where it tells which they are."""
    first, last = entity.start_word, entity.end_word - 1
    known = 0 <= first <= last < len(words)
    start, end = (words[first].start, words[last].end) if known else (None, None)
    return events.Entity(entity.label, entity.value, start, end, entity.confidence, entity.raw_value)


def _found(searches: Sequence[Search]) -> events.Insight:
    """``text`` counts what was found of each term; ``data`` is as the service has it, on this connection's clock."""
    counted = ", ".join(f"{search.query} ({len(search.hits)})" for search in searches if search.hits)
    return events.Insight(kind="search", text=counted, data=msgspec.to_builtins(searches))


def _configure(changes: Mapping[str, Any], options: Mapping[str, Any]) -> ends.Outgoing:
    terms = options.get("keyterm", changes.get("key_terms"))
    numerals, hints = options.get("numerals"), options.get("language_hint")
    asked = messages.Configure(
        features=None if numerals is None else {"numerals": numerals},
        keyterms=None if terms is None else listed(terms),
        language_hints=None if hints is None else listed(hints),
    )
    return () if asked == messages.Configure() else (wire.text(asked),)


def listed(value: Any) -> list[Any]:
    """An option that may be given once or as a list, as a list."""
    return [value] if isinstance(value, str) else list(value)


def _channel(index: tuple[int, int]) -> int | None:
    return index[0] if index[1] > 1 else None
