"""The empty form for the right to generate one-time codes, as the program ships it."""
