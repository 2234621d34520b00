"""Settings are checked once, and told in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ground_station.settings import read_settings
from patrol.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "config" / "station.example.toml"


def test_the_example_in_config_is_a_valid_settings_file() -> None:
    settings = read_settings(EXAMPLE)
    assert settings.host == "127.0.0.1"
    assert settings.aircraft.connect.startswith("udpin://")


def test_every_wrong_entry_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(
        'data_dir = "x"\nport = 99999\ncolour = "red"\n[aircraft]\n[camera]\nurl = "rtsp://a"\n'
        '[speaker]\nurl = "http://a"\n'
    )
    with pytest.raises(ConfigError) as caught:
        read_settings(file)
    for name in ("port", "colour", "aircraft.connect"):
        assert name in str(caught.value)


def test_the_loudspeaker_is_reached_over_http_and_its_tongues_are_known(tmp_path: Path) -> None:
    example = EXAMPLE.read_text()
    file = tmp_path / "station.toml"
    file.write_text(example.replace("https://192.0.2.10:8090", "192.0.2.10:8090"))
    with pytest.raises(ConfigError, match=r"speaker\.url"):
        read_settings(file)
    file.write_text(example.replace('"teochew"', '"klingon"'))
    with pytest.raises(ConfigError, match=r"speaker\.recordings\.1"):
        read_settings(file)


@pytest.mark.parametrize("text", ["= nothing", "\x00"])
def test_a_file_that_is_no_toml_is_told_so(tmp_path: Path, text: str) -> None:
    file = tmp_path / "station.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match="not TOML"):
        read_settings(file)


def test_a_missing_file_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        read_settings(tmp_path / "nowhere.toml")


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The example with words exchanged."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "station.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_other_machines_come_by_tls_and_by_a_name_that_is_known(tmp_path: Path) -> None:
    everywhere = ('host = "127.0.0.1"', 'host = "0.0.0.0"')
    tls = ("[speaker]", '[tls]\ncert_file = "c.pem"\nkey_file = "k.pem"\n[speaker]')
    named = ('host = "0.0.0.0"', 'host = "0.0.0.0"\nnames = ["10.0.0.5"]')
    with pytest.raises(ConfigError, match="only with TLS"):
        read_settings(changed(tmp_path, everywhere))
    with pytest.raises(ConfigError, match="`names`"):
        read_settings(changed(tmp_path, everywhere, tls))
    settings = read_settings(changed(tmp_path, everywhere, tls, named))
    assert settings.names == ("10.0.0.5",)


def test_passwords_of_a_live_station_are_never_hashed_cheaply(tmp_path: Path) -> None:
    cheap = ("argon2_memory_kib = 65536", "argon2_memory_kib = 64")
    assert read_settings(changed(tmp_path, cheap)).sign_in.argon2_memory_kib == 64
    live = ("is_exercise = true", "is_exercise = false")
    with pytest.raises(ConfigError, match="argon2_memory_kib"):
        read_settings(changed(tmp_path, cheap, live))
