"""A page and a JSON API for trained runs."""
