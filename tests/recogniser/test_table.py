import sys

import pytest

from voxport.errors import MissingExtraError, SettingsError
from voxport.recogniser import RECOGNISERS, recogniser


def test_the_default_comes_first() -> None:
    assert RECOGNISERS == ("moonshine", "pocketsphinx")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"^recogniser 'moonshin': unknown recogniser; did you mean 'moonshine'\?"):
        recogniser("moonshin")


def test_a_missing_package_is_told_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "voxport.recogniser.moonshine", raising=False)
    monkeypatch.setitem(sys.modules, "moonshine_voice", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'voxport\[local\]'"):
        recogniser("moonshine")
