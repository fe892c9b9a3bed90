"""Fuzzing: what may be said to qwenlock, and what must hold whatever is.

`targets` holds one function a kind of input. Two drivers call them: hypothesis in
`tests/test_fuzz.py`, which knows the grammar of each, and atheris in `__main__`, which follows the
branches that an input reaches.
"""
