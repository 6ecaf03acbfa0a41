"""Stored mails once more through changed rules, templates or model, and what would differ; nothing is written."""
