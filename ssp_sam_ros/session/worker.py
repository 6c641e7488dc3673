"""The thread that works on one picture after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ssp_sam_ros.session.answerer import Job


class Worker:
    """Fetches jobs and carries them out until it is closed.

    `changed` guards the session's state: it is held while `next_jobs` and `pause` are called, and is notified
    when there may be something to do.
    """

    def __init__(
        self,
        changed: threading.Condition,
        next_jobs: Callable[[], list[Job]],
        pause: Callable[[], float | None],
        carry_out: Callable[[list[Job]], None],
    ) -> None:
        """Set up without starting.

        Args:
            changed: see above.
            next_jobs: the jobs due now, done together.
            pause: seconds after which to ask again without a notification; None: no need to.
            carry_out: does jobs; called without `changed`.
        """
        self.closing = False
        self._changed = changed
        self._next_jobs = next_jobs
        self._pause = pause
        self._carry_out = carry_out
        self._thread: threading.Thread | None = None
        self._crash: BaseException | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._work, name="ssp_sam worker", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """See that the thread is well.

        Raises:
            RuntimeError: it has ended by an error.
        """
        if self._crash is not None:
            raise RuntimeError("the worker has stopped") from self._crash

    def close(self, patience: float) -> bool:
        """End after the jobs at hand; False where that takes more than `patience` seconds."""
        with self._changed:
            self.closing = True
            self._changed.notify()
        if self._thread is None:
            return True
        self._thread.join(patience)
        return not self._thread.is_alive()

    def run_pending(self) -> bool:
        """Do what is due in the calling thread, for use without `start`; False where nothing is."""
        with self._changed:
            jobs = self._next_jobs()
        if jobs:
            self._carry_out(jobs)
        return bool(jobs)

    def _work(self) -> None:
        try:
            while jobs := self._wait_for_jobs():
                self._carry_out(jobs)
        except BaseException as error:
            self._crash = error  # `check` hands it to the node's own thread
            raise

    def _wait_for_jobs(self) -> list[Job]:
        """None where it is to end."""
        with self._changed:
            while not self.closing:
                if jobs := self._next_jobs():
                    return jobs
                self._changed.wait(self._pause())
        return []
