"""The perception node for a ROS 2 installation: a lifecycle node of rclpy over the same session as `dds`.

Nothing here decides anything: messages, QoS, parameters, services and transitions are translated for
`session`. Needs `rclpy`; no other folder imports this one.
"""
