"""The YAML files that come with voxport."""

import re
from pathlib import Path

import pytest
import yaml

import voxport
from support.command import PROVIDERS
from voxport import registry
from voxport.cli._config import PACKAGED, config_file, packaged
from voxport.settings import load

OF_COMPARING = {"compare", "measure", "prices"}
FILES = sorted(file for file in packaged().parent.glob("*.yaml") if file.stem not in OF_COMPARING)
SELECTABLE = [(file, provider) for file in FILES for provider in yaml.safe_load(file.read_text())["providers"]]


def test_there_is_one_for_each_provider_and_one_for_all() -> None:
    assert {file.stem for file in FILES} == {*registry.names(), Path(PACKAGED).stem}
    assert {provider for file, provider in SELECTABLE if file.name == PACKAGED} == set(registry.names())
    assert load(packaged()).provider == "local"


@pytest.mark.parametrize(("file", "provider"), SELECTABLE, ids=lambda value: getattr(value, "name", value))
def test_every_file_opens_for_every_provider_in_it(file: Path, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in PROVIDERS.values():
        monkeypatch.delenv(variable, raising=False)
    if provider in PROVIDERS:
        with pytest.raises(voxport.SettingsError, match=PROVIDERS[provider]):
            voxport.open(file, provider)
        monkeypatch.setenv(PROVIDERS[provider], "key-of-a-test")
    settings = voxport.open(file, provider).settings
    adapter = registry.adapter(provider)
    assert settings.key == ("key-of-a-test" if provider in PROVIDERS else "")
    assert settings.model == adapter.capabilities.default_model
    assert adapter.translate(settings).of("dropped") == ()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_commented_out_is_valid_too(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in PROVIDERS.values():
        monkeypatch.setenv(variable, "key-of-a-test")
    whole = tmp_path / file.name
    whole.write_text(re.sub(r"^( *)# ( *\w+: )", r"\1\2", file.read_text(), flags=re.MULTILINE))
    assert "punctuation: true" in whole.read_text() or file.stem == "local"
    for provider in yaml.safe_load(whole.read_text())["providers"]:
        load(whole, provider)


def test_a_file_that_is_named_counts_then_the_directorys_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config_file(None) == packaged()
    (tmp_path / PACKAGED).touch()
    assert config_file(None) == Path(PACKAGED)
    assert config_file(Path("other.yaml")) == Path("other.yaml")


def test_an_installed_package_has_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "voxport" / "config" / PACKAGED
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.setattr(voxport, "__file__", str(tmp_path / "voxport" / "__init__.py"))
    assert packaged() == file
