# SPDX-License-Identifier: MIT
"""After a power cut: all OpenStage phones of a site call within a second."""
from crowd import Hall


def test_many_openstages_start_at_once_and_all_get_what_they_should_have(lab):
    hall = Hall(lab, 300 if lab.options.full else 40)
    report = hall.plug_in(60 * lab.patience)
    hall.assert_all_came_up(report)
    again = hall.plug_in(60 * lab.patience)  # they forgot all, as the same hall does at each start
    hall.assert_all_came_up(again)


test_many_openstages_start_at_once_and_all_get_what_they_should_have.alone = True  # takes all cores
test_many_openstages_start_at_once_and_all_get_what_they_should_have.seconds = 240
