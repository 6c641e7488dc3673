"""The ROS 2 graph without a ROS install: DDS by `cyclonedds`, message definitions and CDR by `rosbags`."""
