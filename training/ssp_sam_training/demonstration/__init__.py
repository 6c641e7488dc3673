"""The recorded clip: one live scene, and sentences about it that hold in every frame."""
