"""Alarms: what is seen becomes words that reach somebody, by ways that do not all fail at once."""
