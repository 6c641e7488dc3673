"""The fuzzer of scripts/fuzz.py: a file for each kind of input, one for the processes, one for the report.

A kind is a function from a random generator to a word for what became of the input. It raises
`BrokenPromiseError` where something that must hold does not; any other exception is a crash.
"""
