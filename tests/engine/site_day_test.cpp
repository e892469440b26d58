// SPDX-License-Identifier: MIT
// A site of 500 phones through a whole day on a clock of the test's own: power cuts, restarts, lost
// datagrams, and an administrator who changes his mind.
#include "module/desk.hpp"
#include "pnp/responder.hpp"

#include "tests/dialplan/shelf.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace engine {
namespace {

using namespace std::chrono_literals;

constexpr unsigned site_size = 500;

base::Mac phone(unsigned number) {
    return base::Mac::from_number(0x00'1f'c1'00'00'00 + number);
}

base::Endpoint address(unsigned number) {
    return {base::Ipv4{0x0A400001 + number}, 5060}; // 10.64.0.1 and so on
}

/// What a phone does: it asks when it starts, repeats that, and is content with a URL that works.
struct Phone {
    unsigned starts = 0;
    unsigned asked = 0; ///< since the start
    bool waits = false;
    base::Steady next{}; ///< to ask, or to start again
    std::size_t urls = 0;
};

class SiteDay : public testing::Test {
  protected:
    SiteDay() {
        desk_rules->catalogue = profile::Catalogue::load("").value();
        desk.rules(desk_rules);
        EXPECT_TRUE(desk.recall());
        std::vector<inventory::Change> changes;
        for (unsigned i = 0; i < site_size; ++i) {
            const auto number = std::to_string(2000 + i);
            changes.emplace_back(inventory::AddExtension{{number, "", base::Secret("hunter2")}});
            changes.emplace_back(inventory::Assign{phone(i), {number}});
        }
        shelf.apply(changes);
        responder.serve({{{2, "eth0", base::Ipv4{0x0A7F0001}, 10, false, true}, 5060}});
    }

    bool loses() { return dice() % 20 == 0; }

    void on_sent(const pnp::Path& path, const std::string& bytes) {
        const unsigned number = path.to.address.value - 0x0A400001;
        ASSERT_LT(number, site_size) << "something was sent to " << path.to.str();
        if (bytes.rfind("NOTIFY ", 0) != 0 || loses()) {
            return;
        }
        const auto url = bytes.substr(bytes.find("\r\n\r\n") + 4);
        const auto token = url.substr(url.find("/p/") + 3, 22);
        const auto credential = shelf->now().credential(token);
        ASSERT_TRUE(credential) << url;
        EXPECT_EQ(credential->mac, phone(number));
        auto& it = phones[number];
        ++it.urls;
        it.waits = false;
        it.next = shelf.clock.now() + std::chrono::seconds(600 + dice() % 80'000);
        answers.push_back({number, bytes});
    }

    void ask(unsigned number) {
        auto& it = phones[number];
        if (!it.waits) {
            it.waits = true;
            it.asked = 0;
            ++it.starts;
        }
        // RFC 3261 17.1.2.2: after 0.5 s, 1 s, 2 s and then each 4 s; starts again after half a
        // minute.
        it.next = shelf.clock.now() + std::min<base::Duration>(500ms * (1U << it.asked), 4s);
        if (++it.asked > 10) {
            it.waits = false;
            return;
        }
        if (loses()) {
            return;
        }
        const auto mac = phone(number).str();
        const auto id = fmt::format("{}-{}", mac, it.starts);
        responder.on_datagram(
            fmt::format("SUBSCRIBE sip:MAC{0}@224.0.1.75 SIP/2.0\r\n"
                        "Via: SIP/2.0/UDP {1};branch=z9hG4bK{2}\r\n"
                        "From: <sip:MAC{0}@224.0.1.75>;tag={2}\r\nTo: <sip:MAC{0}@224.0.1.75>\r\n"
                        "Call-ID: {2}\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:{1}>\r\n"
                        "Event: ua-profile;vendor=\"Htek\";model=\"UC924\";version=\"2.0.4.2\"\r\n"
                        "Content-Length: 0\r\n\r\n",
                        mac, address(number).str(), id),
            address(number), 2, pnp::Channel::group);
    }

    void answer_all() {
        for (const auto& [number, notify] : std::exchange(answers, {})) {
            std::string ok = "SIP/2.0 200 OK\r\n";
            for (const char* name : {"Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "}) {
                const auto begin = notify.find(std::string("\r\n") + name) + 2;
                ok += notify.substr(begin, notify.find("\r\n", begin) + 2 - begin);
            }
            responder.on_datagram(ok + "Content-Length: 0\r\n\r\n", address(number), 2,
                                  pnp::Channel::unicast);
        }
    }

    void power_cut() {
        for (auto& it : phones) {
            it.waits = false;
            it.next = shelf.clock.now() + 100ms * (dice() % 20);
        }
    }

    /// What is due, and then to the moment when something is due again, at the latest to `until`.
    void step(base::Steady until) {
        for (unsigned i = 0; i < site_size; ++i) {
            if (phones[i].next <= shelf.clock.now()) {
                ask(i);
            }
        }
        while (loop.step()) {
        }
        answer_all();
        responder.tick();
        for (const auto& it : phones) {
            until = std::min(until, it.next);
        }
        until = std::min(until, responder.next_due().value_or(until));
        shelf.clock.advance(std::max<base::Duration>(until - shelf.clock.now(), 10ms));
    }

    Shelf shelf;
    base::Loop loop;
    std::shared_ptr<Desk::Rules> desk_rules = std::make_shared<Desk::Rules>();
    std::minstd_rand dice{20260101};
    std::vector<Phone> phones{site_size};
    std::vector<std::pair<unsigned, std::string>> answers;
    std::uint32_t next_id = 1;
    pnp::Tally tally{};
    Desk desk{loop, *shelf, shelf.clock,
              Desk::Senses{[](const pnp::Asked&) { return Desk::Neighbour::fine; },
                           [](base::Mac) { return std::optional<base::Endpoint>(); },
                           [this](const std::vector<base::Mac>& macs) { responder.decided(macs); },
                           [](base::Ipv4) { return true; }}};
    pnp::Responder responder{
        shelf.clock,
        [] {
            pnp::Settings settings;
            settings.neighbour_check = base::NeighbourCheck::off;
            return settings;
        }(),
        pnp::Policy{
            [this](const pnp::Asked& asked) { return desk.decide(asked); },
            [this](const pnp::Asked& asked, std::function<void(base::Result<pnp::Offer>)> done) {
                desk.prepare(asked, std::move(done));
            },
            [this](
                base::Mac mac, inventory::Step step, base::Endpoint source, std::string_view text) {
                shelf->note(mac, step, source.address.str(), std::string(text));
            },
            nullptr, [this](const pnp::Asked& asked) { return desk.answers(asked); },
            [this](base::Mac mac) -> std::optional<base::Ipv4> {
                const auto now = shelf->now();
                const auto* device = now.device(mac);
                return device != nullptr && device->is_approved()
                           ? std::optional(device->seen.address)
                           : std::nullopt;
            }},
        pnp::Wiring{[this](const pnp::Path& path, std::string_view bytes) {
                        on_sent(path, std::string(bytes));
                        return true;
                    },
                    [] {}, [this] { return base::Result<std::uint32_t>(next_id++); }},
        tally,
        pnp::Answered(50'000)};
};

TEST_F(SiteDay, EndsWithEachPhoneServedAndNothingLeftBehind) {
    const auto begin = shelf.clock.now();
    base::Steady flush = begin;
    base::Steady cut = begin;
    base::Steady decision = begin + 30min;
    std::uintmax_t early = 0;
    const auto disk = [&] {
        std::uintmax_t bytes = 0;
        for (const auto& file : std::filesystem::directory_iterator(shelf.folder())) {
            bytes += file.file_size();
        }
        return bytes;
    };
    while (shelf.clock.now() < begin + 24h) {
        const auto now = shelf.clock.now();
        if (now >= cut) {
            power_cut();
            cut = now + 6h;
        }
        if (now >= decision) {
            const auto who = phone(static_cast<unsigned>(dice()) % site_size);
            shelf.apply({inventory::Block{who}});
            responder.decided(desk.concerned({who}));
            shelf.apply({inventory::Approve{who}});
            responder.decided(desk.concerned({who}));
            decision = now + 30min;
        }
        if (now >= flush) {
            ASSERT_TRUE(shelf->flush());
            flush = now + 60s;
        }
        if (early == 0 && now >= begin + 7h) {
            early = disk();
        }
        step(std::min({cut, decision, flush}));
    }
    // The last ones have their time, and nobody starts again.
    for (const auto end = shelf.clock.now() + 11min; shelf.clock.now() < end;) {
        for (auto& it : phones) {
            it.next = it.waits ? it.next : end + 1h;
        }
        step(end);
    }
    unsigned starts = 0;
    for (unsigned i = 0; i < site_size; ++i) {
        EXPECT_FALSE(phones[i].waits) << phone(i).str();
        EXPECT_GE(phones[i].urls, 4U) << phone(i).str() << ": a URL after each power cut";
        starts += phones[i].starts;
        EXPECT_LE(shelf->timeline(phone(i))->size(), 200U);
    }
    const auto counters = tally.read();
    EXPECT_GT(starts, 4 * site_size);
    EXPECT_EQ(responder.transactions(), 0U);
    EXPECT_FALSE(responder.next_due());
    EXPECT_EQ(counters.held, 0U);
    EXPECT_EQ(counters.table_full, 0U);
    EXPECT_GE(counters.offers, counters.notify_accepted);
    EXPECT_TRUE(shelf->flush());
    EXPECT_EQ(shelf->counters().events_dropped, 0U);
    EXPECT_LT(disk(), 3 * early) << "three more power cuts, and only timelines that grow";
}

} // namespace
} // namespace engine
