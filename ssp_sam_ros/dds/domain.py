"""Which DDS domain to join and how Cyclone DDS is set up there, from the environment that ROS 2 uses too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from cyclonedds.core import DDSException
from cyclonedds.domain import Domain

_HIGHEST_DOMAIN = 232  # port numbers of a higher one would pass 65535

# Pictures are hundreds of UDP packets. With Cyclone's defaults 1920x1080 at 15 Hz loses most of them on
# loopback; large datagrams, a receive buffer as large as the system grants and room for a whole
# unacknowledged picture do not.
_TUNING = (
    "<General><MaxMessageSize>65500B</MaxMessageSize></General>"
    '<Internal><SocketReceiveBufferSize max="8MB"/>'
    "<Watermarks><WhcHigh>16MB</WhcHigh></Watermarks></Internal>"
)
_NO_MULTICAST = "<General><AllowMulticast>false</AllowMulticast></General>"
# Cyclone 11 ignores announcements that arrive over an interface it has not chosen, and rmw_cyclonedds sends
# those of its nodes to 127.0.0.1.
_LOOPBACK = '<NetworkInterface address="127.0.0.1"/>'
_OTHERS_TOO = '<NetworkInterface autodetermine="true"/>'
_RANGES = ("SUBNET", "LOCALHOST", "OFF", "SYSTEM_DEFAULT")

REFUSAL_HINT = (
    "there may be too many processes on it (try another ROS_DOMAIN_ID), else check CYCLONEDDS_URI and the "
    "network interfaces"
)

_domains: dict[int, Domain] = {}


def domain_id(environment: Mapping[str, str] = os.environ) -> int:
    """ROS_DOMAIN_ID, 0 where it is not set.

    Raises:
        ValueError: it is no number from 0 to 232.
    """
    text = environment.get("ROS_DOMAIN_ID") or "0"
    if not text.isdigit() or int(text) > _HIGHEST_DOMAIN:
        raise ValueError(f"ROS_DOMAIN_ID must be a number from 0 to {_HIGHEST_DOMAIN}, not {text!r}")
    return int(text)


def configuration(environment: Mapping[str, str] = os.environ) -> str:
    """Cyclone's configuration: CYCLONEDDS_URI where given, else settings for large pictures.

    ROS_AUTOMATIC_DISCOVERY_RANGE, ROS_STATIC_PEERS and ROS_LOCALHOST_ONLY mean what they mean to
    rmw_cyclonedds.

    Raises:
        ValueError: ROS_AUTOMATIC_DISCOVERY_RANGE has an unknown value.
    """
    own = environment.get("CYCLONEDDS_URI", "")
    settings = _discovery(environment) if own else _TUNING + _discovery(environment)
    fragments = [f'<CycloneDDS><Domain Id="any">{settings}</Domain></CycloneDDS>'] if settings else []
    return ",".join([*fragments, own] if own else fragments)


def _discovery(environment: Mapping[str, str]) -> str:
    """The settings that rmw_cyclonedds makes of the discovery variables."""
    reach = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper() or "SUBNET"
    if environment.get("ROS_LOCALHOST_ONLY") == "1":
        reach = "LOCALHOST"
    if reach not in _RANGES:
        raise ValueError(f"ROS_AUTOMATIC_DISCOVERY_RANGE must be one of {', '.join(_RANGES)}, not {reach!r}")
    if reach == "SYSTEM_DEFAULT":
        return ""
    if reach == "OFF":
        tag = f"ros_discovery_off_{os.getpid()}"
        return (
            f"{_NO_MULTICAST}<Discovery><ParticipantIndex>none</ParticipantIndex><Tag>{tag}</Tag></Discovery>"
        )
    peers = [peer for peer in environment.get("ROS_STATIC_PEERS", "").split(";") if peer]
    interfaces = ""
    if reach == "LOCALHOST" and "NetworkInterface" not in environment.get("CYCLONEDDS_URI", ""):
        chosen = _LOOPBACK + _OTHERS_TOO if peers else _LOOPBACK
        interfaces = f"<General><Interfaces>{chosen}</Interfaces></General>"
    if reach == "LOCALHOST":
        peers.insert(0, "localhost")
    addresses = "".join(f"<Peer address={quoteattr(peer)}/>" for peer in peers)
    return (
        (_NO_MULTICAST + interfaces if reach == "LOCALHOST" else "")
        + "<Discovery><ParticipantIndex>auto</ParticipantIndex>"
        + "<MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>"
        + (f"<Peers>{addresses}</Peers>" if addresses else "")
        + "</Discovery>"
    )


def open_domain(number: int) -> None:
    """Set the domain up for this process, once; a domain that exists already keeps its settings.

    Raises:
        ValueError: Cyclone DDS refuses the configuration.
    """
    if number in _domains:
        return
    try:
        _domains[number] = Domain(number, configuration())
    except DDSException as error:
        if error.code == DDSException.DDS_RETCODE_PRECONDITION_NOT_MET:
            return
        raise ValueError(f"DDS domain {number} cannot be opened ({error}); {REFUSAL_HINT}") from None
