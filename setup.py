"""Package description for pip and colcon (ament_python). Exact versions live in constraints.txt."""

from __future__ import annotations

from glob import glob

from setuptools import find_packages, setup

NAME = "ssp_sam_ros"
# The message definitions are a ROS package of their own (msg/, REP-144); a wheel carries their texts along,
# because the DDS types are made from them.
MESSAGES = f"{NAME}.interface.ssp_sam_msgs"

SIM = ["mujoco>=3.2"]
DDS = ["cyclonedds>=0.10.5", "rosbags>=0.10.5"]
TRAINING = ["accelerate>=1.0", "pycocotools>=2.0.8", "tensorboard>=2.16"]
SPEECH = ["pocketsphinx>=5.0.4", "sounddevice>=0.4.6", "soundfile>=0.12", "soxr>=0.4"]
SIGLIP2 = ["tokenizers>=0.19"]
TEST = ["pytest>=7.4", "pytest-timeout>=2.3", "hypothesis>=6.100", *SIGLIP2]
DEV = [*TEST, "ruff>=0.6", "mypy>=1.11", "types-PyYAML>=6.0"]

setup(
    name=NAME,
    version="0.1.0",
    description="Referring expression segmentation (SSP-SAM) as a ROS 2 node and a Python library",
    author="ssp_sam_ros maintainers",
    author_email="maintainers@example.org",
    maintainer="ssp_sam_ros maintainers",
    maintainer_email="maintainers@example.org",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=[*find_packages(include=[NAME, f"{NAME}.*"]), MESSAGES],
    package_dir={MESSAGES: "msg"},
    package_data={
        NAME: [
            "network/variants/*.json",
            "assets/*",
            "assets/clip/*",
            "speech/vocabulary.yaml",
        ],
        MESSAGES: ["msg/*.msg", "srv/*.srv"],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/config", sorted(glob("config/*.*"))),
        (f"share/{NAME}/launch", sorted(glob("launch/*.launch.py"))),
    ],
    install_requires=[
        "numpy>=1.26",
        "opencv-python-headless>=4.8",
        "open_clip_torch>=3.0",
        "pillow>=10.1",
        "PyYAML>=6.0",
        "safetensors>=0.4",
        "segment-anything>=1.0",
        "timm>=1.0.9",
        "torch>=2.6",
        "torchvision>=0.21",
    ],
    extras_require={
        "sim": SIM,
        "dds": DDS,
        "speech": SPEECH,
        "siglip2": SIGLIP2,
        "training": TRAINING,
        "test": TEST,
        "dev": DEV,
        "all": [*SIM, *DDS, *SPEECH, *TRAINING, *DEV],
    },
    entry_points={
        "console_scripts": [
            f"ssp-sam = {NAME}.cli.main:main",
            f"perception_node = {NAME}.ros.perception_node:main",
            f"speech_node = {NAME}.ros.speech_node:main",
        ]
    },
    zip_safe=False,
)
