"""The hub: its settings, its registry, the controller that holds goal and reality together, API and CLI.

``settings`` and ``config``   what can be set, and where a value comes from
``registry``                  goal state and facts, in one SQLite file; ``keys`` the secrets beside it
``controller``                compares goal and reality and closes the gap, by ``operations`` made of steps
``runtime`` and ``l1``        what the controller acts on: the Ray cluster, and the settlement layer
``api``                       the hub API on Ray Serve
``cli``                       the ``zkhub`` command; ``hub_process`` is what ``zkhub up`` leaves running
"""
