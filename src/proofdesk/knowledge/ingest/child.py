"""The reading process: no files, no network, little memory, little time. Takes jobs on stdin, answers on stdout.

After its modules are loaded it may open no further file descriptor, so neither a file nor a socket; it gets an empty
environment and no descriptor of its parent but these two pipes.
"""

import codecs
import contextlib
import encodings.aliases
import pkgutil
import resource
import sys
from typing import BinaryIO

import pypdf

from proofdesk.knowledge.ingest.frames import LENGTH, Done, framed, job_decoder
from proofdesk.knowledge.ingest.read import read
from proofdesk.knowledge.ingest.values import Broken, Job

MOST_DESCRIPTORS = 3
_LAZY = ("zlib", "bz2", "lzma", "gzip", "stringprep", "unicodedata")


def main() -> None:
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _load()
    _close_in()
    while job := _next(source):
        _limit(job)
        try:
            for outcome in read(job):
                _send(sink, outcome)
                _more_time(job)
            _send(sink, Done())
        except MemoryError:
            _send(sink, Broken(name=job.name, code="memory", message=_TOO_MUCH))
            return


_TOO_MUCH = "needs more memory than a document may; divide it"


def _send(sink: BinaryIO, answer: object) -> None:
    sink.write(framed(answer))  # type: ignore[arg-type]  # an Answer
    sink.flush()


def _next(source: BinaryIO) -> Job | None:
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return job_decoder.decode(source.read(LENGTH.unpack(head)[0]))


def _load() -> None:
    """Everything that Python would load at its first use, since nothing can be opened later."""
    inside = [each.name for each in pkgutil.walk_packages(pypdf.__path__, "pypdf.")]
    for name in (*_LAZY, *inside):
        with contextlib.suppress(ImportError):
            __import__(name)
    for name in sorted(set(encodings.aliases.aliases.values())):
        with contextlib.suppress(LookupError, ImportError):
            codecs.lookup(name)


def _close_in() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_DESCRIPTORS, MOST_DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _limit(job: Job) -> None:
    # A platform without this limit (macOS) still has the parent's clock.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (job.limits.memory_bytes, resource.RLIM_INFINITY))
    _more_time(job)


def _more_time(job: Job) -> None:
    """Each document has its own share of the processor; beyond it the system ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + job.limits.cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
