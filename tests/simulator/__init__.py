"""The shell in one process, on a simulated clock, mailbox, network and disk: ``python -m tests.simulator``.

The program's own steps, store and protocol logic run; what is simulated lies right under them: an IMAP session
(``mailserver.py``), an smtplib connection (``smtp_peer.py``), the failures of a disk under a real SQLite file on
tmpfs (``disk.py``) and the clock.  Every call of these is a *step*: there, and nowhere else, the scheduler may let
another task go on, bring a fault, or kill a daemon.  All chance comes from one seed, so a seed and a number of steps
replay a run.  ``laws.py`` says what must hold after each step, and ``mutants.py`` proves that each law can fail.
"""
