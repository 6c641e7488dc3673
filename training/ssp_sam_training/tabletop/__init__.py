"""Simulated tabletop scenes as a dataset in the RefCOCO and gRefCOCO layouts."""
