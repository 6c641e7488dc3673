# Lyrical: its Python is newer than those that constraints.txt was resolved for, hence the bounds of setup.py alone.
# UNTESTED: never built. From the repository's root:
#   git archive HEAD | docker build -t ssp_sam_ros:lyrical -f docker/lyrical.Dockerfile -
#   docker run --rm -it --net=host --ipc=host --gpus all ssp_sam_ros:lyrical
FROM ros:lyrical-ros-base
SHELL ["/bin/bash", "-c"]
ENV RMW_IMPLEMENTATION=rmw_cyclonedds_cpp
WORKDIR /ws

COPY package.xml src/ssp_sam_ros/
COPY msg src/ssp_sam_ros/msg
RUN apt-get update && rosdep update --rosdistro lyrical \
 && apt-get install -y --no-install-recommends python3-venv libportaudio2 ros-lyrical-rmw-cyclonedds-cpp \
 && rosdep install --ignore-src -y --rosdistro lyrical --from-paths src src/ssp_sam_ros/msg \
 && rm -rf /var/lib/apt/lists/*

# torch and its like: a layer that changes with their versions only.
COPY setup.py setup.cfg constraints.txt src/ssp_sam_ros/
COPY ssp_sam_ros/__init__.py src/ssp_sam_ros/ssp_sam_ros/
COPY resource src/ssp_sam_ros/resource
RUN python3 -m venv --system-site-packages venv && touch venv/COLCON_IGNORE && source venv/bin/activate \
 && pip install --no-cache-dir -e "src/ssp_sam_ros[dds,speech]" colcon-common-extensions

# Built by the environment's Python, which so becomes the one of the installed executables.
COPY . src/ssp_sam_ros
RUN source /opt/ros/lyrical/setup.bash && source venv/bin/activate \
 && python3 -m colcon build --base-paths src src/ssp_sam_ros/msg

CMD ["bash", "-c", "source install/setup.bash && exec ros2 launch ssp_sam_ros perception.launch.py"]
