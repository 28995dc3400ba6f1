"""Finds what may be our keys' secrets in a text that somebody pasted. Pure: no Django, no I/O, never raises."""
