"""Where the speakers stand: in a turn, in the middle of an utterance, or silent."""

from voxport.events import AnyEvent, SpeechEnded, SpeechStarted, Transcript, TurnEnded


class Turns:
    """Kept by what a session's events tell, for each channel."""

    def __init__(self) -> None:
        """Nobody has spoken."""
        self._speaking: set[int | None] = set()  # speech has started, or a partial stands, and no final followed
        self._open: dict[int | None, float | None] = {}  # finals without an end of their turn, and until when

    @property
    def quiet(self) -> bool:
        """Nothing is being said that no final has settled, as far as the provider tells."""
        return not self._speaking

    def see(self, event: AnyEvent) -> None:
        """Take an event into account."""
        match event:
            case SpeechStarted(channel=channel):
                self._speaking.add(channel)
            case Transcript(is_final=False, text=str() as text, channel=channel) if text:
                self._speaking.add(channel)
            case Transcript(is_final=True, channel=channel, end=end):
                self._speaking.discard(channel)
                self._open[channel] = end
            case TurnEnded(channel=channel):
                self._speaking.discard(channel)
                self._open.pop(channel, None)
            case Transcript(channel=channel) | SpeechEnded(channel=channel):
                self._speaking.discard(channel)

    def cut(self) -> list[TurnEnded]:
        """The provider's session is gone, and will not tell the ends of the turns that are open: here they are."""
        ends = [TurnEnded(at=until, channel=channel) for channel, until in self._open.items()]
        self._open.clear()
        self._speaking.clear()
        return ends
