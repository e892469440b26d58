// SPDX-License-Identifier: MIT
// After each change the plan is asked what is due, and the timer set to when it will have more.
#include "provisioning/wpi/caller.hpp"

#include "provisioning/base/crypto.hpp"

#include <array>
#include <utility>

namespace wpi {
namespace {

std::uint32_t chance(std::uint32_t most) {
    std::array<std::uint8_t, 4> bytes{};
    if (!base::random_bytes(bytes)) {
        return 0; // it only spreads
    }
    std::uint32_t number = 0;
    for (const auto byte : bytes) {
        number = number << 8U | byte;
    }
    return most == 0xFFFFFFFF ? number : number % (most + 1);
}

} // namespace

struct Caller::State : std::enable_shared_from_this<Caller::State> {
    State(base::Loop& loop,
          const base::Clock& time,
          Reach told,
          ContactMePacing pacing,
          ContactMeDeadlines deadlines,
          ContactMeClient::Opened opened)
        : clock(time), reach(std::move(told)), plan(time, chance, pacing),
          client(loop, deadlines, std::move(opened)), timer(loop) {}

    void go_on() {
        for (const auto& silence : plan.silences()) {
            reach.silent(silence);
        }
        for (const auto mac : plan.start()) {
            ask(mac);
        }
        if (const auto next = plan.next()) {
            timer.after(*next - clock.now(), [this] { go_on(); });
        } else {
            timer.cancel();
        }
    }

    void ask(base::Mac mac) {
        const auto place = reach.place(mac);
        if (!place) {
            reach.asked(mac, tl::unexpected(place.error()));
            plan.settled(mac);
            plan.sent(mac, false);
            return;
        }
        client.send(place->own, place->phone, [this, mac](const base::Status& status) {
            reach.asked(mac, status);
            plan.sent(mac, status.has_value());
            go_on();
        });
    }

    const base::Clock& clock;
    Reach reach;
    ContactMePlan plan;
    ContactMeClient client;
    base::Timer timer;
};

Caller::Caller(base::Loop& loop,
               const base::Clock& clock,
               Reach reach,
               ContactMePacing pacing,
               ContactMeDeadlines deadlines,
               ContactMeClient::Opened opened)
    : loop_(loop), state_(std::make_shared<State>(
                       loop, clock, std::move(reach), pacing, deadlines, std::move(opened))) {}

Caller::~Caller() = default;

void Caller::post(std::function<void(State&)> change) {
    loop_.post([weak = std::weak_ptr(state_), change = std::move(change)] {
        if (const auto state = weak.lock()) {
            change(*state);
            state->go_on();
        }
    });
}

void Caller::want(base::Mac mac, ContactMePast past, base::Duration hold) {
    post([=](State& state) { state.plan.want(mac, past, hold); });
}

void Caller::called(base::Mac mac) {
    post([mac](State& state) { state.plan.called(mac); });
}

void Caller::busy(base::Mac mac, ContactMePast past) {
    post([mac, past](State& state) {
        if (!state.plan.busy(mac, past)) {
            state.reach.too_busy(mac);
        }
    });
}

void Caller::settled(base::Mac mac) {
    post([mac](State& state) { state.plan.settled(mac); });
}

} // namespace wpi
