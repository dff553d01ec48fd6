"""The life of an order: from a finding and an authority to a measured drop and back."""
