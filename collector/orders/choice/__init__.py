"""What is cut to reach a target: the scope, who comes first, the ledger of who was cut."""
