// SPDX-License-Identifier: MIT
// A responder with a fake clock, a scripted policy, and everything that it sent and noted.
#pragma once

#include "pnp/identify.hpp"
#include "pnp/responder.hpp"
#include "sample.hpp"

#include <gmock/gmock.h>
#include <string>
#include <vector>

namespace pnp {

struct Sent {
    Path path;
    std::string bytes;
};

struct Noted {
    base::Mac mac;
    inventory::Step step{};
    std::string detail;
};

class ResponderDesk : public testing::Test {
  protected:
    static constexpr base::Ipv4 here{0xC000020A}; // 192.0.2.10

    explicit ResponderDesk(std::size_t transactions = 4) : most(transactions) { serve(); }

    void serve() {
        responder.serve({{{2, "eth0", here, 24, false, true}, 5060},
                         {{3, "eth1", base::Ipv4{0xC000020B}, 24, false, true}, 5060}});
    }

    static base::Endpoint at(const char* text) { return base::Endpoint::parse(text).value(); }

    void hears(const std::string& bytes,
               const char* source = "192.0.2.89:60000",
               int index = 2,
               Channel channel = Channel::group) {
        responder.on_datagram(bytes, at(source), index, channel);
    }

    void pass(base::Duration time) {
        // Wakes the responder exactly when it asked to be woken, as the service does.
        const auto end = clock.now() + time;
        while (const auto due = responder.next_due()) {
            if (*due > end) {
                break;
            }
            clock.advance(std::max(*due - clock.now(), base::Duration::zero()));
            responder.tick();
        }
        clock.advance(end - clock.now());
        responder.tick();
    }

    /// What was sent since the last call.
    std::vector<Sent> sent() { return std::exchange(sent_, {}); }

    std::vector<std::string> notes() {
        std::vector<std::string> out;
        for (const Noted& each : std::exchange(noted_, {})) {
            out.push_back(std::string(inventory::name(each.step)) +
                          (each.detail.empty() ? "" : ": " + each.detail));
        }
        return out;
    }

    /// The phone's answer to a NOTIFY that it got.
    static std::string answer_to(const std::string& notify, const char* status = "200 OK") {
        std::string out = std::string("SIP/2.0 ") + status + "\r\n";
        for (const char* name : {"Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "}) {
            const auto begin = notify.find(std::string("\r\n") + name) + 2;
            out += notify.substr(begin, notify.find("\r\n", begin) + 2 - begin);
        }
        return out + "Content-Length: 0\r\n\r\n";
    }

    Counters counters() const { return tally.read(); }

    std::size_t most;
    base::FakeClock clock;
    Tally tally{};
    Settings settings = [] {
        Settings made;
        made.neighbour_check = base::NeighbourCheck::off; // unless a test is about it
        return made;
    }();

    // The policy, as the test wants it.
    Decision decision{Verdict::offer, ""};
    base::Result<Offer> offer = [] {
        Offer made;
        made.url = base::Secret("http://192.0.2.10:8080/p/9k3v7q/");
        return made;
    }();
    bool prepare_later = false;
    std::optional<base::Neighbour> neighbour; ///< at whatever address
    bool answers = true;
    std::optional<base::Ipv4> approved_at{base::Ipv4{0xC0000259}}; ///< every phone, at .89
    bool sending_works = true;
    std::vector<Asked> asked;
    std::vector<std::function<void(base::Result<Offer>)>> waiting;
    std::uint32_t next_id = 0x5f1c09d2;

    std::vector<Sent> sent_;
    std::vector<Noted> noted_;

    Responder responder{
        clock,
        settings,
        Policy{[this](const Asked& who) {
                   asked.push_back(who);
                   return decision;
               },
               [this](const Asked&, std::function<void(base::Result<Offer>)> done) {
                   if (prepare_later) {
                       waiting.push_back(std::move(done));
                   } else {
                       done(offer);
                   }
               },
               [this](base::Mac mac, inventory::Step step, base::Endpoint, std::string_view text) {
                   noted_.push_back({mac, step, std::string(text)});
               },
               [this](base::Ipv4, int) { return neighbour; },
               [this](const Asked&) { return answers; }, [this](base::Mac) { return approved_at; }},
        Wiring{[this](const Path& path, std::string_view bytes) {
                   sent_.push_back({path, std::string(bytes)});
                   return sending_works;
               },
               [] {}, [this] { return base::Result<std::uint32_t>(next_id++); }},
        tally,
        Answered(most)};
};

} // namespace pnp
