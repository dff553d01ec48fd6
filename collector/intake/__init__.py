"""From the broker to the ledger: transport, admission, quarantine, receipts."""
