"""What goes out to the requester: composed, recorded and, where the channel delivers, sent as an effect of its own.

A channel without delivery of its own (the API) shows the message where the requester reads it: recording is sending.
"""

import secrets
from datetime import timedelta

from proofdesk.core.reply import Brand, ComposedReply, ReplyPart, compose_reply
from proofdesk.flows.context import Desk
from proofdesk.flows.state import After
from proofdesk.flows.transition import Transition
from proofdesk.store import tables as t

KEY_BYTES = 20
"""Of a message's key: random, because whoever can name the Message-ID made of it is taken to have received it."""
CODE_PLACEHOLDER = "[one-time code sent to the address on record]"

IDENTITY_QUESTION = {
    "en": "To look into this we need to know that it is you. Please reply with {ways}.",
    "de": "Damit wir uns darum kümmern können, müssen wir wissen, dass Sie es sind. Bitte antworten Sie mit {ways}.",
    "fr": "Pour traiter votre demande, nous devons vous identifier. Merci de répondre avec {ways}.",
    "es": "Para ayudarle necesitamos saber que es usted. Responda por favor con {ways}.",
}
WAYS = {
    "order_postcode": {
        "en": "an order number and the postcode of its delivery address",
        "de": "einer Bestellnummer und der Postleitzahl der Lieferadresse",
        "fr": "un numéro de commande et le code postal de livraison",
        "es": "un número de pedido y el código postal de entrega",
    },
    "name_postcode": {
        "en": "your full name and postcode",
        "de": "Ihrem vollen Namen und Ihrer Postleitzahl",
        "fr": "vos nom et prénom et votre code postal",
        "es": "su nombre completo y su código postal",
    },
    "email_on_record": {
        "en": "the e-mail address of your account",
        "de": "der E-Mail-Adresse Ihres Kontos",
        "fr": "l'adresse e-mail de votre compte",
        "es": "la dirección de correo de su cuenta",
    },
    "id_postcode": {
        "en": "the id of your account and your postcode",
        "de": "der Kennung Ihres Kontos und Ihrer Postleitzahl",
        "fr": "l'identifiant de votre compte et votre code postal",
        "es": "el identificador de su cuenta y su código postal",
    },
    "id_on_record": {
        "en": "your full name and the id of your account",
        "de": "Ihrem vollen Namen und der Kennung Ihres Kontos",
        "fr": "vos nom et prénom et l'identifiant de votre compte",
        "es": "su nombre completo y el identificador de su cuenta",
    },
    "one_time_code": {
        "en": "the e-mail address of your account, to which we send a code",
        "de": "der E-Mail-Adresse Ihres Kontos, an die wir einen Code senden",
        "fr": "l'adresse e-mail de votre compte, à laquelle nous enverrons un code",
        "es": "la dirección de correo de su cuenta, a la que enviaremos un código",
    },
    "verified_sender": {
        "en": "a message from the e-mail address of your account",
        "de": "einer Nachricht von der E-Mail-Adresse Ihres Kontos",
        "fr": "un message depuis l'adresse e-mail de votre compte",
        "es": "un mensaje desde la dirección de correo de su cuenta",
    },
}
OR = {"en": " or ", "de": " oder ", "fr": " ou ", "es": " o "}
CONFIRM = {
    "en": ("Here is what we will do:", "Shall we go ahead? Please answer yes or no."),
    "de": ("Das werden wir tun:", "Sollen wir so vorgehen? Bitte antworten Sie mit Ja oder Nein."),
    "fr": ("Voici ce que nous allons faire :", "Êtes-vous d'accord ? Merci de répondre oui ou non."),
    "es": ("Esto es lo que haremos:", "¿Procedemos? Responda por favor sí o no."),
}
HANDED = {
    "en": "A colleague is taking care of your message and will answer you here.",
    "de": "Eine Kollegin oder ein Kollege kümmert sich um Ihre Nachricht und antwortet Ihnen hier.",
    "fr": "Un membre de notre équipe prend en charge votre message et vous répondra ici.",
    "es": "Una persona de nuestro equipo se ocupa de su mensaje y le responderá aquí.",
}
WELCOME = {
    "en": "You are welcome. Write to us whenever something comes up.",
    "de": "Sehr gerne. Schreiben Sie uns, wann immer etwas ist.",
    "fr": "Avec plaisir. N'hésitez pas à nous écrire.",
    "es": "De nada. Escríbanos cuando lo necesite.",
}
MISREAD = {
    "en": "If you meant something else, just reply and tell us.",
    "de": "Wenn Sie etwas anderes gemeint haben, antworten Sie uns einfach.",
    "fr": "Si vous vouliez dire autre chose, répondez-nous simplement.",
    "es": "Si quería decir otra cosa, responda a este mensaje.",
}
CODE = {
    "en": "Your code is {code}. It is valid for 15 minutes. If you did not write to us, ignore this message.",
    "de": "Ihr Code lautet {code}. Er gilt 15 Minuten. Haben Sie uns nicht geschrieben, ist nichts zu tun.",
    "fr": "Votre code est {code}. Il est valable 15 minutes. Si vous ne nous avez pas écrit, ignorez ce message.",
    "es": "Su código es {code}. Es válido durante 15 minutos. Si no nos ha escrito, ignore este mensaje.",
}
CODE_SUBJECT = {"en": "Your code", "de": "Ihr Code", "fr": "Votre code", "es": "Su código"}
CODE_SENT = {
    "en": "We have sent a six-digit code to the e-mail address of your account. Please reply with it.",
    "de": "Wir haben einen sechsstelligen Code an die E-Mail-Adresse Ihres Kontos gesendet. Bitte antworten Sie damit.",
    "fr": "Nous avons envoyé un code à six chiffres à l'adresse e-mail de votre compte. Merci de nous le communiquer.",
    "es": "Hemos enviado un código de seis cifras al correo de su cuenta. Respóndanos con él, por favor.",
}


