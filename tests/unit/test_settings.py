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
    assert settings.aircraft[0].connect.startswith("udpin://")


def test_every_wrong_entry_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(
        'data_dir = "x"\nport = 99999\ncolour = "red"\n[aircraft]\n[camera]\nurl = "rtsp://a"\n'
        '[speaker]\nurl = "http://a"\n'
    )
    with pytest.raises(ConfigError) as caught:
        read_settings(file)
    for name in ("port", "colour", "aircraft.0.connect"):
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


def test_a_station_without_sign_in_listens_on_this_machine_alone(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    assert 'host = "127.0.0.1"' in text
    file.write_text(text.replace('host = "127.0.0.1"', 'host = "0.0.0.0"'), encoding="utf-8")
    with pytest.raises(ConfigError, match="host: .*without sign-in"):
        read_settings(file)
