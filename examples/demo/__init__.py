"""`make demo`: Larkfield's 296 tickets through the real processes, judged by the back office's own books."""
