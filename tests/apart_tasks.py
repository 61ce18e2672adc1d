"""Tasks for a process apart: in a module of their own, which that process imports quickly."""

import os
import signal
import time
from dataclasses import dataclass

from zipread.errors import DependencyError


@dataclass(frozen=True)
class Fragile:
    """Gives the item and the process back; some items kill it, hang it or take long with signs of life."""

    broken: str = ""

    def start(self, line):
        if self.broken == "no model":
            raise DependencyError("no model there")
        if self.broken == "dead":
            os._exit(9)

        def work(item):
            if item == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if item == "hang":
                time.sleep(600)
            if item == "long":
                for _ in range(6):
                    time.sleep(0.6)
                    line.alive()
            return item, os.getpid()

        return work

    def lost(self, item, reason):
        return item, reason
