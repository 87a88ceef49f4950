"""What the package must survive: kills, interrupts, forks, full disks, wrong clocks, bad servers.

The tests of this room cross several rooms of the package. Those that are about one room stay
there, and count here by their mark:

    @pytest.mark.reliability("kills")

The rows that a mark may name stand in ``rows.py``. A test that does a thing many times says so,
in a number that is the same in every run, by the fixture of the same name:

    reliability.count(200, "kills between two commits")

``record.py`` gathers both and writes ``docs/reliability.md``. It is a run of the quick tests and
one of the slow ones, of the whole suite's marked tests and no others:

    pytest --write-reliability && pytest --slow --write-reliability

``test_page.py`` holds rows, tests and page together.
"""
