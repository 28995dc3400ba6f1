"""`make_keys DIR` writes every secret once, for its owner's eyes alone, in the form that the settings take."""

from pathlib import Path

from cometadmin import parsers
from tests.start import product

FILES = {"secret_key", "sealing_keys", "ledger_keys", "checkpoint_keys", "fingerprint_keys"}


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_it_writes_every_secret_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "keys"

    done = product.run(["make_keys", str(folder)], {})

    assert (done.code, done.err) == (0, "")
    assert set(content(folder)) == FILES
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_settings_take_what_it_writes(keys: Path) -> None:
    written = content(keys)

    assert parsers.secret_key(written.pop("secret_key").strip())
    rings = [parsers.keyring(text) for text in written.values()]
    assert len({key for ring in rings for key in ring.values()}) == 4


def test_it_keeps_what_is_there_and_adds_what_is_missing(tmp_path: Path) -> None:
    product.run(["make_keys", str(tmp_path)], {})
    before = content(tmp_path)
    (tmp_path / "ledger_keys").unlink()

    done = product.run(["make_keys", str(tmp_path)], {})

    after = content(tmp_path)
    assert done.code == 0
    assert after.pop("ledger_keys") != before.pop("ledger_keys")
    assert after == before


def test_it_shows_no_secret(tmp_path: Path) -> None:
    done = product.run(["make_keys", str(tmp_path)], {})

    assert "made" in done.out
    assert not any(text.strip() in done.out for text in content(tmp_path).values())


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = product.run(["make_keys", str(tmp_path / "file" / "keys")], {})

    assert (done.code, len(done.lines)) == (1, 1), done
    assert "nothing was overwritten" in done.lines[0]


def test_it_needs_no_sound_settings(tmp_path: Path) -> None:
    done = product.run(["make_keys", str(tmp_path)], {"PORT": "x", "SEALING_KEYS": "x"})

    assert (done.code, done.err) == (0, "")
