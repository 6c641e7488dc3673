"""Log lines of this package to the node's logger, and so to the console, the log file and /rosout."""

from __future__ import annotations

import logging
from typing import Any


class RosLogHandler(logging.Handler):
    """Hands records over to a logger of rclpy, whose level decides what is shown."""

    def __init__(self, logger: Any) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """One line, with the traceback where there is one."""
        text = self.format(record)
        # rclpy allows one severity for each line of code that logs.
        if record.levelno >= logging.CRITICAL:
            self._logger.fatal(text)
        elif record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)

    def attach(self) -> None:
        """Take all lines of the package's logger from here on, and nobody else does."""
        log = logging.getLogger("ssp_sam")
        log.addHandler(self)
        log.setLevel(logging.DEBUG)
        log.propagate = False

    def detach(self) -> None:
        """Leave the package's logger as it was."""
        log = logging.getLogger("ssp_sam")
        log.removeHandler(self)
        log.setLevel(logging.NOTSET)
        log.propagate = True
