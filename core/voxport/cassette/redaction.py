"""Keys and tokens out of what is written down: by rule, and by the values in use.

What a rule has taken out once is taken out wherever it comes again, as it is, URL-encoded or in base64. Every secret
has a placeholder of its own, ``redacted-1`` and so on, so that a recording stays consistent with itself: the token that
an answer grants is the token that the next request shows.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

SECRET_NAME = re.compile(
    r"(x-[\w-]*-)?(api[-_]?)?key([-_]value)?|(proxy-)?authorization|[\w-]*(token|jwt|secret|password|credential|cookie)"
    r"|sig(nature)?|x-amz-[\w-]*|sec-websocket-protocol",
    re.IGNORECASE,
)
"""Names of headers, query parameters and JSON members whose values are secret."""

SUSPECT = (
    "://",
    "key",
    "authorization",
    "token",
    "jwt",
    "secret",
    "password",
    "credential",
    "cookie",
    '"sig',
    "x-amz",
    "sec-",
)
"""What a message holds if anything in it can be secret by rule: far cheaper to look for than to read the message."""

LEAST = 6
"""Characters of a value before it is looked for elsewhere: a shorter one would be found by chance. It is taken out all
the same where a rule says so.
"""


class Redactor:
    """Remembers what it has taken out."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """``secrets`` are values known to be secret: the keys in use."""
        self._placeholders: dict[str, str] = {}
        self._known: dict[str, str] = {}  # each form of each secret, the longest first, and what stands in for it
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            if secret:
                self.hide(secret)

    def hide(self, secret: str) -> str:
        """The placeholder for ``secret``, which is looked for from now on."""
        placeholder = self._placeholders.get(secret)
        if placeholder is None:
            placeholder = self._placeholders[secret] = f"redacted-{len(self._placeholders) + 1}"
            if len(secret) >= LEAST:
                self._known |= dict.fromkeys(forms(secret), placeholder)
                longest_first = sorted(self._known, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        return placeholder

    def text(self, text: str) -> str:
        """Any text, without the secrets known so far."""
        if self._pattern is None or not any(form in text for form in self._known):
            return text
        return self._pattern.sub(lambda found: self._known[found[0]], text)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers; of an authorization, the scheme stays."""
        return {name: self._header(name, value) for name, value in headers.items()}

    def _header(self, name: str, value: str) -> str:
        if not SECRET_NAME.fullmatch(name):
            return self.text(value)
        parts = re.split(r"([ ,]+)", value)
        words = [part for part in parts[::2] if part]
        if len(words) == 1:
            return self.hide(words[0])
        return "".join(part if at == 0 or at % 2 or not part else self.hide(part) for at, part in enumerate(parts))

    def url(self, url: str) -> str:
        """A URL; its host and path stay, and its query but for secret values."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        query = "&".join(map(self._parameter, parts.query.split("&"))) if parts.query else ""
        return self.text(urlunsplit((parts.scheme, host, parts.path, query, parts.fragment)))

    def _parameter(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        return f"{name}={self.hide(value)}" if equals and value and SECRET_NAME.fullmatch(name) else pair

    def body(self, body: str) -> str:
        """A message or the body of a request: JSON by its members, anything else as text. JSON without secrets stays as
        it came, byte for byte.
        """
        low = body.lower()
        if not any(word in low for word in SUSPECT):
            return self.text(body)
        try:
            tree = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return self.text(body)
        clean = self.tree(tree)
        return self.text(body if clean == tree else msgspec.json.encode(clean).decode())

    def tree(self, tree: Any, *, secret: bool = False) -> Any:
        """JSON as Python has it."""
        match tree:
            case str() if secret and tree:
                return self.hide(tree)
            case str() if "://" in tree:
                return self.url(tree)
            case str():
                return self.text(tree)
            case dict():
                return {
                    key: self.tree(value, secret=bool(SECRET_NAME.fullmatch(str(key)))) for key, value in tree.items()
                }
            case list() | tuple():
                return [self.tree(item, secret=secret) for item in tree]
        return tree


def forms(secret: str) -> tuple[str, ...]:
    """How a value may stand in a text: plain, URL-encoded, in base64 (either alphabet, at each of three alignments)."""
    plain = secret.encode()
    found = {secret, quote(secret, safe=""), quote(secret)}
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + plain).decode().rstrip("=")
        # The first and last characters also depend on what stands beside the value.
        core = encoded[(0, 2, 3)[shift] : len(encoded) - (1 if (shift + len(plain)) % 3 else 0)]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return tuple(form for form in found if len(form) >= LEAST)
