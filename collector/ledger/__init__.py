"""The ledger: raw signed frames at positions that only grow, and who follows them."""
