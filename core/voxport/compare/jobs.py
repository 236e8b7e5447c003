"""The YAML file that says who is compared.

::

    transcription: {language: en}
    jobs:
      acme:                                    # a label; alone, it is the provider's name
      acme-eager: {provider: acme, transcription: {end_of_turn_silence_ms: 200}}
    limits:
      acme: {concurrency: 20, per_minute: 60}

``transcription``, ``audio``, ``resilience``, ``strict`` and ``providers`` are those of any settings file and hold for
all jobs; what a job says itself wins. ``emulated`` has a job talk to an emulator on this machine that hears by the
recogniser of that name, without key or network.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voxport import registry
from voxport.emulator import KEY, redirected
from voxport.errors import SettingsError
from voxport.opening import checked
from voxport.recogniser import RECOGNISERS
from voxport.settings import (
    AudioSettings,
    Place,
    ProviderSection,
    Section,
    Settings,
    convert,
    given,
    read_yaml,
    resolve,
    unknown_name,
)

INHERITED = ("transcription", "audio", "resilience")
"""The sections of which a job may say only what differs."""


class Limit(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one provider allows over all jobs: sessions at once, and sessions begun in a minute."""

    concurrency: Annotated[int, Meta(ge=1)] | None = None
    per_minute: Annotated[int, Meta(ge=1)] | None = None


class JobSection(ProviderSection, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One job of the file: a provider's section, and what else is its own."""

    provider: str | None = None
    emulated: str | None = None
    strict: bool | None = None
    transcription: Mapping[str, Any] = {}
    audio: Mapping[str, Any] = {}
    resilience: Mapping[str, Any] = {}


class JobsDocument(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole file."""

    jobs: Mapping[str, Any]
    limits: Mapping[str, Any] = {}
    transcription: Mapping[str, Any] = {}
    audio: Mapping[str, Any] = {}
    resilience: Mapping[str, Any] = {}
    strict: bool = False
    providers: Mapping[str, Any] = {}


class Job(msgspec.Struct, frozen=True):
    """One of those compared. ``tree`` is its settings file, in which no variable has been read yet: what travels to
    another machine has no key in it.
    """

    label: str
    provider: str
    tree: Mapping[str, Any]
    origin: str
    emulated: str | None = None

    def settings(self) -> Settings:
        """The settings, keys read from the environment and everything checked; see ``voxport.open`` for what is raised.

        An emulated job still talks to the provider itself; see ``ready``.
        """
        adapter = registry.adapter(self.provider, self.origin)
        return checked(adapter, resolve(self.tree, self.origin))

    def ready(self) -> Settings:
        """The settings to start with, an emulator started where one is asked for."""
        return redirected(self.settings(), self.emulated) if self.emulated else self.settings()

    def fingerprint(self, *, realtime: bool) -> str:
        """Equal for jobs that are asked the same in the same way; keys and labels are no part of it."""
        settings = self.settings()
        asked = (
            self.provider, self.emulated, given(settings), settings.options, settings.endpoint, settings.region,
            settings.audio, settings.resilience, realtime,
        )  # fmt: skip
        return blake2b(msgspec.json.encode(asked, order="deterministic"), digest_size=16).hexdigest()


class Plan(msgspec.Struct, frozen=True):
    """A whole file, checked. ``audio`` is the format that the audio is read in."""

    jobs: tuple[Job, ...]
    limits: Mapping[str, Limit]
    audio: AudioSettings

    def only(self, labels: Iterable[str]) -> Plan:
        """The same with these jobs alone, all for none. Raises ``SettingsError`` for a label that is not there."""
        wanted = dict.fromkeys(labels) or {job.label: None for job in self.jobs}
        known = {job.label: job for job in self.jobs}
        for label in wanted:
            if label not in known:
                raise SettingsError(f"--only {label}: {unknown_name('job', label, known)}")
        return msgspec.structs.replace(self, jobs=tuple(known[label] for label in wanted))


def load_plan(path: str | os.PathLike[str], only: Iterable[str] = ()) -> Plan:
    """Read a file and check every job of it, or ``only`` those. Raises ``SettingsError``."""
    origin = os.fspath(path)
    tree = read_yaml(path)
    if not isinstance(tree, dict) or not tree.get("jobs"):
        raise SettingsError(f"{origin}: expected a mapping with 'jobs:' at the top; see config/compare.yaml")
    root = Place(origin, "$")
    document = convert(_without_nothing(tree), JobsDocument, root)
    plan = Plan(
        tuple(_job(document, str(label), own or {}, root) for label, own in document.jobs.items()),
        {name: convert(limit, Limit, root.under("limits").under(name)) for name, limit in document.limits.items()},
        resolve({"provider": "any", "audio": dict(document.audio)}, origin).audio,
    ).only(only)
    for job in plan.jobs:
        job.settings()
    return plan


def _without_nothing(tree: Mapping[str, Any]) -> dict[str, Any]:
    """An empty section of YAML is ``None``; it asks for nothing."""
    return {key: {} if value is None else value for key, value in tree.items()}


def _job(document: JobsDocument, label: str, own: Any, root: Place) -> Job:
    place = root.under("jobs").under(label)
    asked = convert({**own, "api_key": None} if isinstance(own, dict) else own, JobSection, place)
    provider = asked.provider or label
    if provider not in registry.names():
        place.fail(unknown_name("provider", provider, registry.names()))
    if asked.emulated and asked.emulated not in RECOGNISERS:
        place.under("emulated").fail(unknown_name("recogniser", asked.emulated, RECOGNISERS))
    section = {**(document.providers.get(provider) or {}), **_named(own, ProviderSection.__struct_fields__)}
    if asked.emulated:
        section["api_key"] = KEY
    tree = {
        "provider": provider,
        "strict": document.strict if asked.strict is None else asked.strict,
        **{name: {**getattr(document, name), **getattr(asked, name)} for name in INHERITED},
        "providers": {provider: section},
    }
    return Job(label, provider, tree, f"{root.origin}: jobs.{label}", asked.emulated)


def _named(tree: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: tree[name] for name in names if name in tree}
