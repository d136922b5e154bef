"""A perturbation changes ticket, world and expected calls alike, so that the expected calls still succeed."""

import pytest

from bench.airline_spec import AIRLINE
from bench.perturb import PERTURBATIONS
from bench.world_spec import gold_changes
from proofdesk.language.reading import load_tenant_words
from tests.connectors.airline_world.small import tables

ROW = {
    "id": "r1",
    "ticket": "I am Ada Quill, ada_quill_11. Change ZZ001 from Seattle in AAAA11 to ZZ002.\n\nUse the credit card.",
    "actions": [
        {
            "name": "update_reservation_flights",
            "arguments": {
                "reservation_id": "AAAA11", "cabin": "economy", "payment_id": "card_1",
                "flights": [{"flight_number": "ZZ002", "date": "2024-05-20"}],
            },
        }
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_the_expected_calls_still_succeed(name: str) -> None:
    words = load_tenant_words(AIRLINE.folder / "aliases.yaml")
    changed, rows, renamed = AIRLINE.perturb(name, tables(), [ROW], words, 3)
    assert AIRLINE.perturb(name, tables(), [ROW], words, 3) == (changed, rows, renamed)
    expected = gold_changes(AIRLINE.world(AIRLINE.base(changed)), AIRLINE.writes, rows[0])
    assert [path.rpartition("/")[2] for path in expected] == ["flights", "payment_history"]
    reservation = next(iter(expected)).split("/")[1]
    assert reservation in rows[0]["ticket"]
    if name == "P4":
        assert not {"AAAA11", "Ada", "Quill"} & set(rows[0]["ticket"].replace(",", " ").split())
    if name == "P5":
        assert "Seattle" not in rows[0]["ticket"]
        assert "SEA" not in renamed.values
