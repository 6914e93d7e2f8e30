"""Campaigns: many random trials of one property, which anyone can repeat."""
