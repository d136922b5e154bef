"""The shell, one file per journey: load, decide (core), record the intent, act, record the outcome."""
