"""A ticket as files that stand alone: what came, what was decided, what was sent, and how to check it all."""
