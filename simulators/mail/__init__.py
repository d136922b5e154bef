"""A mail server of our own on loopback: SMTP in, mailboxes that remember, IMAP out, and faults on request.

    async with MailSimulator() as mail:
        mail.deliver(raw)                      # into the mailboxes of its To addresses
        mail.mailbox("help@shop.example")      # what is there
        mail.smtp_port, mail.imap_port

It is for tests and the demonstration: everything is kept in memory and nothing leaves the machine.
"""

from simulators.mail.mailbox import Fault, Mailbox, StoredMail
from simulators.mail.server import MailSimulator

__all__ = ["Fault", "MailSimulator", "Mailbox", "StoredMail"]
