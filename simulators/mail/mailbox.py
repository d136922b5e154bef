"""Mailboxes and the faults waiting to happen: the state the two servers share."""

import asyncio
import dataclasses
from collections import deque
from collections.abc import Callable
from typing import Literal

Fault = Literal[
    "temporary", "permanent", "drop_before_data", "drop_after_data", "duplicate", "slow",
    "imap_drop", "imap_slow", "imap_unavailable", "imap_lying_size",
]  # fmt: skip
"""SMTP: 451 after DATA, 550 to RCPT, connection lost on MAIL, or after the mail was taken but before the answer,
delivered twice, an answer that takes `slow_s`. IMAP: lost or slow on the next UID FETCH, login refused for now,
a literal longer than RFC822.SIZE said."""

MAX_MESSAGES = 100_000


@dataclasses.dataclass
class StoredMail:
    uid: int
    raw: bytes
    flags: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Mailbox:
    uid_validity: int
    uid_next: int = 1
    mails: list[StoredMail] = dataclasses.field(default_factory=list)

    def append(self, raw: bytes, flags: set[str] | None = None) -> StoredMail:
        if len(self.mails) >= MAX_MESSAGES:
            raise ValueError(f"a mailbox of the simulator holds at most {MAX_MESSAGES} mails")
        mail = StoredMail(uid=self.uid_next, raw=raw, flags=set(flags or ()))
        self.uid_next += 1
        self.mails.append(mail)
        return mail

    def expunge(self, uid: int) -> None:
        self.mails = [mail for mail in self.mails if mail.uid != uid]

    def reset_uid_validity(self) -> None:
        """As after a restore from backup: the same mails under new UIDs and a new UIDVALIDITY."""
        self.uid_validity += 1
        for uid, mail in enumerate(self.mails, start=1):
            mail.uid = uid
        self.uid_next = len(self.mails) + 1


class MailState:
    def __init__(self, password: str, slow_s: float) -> None:
        self.password = password
        self.slow_s = slow_s
        self.boxes: dict[str, Mailbox] = {}
        self._faults: deque[Fault] = deque()
        self._arrived = asyncio.Condition()

    def box(self, address: str) -> Mailbox:
        return self.boxes.setdefault(address.lower(), Mailbox(uid_validity=1_000 + len(self.boxes)))

    def fail_next(self, fault: Fault, times: int) -> None:
        self._faults.extend([fault] * times)

    def take(self, *kinds: Fault) -> Fault | None:
        """The first waiting fault of one of `kinds`; it happens once."""
        for fault in self._faults:
            if fault in kinds:
                self._faults.remove(fault)
                return fault
        return None

    def deliver(self, address: str, raw: bytes) -> StoredMail:
        mail = self.box(address).append(raw)
        task = asyncio.ensure_future(self._announce())
        self._announcing = task
        return mail

    async def wait_for(self, ready: Callable[[], bool]) -> None:
        async with self._arrived:
            await self._arrived.wait_for(ready)

    async def _announce(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()
