from __future__ import annotations

from pathlib import Path

import pytest

from canonical.errors import ConfigurationError
from service.settings import find, load


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "exports/may").mkdir(parents=True)
    return tmp_path


def write(home: Path, text: str) -> None:
    (home / "ecas.toml").write_text(text, "utf-8")


def test_the_nearest_file_upward_counts(home):
    """From the payload's folder up, whatever the working folder is."""
    write(home, 'agency = "riverbend"\nroster = "roster.csv"\n')
    (home / "exports/ecas.toml").write_text('agency = "harborlight"\n', "utf-8")

    assert find(home / "exports/may/a.json") == home / "exports/ecas.toml"
    assert load(home / "exports/may/a.json", {}).agency == "harborlight"
    assert load(home / "a.json", {}).roster == home / "roster.csv"


def test_relative_paths_are_relative_to_the_file(home):
    """They mean the same wherever the command is started."""
    write(home, 'mapping_path = "mappings"\nspec_path = ["specs", "/srv/specs"]\ndata_dir = "data"\n')
    chosen = load(home / "exports/may", {})

    assert chosen.mapping_path == home / "mappings"
    assert chosen.spec_path == (home / "specs", Path("/srv/specs"))
    assert chosen.database == f"sqlite:///{home}/data/ecas.sqlite3"
    assert chosen.master_key_file == home / "data/master.key"


def test_a_relative_database_stands_beside_the_file(home):
    """SQLite's file too."""
    write(home, 'database_url = "sqlite:///queue.db"\n')

    assert load(home, {}).database == f"sqlite:///{home}/queue.db"


def test_the_environment_overlays_the_file(home):
    """The same names, in capitals, behind ECAS_; an empty one counts as not set."""
    write(home, 'agency = "riverbend"\nlog_level = "debug"\n')
    chosen = load(
        home, {"ECAS_AGENCY": "northstar", "ECAS_LOG_LEVEL": "", "ECAS_SPEC_PATH": "/a:/b", "ECAS_OTHER": "x"}
    )

    assert chosen.agency == "northstar"
    assert chosen.log_level == "debug"
    assert chosen.spec_path == (Path("/a"), Path("/b"))


def test_secrets_are_not_shown(home):
    """Neither the API key nor the database's password is in a representation."""
    chosen = load(home, {"ECAS_API_KEY": "CANARY", "ECAS_DATABASE_URL": "postgresql+psycopg://u:CANARY@h/d"})

    assert "CANARY" not in repr(chosen)
    assert chosen.database.endswith("CANARY@h/d")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('rooster = "roster.csv"\n', "“rooster” is not a setting"),
        ("agency = 7\n", "“agency” must be the agency's id, as text"),
        ('log_level = "CANARY"\n', "“log_level” must be one of debug, info, warning, error"),
        ('gateway_url = "ftp://CANARY"\n', "“gateway_url” must be the state's base address"),
        ("spec_path = [1]\n", "“spec_path” must be folders"),
        ("agency = \n", "this file is not TOML"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_and_without_its_value(home, text, says):
    """A typing error must not quietly mean the default."""
    write(home, text)

    with pytest.raises(ConfigurationError) as refused:
        load(home, {})

    assert says in str(refused.value)
    assert str(home / "ecas.toml") in str(refused.value)
    assert "CANARY" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_wrong_variable_is_refused_by_its_own_name(home):
    """The sentence names where the value was given."""
    with pytest.raises(ConfigurationError, match="The environment variable ECAS_URL must be the address"):
        load(home, {"ECAS_URL": "nonsense"})


def test_a_file_that_may_not_be_read_is_named(home, monkeypatch):
    """The operating system's word alone would not say which one."""
    write(home, 'agency = "riverbend"\n')

    def refused(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)

    with pytest.raises(ConfigurationError, match=r"ecas\.toml cannot be read: Permission denied"):
        load(home, {})
