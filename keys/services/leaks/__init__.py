"""The leak desk: from a pasted secret to proof that it is dead."""
