"""What is printed: self-contained HTML pages from values of the core. No decisions, no files, no network in here."""
