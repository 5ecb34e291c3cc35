"""A table of tests: each is about one call, by its name in the API, and carries it out at least once."""


class Table:
    def __init__(self):
        self.rows = []

    def __call__(self, api):
        """The function that follows is a test of this call."""

        def add(test):
            self.rows.append((api, test))
            return test

        return add

    def row(self, api, test):
        self.rows.append((api, test))
