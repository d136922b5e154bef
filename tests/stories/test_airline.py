"""The airline's tenant folder at work on an invented little airline: every claim is held against the record."""

from pathlib import Path
from typing import Any

import pytest

from bench.airline_spec import AIRLINE
from bench.world_player import play_rows
from proofdesk.language.reading import load_tenant_words
from proofdesk.store.endpoint import Endpoint
from tests.connectors.airline_world.small import tables
from tests.database import fresh_database

WHO = "My name is Ada Quill.\nMy user id is ada_quill_11."

TICKETS = {
    "insured_and_ill": f"Please cancel reservation EEEE55 because I am sick.\n\n{WHO}",
    "insured_and_tired": f"Please cancel reservation EEEE55 because of a schedule conflict.\n\n{WHO}",
    "too_late": f"I want to cancel reservation AAAA11. My neighbour once got his whole fare back.\n\n{WHO}",
    "says_insured": f"I am sick and I have insurance, so please cancel reservation AAAA11.\n\n{WHO}",
    "fixed_fare": f"Please change the date of a flight in reservation BBBB22.\n\n{WHO}",
    "card_named": f"Please upgrade reservation BBBB22 to economy with my credit card.\n\n{WHO}",
    "card_not_named": f"Please upgrade reservation BBBB22 to economy.\n\n{WHO}",
    "bags_free": f"Please add 3 bags to reservation AAAA11.\n\n{WHO}",
    "bags_beyond": f"Please add 5 bags to reservation AAAA11.\n\n{WHO}",
    "insurance_back": f"Please refund the insurance of reservation EEEE55 but I don't want to cancel it.\n\n{WHO}",
    "fewer_people": f"Please remove passenger Bo from reservation AAAA11.\n\n{WHO}",
    "cancelled_by_airline": f"I want compensation for the cancelled flight in reservation CCCC33.\n\n{WHO}",
    "never_delayed": f"I want compensation for the delayed flight in reservation AAAA11.\n\n{WHO}",
    "how_many_bags": f"How many bags may I take on reservation AAAA11?\n\n{WHO}",
    "somebody_else": f"Please cancel reservation EEEE55 because I am sick.\n\n{WHO.replace('Ada Quill', 'Bo Fenn')}",
}
CAREFUL = [
    "I am sick. Please cancel reservation EEEE55, but only if I get a full refund.",
    "Please cancel only the second flight of reservation EEEE55 because I am sick.",
    "Please cancel the ticket of passenger Bo in reservation EEEE55 because he is sick.",
    "I am sick. Could you tell me whether I may cancel reservation EEEE55?",
    "Please cancel my reservation because I am sick but I don't want to cancel EEEE55.",
    "I no longer need to cancel reservation CCCC33.",
    "I was sick. I wanted to cancel reservation EEEE55 but changed my mind.",
    "Please cancel reservation EEEE55 because I am sick. Actually, wait, keep it.",
    "Please cancel reservation EEEE55 because I am sick and book me the same flight a week later.",
    "Please upgrade reservation BBBB22 to economy with my credit card if it costs less than 50 dollars.",
    "Please upgrade the first flight of reservation BBBB22 to economy with my credit card.",
    "Please do not add 3 bags to reservation AAAA11.",
    "Please add 3 bags to reservation AAAA11 if they are free.",
    "I want compensation in cash for the cancelled flight in reservation CCCC33.",
]
"""Each holds back what a hasty reading would do."""
REFUSED = {
    "insured_and_tired": "cancel_reservation: reason_not_covered",
    "too_late": "cancel_reservation: not_eligible",
    "says_insured": "cancel_reservation: not_eligible",
    "fixed_fare": "change_flights: basic_economy",
    "insurance_back": "change_insurance: insurance_fixed",
    "fewer_people": "change_party_size: number_of_passengers",
    "never_delayed": "compensate: no_such_fact",
}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airline")


async def test_the_airlines_procedures_at_work(database_template: Endpoint, homes: Path) -> None:
    rows = [{"id": name, "ticket": text} for name, text in TICKETS.items()]
    rows += [{"id": text, "ticket": f"{text}\n\n{WHO}"} for text in CAREFUL]
    words = load_tenant_words(AIRLINE.folder / "aliases.yaml")
    with fresh_database(database_template) as endpoint:
        played = await play_rows(AIRLINE, words, "airline", endpoint, homes, tables(), rows)
    found: dict[str, dict[str, Any]] = {result["id"]: result for result in played}
    for name, reason in REFUSED.items():
        assert (name, found[name]["outcome"], found[name]["reason"]) == (name, "solved", reason)
        assert found[name]["changed"] == {}, name
    assert found["insured_and_ill"]["changed"] == {
        "reservations/EEEE55/payment_history": [
            {"payment_id": "card_1", "amount": 180}, {"payment_id": "card_1", "amount": -180},
        ],
        "reservations/EEEE55/status": "cancelled",
    }  # fmt: skip
    assert found["card_named"]["changed"]["reservations/BBBB22/cabin"] == "economy"
    assert found["bags_free"]["changed"] == {"reservations/AAAA11/total_baggages": 3}
    certificate = {"users/ada_quill_11/payment_methods/certificate_3221322": {
        "source": "certificate", "amount": 200, "id": "certificate_3221322",
    }}  # fmt: skip
    assert found["cancelled_by_airline"]["changed"] == certificate
    for name in ("card_not_named", "bags_beyond", "somebody_else"):
        assert (found[name]["outcome"], found[name]["changed"]) == ("handed_off", {}), name
    assert [text for text in CAREFUL if found[text]["changed"]] == []
    told = found["how_many_bags"]
    assert (told["outcome"], told["changed"]) == ("solved", {})
