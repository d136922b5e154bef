"""Systems outside proofdesk, one folder each: manifest, client, pure mapping, fixtures. They know no other room."""
