# SPDX-License-Identifier: MIT
"""Byte for byte: the shapes that real phones send, from a socket of bytes, judged by tshark."""
from bare_phone import subscribe
from capture import malformed, sip

PBX = "192.0.2.10"
OFFERS = """
[profile htek]
model = UC924
offer_url = http://{host}:8080/p/9k3v7q/
[profile snom]
vendor = snom
offer_url = http://{host}:8080/p/{{mac}}.xml
[profile grandstream]
vendor = grandstream
offer_url = http://{host}:8080/gs/9k3v7q/
"""

SNOM = """SUBSCRIBE sip:MAC%3a000413000001@lan.example SIP/2.0
Via: SIP/2.0/UDP 192.0.2.67:1053;rport
From: <sip:MAC%3a000413000001@lan.example>;tag=658512961
To: <sip:MAC%3a000413000001@lan.example>
Call-ID: 1930770594@192.0.2.67
CSeq: 1 SUBSCRIBE
Event: ua-profile;profile-type="device";vendor="snom";model="snom370";version="8.7.5.48"
Expires: 0
Accept: application/url
Contact: <sip:192.0.2.67:1053>
User-Agent: snom370/8.7.5.48
Content-Length: 0

"""

GRANDSTREAM = """SUBSCRIBE sip:MAC%3AC074AD000001@224.0.1.75 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.2:5080;branch=z9hG4bK1284507700;rport
From: <sip:MAC%3AC074AD000001@224.0.1.75>;tag=1611133778
To: <sip:MAC%3AC074AD000001@224.0.1.75>
Call-ID: 1284507700-5080-1@BJC.BGI.C.C
CSeq: 20000 SUBSCRIBE
Contact: <sip:192.0.2.2:5080>
Max-Forwards: 70
User-Agent: Grandstream GRP2612W 1.0.5.67
Expires: 0
Supported: replaces, path
Event: ua-profile;profile-type="device";vendor="Grandstream";model="GRP2612W";version="1.0.5.67"
Accept: application/url
Allow: INVITE, ACK, OPTIONS, CANCEL, BYE, SUBSCRIBE, NOTIFY, INFO, REFER, UPDATE, MESSAGE
Content-Length: 0

"""


def wire(text):
    return text.replace("\n", "\r\n").encode()


def offered(lab, mac, address, port, data, config=OFFERS, until=b"NOTIFY "):
    """Sends the bytes from a phone that is approved; returns what tshark saw of the dialog."""
    pbx = lab.network.host("office", f"{PBX}/24", link="documentation")
    desk = lab.network.host("phone", f"{address}/24", "documentation",
                            ":".join(mac[at:at + 2] for at in range(0, 12, 2)))
    pnpd = lab.pnpd(config, "--interface", "eth0", host=pbx)
    pnpd.ctl("approve", mac)
    capture = lab.capture(desk)
    phone = lab.bare_phone(desk, port)
    phone.send(data)
    phone.listen(5 * lab.patience, until=until)
    phone.listen(0.3)  # whatever should not come
    capture.stop()
    assert not malformed(capture), malformed(capture)
    return sip(capture)


def assert_bytes(packet, text, **tags):
    wanted = wire(text.format(**tags))
    assert packet.bytes == wanted, f"sent:\n{packet.bytes.decode()}\nwanted:\n{wanted.decode()}"


def test_the_htek_request_is_answered_as_the_specification_has_it(lab):
    data = subscribe("001fc1000001", "192.0.2.89", 60000)
    assert len(data) == 492
    asked, answer, notify, taken = offered(lab, "001fc1000001", "192.0.2.89", 60000, data)
    assert asked.bytes == data
    assert answer.source == f"{PBX}:5060" and notify.source == f"{PBX}:5059"
    assert answer.to_whom == notify.to_whom == "192.0.2.89:60000"
    assert_bytes(answer, """SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250
From: <sip:MAC001fc1000001@224.0.1.75>;tag=70411247
To: <sip:MAC001fc1000001@224.0.1.75>;tag={tag}
Call-ID: 70411247@192.0.2.89
CSeq: 1 SUBSCRIBE
Contact: <sip:pnp@192.0.2.10:5059>
Expires: 0
Content-Length: 0

""", tag=answer.to_tag)
    assert_bytes(notify, """NOTIFY sip:MAC001fc1000001@192.0.2.89:60000 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5059;branch={branch};rport
Max-Forwards: 20
From: <sip:MAC001fc1000001@224.0.1.75>;tag={tag}
To: <sip:MAC001fc1000001@224.0.1.75>;tag=70411247
Call-ID: 70411247@192.0.2.89
CSeq: 1 NOTIFY
Contact: <sip:pnp@192.0.2.10:5059>
Event: ua-profile
Subscription-State: terminated;reason=timeout
Content-Type: application/url
Content-Length: 32

http://192.0.2.10:8080/p/9k3v7q/""", tag=answer.to_tag, branch=notify.branch)
    assert taken.status == 200 and taken.source == "192.0.2.89:60000"


