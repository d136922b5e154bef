"""Builders of raw mails for the tests: what a mail program would put on the wire."""


def mail(*headers: str, body: str | bytes = "Hello", sender: str = "Ada Byron <ada@example.com>") -> bytes:
    lines = [f"From: {sender}", "To: help@shop.example", "Message-ID: <m1@example.com>", *headers, "", ""]
    tail = body if isinstance(body, bytes) else body.encode()
    return "\r\n".join(lines).encode() + tail


def multipart(subtype: str, *parts: str, boundary: str = "B0") -> bytes:
    inner = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return mail(f'Content-Type: multipart/{subtype}; boundary="{boundary}"', body=f"{inner}--{boundary}--\r\n")


def nested(levels: int) -> bytes:
    opening = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(levels))
    return b"From: a@example.com\r\n" + opening.encode() + b"Content-Type: text/plain\r\n\r\ndeep\r\n"
