"""The characters that JavaScript treats as white space, unlike Python."""

from __future__ import annotations

# JavaScript's `trim` and Python's `strip` differ: the first keeps U+001C to U+001F and U+0085, and
# takes U+FEFF away.
JAVASCRIPT_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
