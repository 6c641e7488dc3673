"""The simulated bench as a dataset in the RefCOCO and gRefCOCO layouts, with held-out splits."""
