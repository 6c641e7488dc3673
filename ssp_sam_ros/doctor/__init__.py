"""Checks of an installation and its surroundings, each with what to do about a problem.

Everything heavy or perhaps missing is imported inside the checks: they must run where something is broken.
"""
