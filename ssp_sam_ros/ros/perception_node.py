"""`perception_node`: the lifecycle node of a ROS 2 installation."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from ssp_sam_ros.engine.loading import Loaded, load, release
from ssp_sam_ros.interface import NODE_NAME, PARAMETERS, Parameters
from ssp_sam_ros.ros import parameters as ros_parameters
from ssp_sam_ros.ros.conversion import picture_decoder
from ssp_sam_ros.ros.graph import RosGraph
from ssp_sam_ros.ros.log_forwarding import RosLogHandler
from ssp_sam_ros.ros.messages import make
from ssp_sam_ros.ros.services import Services
from ssp_sam_ros.ros.spinning import spin
from ssp_sam_ros.session.composer import Composer
from ssp_sam_ros.session.input_warnings import InputWarnings
from ssp_sam_ros.session.messages import MessageBuilder
from ssp_sam_ros.session.session import Session

_TICK = 0.05  # seconds; staleness is noticed, and a changed parameter taken over, within one
_DIAGNOSTICS_PERIOD = 1.0
_QUIET_START = 3  # diagnostics before a silent input is worth a warning
_PATIENCE = 30.0  # seconds that a transition waits for the picture at hand
_LAST_PATIENCE = 3.0  # the same at the end: `ros2 launch` sends SIGTERM 5 s after SIGINT
_INACTIVE = "the node is inactive"
_SWITCHED_OFF = "inference is switched off (~/enable)"

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
Transition = Callable[[Any, LifecycleState], TransitionCallbackReturn]

log = logging.getLogger("ssp_sam")


def _told(transition: Transition) -> Transition:
    """rclpy turns what a transition raises into the error state without a word: log it."""

    @wraps(transition)
    def tell(self: Any, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(self, state)
        except Exception:
            log.exception("%s", transition.__name__)
            raise

    return tell


class PerceptionNode(LifecycleNode):
    """Loads in `configure`, answers while `active`, gives memory back in `cleanup`.

    The executor's thread listens; the session's worker infers and publishes.
    """

    def __init__(self, loader: Callable[[Parameters], Loaded] = load, **options: Any) -> None:
        """Declare the parameters; everything else waits for `configure`.

        Args:
            loader: makes the segmenter that the parameters name, ready to use; ValueError where it cannot.
            options: of rclpy's nodes (namespace, context, parameter_overrides, ...).

        Raises:
            ValueError: a parameter does not fit.
        """
        super().__init__(NODE_NAME, automatically_declare_parameters_from_overrides=True, **options)
        self._logs = RosLogHandler(self.get_logger())
        self._logs.attach()
        self._load = loader
        self._parts: _Parts | None = None
        self._active = False
        self._enabled = True
        try:
            self._start_parameters = ros_parameters.declare(self)
        except ValueError:
            self.close()
            raise
        self.add_on_set_parameters_callback(ros_parameters.check)

    def start(self) -> bool:
        """Configure and activate, as parameter `autostart` asks for; False where that fails."""
        if not self._start_parameters.flag("autostart"):
            return True
        return self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS

    def close(self) -> bool:
        """Leave the graph; False where the worker was too busy and is left behind."""
        done = self._tear_down(_LAST_PATIENCE)
        self._logs.detach()
        self.destroy_node()
        return done

    # --- transitions --------------------------------------------------------------------------------------

    @_told
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load, warm up, join the topics; FAILURE and one line in the log where that cannot be."""
        parameters = Parameters.from_overrides(
            {**self._start_parameters.qos_overrides, **ros_parameters.current(self)}
        )
        try:
            log.info("loading %s", parameters.text("model"))
            loaded = self._load(parameters)
            self._parts = _Parts(self, parameters, loaded, self._enable)
        except (ValueError, OSError, ImportError, RuntimeError) as error:
            log.error("not configured: %s", error)
            self._tear_down()
            return FAILURE
        log.info("ready: %s", loaded.summary)
        return SUCCESS

    @_told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Work from here on."""
        self._active = True
        self._go_or_wait()
        return super().on_activate(state)

    @_told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Rest; an answer being worked on is dropped, what is asked for is kept."""
        self._active = False
        self._go_or_wait()
        return super().on_deactivate(state)

    @_told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the topics and give the memory back."""
        self._tear_down()
        return SUCCESS

    @_told
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """As cleanup, from any state."""
        self._tear_down()
        return SUCCESS

    @_told
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Back to unconfigured."""
        self._tear_down()
        return SUCCESS

    def _go_or_wait(self) -> None:
        if self._parts is None:
            return
        if self._active and self._enabled:
            self._parts.session.resume()
        else:
            self._parts.session.pause(_SWITCHED_OFF if self._active else _INACTIVE)

    def _enable(self, on: bool) -> str:
        self._enabled = on
        self._go_or_wait()
        text = "inference is switched on" if on else _SWITCHED_OFF
        return text if self._active else f"{text}; {_INACTIVE}"

    def _tear_down(self, patience: float = _PATIENCE) -> bool:
        self._active = False
        parts, self._parts = self._parts, None
        if parts is None:
            return True
        done = parts.close(patience)
        if not done:
            log.warning("a picture is still being worked on; its memory is free after that")
        del parts
        release()
        return done


