"""The sandbox: a stand-in for CometAPI. It imports nothing of `keys`, and Django in its one command alone."""
