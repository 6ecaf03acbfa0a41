"""The shell's steps: each does one unit of work and says whether there is more."""
