"""What came of a cut: contacts, the measured drop, its certificate and its cost."""
