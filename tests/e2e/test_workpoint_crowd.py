# SPDX-License-Identifier: MIT
"""After a power cut: all OpenStage phones of a site call within a second."""
from crowd import Hall


def test_many_openstages_start_at_once_and_all_get_what_they_should_have(lab):
    hall = Hall(lab, 2000 if lab.options.full else 40)
    idle, small = hall.descriptors(), hall.pnpd.memory()
    hall.assert_all_came_up(hall.plug_in(250 * lab.patience))
    hall.wait_idle(idle)
    # They forgot all, as the same hall does at each start.
    hall.assert_all_came_up(hall.plug_in(250 * lab.patience))
    hall.wait_idle(idle)
    if not lab.options.sanitized:  # which keeps what was freed
        # Of a phone we keep its some 100 items; the allocator keeps of what many had at a time.
        most = small + 20e6 + 150e3 * hall.count
        assert hall.pnpd.memory() < most, (small, hall.pnpd.memory())
    before = hall.known()
    hall.restart()
    after = hall.known()
    lost = [(mac, was, after.get(mac)) for mac, was in before.items() if after.get(mac) != was]
    assert not lost, f"{len(lost)} phones are not in the store as they were, such as {lost[0]}"


test_many_openstages_start_at_once_and_all_get_what_they_should_have.alone = True  # takes all cores
test_many_openstages_start_at_once_and_all_get_what_they_should_have.optimised = True
test_many_openstages_start_at_once_and_all_get_what_they_should_have.seconds = 600
