# SPDX-License-Identifier: MIT
"""Another server that answers phones is found by the question of a phone that does not exist."""


def test_a_second_server_on_the_network_is_found_by_a_probe(lab):
    pnpd = lab.pnpd()
    assert pnpd.json("probe")["rivals"] == []
    assert "rival" not in {row["name"] for row in pnpd.json("status")["status"]}

    other = lab.network.host("other", "192.168.77.66/24")
    lab.pnpd("neighbour_check = off\n", host=other)
    (rival,) = pnpd.json("probe")["rivals"]
    assert rival["address"] == other.address and rival["interface"] == "eth0", rival
    rows = {row["name"]: row for row in pnpd.json("status")["status"]}
    assert other.address in rows["rival"]["value"], rows
    assert not pnpd.json("show", "devices")["devices"], "the question is no phone of ours"
