"""The desk: pages where staff clear the queue, served by a process of its own.

``routes.py`` is the table of all pages with the role that each needs; ``app.py`` puts the same guards around
every one of them; what a page does, it does by the store's functions, which the commands of ``cli/`` use too.
"""
