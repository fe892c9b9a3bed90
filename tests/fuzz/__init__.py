"""Fuzzing: inputs for qwenlock, and promises that must hold for every input.

`targets` holds a function for each kind of input. Two drivers call them: hypothesis in
`tests/test_fuzz.py`, which knows the grammar of each, and atheris in `__main__`, which looks for
inputs that reach new branches.
"""
