"""Never worse: real setups, what qwenlock can do to them, and the client's first request.

`setups/` holds the setups, `actions` the commands, and `known.toml` what is wrong today.
"""
