"""E-mail as a channel: IMAP in, SMTP out, and the pure reading of what came in.

`parse`, `strip`, `thread` and `message` are pure: bytes and values in, values out, and no input makes them
raise. Only `imap` and `smtp` open sockets. Passwords are handed in and never kept in a log or an error.
"""
