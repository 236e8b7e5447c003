"""A million frames into each decoder: ``python tests/faults/fuzz.py [--frames N] [PROVIDER ...]``.

The decoders are the client end and the server end of each provider. None may raise, none may take long over a frame,
none may make much of one frame, and none may keep what it was sent. The command ends with 1 where one does.
"""

import argparse
import faulthandler
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any, Literal

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from contract import (
    test_assemblyai,
    test_deepgram,
    test_deepgram_flux,
    test_gladia,
    test_speechmatics,
)
from faults.mutation import Frame, Mutator
from recorded.test_recorded import ALL
from voxport.codec import Adapter, Closed, Front, Opened, Signal
from voxport.commands import (
    Audio,
    Command,
    Configure,
    EndUtterance,
    Finish,
    IdentifySpeakers,
    Invalid,
    KeepAlive,
    Start,
    Taken,
)
from voxport.contract import CHANGES, WORDS, AdapterContract
from voxport.events import Acknowledged, AnyEvent, Begun, Ended, Failed, Notice, Transcript, TurnEnded
from voxport.pair import Pair
from voxport.settings import AudioSettings, Settings, Transcription
from voxport.wire import encode

MILLION = 1_000_000
SEED = 20260304
LONGEST = 1.0
"""Seconds of work (of the processor, for the machine may be busy) for one frame."""
MOST = 1000
"""Events or commands of one frame."""
MEMORY = 256
"""MB by which the process may grow: a few copies of the largest frame, and none that is kept."""
LIFE = 300
"""Frames that one codec is sent."""
AFTER = 10
"""Frames that come after the last word, before the connection is down."""
HANGS = 60
"""Seconds after which a codec that is still at the frames of one life hangs."""

Take = Callable[[Signal], tuple[int, bool]]
"""What a codec makes of a signal: how many events or commands, and whether they were the last."""

End = Literal["client", "server"]
ENDS: tuple[End, ...] = ("client", "server")
CASES: dict[str, AdapterContract] = {
    case.adapter.name: case
    for case in (
        test_assemblyai.TestAssemblyAI(), test_deepgram.TestDeepgram(), test_deepgram_flux.TestDeepgramFlux(),
        test_gladia.TestGladia(), test_speechmatics.TestSpeechmatics(), test_speechmatics.TestSpeechmaticsAgent(),
    )
}  # fmt: skip
"""What the contract knows of each provider: its adapter, and with which options it tells what."""


SDKS: dict[str, tuple[str, ...]] = {
    "assemblyai": (
        ('{"type":"UpdateConfiguration","end_of_turn_confidence_threshold":0.5,"min_turn_silence":300,'
        '"max_turn_silence":900,"keyterms_prompt":["Kelda"],"prompt":"A call.","language_code":"en","vad_threshold":0.4}'),
    ),
    "deepgram": (
        '{"type":"Configure","features":{"numerals":true},"processors":{},"keyterms":["Kelda"],"language_hints":["en"]}',
        '{"type":"Finalize","channel":1}',
        '{"type":"Sync","id":"7"}',
    ),
    "deepgram-flux": (
        ('{"type":"Configure","thresholds":{"eot_threshold":0.7,"eager_eot_threshold":0.5,"eot_timeout_ms":5000},'
        '"keyterms":["Kelda"],"language_hints":["en","es"]}'),
    ),
    "gladia": ('{"type":"audio_chunk","data":{"chunk":"AAABAAIAAwA="}}',),
    "speechmatics": (
        ('{"message":"StartRecognition","audio_format":{"type":"raw","encoding":"pcm_s16le","sample_rate":16000},'
        '"transcription_config":{"language":"en","operating_point":"enhanced","domain":"finance","output_locale":"en-GB",'
        '"additional_vocab":["Kelda",{"content":"Skye","sounds_like":["sky"]}],"diarization":"speaker","max_delay":1.5,'
        '"speaker_diarization_config":{"max_speakers":4,"speaker_sensitivity":0.5,"prefer_current_speaker":true,'
        '"speakers":[{"label":"Ada","speaker_identifiers":["c3BrMQ=="]}]},"punctuation_overrides":{"sensitivity":0.4,'
        '"permitted_marks":[".",","]},"transcript_filtering_config":{"remove_disfluencies":true,"replacements":'
        '[{"from":"/a+/i","to":"b"}]},"audio_filtering_config":{"volume_threshold":1.1},"max_delay_mode":"flexible"},'
        '"translation_config":{"target_languages":["fr"],"enable_partials":true},"audio_events_config":{"types":["music"]}}'),
        '{"message":"EndOfStream","last_seq_no":7}',
        '{"message":"ForceEndOfUtterance","timestamp":1.2}',
    ),
    "speechmatics-agent": ('{"message":"EndOfStream","last_seq_no":7}', '{"message":"ForceEndOfUtterance","timestamp":1.2}'),
}  # fmt: skip
"""What SDKs send that our client does not, with the fields that they have."""


