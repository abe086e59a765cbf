"""Which tests run in one process, and which start first, where several processes run the tests (`pytest -n`).

pytest-xdist 3.8 has groups for this (`--dist loadgroup`); beside pytest 9.2 they have no effect.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

WAITING = frozenset(
    {
        "tests/faults/test_documented_till.py",
        "tests/faults/test_full_disk.py",
        "tests/faults/test_jobs_beside_tills.py",
        "tests/faults/test_kill.py",
        "tests/faults/test_kill_everything.py",
        "tests/faults/test_kill_import.py",
        "tests/faults/test_kill_jobs.py",
        "tests/faults/test_read_only_file.py",
        "tests/faults/test_restart.py",
    }
)
"""Files whose tests wait most of their time: one process runs them all, while the others have the processors."""

SHARING = frozenset(
    {
        "tests/api/test_http_connections.py",
        "tests/api/test_worst_case_queries.py",
        "tests/cli/test_wheel.py",
        "tests/faults/test_every_tampering.py",
        "tests/pages/test_pages_in_a_browser.py",
        "tests/shape/test_call_trace.py",
        "tests/web/test_error_responses.py",
        "tests/web/test_graphiql.py",
    }
)
"""Files whose tests share a browser, a server or a shop that takes long to make: one process runs all tests of such a file."""

LONGEST = ("tests/ledger/test_database_stateful.py", "tests/test_readme.py")
"""Files with other tests of more than thirty seconds. They start before the other single tests, so that short ones fill the end."""


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types for its schedulers
    """Hands tests to processes: those of one unit to one process, the units with most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """The unit that a test belongs to: the waiting tests, its file, or the test alone."""
    file = nodeid.partition("::")[0]
    if file in WAITING:
        return "waiting"
    return file if file in SHARING else nodeid
