"""Reads a company's customer mailboxes, decides by written rules, answers at once, queues the rest.

Start with ``pipeline.py``: it is the road of one mail, in one screen.
"""

__version__ = "0.1.0"
