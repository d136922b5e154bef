import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.connectors.channel.email.strip import strip_reply

INTROS = [
    "On Mon, Nov 2, 2026 at 10:00 AM Help <help@shop.example> wrote:",
    "On Mon, Nov 2, 2026 at 10:00 AM Shop Help Desk\n<help@shop.example> wrote:",
    "Am 02.11.2026 um 10:00 schrieb Hilfe <help@shop.example>:",
    "Am Mo., 2. Nov. 2026 um 10:00 Uhr schrieb Hilfe <\nhelp@shop.example>:",
    "Le lun. 2 nov. 2026 à 10:00, Aide <help@shop.example> a écrit :",
    "El lun, 2 nov 2026 a las 10:00, Ayuda (<help@shop.example>) escribió:",
    "Il giorno lun 2 nov 2026 alle ore 10:00 Aiuto <help@shop.example> ha scritto:",
    "Op ma 2 nov 2026 om 10:00 schreef Hulp <help@shop.example>:",
    "Em seg., 2 de nov. de 2026 às 10:00, Ajuda <help@shop.example> escreveu:",
    "Den mån 2 nov. 2026 kl 10:00 skrev Hjälp <help@shop.example>:",
    "2026-11-02 10:00 GMT+01:00 Help <help@shop.example>:",
]
HEADER_BLOCKS = [
    "-----Original Message-----\nFrom: Help",
    "-----Ursprüngliche Nachricht-----\nVon: Hilfe",
    "________________________________\nFrom: Help <help@shop.example>\nSent: Monday\nTo: Ada\nSubject: x",
    "Von: Hilfe\nGesendet: Montag\nAn: Ada\nBetreff: x",
    "De : Aide\nEnvoyé : lundi\nÀ : Ada\nObjet : x",
    "*From:* Help\n*Date:* Monday\n*To:* Ada",
]


@pytest.mark.parametrize("intro", INTROS)
@pytest.mark.parametrize("quote", ["> Which order?\n> Regards", "Which order?\nRegards"])
def test_top_posting(intro: str, quote: str) -> None:
    stripped = strip_reply(f"The blue one.\n\n{intro}\n\n{quote}\n")
    assert (stripped.text, stripped.quoted) == ("The blue one.", True)


@pytest.mark.parametrize("block", HEADER_BLOCKS)
def test_quotations_without_marks_run_to_the_end(block: str) -> None:
    assert strip_reply(f"Yes please\n\n{block}\n\nolder text\n").text == "Yes please"


@pytest.mark.parametrize("intro", INTROS)
def test_bottom_posting(intro: str) -> None:
    text = f"{intro}\n> Which order?\n>> earlier\n\nThe blue one.\nThanks\n"
    assert strip_reply(text).text == "The blue one.\nThanks"


def test_replies_between_the_quoted_lines_stay() -> None:
    text = f"Hi,\n\n{INTROS[0]}\n> Which order?\nW1\n\n> Which colour?\nblue\n"
    assert strip_reply(text).text == "Hi,\n\nW1\n\nblue"


@pytest.mark.parametrize(
    ("signature", "kept"),
    [
        ("-- \nAda Byron\n1 High St", "Ada Byron\n1 High St"),
        ("--\nAda", "Ada"),
        ("Sent from my iPhone", "Sent from my iPhone"),
        ("Von meinem iPhone gesendet", "Von meinem iPhone gesendet"),
        ("Envoyé de mon iPhone", "Envoyé de mon iPhone"),
        ("Get Outlook for Android<https://x.example>", "Get Outlook for Android<https://x.example>"),
    ],
)
def test_signatures_come_off_but_are_kept_aside(signature: str, kept: str) -> None:
    stripped = strip_reply(f"Please cancel W1.\n\n{signature}\n\n")
    assert (stripped.text, stripped.signature) == ("Please cancel W1.", kept)
    quoted = strip_reply(f"Please cancel W1.\n\n{signature}\n\n{INTROS[0]}\n> old\n")
    assert (quoted.text, quoted.signature) == ("Please cancel W1.", kept)


@pytest.mark.parametrize(
    "text",
    [
        "On the phone your colleague wrote:\nwe refund you.\nNothing came.",
        "From: the box it came in\nI cannot read the label.",
        "See below\n---------- Forwarded message ---------\nFrom: Shop <s@shop.example>\nDate: Monday\n\nYour order W1",
        "I sent from my old address the parcel back.\nWhere is it?",
        "options:\n--\n" + "\n".join(f"line {n}" for n in range(20)),
    ],
)
def test_content_that_looks_like_a_quotation_stays(text: str) -> None:
    assert strip_reply(text).text == text


@pytest.mark.parametrize("text", ["> only quoted", "-- \nAda", f"{INTROS[0]}\n> x", "Sent from my iPhone"])
def test_it_never_strips_everything(text: str) -> None:
    assert strip_reply(text).text == text.strip()


MARKS = [*INTROS, *HEADER_BLOCKS, "> q", ">", "", "-- ", "--", "own words", "Sent from my iPhone", "____"]


@given(st.lists(st.one_of(st.sampled_from(MARKS), st.text(max_size=30)), max_size=15).map("\n".join))
def test_nothing_is_invented_and_something_is_left(text: str) -> None:
    stripped = strip_reply(text).text
    assert bool(stripped) == bool(text.strip())
    assert {line.strip() for line in stripped.split("\n")} <= {line.strip() for line in text.split("\n")} | {""}
