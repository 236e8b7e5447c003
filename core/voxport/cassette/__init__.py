"""Sessions written down and played again.

``recorder`` writes a session's conversation as it happens, ``redaction`` takes secrets out on the way; ``lines`` is the
format, ``reading`` reads it; ``player`` decodes a cassette anew, without network, and finds what has changed.
"""
