"""Strangers' files to plain text; run only in the confined child process (world/confined.py)."""
