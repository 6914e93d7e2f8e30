"""Give damaged and hostile files to every reader; each is read or refused, within limits."""