class Report(msgspec.Struct):
    """What came of one decoder."""

    provider: str
    end: End
    frames: int = 0
    seconds: float = 0.0
    exceptions: int = 0
    most: int = 0
    longest: float = 0.0
    grown: float = 0.0
    """MB."""
    broken: list[str] = []
    """The first few: what was raised, and for which frame."""

    @property
    def bad(self) -> bool:
        """It is not as it must be."""
        return bool(self.exceptions) or self.most > MOST or self.longest > LONGEST or self.grown > MEMORY


class Recorded(Pair):
    """A conversation that keeps the frames that each end was sent."""

    def __init__(self, adapter: Adapter, settings: Settings, front: Front) -> None:
        """Nothing sent yet."""
        self.sent: dict[End, list[Frame]] = {"client": [], "server": []}
        super().__init__(adapter, settings, front)

    def hear_commands(self, signals: Iterable[Signal]) -> list[Command]:
        """See ``Pair``."""
        return super().hear_commands(self._kept("server", signals))

    def hear_events(self, signals: Iterable[Signal]) -> list[AnyEvent]:
        """See ``Pair``."""
        return super().hear_events(self._kept("client", signals))

    def _kept(self, end: End, signals: Iterable[Signal]) -> list[Signal]:
        signals = list(signals)
        self.sent[end] += [signal for signal in signals if isinstance(signal, str | bytes)]
        return signals


class Rig:
    """One decoder: codecs in the middle of a conversation, and the frames of real ones."""

    def __init__(self, provider: str, end: End) -> None:
        """Hold the conversations."""
        self.case = CASES[provider]
        self.end = end
        self.ways = list(_ways(self.case))
        held = [frame for way in self.ways for frame in self._hold(way)]
        kind = "server" if end == "client" else "client"
        taped = [raw for told in ALL if told.provider == provider for what, raw in told.lines if what == kind]
        self.sent: list[Frame] = held + [bytes(raw).decode() for raw in taped]
        self.sent += SDKS[provider] if end == "server" else []

    def _hold(self, way: Settings) -> list[Frame]:
        pair = self._pair(way)
        pair.tell(Begun())
        can = self.case.adapter.capabilities
        pair.say(Audio(b"\0" * 320))
        self.case.speak(pair, ("Ask", "Ask not."), channel=way.audio.channels - 1 or None)
        for tag in can.tells_beside:
            pair.tell(self.case.beside[tag])
        said: list[Command] = [
            EndUtterance(),
            EndUtterance(0),
            KeepAlive(),
            IdentifySpeakers(),
            IdentifySpeakers(final=True),
        ]
        for command in (*said, *(Configure({name: CHANGES[name]}) for name in can.configures)):
            pair.say(command)
        pair.tell(Notice(code="some_code", message="Something."))
        pair.say(Finish())
        pair.tell(Ended(reported_audio_seconds=2.0))
        failed = self._pair(way)
        failed.tell(Begun())
        failed.tell(Failed(kind="provider", code="1011", message="internal error"))
        return pair.sent[self.end] + failed.sent[self.end]

    def _pair(self, way: Settings) -> Recorded:
        pair = Recorded(self.case.adapter, way, self.case.adapter.front(self.case.desk()))
        assert pair.refused is None, pair.refused
        return pair

    def take(self, random: Random) -> Take:
        """A fresh codec: most have begun, some have been asked to finish."""
        way = random.choice(self.ways)
        if self.end == "server" and random.random() < 0.2:
            take = _of_server(_Unheard(self.case.adapter, way, self.case.adapter.front(self.case.desk())).server)
            take(Opened())
            return take
        pair = self._pair(way)
        pair.tell(Begun())
        if random.random() < 0.2:
            pair.say(Finish())
        return _of_client(pair.client) if self.end == "client" else _of_server(pair.server, begun=True)


class _Unheard(Pair):
    """One of which neither end has heard anything."""

    def hear_commands(self, signals: Iterable[Signal]) -> list[Command]:
        return []

    def hear_events(self, signals: Iterable[Signal]) -> list[AnyEvent]:
        return []


def _ways(case: AdapterContract) -> Iterator[Settings]:
    """Settings with which a provider tells all that it can."""
    asked = Transcription(
        language="en", punctuation=True, diarization=True, entities=True, sentiment=True, translate_to=("fr",)
    )  # fmt: skip
    yield case.settings()
    yield case.settings(transcription=asked)
    for options in case.asking.values():
        yield case.settings(transcription=asked, options=options)
    if case.adapter.capabilities.max_channels > 1:
        yield case.settings(audio=AudioSettings(channels=2))


