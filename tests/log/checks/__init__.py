"""Checks of the development log and the cards: `problems(docs)` returns what is wrong.

A check reads the folder it is given, so that the tests run it on the documents and on faulty
copies. A problem begins with the name of its page.
"""
