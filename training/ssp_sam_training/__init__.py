"""Training and evaluation of SSP-SAM: data, losses, loop, metrics.

Imports ``ssp_sam_ros``; nothing in ``ssp_sam_ros`` imports this package.
"""
