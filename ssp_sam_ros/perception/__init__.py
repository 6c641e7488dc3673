"""A picture and referring expressions in, results out.

Nothing is imported here: `result` and `drawing` are used by processes that never load torch.
"""
