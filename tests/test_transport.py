"""What goes over the socket itself, seen by software that we did not write."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

import voxport
from support.emulated import CHUNKS
from voxport.events import AnyEvent, Ended, Failed, Notice
from voxport.settings import AudioSettings, Resilience, Secret, Settings

METADATA = json.dumps({"type": "Metadata", "request_id": "r", "duration": 2.0, "channels": 1})


def settings(provider: str, url: str, **patience: float) -> Settings:
    return Settings(
        provider=provider,
        api_key=Secret("canary"),
        endpoint=url,
        audio=AudioSettings(chunk_ms=100),
        resilience=Resilience(**{"max_retries": 0, **patience}),  # type: ignore[arg-type] # numbers, all of them
    )


class Far:
    """A far side that notes what came and how it ended."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []
        self.code: int | None = None
        self.over = threading.Event()

    def __call__(self, link: ServerConnection) -> None:
        try:
            for frame in link:
                self.frames.append(frame)
                if frame == '{"type":"CloseStream"}':
                    link.send(METADATA)
            self.code = link.close_code
        except ConnectionClosed:
            self.code = link.close_code
        finally:
            self.over.set()


@contextmanager
def far_side(far: Far) -> Iterator[str]:
    with serve(far, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def test_audio_arrives_as_it_was_and_the_session_closes_with_1000() -> None:
    far = Far()
    with far_side(far) as url:
        with voxport.open(settings("deepgram", url)) as session:
            session.feed(CHUNKS)
            heard = list(session)
        assert far.over.wait(5)
    assert b"".join(frame for frame in far.frames if isinstance(frame, bytes)) == b"".join(CHUNKS)
    assert far.frames[-1] == '{"type":"CloseStream"}'
    assert far.code == 1000
    assert isinstance(heard[-1], Ended)


def test_a_session_that_waits_lives_by_pings() -> None:
    """Nothing is said for many intervals; the answers to pings keep the connection from counting as dropped."""
    far = Far()
    with (
        far_side(far) as url,
        voxport.open(settings("assemblyai", url, ping_interval=0.05, begin_timeout=0.5)) as session,
    ):
        heard: list[AnyEvent] = []
        with pytest.raises(voxport.SessionFailedError, match="did not accept the session in time"):
            for event in session:
                heard.append(event)
    assert [type(event) for event in heard if not isinstance(event, Notice)] == [Failed]


class Redirects(BaseHTTPRequestHandler):
    """Sends everybody elsewhere."""

    elsewhere = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(307)
        self.send_header("Location", f"{self.elsewhere}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 -- the library's name

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("provider", ["assemblyai", "deepgram", "gladia", "speechmatics"])
def test_a_redirect_is_not_followed_as_it_would_carry_the_key_to_another_host(provider: str) -> None:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as elsewhere,
        ThreadingHTTPServer(("127.0.0.1", 0), Redirects) as server,
    ):
        elsewhere.setblocking(False)
        scheme = "http" if provider == "gladia" else "ws"
        Redirects.elsewhere = f"{scheme}://127.0.0.1:{elsewhere.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        asked = settings(provider, f"http://127.0.0.1:{server.server_address[1]}", connect_timeout=1.0)
        with pytest.raises(voxport.SessionFailedError) as caught, voxport.open(asked) as session:
            list(session)
        server.shutdown()
        thread.join()
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert "canary" not in str(caught.value)
