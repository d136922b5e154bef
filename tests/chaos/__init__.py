"""Kill, pause and cut off every part while tickets are under way; afterwards nothing is lost and nothing doubled."""
