"""What `voxport transcribe` can write."""

from enum import StrEnum


class Format(StrEnum):
    """What to write."""

    TEXT = "text"
    JSONL = "jsonl"
    SRT = "srt"
    VTT = "vtt"
