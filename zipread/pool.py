"""Running one task over many items: in this process or in several, results in the order of the items.

A worker process that dies takes one item with it, and nothing else.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, Protocol, TypeVar

import cv2

from zipread.errors import DependencyError, ZipreadError

Item = TypeVar("Item")
Result = TypeVar("Result")
Item_contra = TypeVar("Item_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)

AHEAD_PER_WORKER = 4
"""Items that may be under way or finished ahead of the oldest unfinished one, for each worker: bounds memory."""

GRACE_S = 2.0
"""Seconds a worker gets to end by itself."""


class Task(Protocol[Item_contra, Result_co]):
    """What a worker does. Must survive pickling."""

    def start(self) -> Callable[[Item_contra], Result_co]:
        """Prepare once (load the model) and return what is then called for every item."""

    def lost(self, item: Item_contra, reason: str) -> Result_co:
        """Return the result of an item whose worker died."""


def run_here(task: Task[Item, Result], items: Iterable[Item]) -> Generator[Result, None, None]:
    """Yield the results of `items`, computed in this process on one thread."""
    with _one_thread():
        work = task.start()
        for item in items:
            yield work(item)


def run_workers(task: Task[Item, Result], items: Iterable[Item], workers: int) -> Generator[Result, None, None]:
    """Yield the results of `items`, in their order, computed in `workers` processes.

    Items are drawn as they are needed. A ZipreadError raised by the task is raised here and ends everything.
    Raises DependencyError when a worker process cannot even start.
    """
    crew = _Crew(task, workers)
    numbered = enumerate(items)
    finished: dict[int, Result] = {}
    due = 0  # number of the next result to yield
    more = True
    try:
        while True:
            while more and crew.idle and crew.sent - due < AHEAD_PER_WORKER * workers:
                following = next(numbered, None)
                more = following is not None
                if following is not None:
                    crew.send(*following)
            while due in finished:
                yield finished.pop(due)
                due += 1
            if not more and due == crew.sent:
                break
            if not (more and crew.idle and crew.sent - due < AHEAD_PER_WORKER * workers):
                finished.update(crew.receive())
        crew.dismiss()
    finally:
        crew.kill()


@dataclass(eq=False, slots=True)
class _Worker(Generic[Item]):
    process: SpawnProcess
    connection: Connection
    ready: bool = False  # has it said that its task is prepared
    number: int = -1  # of the item it works on
    item: Item | None = None


class _Crew(Generic[Item, Result]):
    """The worker processes and what each of them is doing."""

    def __init__(self, task: Task[Item, Result], workers: int) -> None:
        self._task = task
        self._workers = [self._hire() for _ in range(workers)]
        self.idle: deque[_Worker[Item]] = deque()
        self.sent = 0  # items handed out so far

    def send(self, number: int, item: Item) -> None:
        """Hand an item to an idle worker."""
        worker = self.idle.popleft()
        worker.number, worker.item = number, item
        self.sent += 1
        try:
            worker.connection.send((item,))
        except OSError:  # it died while idle; its end of the pipe reports that to `receive`
            return

    def receive(self) -> Iterator[tuple[int, Result]]:
        """Wait until something happens, and yield what was finished, with its number."""
        connections = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(connections)):
            worker = connections[connection]  # type: ignore[index]
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                yield from self._bury(worker)
                continue
            if isinstance(message, ZipreadError):
                raise message
            if worker.ready:
                yield worker.number, message[0]
            worker.ready, worker.number, worker.item = True, -1, None
            self.idle.append(worker)

    def dismiss(self) -> None:
        """Let the workers end by themselves."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(GRACE_S)

    def kill(self) -> None:
        """End what still runs."""
        for worker in self._workers:
            worker.connection.close()
            if worker.process.is_alive():
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(GRACE_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _hire(self) -> _Worker[Item]:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, self._task), daemon=True)
        with _interrupts_held():
            process.start()
        there.close()  # so that the pipe ends when the worker does
        return _Worker(process, here)

    def _bury(self, worker: _Worker[Item]) -> Iterator[tuple[int, Result]]:
        """Replace a dead worker; its item becomes a result that says so."""
        worker.process.join(GRACE_S)
        reason = _death(worker.process.exitcode)
        if not worker.ready:
            raise DependencyError(f"a worker process could not start ({reason}); try --jobs 1")
        if worker.item is None:
            self.idle.remove(worker)
        else:
            yield worker.number, self._task.lost(worker.item, reason)
        worker.connection.close()
        self._workers[self._workers.index(worker)] = self._hire()


def _serve(connection: Connection, task: Task[Item, Result]) -> None:
    """Work for the parent until it closes the pipe. Runs in the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    cv2.setNumThreads(1)
    try:
        work = task.start()
        connection.send("ready")
        while True:
            (item,) = connection.recv()
            connection.send((work(item),))
    except ZipreadError as error:
        connection.send(error)
    except (EOFError, OSError):  # the parent is done, or gone
        return


def _death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"killed by {name}" + (", perhaps for want of memory" if -exit_code == signal.SIGKILL else "")
    return f"exit code {exit_code}"


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back. A process started meanwhile never sees one, not even before it can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread: more cost far more CPU than they save time on pictures of this size."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
