"""`ssp-sam listen`: what is spoken becomes the referring expression of a running node."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from ssp_sam_ros.speech.session import Heard, SpeechSession

HELP = "send what is spoken to a running node as its referring expression"
TAKES_ROS_ARGUMENTS = True

_WAIT = 0.1  # seconds between looks at the signals
_SHORTHANDS = ("engine", "model", "vocabulary", "confidence_threshold", "wake_phrase")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Listens, and prints one JSON line for everything heard: what was sent, or why it was not."
    )
    parser.epilog = "With --file, exits with 1 where nothing was sent. Parameters go after --ros-args."
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--file", type=Path, help="sound file: WAV, FLAC, OGG, ..., any rate")
    source.add_argument(
        "--microphone",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="part of its name, or its number (default: the system's)",
    )
    parser.add_argument("--dry-run", action="store_true", help="send nothing, only print")
    parser.add_argument(
        "--timeout", type=float, default=30.0, help="seconds to wait for the node, with --file"
    )
    parser.add_argument(
        "--push-to-talk", action="store_true", help="Enter starts listening, Enter again ends it (microphone)"
    )
    parser.add_argument("--wake-phrase", help='heed only what follows it, e.g. "hey robot"')
    parser.add_argument("--engine", help="pocketsphinx (default), vosk or whisper")
    parser.add_argument("--model", help="folder of the vosk or faster-whisper model")
    parser.add_argument("--vocabulary", help="vocabulary file (default: the small model's language)")
    parser.add_argument(
        "--confidence-threshold", type=float, help="0 to 1; what is heard with less is not sent"
    )


def run(args: argparse.Namespace) -> int:
    """Listen until the file's end or a signal; 0 where something was sent, or a signal came."""
    import logging
    import os

    from ssp_sam_ros.cli.runtime import set_up_logging, stop_on_signals
    from ssp_sam_ros.interface.ros_arguments import RosArguments
    from ssp_sam_ros.speech.engines import open_engine
    from ssp_sam_ros.speech.parameters import speech_parameters
    from ssp_sam_ros.speech.session import SpeechSession
    from ssp_sam_ros.speech.vocabulary import Vocabulary

    if args.push_to_talk and args.file:
        raise ValueError("--push-to-talk needs --microphone")
    ros = args.ros or RosArguments()
    names = ros.names_for(f"listen_{os.getpid()}")
    set_up_logging(names.full_name, ros)
    parameters = speech_parameters({**ros.parameters_for(names), **_overrides(args)})
    vocabulary = Vocabulary.load(parameters.text("vocabulary"))
    engine = open_engine(parameters, vocabulary)
    stop = stop_on_signals()
    sent: list[str] = []
    sender = None if args.dry_run else _Sender(names)

    def tell(heard: Heard) -> None:
        if heard.sent:
            sent.append(heard.text)
            if sender is not None:
                sender.send(heard.text)
        _print(heard, args.dry_run)

    try:
        session = SpeechSession(parameters, vocabulary, engine, lambda text: None, tell)
        if args.file is None:
            _microphone(session, args.microphone, args.push_to_talk, stop)
            return 0
        if sender is not None and not sender.wait(args.timeout, stop.is_set):
            logging.getLogger("ssp_sam").error(
                "no node listens on %s within %g s; is `ssp-sam node` running in this ROS_DOMAIN_ID?",
                *(sender.topic, args.timeout),
            )
            return 1
        _file(session, args.file, stop)
    finally:
        if sender is not None:
            sender.close()
    return 0 if sent else 1


def _overrides(args: argparse.Namespace) -> Mapping[str, object]:
    given = {name: value for name in _SHORTHANDS if (value := getattr(args, name)) is not None}
    if args.push_to_talk:
        given["activation"] = "push_to_talk"
    elif args.wake_phrase is not None:
        given["activation"] = "wake_phrase"
    return given


def _file(session: SpeechSession, path: Path, stop: threading.Event) -> None:
    from ssp_sam_ros.speech.audio import read

    for chunk in read(path):
        if stop.is_set():
            return
        session.sound(chunk)
    session.end()


def _microphone(session: SpeechSession, device: str, by_button: bool, stop: threading.Event) -> None:
    import logging

    from ssp_sam_ros.speech.microphone import Microphone

    log = logging.getLogger("ssp_sam")
    with Microphone(device) as microphone:
        log.info("microphone: %s; Ctrl-C ends", microphone.name)
        pressed: Callable[[], bool] = _enter_key() if by_button else lambda: False
        talking = False
        while not stop.is_set():
            if pressed():
                talking = not talking
                session.talk(talking)
            for chunk in microphone.chunks(_WAIT):
                session.sound(chunk)
        if microphone.lost:
            log.warning("%d chunks of sound were lost: the machine is too slow", microphone.lost)


def _enter_key() -> Callable[[], bool]:
    """A function that tells whether Enter has been pressed since the last call."""
    import select
    import sys

    print("Enter: start and end a sentence", file=sys.stderr)

    def pressed() -> bool:
        return bool(select.select([sys.stdin], [], [], 0.0)[0] and sys.stdin.readline())

    return pressed


def _print(heard: Heard, dry_run: bool) -> None:
    import dataclasses
    import json

    record: dict[str, Any] = dataclasses.asdict(heard)
    if dry_run:
        record["accepted"] = record.pop("sent")
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in record.items()}
    print(json.dumps(rounded), flush=True)


class _Sender:
    """Publishes sentences on the node's `referring_expression`."""

    def __init__(self, names: Any) -> None:
        from ssp_sam_ros.dds.messages import make
        from ssp_sam_ros.dds.participant import Participant
        from ssp_sam_ros.interface.topics import TOPICS
        from ssp_sam_ros.session.messages import MessageBuilder

        topic = TOPICS["referring_expression"]
        self.topic = names.resolve(topic.name)
        self._builder = MessageBuilder(make)
        self._participant = Participant(names)
        self._publisher = self._participant.publisher(self.topic, topic.type, topic.qos)
        self._participant.announce()

    def wait(self, timeout: float, stopped: Callable[[], bool]) -> bool:
        """Until somebody listens; False where the time is up."""
        import time

        deadline = time.monotonic() + timeout
        while not self._publisher.subscriptions():
            if stopped() or time.monotonic() > deadline:
                return False
            time.sleep(_WAIT)
        return True

    def send(self, text: str) -> None:
        """Send one sentence, and wait until it has arrived."""
        self._publisher.publish(self._builder.text(text))
        self._publisher.flush()

    def close(self) -> None:
        """Leave the graph."""
        self._participant.close()
