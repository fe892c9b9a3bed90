"""Fuzzing: inputs for qwenlock, and promises that must hold for every input.

`targets` holds one function a kind of input. Two drivers call them: hypothesis in
`tests/test_fuzz.py`, which knows the grammar of each, and atheris in `__main__`, which follows the
branches that an input reaches.
"""
