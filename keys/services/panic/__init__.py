"""Panic: every key of a team disabled at one press, and exactly those enabled again at another."""
