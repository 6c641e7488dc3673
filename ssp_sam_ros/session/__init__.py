"""One perception session: which picture is worked on when, for which expressions, and what goes out.

Pure decisions on an injected clock (`schedule`, `requests`, `outputs`), what comes in (`inputs`), the thread
that works (`worker`, `jobs`), what goes out (`composer`, `sender`), and all of it together (`session`).
Neither DDS nor ROS nor PyTorch is imported: a segmenter, a clock and a way to publish are handed in.
"""
