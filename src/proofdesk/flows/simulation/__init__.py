"""Past tickets decided once more by a tenant's folder, without a database and without calling anybody's system."""
