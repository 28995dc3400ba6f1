"""The README's table of settings is the one that the code reads."""

from cometadmin import environment
from tests.start import product


def test_the_readme_holds_every_setting_as_it_is() -> None:
    readme = (product.ROOT / "README.md").read_text()

    assert environment.table() in readme, "paste what `python -m cometadmin.environment` prints"


def test_the_table_can_be_printed_without_django() -> None:
    done = product.python(["-m", "cometadmin.environment"], {})

    assert (done.code, done.out.rstrip()) == (0, environment.table())
    assert len(environment.table().splitlines()) == len(environment.SETTINGS) + 2