class _Parts:
    """What exists from `configure` to `cleanup`."""

    def __init__(
        self, node: PerceptionNode, parameters: Parameters, loaded: Loaded, enable: Callable[[bool], str]
    ) -> None:
        self._node = node
        self._builder = MessageBuilder(make)
        self._clock = node.get_clock()
        self._values = dict(parameters.values)
        self._warnings = InputWarnings()
        self._reports = 0
        with ExitStack() as made:  # where something fails, what was there by then leaves the graph
            self._make(made, node, parameters, loaded, enable)
            self._made = made.pop_all()
        self.session.start()

    def _make(
        self,
        made: ExitStack,
        node: PerceptionNode,
        parameters: Parameters,
        loaded: Loaded,
        enable: Callable[[bool], str],
    ) -> None:
        self._graph = RosGraph(node, parameters)
        made.callback(self._graph.close)
        self.session = Session(
            node.get_name(),
            loaded.segmenter,
            self._graph,
            Composer(self._builder, loaded.draw_overlay),
            picture_decoder(parameters.text("image_transport")),
            self._now,
            parameters,
            loaded.health,
        )
        self.session.pause(_INACTIVE)
        self._graph.listen(self.session.input)
        made.callback(Services(node, self.session, enable).close)
        # Not the node's clock: with simulated time that stands still, what is wrong must still be told.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        for period, callback in ((_TICK, self._tick), (_DIAGNOSTICS_PERIOD, self._report)):
            made.callback(node.destroy_timer, node.create_timer(period, callback, clock=steady))

    def _now(self) -> int:
        return int(self._clock.now().nanoseconds)

    def _tick(self) -> None:
        # Not in a set-parameters callback: those only check, and Humble has none for what comes after.
        for name, value in ros_parameters.current(self._node).items():
            # rclpy lets its own use_sim_time change; the clock it then switches is the session's, too.
            if value != self._values[name] and not PARAMETERS[name].read_only:
                self._values[name] = value  # type: ignore[assignment]
                self.session.set_parameter(name, value)
        self.session.tick()

    def _report(self) -> None:
        statuses = self.session.diagnostics(self._graph.inputs())
        header = self._builder.header(self._now(), "")
        self._graph.diagnostics.publish(self._builder.diagnostics(header, statuses))
        self._reports += 1
        if self._reports >= _QUIET_START:
            self._warnings.heed(statuses)

    def close(self, patience: float) -> bool:
        done = self.session.close(patience)
        self._made.close()
        return done


@contextmanager
def ros_context(arguments: Sequence[str] | None) -> Iterator[None]:
    """rclpy, initialised for as long as the block lasts."""
    context = rclpy.init(args=arguments)
    if context is not None:  # a context manager since Kilted
        with context:
            yield
        return
    try:
        yield
    finally:
        if rclpy.ok():
            rclpy.shutdown()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until a signal or the end of the context; returns the exit code."""
    done = True
    with ros_context(arguments):
        try:
            node = PerceptionNode()
        except ValueError as error:
            print(f"perception_node: error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0
        try:
            if not node.start():
                return 1
            spin(node)
        except KeyboardInterrupt:  # while it starts
            pass
        finally:
            # A terminal and `ros2 launch` both send one: the second must not interrupt the clearing up.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            done = node.close()
    if not done:
        logging.shutdown()
        os._exit(0)  # an orderly exit would tear the network down under the worker's hands
    return 0


if __name__ == "__main__":
    sys.exit(main())