def test_the_snom_request_without_branch_keeps_its_small_percent_3a(lab):
    data = wire(SNOM)
    assert len(data) == 455
    asked, answer, notify, _ = offered(lab, "000413000001", "192.0.2.67", 1053, data)
    assert_bytes(answer, """SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.67:1053;rport=1053;received=192.0.2.67
From: <sip:MAC%3a000413000001@lan.example>;tag=658512961
To: <sip:MAC%3a000413000001@lan.example>;tag={tag}
Call-ID: 1930770594@192.0.2.67
CSeq: 1 SUBSCRIBE
Contact: <sip:pnp@192.0.2.10:5059>
Expires: 0
Content-Length: 0

""", tag=answer.to_tag)
    assert notify.to_whom == "192.0.2.67:1053" and notify.to == asked.from_
    assert_bytes(notify, """NOTIFY sip:192.0.2.67:1053 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5059;branch={branch};rport
Max-Forwards: 20
From: <sip:MAC%3a000413000001@lan.example>;tag={tag}
To: <sip:MAC%3a000413000001@lan.example>;tag=658512961
Call-ID: 1930770594@192.0.2.67
CSeq: 1 NOTIFY
Contact: <sip:pnp@192.0.2.10:5059>
Event: ua-profile;profile-type="device";vendor="snom";model="snom370";version="8.7.5.48"
Subscription-State: terminated;reason=timeout
Content-Type: application/url
Content-Length: 34

http://192.0.2.10:8080/p/{{mac}}.xml""", tag=answer.to_tag, branch=notify.branch)


def test_the_grandstream_request_from_port_5080_keeps_its_capital_percent_3a(lab):
    asked, answer, notify, _ = offered(lab, "c074ad000001", "192.0.2.2", 5080, wire(GRANDSTREAM))
    assert answer.to_whom == notify.to_whom == "192.0.2.2:5080"
    assert (answer.from_, answer.call_id, answer.cseq) == (asked.from_, asked.call_id, asked.cseq)
    assert answer.cseq == "20000 SUBSCRIBE"
    assert answer.rport == "5080" and answer.received == "192.0.2.2"
    assert_bytes(notify, """NOTIFY sip:192.0.2.2:5080 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5059;branch={branch};rport
Max-Forwards: 70
From: <sip:MAC%3AC074AD000001@224.0.1.75>;tag={tag}
To: <sip:MAC%3AC074AD000001@224.0.1.75>;tag=1611133778
Call-ID: 1284507700-5080-1@BJC.BGI.C.C
CSeq: 1 NOTIFY
Contact: <sip:pnp@192.0.2.10:5059>
Event: ua-profile
Subscription-State: terminated;reason=timeout
Content-Type: application/url
MessageBody: http://192.0.2.10:8080/gs/9k3v7q/
Content-Length: 35

http://192.0.2.10:8080/gs/9k3v7q/
""", tag=answer.to_tag, branch=notify.branch)


def test_the_echo_form_gives_the_phone_its_own_headers_back(lab):
    data = subscribe("001fc1000001", "192.0.2.89", 60000)
    packets = offered(lab, "001fc1000001", "192.0.2.89", 60000, data, OFFERS.replace(
        "model = UC924", "model = UC924\ndialect = echo"))
    asked, answer, notify = packets[:3]
    assert answer.status == 200 and notify.to_whom == "192.0.2.89:60000"
    assert_bytes(notify, """NOTIFY sip:192.0.2.89:60000 SIP/2.0
Via: {via}
Max-Forwards: 20
Contact: <sip:pnp@192.0.2.10:5059>
To: {to}
From: {from_}
Call-ID: {call_id}
CSeq: 3 NOTIFY
Content-Type: application/url
Subscription-State: terminated;reason=timeout
Event: {event}
Content-Length: 32

http://192.0.2.10:8080/p/9k3v7q/""", **vars(asked))


