"""Division of the scripts among the workers of pytest-xdist.

All scripts of a shard run in one worker, in one process of iamspec. A session without scripts is scheduled as always.
"""

from __future__ import annotations

import re
from typing import Any

from xdist.scheduler import LoadScheduling, LoadScopeScheduling, WorkStealingScheduling

from iamspec.session import Session

SCRIPT_TEST = re.compile(r"::(iamspec(?:-[\w-]+)?\[.*\])$")


class ScriptScheduling(LoadScopeScheduling):
    """Sends the scripts of a shard to one worker, and every other test to any worker."""

    def __init__(self, config: Any, log: Any, state: Session) -> None:
        """A scheduler without workers."""
        super().__init__(config, log)
        self._state = state

    def _split_scope(self, nodeid: str) -> str:
        script = SCRIPT_TEST.search(nodeid)
        return f"iamspec-{self._state.shard_of(script[1])}" if script else nodeid


class LazyScheduling:
    """Chooses the scheduler when the tests are known: that of the session, if it contains no scripts."""

    def __init__(self, config: Any, log: Any, state: Session) -> None:
        """A scheduler for `--dist load` or `--dist worksteal`."""
        self._arguments = (config, log, state)
        usual = WorkStealingScheduling if config.getvalue("dist") == "worksteal" else LoadScheduling
        self._scheduler: Any = usual(config, log)
        self._collections: list[tuple[Any, Any]] = []
        self._is_chosen = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scheduler, name)

    def add_node_collection(self, node: Any, collection: Any) -> None:
        """Remembers the tests of a worker."""
        self._collections.append((node, collection))
        self._scheduler.add_node_collection(node, collection)

    def schedule(self) -> None:
        """Distributes the tests."""
        has_scripts = any(SCRIPT_TEST.search(it) for _, collection in self._collections for it in collection)
        if has_scripts and not self._is_chosen:
            nodes = self._scheduler.nodes
            self._scheduler = ScriptScheduling(*self._arguments)
            for node in nodes:
                self._scheduler.add_node(node)
            for node, collection in self._collections:
                if node in nodes:
                    self._scheduler.add_node_collection(node, collection)
        self._is_chosen = True
        self._scheduler.schedule()
