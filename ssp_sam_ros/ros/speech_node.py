"""`speech_node`: speech input on a ROS 2 installation."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from ssp_sam_ros.interface.topics import TOPICS
from ssp_sam_ros.ros import parameters as ros_parameters
from ssp_sam_ros.ros.log_forwarding import RosLogHandler
from ssp_sam_ros.ros.messages import make, message_class
from ssp_sam_ros.ros.perception_node import ros_context
from ssp_sam_ros.ros.qos import OVERRIDABLE, ros_profile
from ssp_sam_ros.ros.spinning import spin
from ssp_sam_ros.speech.audio_messages import MessageConverter
from ssp_sam_ros.speech.engines import open_engine
from ssp_sam_ros.speech.microphone import Microphone
from ssp_sam_ros.speech.parameters import SPEECH_PARAMETERS, speech_parameters
from ssp_sam_ros.speech.session import SpeechSession
from ssp_sam_ros.speech.vocabulary import Vocabulary
from ssp_sam_ros.speech.worker import Worker

NODE_NAME = "speech"
_TICK = 0.05  # seconds; sound of the microphone and changed parameters are taken over within one
_COMMAND = TOPICS["referring_expression"]

log = logging.getLogger("ssp_sam")


class SpeechNode(Node):
    """Hears on a microphone or topic `audio` and reads topic `text`; publishes `referring_expression`."""

    def __init__(self, **options: Any) -> None:
        """Load the engine and join the topics.

        Args:
            options: of rclpy's nodes.

        Raises:
            ValueError: a parameter, the vocabulary or the model does not fit.
            ImportError: the engine, or the package of a message type, is not installed.

        Whatever is raised, nothing is left running.
        """
        super().__init__(NODE_NAME, automatically_declare_parameters_from_overrides=True, **options)
        self._logs = RosLogHandler(self.get_logger())
        self._logs.attach()
        self._microphone: Microphone | None = None
        self._worker = Worker()
        try:
            self._set_up()
        except BaseException:  # KeyboardInterrupt, too: the worker's thread would keep the process alive
            self.close()
            raise

    def _set_up(self) -> None:
        declared = ros_parameters.declare(self, SPEECH_PARAMETERS)
        parameters = speech_parameters(declared.values)
        self.add_on_set_parameters_callback(partial(ros_parameters.check, table=SPEECH_PARAMETERS))
        self._values = dict(parameters.values)
        vocabulary = Vocabulary.load(parameters.text("vocabulary"))
        source = parameters.text("source")
        engine = None if source == "none" else open_engine(parameters, vocabulary)
        self._publisher = self.create_publisher(
            message_class(_COMMAND.type),
            _COMMAND.name,
            ros_profile(_COMMAND.qos),
            qos_overriding_options=OVERRIDABLE,
        )
        self._session = SpeechSession(parameters, vocabulary, engine, self._send)
        if source == "topic":
            self._listen(parameters.text("audio_type"), parameters)
        elif source == "microphone":
            self._microphone = Microphone(parameters.text("microphone")).__enter__()
            log.info("microphone: %s", self._microphone.name)
        self._subscribe(parameters.text("text_type"), "text", self._take_text)
        self._subscribe("std_msgs/msg/Bool", "~/push_to_talk", self._take_button)
        self.create_timer(_TICK, self._tick)
        log.info(
            "ready: %s, activation %s", engine.name if engine else "texts only", self._values["activation"]
        )

    def _listen(self, type_name: str, parameters: Any) -> None:
        converter = MessageConverter(
            type_name, parameters.count("audio_rate"), parameters.count("audio_channels")
        )
        refused: set[str] = set()

        def take(message: Any) -> None:
            try:
                sound = converter.convert(message)
            except ValueError as error:
                if str(error) not in refused:
                    refused.add(str(error))
                    log.warning("audio: %s", error)
                return
            self._worker.do(self._session.sound, sound)

        self.create_subscription(
            message_class(type_name),
            "audio",
            take,
            qos_profile_sensor_data,
            qos_overriding_options=OVERRIDABLE,
        )

    def _subscribe(self, type_name: str, topic: str, callback: Any) -> None:
        self.create_subscription(
            message_class(type_name),
            topic,
            callback,
            ros_profile(_COMMAND.qos),
            qos_overriding_options=OVERRIDABLE,
        )

    def _take_text(self, message: Any) -> None:
        text = message.data if hasattr(message, "data") else message.text
        self._worker.do(self._session.text, text)

    def _take_button(self, message: Any) -> None:
        self._worker.do(self._session.talk, message.data)

    def _tick(self) -> None:
        for name, value in ros_parameters.current(self, SPEECH_PARAMETERS).items():
            if value != self._values[name]:
                self._values[name] = value  # type: ignore[assignment]
                self._worker.do(self._session.set_parameter, name, value)
        if self._microphone is not None:
            for chunk in self._microphone.chunks(0.0):
                self._worker.do(self._session.sound, chunk)

    def _send(self, text: str) -> None:
        self._publisher.publish(make(_COMMAND.type, data=text))

    def close(self) -> None:
        """Stop listening and leave the graph."""
        if self._microphone is not None:
            self._microphone.__exit__(None, None, None)
        self._worker.close()
        self._logs.detach()
        self.destroy_node()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until a signal or the end of the context; returns the exit code."""
    with ros_context(arguments):
        try:
            node = SpeechNode()
        except (ValueError, OSError, ImportError, RuntimeError) as error:
            print(f"speech_node: error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0
        try:
            spin(node)
        finally:
            # A terminal and `ros2 launch` both send one: the second must not interrupt the clearing up.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            node.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
