"""The language server: what `lint` knows, in an editor. It translates, and decides nothing.

pygls and lsprotocol are an optional extra, so only `qwenlock server` imports this room.
"""
