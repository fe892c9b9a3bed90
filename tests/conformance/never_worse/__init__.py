"""Never worse: real setups, what qwenlock can do to them, and the client's first request.

`setups/` are the setups, as data; `actions` what is done to them; `known.toml` what is wrong today.
"""