def in_language(texts: dict[str, str], language: str) -> str:
    return texts.get(language, texts["en"])


def identity_question(methods: tuple[str, ...], language: str) -> str:
    spoken = language if language in IDENTITY_QUESTION else "en"
    ways = [WAYS[method][spoken] for method in methods if method in WAYS and method != "verified_sender"]
    ways = ways or [WAYS["verified_sender"][spoken]]
    return IDENTITY_QUESTION[spoken].replace("{ways}", OR[spoken].join(ways))


def confirmation(summaries: list[str], language: str) -> str:
    opening, question = CONFIRM.get(language, CONFIRM["en"])
    return "\n".join([opening, *(f"{n}. {summary}" for n, summary in enumerate(summaries, 1)), question])


def composed(desk: Desk, parts: list[str], language: str, *, handed: tuple[str, ...] = ()) -> ComposedReply | None:
    """The reply as sent, or None when it must not be sent as it is (a person sees it first)."""
    requester = desk.state.requester
    reply = compose_reply(
        [ReplyPart(request_id=str(n), text=part, source="procedure") for n, part in enumerate(parts)],
        Brand(signature=desk.runtime.settings.signature or desk.runtime.settings.name, max_exclamations=3),
        language=language,
        given_name=requester.given_name if requester else "",
        handed_over=handed,
    )
    return reply if isinstance(reply, ComposedReply) else None


def new_key() -> str:
    """A message's key, made once and kept with it: repeats go out under it. Nothing of the message is in it."""
    return secrets.token_hex(KEY_BYTES)


def send(desk: Desk, tr: Transition, text: str, after: After, *, to: str = "", by_person: bool = False) -> None:
    """Record `text` as sent and go to `after`; on a delivering channel the sending is a step of its own before that.

    `to`: another address than the ticket's sender (a one-time code goes to the address on record). Where no machine
    may answer, nothing leaves but what a person wrote (`by_person`).
    """
    if tr.state.silent and not by_person:
        go_to(tr, after)
        return
    channel = "email" if to else desk.ticket.channel
    delivering = channel in desk.runtime.channels
    key = new_key()
    tr.message(CODE_PLACEHOLDER if to else text, channel_ref=key)
    first_reply(desk, tr)
    if not delivering:
        go_to(tr, after)
        return
    args: dict[str, object] = {"to": to or desk.ticket.sender, "text": text, "subject": desk.ticket.subject}
    if to:
        args |= {"subject": in_language(CODE_SUBJECT, tr.state.language), "code": True}
    # No hash of what is said: six digits are found by trying them all, and the text is sealed in the message's leaf.
    tr.leaf("reply.intent", {"effect_key": key, "channel": channel})
    tr.put(
        t.intend,
        effect_key=key,
        ticket_id=desk.ticket.ticket_id,
        kind="reply",
        capability=f"{channel}.send",
        args=args,
        args_hash="",
        amount_minor=0,
        currency="",
        idempotency="C",
        now=desk.now,
    )
    tr.set(step="send", sends=(*tr.state.sends, key), after=after)
    tr.status = "open"
    tr.due_at = desk.now


def go_to(tr: Transition, after: After) -> None:
    """Let the ticket wait (or go on) where `after` says."""
    tr.status = after.status
    tr.set(step=after.step, after=None, sends=())
    tr.due_at = None if after.status in ("handed_off", "closed") else tr.now + timedelta(seconds=after.wait_s)


def first_reply(desk: Desk, tr: Transition) -> None:
    tr.put(t.meet_timer, ticket_id=desk.ticket.ticket_id, kind="first_response", now=desk.now)
