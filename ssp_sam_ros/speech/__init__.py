"""Speech to referring expressions: audio in, texts of the vocabulary out. No ROS, no DDS, no PyTorch."""
