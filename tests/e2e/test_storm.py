# SPDX-License-Identifier: MIT
"""A power cut: all phones of a site ask in the same moment."""
from storm import Storm, mac_of


def test_two_thousand_phones_that_start_at_once_are_all_offered_their_url(lab):
    storm = Storm(lab, 2000)
    pnpd = storm.pnpd("log = warn\n")
    report = storm.plug_in()
    assert report["right"] == report["urls"] == 2000 and report["strange"] == 0, report
    row = {line["name"]: line["value"] for line in pnpd.json("status")["status"]}["SUBSCRIBE"]
    assert row.startswith("2000 understood") and " 0 dropped by the kernel" in row, row
    lab.wait_for(lambda: "took the URL" in pnpd.text("explain", mac_of(1999)), "the last one's story")


test_two_thousand_phones_that_start_at_once_are_all_offered_their_url.alone = True  # takes all cores
