"""Moving in: archives and other systems' exports become history."""
