"""Our own stateful servers for tests and measurements. Not part of the wheel."""
