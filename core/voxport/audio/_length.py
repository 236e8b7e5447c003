"""Whether an audio file is all there: libsndfile itself reads a file that was cut short without a word."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import soundfile

# libsndfile's log of the data chunk of a WAV file whose header promises more than the file holds.
_WAV_DATA = re.compile(r"^data : (?P<stated>\d+) \(should be (?P<held>\d+)\)", re.MULTILINE)
# A program that writes WAV into a pipe cannot know the length, and states this many bytes or more.
_WAV_UNKNOWN = 0x7FFF_F000
# libsndfile's frame count for a FLAC file that does not state it.
_FLAC_UNKNOWN = 2**62
_LONGEST_TAG = 4096


def tells_length(file: Any, path: Path) -> bool:
    """Whether ``file.frames``, of an open ``SoundFile``, is exact: otherwise it is a guess, and only reading tells."""
    if file.format == "MP3":
        return _has_mp3_count(path)
    return bool(file.frames < _FLAC_UNKNOWN)


def cut_short(file: Any, path: Path) -> bool:
    """Whether the end of a file that tells its length is missing. Moves the position in ``file``."""
    return file.frames > 0 and _SIGNS.get(file.format, _lacks_last_frame)(file, path)


def left_over(raw: BinaryIO) -> bool:
    """Whether audio is left in ``raw`` after all that a ``Forward`` sound file gave of it was read.

    libsndfile stops an MP3 file without a table at the length that it guesses from the first frame, be there more or
    not. Tags at the end are no audio.
    """
    return os.fstat(raw.fileno()).st_size - raw.tell() > _LONGEST_TAG


class Forward(soundfile.SoundFile):  # type: ignore[misc]  # soundfile publishes no types
    """A sound file that is read from front to back.

    soundfile follows each read of a seekable file by a seek, and reads no further than the frame count, which MP3 and
    FLAC need not give.
    """

    def seekable(self) -> bool:
        """Deny it."""
        return False


def _lacks_last_frame(file: Any, _path: Path) -> bool:
    try:
        file.seek(file.frames - 1)
        return len(file.read(1)) == 0
    except soundfile.LibsndfileError:
        return True


def _lacks_wav_data(file: Any, _path: Path) -> bool:
    found = _WAV_DATA.search(file.extra_info)
    return found is not None and int(found["held"]) < int(found["stated"]) < _WAV_UNKNOWN


def _lacks_last_page(_file: Any, path: Path) -> bool:
    """Whether the last Ogg page lacks the flag 4, end of stream, or is not all there (RFC 3533, section 6)."""
    with path.open("rb") as file:
        # A page has at most 65,307 bytes.
        file.seek(-min(65_307, file.seek(0, os.SEEK_END)), os.SEEK_END)
        tail = file.read()
    page = tail[max(tail.rfind(b"OggS"), 0) :]
    if not page.startswith(b"OggS") or len(page) < 27:
        return True
    lengths = page[27 : 27 + page[26]]
    return not page[5] & 4 or len(page) < 27 + page[26] + sum(lengths)


def _has_mp3_count(path: Path) -> bool:
    """Whether the first MPEG frame, after an ID3 tag, is an encoder's table that states the number of frames."""
    with path.open("rb") as file:
        tag = file.read(10)
        # The size of an ID3 tag has seven bits a byte.
        file.seek(
            10 + sum(byte << 7 * place for place, byte in enumerate(reversed(tag[6:]))) if tag[:3] == b"ID3" else 0
        )
        head = file.read(512)
    return b"Xing" in head or b"Info" in head


_SIGNS: Mapping[str, Callable[[Any, Path], bool]] = {
    "OGG": _lacks_last_page,
    "WAV": _lacks_wav_data,
    "WAVEX": _lacks_wav_data,
}
