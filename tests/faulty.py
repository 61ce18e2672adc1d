"""The command line with a reader that needs no model and does what pictures are said to do to readers.

A file of its own, so that worker processes, which run it anew, have the same reader. The upper left pixel decides.
"""

import ctypes
import os
import resource
import signal
import sys
import time

from zipread import batch
from zipread.records import Reading, Search

SLOW, HANG, CRASH, NO_MEMORY, BUSY, WAIT = 1, 2, 3, 4, 5, 6
"""Gray levels and what comes of them; any other is read as a code."""


class FaultyReader:
    def __init__(self, settings):
        self.settings = settings

    def read_page(self, page):
        level = int(page.gray[0, 0])
        if level == SLOW:
            time.sleep(0.05)
        if level == HANG:
            time.sleep(300)
        while level == WAIT and not os.path.exists("go-on"):
            time.sleep(0.05)
        if level == CRASH:
            ctypes.string_at(0)
        if level == NO_MEMORY:
            os.kill(os.getpid(), signal.SIGKILL)
        if level == BUSY:  # in C, past all of Python's checks
            ctypes.CDLL(None).sleep(300)
        code = f"{page.gray.astype(int).sum() % 100_000:05}"
        return [Reading(page.number, code=code, confidence=level / 255, status="accepted", alternatives=(("1", 0.1),))]

    def explain_page(self, page):
        return self.read_page(page), Search()


if __name__ in ("__main__", "__mp_main__"):  # the command, and its workers
    batch.Reader = FaultyReader

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    if limit := os.environ.get("LARGEST_FILE"):  # in place of a full disk, bytes
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    from zipread.cli import main

    sys.argv[0] = "zipread"
    main()