def _of_client(client: Any) -> Take:
    def take(frame: Signal) -> tuple[int, bool]:
        heard = list(client.receive(frame))
        for event in heard:
            assert isinstance(event, AnyEvent), event
            encode(event)
        return len(heard), any(isinstance(event, Ended | Failed) for event in heard)

    return take


SPOKEN = (
    Acknowledged(until=1.2),
    Transcript(is_final=False, text="Ask", start=0.48, end=0.8, words=WORDS[:1]),
    Transcript(is_final=True, text="Ask not.", start=0.48, end=1.2, words=WORDS),
    TurnEnded(at=1.2),
)
"""What a server says between frames: it must still be able to."""


def _of_server(server: Any, *, begun: bool = False) -> Take:
    def say(*told: AnyEvent) -> bool:
        said = [signal for event in told for signal in server.send(event)]
        assert all(isinstance(signal, str | bytes | Closed) for signal in said), said
        return any(isinstance(signal, Closed) for signal in said)

    def take(frame: Signal) -> tuple[int, bool]:
        nonlocal begun
        heard, over = list(server.receive(frame)), False
        for command in heard:
            assert isinstance(command, Command), command
            if isinstance(command, Start):
                begun = True
                over |= say(Begun())
            elif isinstance(command, Invalid | Taken):
                over |= say(command.answer)
            elif isinstance(command, Configure | EndUtterance):
                over |= say(*SPOKEN)
            elif isinstance(command, Finish):
                over = True
                if begun:
                    say(*SPOKEN, Ended(reported_audio_seconds=2.0))
        return len(heard), over

    return take


def fuzz(provider: str, end: End, count: int, seed: int = SEED, alive: Callable[[], None] = lambda: None) -> Report:
    """So many frames into this decoder; ``alive`` is called now and then, between frames."""
    rig, random, report = Rig(provider, end), Random(f"{seed} {provider} {end}"), Report(provider, end)  # noqa: S311 # no secret
    before, begun = _peak(), time.monotonic()
    take, left = rig.take(random), 0
    for frame in Mutator(rig.sent, random, binary=end == "client").frames(count):
        if not left:
            alive()
            take, left = rig.take(random), LIFE
        left -= 1
        started = time.thread_time()
        try:
            made, over = take(frame)
        except Exception as error:  # noqa: BLE001 # any that a decoder raises is what is looked for
            report.exceptions += 1
            if len(report.broken) < 5:
                report.broken.append(f"{type(error).__name__}: {error!s:.200} for {frame[:600]!r}")
            made, over = 0, True
        report.longest = max(report.longest, time.thread_time() - started)
        report.most = max(report.most, made)
        report.frames += 1
        if over:
            left = min(left, AFTER)
    report.seconds, report.grown = time.monotonic() - begun, _peak() - before
    return report


def _peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _watched(provider: str, end: End, count: int) -> Report:
    """In a process of its own: one that hangs shows where, and ends."""
    return fuzz(provider, end, count, alive=lambda: faulthandler.dump_traceback_later(HANGS, exit=True))


def main(arguments: Sequence[str]) -> int:
    """Print a line for each decoder."""
    asked = argparse.ArgumentParser(description="Frames that no provider sends, into each decoder.")
    asked.add_argument("--frames", type=int, default=MILLION, help="for each decoder (default: %(default)s)")
    asked.add_argument("providers", nargs="*", metavar="PROVIDER", help=f"of {', '.join(CASES)} (default: all)")
    given = asked.parse_args(arguments)
    if unknown := [name for name in given.providers if name not in CASES]:
        asked.error(f"no provider is called {unknown[0]}: choose from {', '.join(CASES)}")
    print(f"{'decoder':<27}{'frames':>9}{'seconds':>9}{'exceptions':>12}{'most':>6}{'longest':>10}{'memory':>10}")
    spawn = multiprocessing.get_context("spawn")
    bad = False
    with ProcessPoolExecutor(2, mp_context=spawn, max_tasks_per_child=1) as pool:
        decoders = [(provider, end, given.frames) for provider in given.providers or CASES for end in ENDS]
        for report in pool.map(_watched, *zip(*decoders, strict=True)):
            print(_line(report), *report.broken, sep="\n  ", flush=True)
            bad |= report.bad
    return int(bad)


def _line(report: Report) -> str:
    return (
        f"{report.provider + ' ' + report.end:<27}{report.frames:>9}{report.seconds:>9.1f}{report.exceptions:>12}"
        f"{report.most:>6}{report.longest * 1000:>7.0f} ms{report.grown:>+7.0f} MB{'  !' if report.bad else ''}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
