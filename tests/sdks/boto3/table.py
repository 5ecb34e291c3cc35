"""A table of tests. Each row tests one operation, by its API name, and must succeed with it at least once."""


class Table:
    def __init__(self):
        self.rows = []

    def __call__(self, api):
        """Registers the decorated function as a test of this operation."""

        def add(test):
            self.rows.append((api, test))
            return test

        return add

    def row(self, api, test):
        self.rows.append((api, test))
