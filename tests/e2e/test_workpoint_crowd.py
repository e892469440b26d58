# SPDX-License-Identifier: MIT
"""After a power cut: all OpenStage phones of a site call within a second."""
from crowd import Hall


def test_many_openstages_start_at_once_and_all_get_what_they_should_have(lab):
    hall = Hall(lab, 2000 if lab.options.full else 40)
    idle = hall.descriptors()
    hall.assert_all_came_up(hall.plug_in(250 * lab.patience))
    hall.wait_idle(idle)
    grown = hall.pnpd.memory()
    # They forgot all, as the same hall does at each start; what we keep does not become more.
    hall.assert_all_came_up(hall.plug_in(250 * lab.patience))
    hall.wait_idle(idle)
    if not lab.options.sanitized:  # which keeps what was freed
        assert hall.pnpd.memory() < grown * 1.2 + 10e6, (grown, hall.pnpd.memory())
    before = hall.known()
    hall.restart()
    after = hall.known()
    lost = [(mac, was, after.get(mac)) for mac, was in before.items() if after.get(mac) != was]
    assert not lost, f"{len(lost)} phones are not in the store as they were, such as {lost[0]}"


test_many_openstages_start_at_once_and_all_get_what_they_should_have.alone = True  # takes all cores
test_many_openstages_start_at_once_and_all_get_what_they_should_have.seconds = 600
