"""Settings are checked once, and told in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ground_station.settings import StationSettings, read_settings
from patrol.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "config" / "station.example.toml"


def test_the_example_in_config_is_a_valid_settings_file() -> None:
    settings = read_settings(EXAMPLE)
    assert settings.host == "127.0.0.1"
    assert settings.aircraft[0].connect.startswith("udpin://")
    assert not settings.aircraft[0].camera.keeps_pictures


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


def test_a_token_does_not_travel_in_clear_unless_somebody_says_so(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    token = EXAMPLE.read_text(encoding="utf-8").replace("# token_file", "token_file")
    file.write_text(token, encoding="utf-8")
    assert read_settings(file).aircraft[0].speaker.token_file is not None
    plain = token.replace("https://192.0.2.10", "http://192.0.2.10")
    file.write_text(plain, encoding="utf-8")
    with pytest.raises(ConfigError, match="would travel in clear"):
        read_settings(file)
    file.write_text(plain.replace("# allow_plain", "allow_plain"), encoding="utf-8")
    assert read_settings(file).aircraft[0].speaker.allow_plain
    file.write_text(plain.replace("192.0.2.10", "127.0.0.1"), encoding="utf-8")
    assert read_settings(file).aircraft[0].speaker.url == "http://127.0.0.1:8090"
    for nowhere in ("[", ":8090", "[x]:8090"):
        file.write_text(token.replace("https://192.0.2.10:8090", f"https://{nowhere}"))
        with pytest.raises(ConfigError, match="speaker"):
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
    tls = ("[sign_in]", '[tls]\ncert_file = "c.pem"\nkey_file = "k.pem"\n[sign_in]')
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


def an_aircraft(number: int, **changes: object) -> dict[str, Any]:
    """One of several, with everything its own."""
    body: dict[str, Any] = {
        "name": f"GP-{number}", "connect": f"udpin://0.0.0.0:1454{number}", "system_id": number,
        "camera": {"camera_id": f"cam-{number}", "url": f"rtsp://192.0.2.{number}/camera"},
        "speaker": {"url": f"https://192.0.2.{number}:8090"},
    }  # fmt: skip
    return body | changes


def test_the_example_shows_two_aircraft_each_with_its_camera_and_loudspeaker() -> None:
    first, second = read_settings(EXAMPLE).aircraft
    assert (first.name, second.name) == ("GP-1", "GP-2")
    assert (first.camera.camera_id, second.camera.camera_id) == ("cam-1", "cam-2")
    assert first.speaker.url != second.speaker.url


def test_a_file_of_one_aircraft_may_have_its_camera_and_loudspeaker_beside_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "station.toml"
    file.write_text(
        'data_dir = "x"\n[aircraft]\nconnect = "udpin://0.0.0.0:14540"\n'
        '[camera]\nurl = "rtsp://a"\n[speaker]\nurl = "http://a"\n'
    )
    (aircraft,) = read_settings(file).aircraft
    assert (aircraft.name, aircraft.camera.url, aircraft.speaker.url) == (
        "GP-1", "rtsp://a", "http://a"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "GP-1"}, "2 aircraft are called GP-1: give each its own"),
        ({"system_id": 1}, "2 aircraft have the system id 1: give each its own"),
        ({"camera": {"camera_id": "cam-1", "url": "rtsp://b"}}, "have the camera_id cam-1"),
        ({"camera": {"camera_id": "b", "url": "rtsp://192.0.2.1/camera"}}, "have the camera at"),
        ({"speaker": {"url": "https://192.0.2.1:8090"}}, "have the loudspeaker at"),
        (
            {"connect": "udpin://0.0.0.0:14541", "system_id": None},
            "GP-2 shares udpin://0.0.0.0:14541 with another: give each its system_id",
        ),
    ],
)
def test_what_belongs_to_one_aircraft_may_not_be_anothers_too(
    changes: dict[str, object], words: str
) -> None:
    body = {"data_dir": "x", "aircraft": [an_aircraft(1), an_aircraft(2, **changes)]}
    with pytest.raises(ValidationError) as caught:
        StationSettings.model_validate(body)
    assert words in str(caught.value)


def test_telemetry_comes_five_times_a_second_unless_told_otherwise_and_at_most_ten() -> None:
    def rate_hz(**changes: object) -> float:
        settings = StationSettings.model_validate(
            {"data_dir": "x", "aircraft": [an_aircraft(1, **changes)]}
        )
        return settings.aircraft[0].telemetry_hz

    assert (rate_hz(), rate_hz(telemetry_hz=10.0)) == (5.0, 10.0)
    for wrong_hz in (0.0, 10.5):
        with pytest.raises(ValidationError, match="telemetry_hz"):
            rate_hz(telemetry_hz=wrong_hz)


def test_two_may_share_a_line_when_each_has_its_system_id_and_none_is_no_station() -> None:
    shared = [an_aircraft(number, connect="udpin://0.0.0.0:14540") for number in (1, 2)]
    StationSettings.model_validate({"data_dir": "x", "aircraft": shared})
    for wrong in ([], [an_aircraft(number) for number in range(1, 52)]):
        with pytest.raises(ValidationError, match="aircraft"):
            StationSettings.model_validate({"data_dir": "x", "aircraft": wrong})
