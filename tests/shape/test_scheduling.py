"""The files that the scheduling of tests names exist, and several processes share the tests as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scheduling import LONGEST, SHARING, WAITING, unit_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", sorted({*WAITING, *SHARING, *LONGEST}))
def test_named_file_exists(file: str) -> None:
    assert (ROOT / file).is_file()


def test_waiting_tests_are_one_unit_shared_files_another_and_other_tests_each_their_own() -> None:
    assert unit_of("tests/faults/test_kill.py::test_a[x::y]") == unit_of("tests/faults/test_restart.py::test_b")
    assert unit_of("tests/web/test_graphiql.py::test_a") == "tests/web/test_graphiql.py"
    assert unit_of("tests/api/test_till.py::test_a") == "tests/api/test_till.py::test_a"


def test_processes_share_the_tests_by_these_units(pytestconfig: pytest.Config) -> None:
    makers = pytestconfig.hook.pytest_xdist_make_scheduler.get_hookimpls()
    assert any(maker.plugin_name.endswith("tests/conftest.py") for maker in makers)
