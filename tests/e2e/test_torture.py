# SPDX-License-Identifier: MIT
"""The messages of RFC 4475 at a real daemon: tshark says what came back, and to whom."""
import os

from capture import malformed, sip

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "pnp",
                      "torture")


def messages():
    """Of each message its name, what is to become of it, and its bytes."""
    with open(os.path.join(FOLDER, "outcomes.tsv"), encoding="utf-8") as table:
        rows = [line.rstrip("\n").split("\t") for line in table if not line.startswith("#")]
    for name, _, _, outcome, _ in rows:
        with open(os.path.join(FOLDER, name + ".sip"), "rb") as file:
            yield name, outcome, file.read()


def call_id_of(data):
    """As a UDP payload has it, on the first line that could be one."""
    for line in data.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"call-id", b"i"):
            return value.strip()
    return None


def test_each_message_of_rfc_4475_has_its_outcome_and_only_the_phone_hears_of_it(lab):
    pbx = lab.network.host("office", "192.0.2.10/24", "documentation")
    desk = lab.network.host("phone", "192.0.2.89/24", "documentation")
    # Others whom the messages name.
    lab.network.host("third", "192.0.2.66/24", "documentation")
    pnpd = lab.pnpd("neighbour_check = off\nhold_for = 1h\n[profile all]\n"
                    "offer_url = http://{host}/p/\n", "--interface", "eth0", host=pbx)
    phone = lab.bare_phone(desk)
    macs = [f"001fc14475{number:02x}" for number in range(1, 64)]
    pnpd.ctl("import", "-", stdin="mac,extensions,name\n" + "".join(
        f"{mac},{2000 + number},Phone\n" for number, mac in enumerate(macs)))
    capture = lab.capture(pbx)
    answered = set()
    for name, outcome, data in messages():
        phone.received.clear()
        phone.send(data)
        if outcome == "answered":
            phone.listen(5 * lab.patience, until=b"NOTIFY ")
            answered.add(call_id_of(data))
    phone.listen(0.5)  # whatever should not come
    # It is well all the same, and so is the next phone.
    status = {row["name"]: row["value"] for row in pnpd.json("status")["status"]}
    capture.stop()

    mine = [packet for packet in sip(capture) if packet.source.startswith("192.0.2.10:")]
    assert {packet.to_whom for packet in mine} == {"192.0.2.89:60000"}, mine
    assert {packet.status for packet in mine if packet.status} == {200}, mine
    for kind in ("SUBSCRIBE", "NOTIFY"):
        ids = [call_id_of(packet.bytes) for packet in mine
               if (packet.answers or packet.method) == kind]
        assert sorted(ids) == sorted(answered), (kind, ids)
    assert capture.count("icmp or (ip.src == 192.0.2.10 and ip.dst == 192.0.2.66)") == 0
    assert status["SUBSCRIBE"].startswith(f"{len(answered)} understood"), status
