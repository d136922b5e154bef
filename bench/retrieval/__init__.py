"""Which documents a ticket needs: recall of the first ten, beside TF-IDF, on tasks whose documents are known."""
