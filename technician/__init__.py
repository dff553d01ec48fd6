"""What a technician does on his laptop, at the site."""
