# SPDX-License-Identifier: MIT
"""The time of a refusal: it must not tell which of its reasons it has."""
import random
import select
import statistics
import time

from bare_phone import subscribe

SAMPLES = 2000
FULL_SAMPLES = 10_000
# Judged by the size of the effect: a test for significance finds some effect in every machine, if
# only it samples for long enough. One address sends its guesses over a network that adds more than
# this to each.
MOST_SECONDS = 100e-6  # between medians
MOST_AUC = 0.05  # from 0.5, which is how often one guess beats another by chance


class Stopwatch:
    """Asks for one path on one connection; the time runs from the last byte sent to the last one
    of the answer."""

    def __init__(self, host, server, path):
        self.request = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        self.connection = host.tcp(server)
        self.answer = b""
        self.began = 0.0
        self.times = []

    def send(self):
        self.answer = b""
        self.began = time.perf_counter()
        self.connection.sendall(self.request)

    def receive(self):
        """Whether the answer is complete."""
        now = time.perf_counter()
        self.answer += self.connection.recv(65536)
        assert self.answer.startswith(b"HTTP/1.1 404 Not Found\r\n"), self.answer
        if not self.answer.endswith(b"\r\n\r\n"):
            return False
        self.times.append(now - self.began)
        return True


def measure(watches, samples):
    """All in turn, in an order that is new each time, so that what else the machine does meets all
    of them; 2 ms apart, so that none is answered while another is."""
    by_fd = {watch.connection.fileno(): watch for watch in watches}
    poll = select.epoll()
    for number in by_fd:
        poll.register(number, select.EPOLLIN)
    for _ in range(samples):
        waiting = random.sample(watches, len(watches))
        open_answers = 0
        next_send = time.perf_counter()
        while waiting or open_answers:
            if waiting and time.perf_counter() >= next_send:
                waiting.pop().send()
                open_answers += 1
                next_send += 0.002
            timeout = max(0.0, next_send - time.perf_counter()) if waiting else 10.0
            for number, _ in poll.poll(timeout):
                open_answers -= by_fd[number].receive()
    poll.close()


def auc(one, other):
    """How often a time of `one` is longer than one of `other` (Mann and Whitney's U over n·m)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        rank = (at + end + 1) / 2  # ties share their mean rank
        total += rank * sum(1 for _, group in ranked[at:end] if group == 0)
        at = end
    n, m = len(one), len(other)
    return (total - n * (n + 1) / 2) / (n * m)


def test_the_rank_test_sees_a_difference(lab):  # pylint: disable=unused-argument
    noise = random.Random(1)
    same = [[noise.gauss(0.01, 50e-6) for _ in range(SAMPLES)] for _ in range(2)]
    later = [value + 20e-6 for value in same[1]]
    assert abs(auc(*same) - 0.5) < MOST_AUC, auc(*same)
    assert abs(auc(same[0], later) - 0.5) > MOST_AUC, auc(same[0], later)
    assert auc([1, 2, 2], [2, 3]) == 1 / 6


def test_the_time_of_a_refusal_does_not_tell_its_reason(lab):
    desks = [lab.desk(number) for number in range(1, 5)]
    blocked, unassigned, served, pending = desks
    pnpd = lab.pnpd("http_requests_per_source = 100000\nhttp_requests = 100000\n")
    folders = {}
    for number, desk in enumerate((blocked, unassigned, served)):
        pnpd.ctl("extension", "add", f"20{number}")
        pnpd.ctl("assign", desk.mac, f"20{number}")
        url = lab.bare_phone(desk).offered_url(subscribe(desk.mac, desk.address, 60000))
        folders[desk] = "/" + url.split("/", 3)[3]
    lab.bare_phone(pending).send(subscribe(pending.mac, pending.address, 60000))
    pnpd.ctl("block", blocked.mac)
    pnpd.ctl("unassign", unassigned.mac)
    token = folders[served].split("/")[2]
    wrong = "/p/" + ("A" if token[0] != "A" else "B") + token[1:] + "/"
    paths = {
        "a wrong token": f"{wrong}cfg{served.mac}.xml",
        "the token of a blocked device": f"{folders[blocked]}cfg{blocked.mac}.xml",
        "the token of a device without an extension":
            f"{folders[unassigned]}cfg{unassigned.mac}.xml",
        "a good token with another device's name": f"{folders[served]}cfg{blocked.mac}.xml",
        "a good token with a name that nobody has": f"{folders[served]}passwd",
        "no token": "/x",
    }
    asker = lab.network.host("guesser", "192.168.77.99/24")
    watches = {why: Stopwatch(asker, (lab.pbx.address, 5480), path)
               for why, path in paths.items()}
    measure(list(watches.values()), FULL_SAMPLES if lab.options.full else SAMPLES)

    reference = watches["a wrong token"].times
    rows = []
    for why, watch in watches.items():
        watch.connection.close()
        half = len(watch.times) // 2
        rows.append((why, statistics.median(watch.times) - statistics.median(reference),
                     auc(watch.times, reference),
                     statistics.median(watch.times[:half]) - statistics.median(watch.times[half:])))
    table = "\n".join(f"{why}: {difference * 1e6:+.1f} µs, AUC {area:.3f} "
                      f"(its own halves differ by {own * 1e6:+.1f} µs)"
                      for why, difference, area, own in rows)
    print(f"     median of a wrong token {statistics.median(reference) * 1e3:.3f} ms, "
          f"{len(reference)} samples each\n     " + table.replace("\n", "\n     "))
    for _, difference, area, _ in rows:
        assert abs(difference) < MOST_SECONDS and abs(area - 0.5) < MOST_AUC, table
    assert min(reference) >= 0.0099, "it leaves no earlier than all others"


test_the_time_of_a_refusal_does_not_tell_its_reason.seconds = 400
