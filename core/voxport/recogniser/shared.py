"""Several sessions on the same audio, recognised once: what a comparison of emulated providers is.

What was heard is kept in a tree whose edges are blocks of audio, by digest. A session walks down its own audio: the
first to come to a node has it recognised, the others find the result. Where sessions part, so do their branches.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

import numpy as np

from voxport.recogniser import RATE, Heard, Listening, Recogniser

if TYPE_CHECKING:
    from voxport.recogniser import Samples

BLOCK = RATE // 10
"""Samples of one edge: 0.1 s."""

Step = Literal["hear", "flush", "finish"]


class Shared:
    """A ``Recogniser`` that hears the same audio of several sessions at once only once, with the same results.

    Two sessions share as far as they have heard the same from second 0 on, ends of utterances included. One that parts
    from the others is rebuilt by hearing its own audio again, so nobody hears what another session said. Sessions on
    different branches do not wait for each other. A branch is forgotten when no open session is on it or on the way to
    it.

    Memory: audio is kept for ``keep_seconds`` behind the foremost session of each branch, 64 kB a second (38 MB by
    default), and results as long as the branch. A session that parts later than that is rebuilt with silence in place
    of what was forgotten, and sessions that begin after that share only among themselves.
    """

    def __init__(self, recogniser: Recogniser, keep_seconds: float = 600.0) -> None:
        """``recogniser`` does the work."""
        self._recogniser = recogniser
        self._keep = max(1, round(keep_seconds * RATE / BLOCK))
        self._lock = threading.Lock()
        self._tree = _Tree(recogniser, self._keep)

    @property
    def name(self) -> str:
        """The name of the recogniser that does the work."""
        return self._recogniser.name

    def listen(self) -> Listening:
        """See ``Recogniser``."""
        with self._lock:
            if self._tree.forgetful:
                self._tree = _Tree(self._recogniser, self._keep)
            return _Cursor(self._tree)


class _Node:
    """What was heard at the end of one edge. ``settled`` is set once ``heard`` or ``error`` is there."""

    def __init__(self, parent: _Node | None, samples: Samples, step: Step) -> None:
        self.parent = parent
        self.samples: Samples | None = samples
        self.size = len(samples)
        self.step = step
        self.children: dict[bytes, _Node] = {}
        self.here = 0  # sessions at this node
        self.below = 0  # sessions at this node or beyond
        self.live: Listening | None = None  # has heard exactly what leads here
        self.trail: deque[_Node] | None = None  # goes with ``live``: the nodes whose audio is kept
        self.heard: list[Heard] = []
        self.error: BaseException | None = None
        self.settled = threading.Event()

    def take(self, listening: Listening) -> list[Heard]:
        """Have ``listening`` hear what leads from the parent to here."""
        samples = np.zeros(self.size, np.float32) if self.samples is None else self.samples
        heard = listening.hear(samples) if self.size else []
        if self.step == "flush":
            heard = heard + listening.flush()
        elif self.step == "finish":
            heard = heard + listening.finish()
        return heard

    def path(self) -> list[_Node]:
        """The nodes from the first edge to here."""
        nodes: list[_Node] = []
        node: _Node = self
        while node.parent is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]


class _Tree:
    """All that the sessions of one time have heard. The lock guards the shape; recognition happens outside of it."""

    def __init__(self, recogniser: Recogniser, keep: int) -> None:
        self._recogniser = recogniser
        self._keep = keep
        self._lock = threading.Lock()
        self.root = _Node(None, np.empty(0, np.float32), "hear")
        self.forgetful = False  # some audio is forgotten: nobody new may begin here

    def enter(self) -> _Node:
        """One more session at the root."""
        with self._lock:
            self.root.here += 1
            self.root.below += 1
        return self.root

    def walk(self, node: _Node, samples: Samples, step: Step) -> _Node:
        """From ``node`` to what comes after these samples: recognised now, or by the session that came first."""
        key = blake2b(samples.tobytes(), digest_size=16, person=step.encode()).digest()
        with self._lock:
            child, first = node.children.get(key), None
            if child is None:
                child = first = node.children[key] = _Node(node, samples, step)
                first.live, node.live = node.live, None
                first.trail, node.trail = node.trail, None
            self._move(node, child)
        if first is not None:
            self._recognise(first, node)
        child.settled.wait()
        return child

    def leave(self, node: _Node) -> None:
        """The session at ``node`` is closed."""
        with self._lock:
            node.here -= 1
            self.root.below -= 1
            for passed in node.path():
                passed.below -= 1
            self._sweep()

    def _move(self, node: _Node, child: _Node) -> None:
        node.here -= 1
        child.here += 1
        child.below += 1
        if len(node.children) > 1:
            self._sweep()

    def _recognise(self, child: _Node, node: _Node) -> None:
        try:
            listening = child.live or self._rebuild(node)
            child.live = None
            child.heard = child.take(listening)
            if child.step != "finish":
                self._arrive(child, listening)
        except BaseException as error:  # noqa: BLE001 -- raised again in every session that comes here
            child.error = error
        finally:
            child.settled.set()

    def _rebuild(self, node: _Node) -> Listening:
        listening = self._recogniser.listen()
        for passed in node.path():
            passed.take(listening)
        return listening

    def _arrive(self, child: _Node, listening: Listening) -> None:
        trail = child.trail if child.trail is not None else deque(child.path()[:-1])
        trail.append(child)
        with self._lock:
            while len(trail) > self._keep:
                trail.popleft().samples = None
                self.forgetful = True
            child.live, child.trail = listening, trail

    def _sweep(self) -> None:
        """Forget the branches that no session is on or can still come to."""
        todo = [(self.root, False)]
        while todo:
            node, awaited = todo.pop()
            awaited = awaited or node.here > 0
            for key, child in list(node.children.items()):
                if child.below or awaited:
                    todo.append((child, awaited))
                else:
                    del node.children[key]
                    _close(child)


def _close(node: _Node) -> None:
    """Close every ``Listening`` from ``node`` on."""
    todo: list[_Node] = [node]
    while todo:
        node = todo.pop()
        todo += node.children.values()
        if node.live is not None:
            node.live.close()
            node.live = None


class _Cursor:
    """One session's place in the tree, as a ``Listening``."""

    def __init__(self, tree: _Tree) -> None:
        self._tree = tree
        self._node: _Node | None = tree.enter()
        self._rest: Samples = np.empty(0, np.float32)

    def hear(self, samples: Samples, /) -> list[Heard]:
        audio = np.concatenate((self._rest, samples))
        whole = len(audio) - len(audio) % BLOCK
        self._rest = audio[whole:]
        return _joined(self._step(audio[at : at + BLOCK], "hear") for at in range(0, whole, BLOCK))

    def flush(self) -> list[Heard]:
        rest, self._rest = self._rest, self._rest[:0]
        return self._step(rest, "flush")

    def finish(self) -> list[Heard]:
        heard = self._step(self._rest, "finish") if self._node is not None else []
        self.close()
        return heard

    def close(self) -> None:
        if self._node is not None:
            self._tree.leave(self._node)
            self._node = None

    def _step(self, samples: Samples, step: Step) -> list[Heard]:
        assert self._node is not None, "this Listening is closed"
        self._node = self._tree.walk(self._node, samples.copy(), step)
        if self._node.error is not None:
            raise self._node.error
        return self._node.heard


def _joined(parts: Iterable[list[Heard]]) -> list[Heard]:
    return [heard for part in parts for heard in part]
