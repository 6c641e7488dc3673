"""The thread that works on one picture after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ssp_sam_ros.session.answerer import Job


class Worker:
    """Fetches jobs and carries them out until it is closed.

    `changed` guards the session's state: it is held while `next_job` and `pause` are called, and is notified
    when there may be something to do.
    """

    def __init__(
        self,
        changed: threading.Condition,
        next_job: Callable[[], Job | None],
        pause: Callable[[], float | None],
        carry_out: Callable[[Job], None],
    ) -> None:
        """Set up without starting.

        Args:
            changed: see above.
            next_job: the job due now, if any.
            pause: seconds after which to ask again without a notification; None: no need to.
            carry_out: does a job; called without `changed`.
        """
        self.closing = False
        self._changed = changed
        self._next_job = next_job
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
        """End after the job at hand; False where that takes more than `patience` seconds."""
        with self._changed:
            self.closing = True
            self._changed.notify()
        if self._thread is None:
            return True
        self._thread.join(patience)
        return not self._thread.is_alive()

    def run_pending(self) -> bool:
        """Do one job in the calling thread, for use without `start`; False where none is due."""
        with self._changed:
            job = self._next_job()
        if job is not None:
            self._carry_out(job)
        return job is not None

    def _work(self) -> None:
        try:
            while (job := self._wait_for_job()) is not None:
                self._carry_out(job)
        except BaseException as error:
            self._crash = error  # `check` hands it to the node's own thread
            raise

    def _wait_for_job(self) -> Job | None:
        with self._changed:
            while not self.closing:
                job = self._next_job()
                if job is not None:
                    return job
                self._changed.wait(self._pause())
        return None
