"""collector.toml: absent is the small collector; wrong is said with its place."""

from pathlib import Path

import pytest

from collector.storage.settings import FILE_NAME, SettingsError, read_settings


def test_without_a_file_the_collector_rests_on_its_directory_alone(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    assert settings.database.url is None
    assert settings.series.store == "embedded"


def test_what_the_file_says_is_read(tmp_path: Path) -> None:
    Path(tmp_path, FILE_NAME).write_text(
        '[database]\nurl = "postgresql+psycopg://esep@127.0.0.1/esep"\n[series]\nstore = "influxdb=http://h"\n'
    )
    settings = read_settings(tmp_path)
    assert settings.database.url == "postgresql+psycopg://esep@127.0.0.1/esep"
    assert settings.series.store == "influxdb=http://h"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[database]\nurl = 5\n", "database.url"),
        ("[data]\n", "data"),
        ("[database]\nuri = 'x'\n", "database.uri"),
        ("[database\n", "line 1"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path: Path, text: str, says: str) -> None:
    Path(tmp_path, FILE_NAME).write_text(text)
    with pytest.raises(SettingsError, match=FILE_NAME) as raised:
        read_settings(tmp_path)
    assert says in str(raised.value)