def test_a_repeated_request_gets_the_same_200_and_no_second_notify(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("[profile all]\noffer_url = http://{host}/p/\n")
    pnpd.ctl("approve", desk.mac)
    capture = lab.capture(desk)
    phone = lab.bare_phone(desk)
    data = subscribe(desk.mac, desk.address, 60000)
    phone.send(data)
    phone.listen(5 * lab.patience, until=b"NOTIFY ")
    for _ in range(3):
        phone.send(data)
        phone.listen(5 * lab.patience, until=b"SIP/2.0 200")
    phone.listen(0.5)
    capture.stop()
    answers = [packet for packet in sip(capture, repeats=True) if packet.answers == "SUBSCRIBE"]
    assert len(answers) == 4 and len({packet.bytes for packet in answers}) == 1, answers
    assert len([packet for packet in sip(capture) if packet.method == "NOTIFY"]) == 1


def test_a_stray_401_of_another_server_does_not_disturb_the_offer(lab):
    desk, other = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd("[profile all]\noffer_url = http://{host}/p/\n")
    pnpd.ctl("approve", desk.mac)
    phone, server = lab.bare_phone(desk), lab.bare_phone(other, 5060)
    server.send(b"SIP/2.0 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", (desk.address, 60000))
    server.send(b"SIP/2.0 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", (lab.pbx.address, 5059))
    assert phone.offered_url(subscribe(desk.mac, desk.address, 60000)) == (
        f"http://{lab.pbx.address}/p/")


def third_host_gets_nothing(lab, **forged):
    """One phone whose SUBSCRIBE names a third host, which is there and listens."""
    desk, third = lab.desk(1), lab.desk(3)
    pnpd = lab.pnpd("[profile all]\noffer_url = http://{host}/p/\n")
    pnpd.ctl("approve", desk.mac)
    victim = lab.capture(third)
    ear = lab.bare_phone(third, 60000)
    own = lab.capture(desk)
    phone = lab.bare_phone(desk)
    words = {name: value.format(third=third.address) for name, value in forged.items()}
    phone.send(subscribe(desk.mac, desk.address, 60000, **words))
    phone.listen(5 * lab.patience, until=b"NOTIFY ")
    ear.listen(1)  # the NOTIFY's first repeat would come after half a second
    own.stop()
    victim.stop()
    assert not ear.received, ear.received
    stray = victim.packets(f"ip.src == {lab.pbx.address} and ip.dst == {third.address}", "ip.dst")
    assert not stray, stray
    answers = [packet for packet in sip(own) if packet.source.startswith(lab.pbx.address + ":")]
    assert {packet.to_whom for packet in answers} == {f"{desk.address}:60000"}, answers
    assert [packet.method or packet.status for packet in answers] == [200, "NOTIFY"], answers


def test_a_contact_that_names_a_third_host_brings_it_not_one_datagram(lab):
    third_host_gets_nothing(lab, contact="sip:MAC001fc1000001@{third}:60000")


def test_a_via_that_names_a_third_host_brings_it_not_one_datagram(lab):
    third_host_gets_nothing(lab, via="{third}:60000")


def test_a_via_with_maddr_brings_the_third_host_not_one_datagram(lab):
    third_host_gets_nothing(lab, via="192.168.77.101:60000;maddr={third}")


def test_a_source_outside_the_network_is_not_answered(lab):
    pnpd = lab.pnpd("[profile all]\noffer_url = http://{host}/p/\n")
    desk = lab.network.host("stranger", "10.9.9.9/24")
    desk.ip("route", "add", f"{lab.pbx.address}/32", "dev", "eth0")
    lab.pbx.ip("route", "add", "10.9.9.9/32", "dev", "eth0")
    pnpd.ctl("approve", "001fc1000009")
    capture = lab.capture(desk)
    phone = lab.bare_phone(desk)
    phone.send(subscribe("001fc1000009", desk.address, 60000))
    pnpd.wait_status("the datagram is counted", lambda text: " 1 from outside" in text)
    phone.listen(0.5)
    capture.stop()
    assert not phone.received, phone.received
    assert capture.count(f"udp and ip.src == {lab.pbx.address} and not udp.port == 9") == 0


def test_user_and_password_of_an_offer_url_reach_the_phone_and_no_log(lab):
    desk = lab.desk(1)
    url = "http://admin:123456@192.168.0.25:88"
    pnpd = lab.pnpd(f"log = debug\n[profile htek]\nvendor = htek\noffer_url = {url}\n")
    pnpd.ctl("approve", desk.mac)
    capture = lab.capture(desk)
    phone = lab.bare_phone(desk)
    assert phone.offered_url(subscribe(desk.mac, desk.address, 60000)) == url
    capture.stop()
    (notify,) = [packet for packet in sip(capture) if packet.method == "NOTIFY"]
    assert notify.body == url.encode() and notify.content_length == len(url)
    for words in (("status",), ("show", "devices"), ("show", "device", desk.mac),
                  ("explain", desk.mac), ("show", "audit"), ("explain", desk.mac, "--json"),
                  ("show", "device", desk.mac, "--json"), ("status", "--json")):
        assert "123456" not in pnpd.text(*words), words
    pnpd.stop()
    assert "123456" not in pnpd.log()
