"""What lets others watch the program: its loops' pulse, metrics, health and readiness, and systemd's notices."""
