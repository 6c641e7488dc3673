"""One perception session: which picture is worked on when, for which expressions, and what goes out.

Pure decisions on an injected clock (`schedule`, `requests`, `outputs`) and the thread that carries them out
(`session`). Neither DDS nor ROS nor PyTorch is imported: a segmenter, a clock and a way to publish are handed
in.
"""
