"""What the drivers share: requests come on stdin, a line of JSON each; what a plug-in reports goes out as lines
``[name, value]``, and ``["over", null]`` ends the answer to a request.

A request holds what ``node/driver.mjs`` says, and in ``make`` what it is for. Runs in an environment without voxport.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any


class Reporter:
    """Prints what a plug-in reports, and wakes who waits for it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._news = asyncio.Event()

    def tell(self, name: str, value: Any = None) -> None:
        print(json.dumps([name, value]), flush=True)
        self._counts[name] += 1
        self._news.set()

    async def told(self, name: str, times: int) -> None:
        """Return when ``name`` has been reported so often, or that all is over."""
        while self._counts[name] < times and not self._counts["ended"]:
            self._news.clear()
            await self._news.wait()


async def play(request: dict[str, Any], reporter: Reporter, send: Callable[[bytes], Any]) -> None:
    """Send the audio, a chunk in each turn of the loop."""
    audio = Path(request["audio"]).read_bytes()  # noqa: ASYNC240 -- nothing else goes on
    held, *news = request.get("hold", [None])
    for number, at in enumerate(range(0, len(audio), request["chunk"])):
        if number == held:
            await reporter.told(*news)
        sent = send(audio[at : at + request["chunk"]])
        await (sent if isinstance(sent, Awaitable) else asyncio.sleep(0))


def serve(session: Callable[[dict[str, Any], Reporter], Awaitable[None]]) -> None:
    """Answer requests until stdin ends."""

    async def answer(request: dict[str, Any]) -> None:
        reporter = Reporter()
        try:
            await session(request, reporter)
        except Exception as error:  # noqa: BLE001 -- whatever a plug-in raises is what it reports
            reporter.tell("thrown", [type(error).__name__, str(error)])

    for line in sys.stdin:
        asyncio.run(answer(json.loads(line)))
        print(json.dumps(["over", None]), flush=True)
