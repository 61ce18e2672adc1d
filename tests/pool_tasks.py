"""Tasks for worker processes: in a module of their own, which a worker imports quickly."""

import os
import signal
import time
from dataclasses import dataclass

from zipread.errors import DependencyError
from zipread.workers import SIGN_OF_LIFE_S

HOURS_S = 7_200


@dataclass(frozen=True)
class Squares:
    """Squares numbers; some numbers kill whoever looks at them, some never let go."""

    deadly: frozenset = frozenset()
    broken: int = -1
    endless: frozenset = frozenset()

    def start(self, line):
        return self._square

    def _square(self, number):
        if number in self.endless:
            time.sleep(HOURS_S)
        if number in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == self.broken:
            raise DependencyError(f"no model for {number}")
        if number % 7 == 0:  # so that results come back out of order
            time.sleep(0.02)
        return number, number**2

    def lost(self, item, reason):
        return item, reason


@dataclass(frozen=True)
class Guarded(Squares):
    """Says of every number whether interrupts are held back from this process since it began."""

    def start(self, line):
        held = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        return lambda number: (number, held)


@dataclass(frozen=True)
class Stillborn(Squares):
    """Dies before it is ready."""

    def start(self, line):
        os._exit(9)


@dataclass(frozen=True)
class Unprepared(Squares):
    """Cannot be prepared."""

    def start(self, line):
        raise DependencyError("no model there")


@dataclass(frozen=True)
class Pages:
    """Takes its time over a number, and says every now and then that it is still at it, or does not."""

    talkative: bool = True

    def start(self, line):
        return lambda number: self._read(number, line)

    def _read(self, number, line):
        for _ in range(6):
            time.sleep(SIGN_OF_LIFE_S + 0.1)
            if self.talkative:
                line.alive()
        return number

    def lost(self, item, reason):
        return reason


@dataclass(frozen=True)
class Recalling:
    """Gives back what is remembered of a number, and squares the others."""

    def start(self, line):
        return lambda number: line.recall(b"%d" % number) or number**2

    def lost(self, item, reason):
        return reason
