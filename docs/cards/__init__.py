"""The cards: each gradient with its derivation, its picture and a form that runs."""
