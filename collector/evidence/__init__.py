"""What makes a message evidence: encoding, signatures, keys, trees. No I/O but key files."""
