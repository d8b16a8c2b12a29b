"""The ``zkhub`` command. Modules here import little at the top: ``zkhub --help`` has to be quick."""
