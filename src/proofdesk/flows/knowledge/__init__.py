"""Knowledge into the record and out of it again: taken in, looked at, searched, answered from."""
