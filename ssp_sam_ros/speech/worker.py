"""A thread of its own for recognition, so that who listens stays free."""

from __future__ import annotations

import logging
import queue
import reprlib
import threading
from collections.abc import Callable
from typing import Any

_MOST_WAITING = 600  # calls; a minute of sound
_Call = tuple[Callable[..., None], tuple[Any, ...]]

log = logging.getLogger("ssp_sam")


class Worker:
    """Runs calls one after the other."""

    def __init__(self) -> None:
        """Start the thread."""
        self._calls: queue.Queue[_Call | None] = queue.Queue(_MOST_WAITING)
        self.lost = 0
        """Calls refused because too many waited."""
        self._thread = threading.Thread(target=self._run, name="speech")
        self._thread.start()

    def do(self, function: Callable[..., None], *arguments: Any) -> None:
        """Have a call made soon; where too many wait it is dropped and counted.

        One that raises is logged, and the next is made.
        """
        try:
            self._calls.put_nowait((function, arguments))
        except queue.Full:
            self.lost += 1
            if self.lost == 1:
                log.warning("sound is lost: the machine is too slow")

    def close(self) -> None:
        """Finish the call at hand, forget the others."""
        while True:
            try:
                self._calls.get_nowait()
            except queue.Empty:
                break
        self._calls.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            function, arguments = call
            try:
                function(*arguments)
            except Exception:  # of whatever kind: a dead thread would leave a node that hears nothing
                log.exception("%s failed on %s", function.__name__, reprlib.repr(arguments))
