"""Sends the ticket's outgoing messages through its channel; each is an effect with a stable key and a receipt."""

from datetime import timedelta

from proofdesk.core.thanks import is_thanks
from proofdesk.flows.context import Desk
from proofdesk.flows.crash import crash_point
from proofdesk.flows.finish import claim
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.state import After
from proofdesk.flows.talk import go_to
from proofdesk.flows.transition import Transition
from proofdesk.ports import ConnectorError, OutgoingMessage
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import EffectRow, MessageRow


async def deliver(desk: Desk, tr: Transition) -> None:
    """Send what waits to be sent, then let the ticket go where it was on its way to.

    Sending twice under one key gives the receiver two copies of one Message-ID, which mail systems fold into one;
    losing a reply would be worse. A question or a result that cannot be delivered goes to a person, and a resolution
    is claimed only once the reply that says so has left.
    """
    tenant = desk.runtime.tenant
    async with tenant_transaction(desk.shell.pool, tenant) as conn:
        effects = [await t.load_effect(conn, tenant=tenant, effect_key=key) for key in desk.state.sends]
        messages = await t.messages(conn, tenant=tenant, ticket_id=desk.ticket.ticket_id)
    lost = False
    for effect in effects:
        if effect is None or effect.state in ("confirmed", "given_up"):
            continue
        crash_point("before_send")
        try:
            delivery_id = await _send(desk, effect, messages)
        except ConnectorError as error:
            if not await _gives_up(desk, tr, effect, error):
                return
            lost = True
            continue
        crash_point("after_send")
        _confirm(desk, tr, effect.effect_key, "confirmed", {"delivery_id": delivery_id})
    after = desk.state.after
    assert after is not None
    if lost and after.status != "handed_off":
        tr.set(sends=(), after=None)
        await hand_off(desk, tr, "reply_undelivered")
    elif tr.state.news and after.status == "solved" and not _only_thanks(messages):
        tr.set(sends=(), after=None)
        await hand_off(desk, tr, "wrote_again")
    else:
        _arrive(desk, tr, after)


def _arrive(desk: Desk, tr: Transition, after: After) -> None:
    go_to(tr, after)
    if after.status == "solved":
        claim(desk, tr, tr.state.claims)
        tr.set(claims=(), news=False)
    elif tr.state.news and after.status == "waiting_requester":
        # Written before our message had left, so it answers nothing: all of it is read anew.
        tr.set(news=False, step="understand", waiting_for="")
        tr.status, tr.due_at = "open", desk.now


def _only_thanks(messages: list[MessageRow]) -> bool:
    heard = [message.text for message in messages if message.direction == "in" and message.author == "requester"]
    return bool(heard) and is_thanks(heard[-1])


async def _send(desk: Desk, effect: EffectRow, messages: list[MessageRow]) -> str:
    channel = desk.runtime.channels[effect.capability.removesuffix(".send")]
    # A code goes to the address on record, whoever wrote: nothing of a stranger's mail travels with it.
    apart = bool(effect.args.get("code"))
    thread = [m.channel_ref for m in messages if m.direction == "in" and m.channel_ref and not apart]
    subject = str(effect.args["subject"])
    return await channel.send(
        OutgoingMessage(
            key=effect.effect_key,
            to=str(effect.args["to"]),
            subject=subject if apart or subject.lower().startswith("re:") else f"Re: {subject}",
            text=str(effect.args["text"]),
            in_reply_to=thread[-1] if thread else "",
            references=tuple(thread),
        )
    )


async def _gives_up(desk: Desk, tr: Transition, effect: EffectRow, error: ConnectorError) -> bool:
    """True when this message will not be tried again; else `tr` tries later."""
    limits, attempts = desk.shell.limits, effect.attempts + 1
    if error.permanent or attempts >= limits.max_send_attempts:
        _confirm(desk, tr, effect.effect_key, "given_up", None)
        return True
    tr.leaf("reply.unanswered", {"effect_key": effect.effect_key, "attempt": attempts})
    tr.also(lambda conn: t.attempt_effect(conn, tenant=desk.runtime.tenant, effect_key=effect.effect_key, now=desk.now))
    wait_s = max(error.retry_after_s, min(limits.retry_first_s * 2 ** (attempts - 1), limits.resend_most_s))
    tr.due_at = desk.now + timedelta(seconds=wait_s * desk.shell.clock.speed)
    return False


def _confirm(desk: Desk, tr: Transition, key: str, state: str, receipt: dict[str, str] | None) -> None:
    tr.leaf(f"reply.{state}", {"effect_key": key})
    tr.also(
        lambda conn: t.settle_effect(
            conn,
            tenant=desk.runtime.tenant,
            effect_key=key,
            state=state,
            answer=None,
            receipt=receipt,
            now=desk.now,
        )
    )
