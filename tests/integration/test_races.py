# SPDX-License-Identifier: Apache-2.0
"""Changes that take a grant away, against what opens at that moment: each kind once. tests/campaign/races.py runs a thousand."""
import pytest

from harness.races import KINDS, Arena, trial


@pytest.fixture(scope="module")
def arena(build, folder, account, store):
    made = Arena(build, folder / "races", account)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.mark.parametrize("kind", sorted(KINDS), ids=lambda kind: kind.replace(" ", "-").replace("'", ""))
def test_nothing_slips_through(arena, kind, record_property):
    figures = trial(arena, kind, 1000 + sorted(KINDS).index(kind), slack=20)
    record_property("seconds", round(figures["took"], 2))
