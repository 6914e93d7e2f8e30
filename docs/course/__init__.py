"""The workshop: tasks that check the answers of a reader."""
