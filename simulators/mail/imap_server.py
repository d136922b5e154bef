"""The IMAP half: the part of IMAP4rev1 (RFC 3501) that a reader of one mailbox needs. Anything else is answered BAD.

LOGIN, CAPABILITY, NOOP, LOGOUT, SELECT, EXAMINE, UID SEARCH, UID FETCH, UID STORE, APPEND.
"""

import asyncio
import re

from simulators.mail.mailbox import Mailbox, MailState, StoredMail

MAX_LITERAL = 26 * 1024 * 1024
MAX_LINE = 64 * 1024
_LITERAL = re.compile(rb"\{(\d{1,9})(\+?)\}$")
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|\(([^)]*)\)|(\S+)')
_HELD = re.compile(r"\x00(\d+)\x00")
_BAD = "BAD not understood"


class ImapSession:
    """One connection, from greeting to goodbye."""

    def __init__(self, state: MailState, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._state = state
        self._reader = reader
        self._writer = writer
        self._user = ""
        self._box: Mailbox | None = None
        self._read_only = False

    async def run(self) -> None:
        self._send("* OK proofdesk mail simulator ready")
        try:
            while await self._one_command():
                await self._writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # the client went away or sent an endless line: there is nobody to tell
        finally:
            self._writer.close()

    async def _one_command(self) -> bool:
        read = await self._read_command()
        if read is None:
            return False
        line, literals = read
        tag, _, rest = line.partition(" ")
        words = [_word(match, literals) for match in _TOKEN.finditer(rest)]
        if not tag or not words:
            self._send("* BAD empty command")
            return True
        name = words[0].upper()
        if name == "LOGOUT":
            self._send("* BYE")
            self._send(f"{tag} OK LOGOUT")
            await self._writer.drain()
            return False
        answer = await self._answer(name, words[1:], literals)
        if answer is None:
            self._writer.transport.abort()
            return False
        self._send(f"{tag} {answer}")
        return True

    async def _answer(self, name: str, words: list[str], literals: list[bytes]) -> str | None:
        if name == "CAPABILITY":
            self._send("* CAPABILITY IMAP4rev1 LITERAL+")
            return "OK CAPABILITY"
        if name == "NOOP":
            return "OK NOOP"
        if name == "LOGIN" and len(words) == 2:
            return self._login(*words)
        if not self._user:
            return "NO log in first"
        if name in ("SELECT", "EXAMINE") and len(words) == 1:
            return self._select(words[0], read_only=name == "EXAMINE")
        if name == "APPEND" and literals:
            return self._append(words, literals)
        if name != "UID" or not words:
            return _BAD
        if self._box is None:
            return "NO select a mailbox first"
        return await self._uid(self._box, words[0].upper(), words[1:])

    def _login(self, user: str, password: str) -> str:
        if self._state.take("imap_unavailable"):
            return "NO [UNAVAILABLE] try again later"
        if password != self._state.password:
            return "NO [AUTHENTICATIONFAILED] wrong user or password"
        self._user = user
        return "OK LOGIN"

    def _select(self, name: str, *, read_only: bool) -> str:
        if name.upper() != "INBOX":
            return "NO no such mailbox"
        box = self._box = self._state.box(self._user)
        self._read_only = read_only
        self._send(f"* {len(box.mails)} EXISTS")
        self._send("* 0 RECENT")
        self._send("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted)")
        self._send(f"* OK [UIDVALIDITY {box.uid_validity}] UIDs valid")
        self._send(f"* OK [UIDNEXT {box.uid_next}] next UID")
        return f"OK [READ-{'ONLY' if read_only else 'WRITE'}] selected"

    def _append(self, words: list[str], literals: list[bytes]) -> str:
        if words[0].upper() != "INBOX":
            return "NO [TRYCREATE] no such mailbox"
        flags = {flag for word in words[1:-1] for flag in word.split() if flag.startswith("\\")}
        mail = self._state.deliver(self._user, literals[-1])
        mail.flags |= flags
        return f"OK [APPENDUID {self._state.box(self._user).uid_validity} {mail.uid}] APPEND"

    async def _uid(self, box: Mailbox, name: str, words: list[str]) -> str | None:
        if name == "SEARCH":
            return self._search(box, words)
        if name == "FETCH" and len(words) == 2:
            fault = self._state.take("imap_drop", "imap_slow")
            if fault == "imap_drop":
                return None
            if fault == "imap_slow":
                await asyncio.sleep(self._state.slow_s)
            return self._fetch(box, words[0], words[1].upper().split())
        if name == "STORE" and len(words) == 3:
            return "NO mailbox is read-only" if self._read_only else self._store(box, words)
        return _BAD

    def _search(self, box: Mailbox, words: list[str]) -> str:
        if words[:1] == ["CHARSET"]:
            words = words[2:]
        hits = list(box.mails)
        while words:
            key, words = words[0].upper(), words[1:]
            if key == "UID" and words:
                wanted, words = _uids(words[0], box), words[1:]
                hits = [mail for mail in hits if mail.uid in wanted]
            elif key in ("SEEN", "UNSEEN"):
                hits = [mail for mail in hits if ("\\Seen" in mail.flags) == (key == "SEEN")]
            elif key != "ALL":
                return _BAD
        self._send(" ".join(["* SEARCH", *(str(mail.uid) for mail in hits)]))
        return "OK SEARCH"

    def _fetch(self, box: Mailbox, uids: str, items: list[str]) -> str:
        if not set(items) <= {"UID", "FLAGS", "RFC822.SIZE", "BODY.PEEK[]", "BODY[]"}:
            return _BAD
        wanted = _uids(uids, box)
        for number, mail in enumerate(box.mails, start=1):
            if mail.uid in wanted:
                self._fetch_one(number, mail, items)
        return "OK FETCH"

    def _fetch_one(self, number: int, mail: StoredMail, items: list[str]) -> None:
        if "BODY[]" in items and not self._read_only:
            mail.flags.add("\\Seen")
        parts = [f"UID {mail.uid}"]
        if "RFC822.SIZE" in items:
            parts.append(f"RFC822.SIZE {len(mail.raw)}")
        if "FLAGS" in items:
            parts.append(f"FLAGS ({' '.join(sorted(mail.flags))})")
        head = f"* {number} FETCH ({' '.join(parts)}"
        if "BODY.PEEK[]" not in items and "BODY[]" not in items:
            self._send(head + ")")
            return
        raw = mail.raw + b"x" * 6_000_000 if self._state.take("imap_lying_size") else mail.raw
        self._writer.write(f"{head} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")

    def _store(self, box: Mailbox, words: list[str]) -> str:
        wanted, how = _uids(words[0], box), words[1].upper()
        flags = set(words[2].split())
        for number, mail in enumerate(box.mails, start=1):
            if mail.uid not in wanted:
                continue
            kept = mail.flags - flags if how.startswith("-") else mail.flags | flags if how.startswith("+") else flags
            mail.flags = set(kept)
            if not how.endswith(".SILENT"):
                self._send(f"* {number} FETCH (UID {mail.uid} FLAGS ({' '.join(sorted(kept))}))")
        return "OK STORE"

    async def _read_command(self) -> tuple[str, list[bytes]] | None:
        """A command with its literals taken out; each leaves its number between NULs. None at the end of input."""
        text, literals = "", list[bytes]()
        while True:
            line = await self._reader.readline()
            if not line:
                return None
            line = line.rstrip(b"\r\n")
            literal = _LITERAL.search(line)
            if literal is None:
                return text + line.decode("utf-8", "replace"), literals
            size = int(literal[1])
            if size > MAX_LITERAL or len(literals) >= 10:
                self._send("* BYE literal too large")
                return None
            if not literal[2]:
                self._send("+ go on")
                await self._writer.drain()
            literals.append(await self._reader.readexactly(size))
            text += line[: literal.start()].decode("utf-8", "replace") + f"\x00{len(literals) - 1}\x00"

    def _send(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")


def _word(match: re.Match[str], literals: list[bytes]) -> str:
    if match[1] is not None:
        return re.sub(r"\\(.)", r"\1", match[1])
    if match[2] is not None:
        return match[2]
    held = _HELD.fullmatch(match[3])
    return literals[int(held[1])].decode("latin-1") if held else match[3]


def _uids(text: str, box: Mailbox) -> set[int]:
    """The UIDs of `box` in a sequence set such as "1,4:6,9:*" ("*" is the highest one there)."""
    present = [mail.uid for mail in box.mails]
    highest = max(present, default=0)
    wanted: set[int] = set()
    for part in text.split(","):
        ends = [highest if end == "*" else int(end) if end.isdigit() else -1 for end in part.split(":")[:2]]
        low, high = min(ends), max(ends)
        wanted |= {uid for uid in present if 0 <= low <= uid <= high}
    return wanted
