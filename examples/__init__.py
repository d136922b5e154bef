"""An invented company, Larkfield, and everything it brings along: its back office, procedures and tickets."""
