"""Messages between the reading process and its parent: four bytes of length, then MessagePack."""

import struct

import msgspec

from proofdesk.knowledge.ingest.values import Job, Outcome

LENGTH = struct.Struct(">I")


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The input was read to its end."""


Answer = Outcome | Done
job_decoder = msgspec.msgpack.Decoder(Job)
answer_decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def framed(value: Job | Answer) -> bytes:
    body = msgspec.msgpack.encode(value)
    return LENGTH.pack(len(body)) + body
