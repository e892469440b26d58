// SPDX-License-Identifier: MIT
// What a phone in service does with calls, and how it takes its leave.
#include "module/phone/phone.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

/// For the BYE at the end, and for the REGISTER that takes the registrations back: who stops a
/// phone does not want to wait for a server that is gone.
constexpr std::chrono::seconds leave_within{2};

std::string sound(const Report::Call& call) {
    return fmt::format("{} for {}.{} s, {} RTP packets sent, {} received", call.codec,
                       call.stood_for.count() / 1000, call.stood_for.count() / 100 % 10,
                       call.rtp_sent, call.rtp_received);
}

} // namespace

void Phone::attend(base::Steady until) {
    const auto due = std::min(lines_.next().value_or(until), calls_.next().value_or(until));
    wait_until(std::min(until, due));
    lines_.tick(base::steady_now());
    calls_.tick(base::steady_now());
}

/// What is sent for the number that was keyed, once the dial plan has decided.
base::Result<std::string> Phone::dial(int line) {
    if (vendor_.dial == nullptr) {
        return settings_.number;
    }
    const auto dialled = vendor_.dial(flash_.values, line, settings_.number);
    const auto why = base::printable(dialled.why, 600);
    if (dialled.number.empty()) {
        return base::fail(base::Errc::refused, "line {} does not call {}: {}", line,
                          settings_.number, why);
    }
    if (!why.empty()) {
        trace_.step("line {} sends {}: {}", line, dialled.number, why);
    }
    const auto until = base::steady_now() + dialled.after.count() * time_.minute / 60;
    while (!stopped_ && base::steady_now() < until) { // for one more digit
        attend(until);
    }
    return dialled.number;
}

Exit Phone::call() {
    auto* line = lines_.first_registered();
    if (line == nullptr) {
        return end(Exit::not_registered, "no line is registered to call from");
    }
    while (calls_.is_busy() && !stopped_) { // somebody was quicker
        attend(base::Steady::max());
    }
    if (stopped_) {
        return Exit::configured;
    }
    auto seat = *lines_.seat_of(*line);
    const auto number = dial(seat.account.line);
    if (!number) {
        return end(Exit::not_answered, number.error().what);
    }
    if (stopped_) {
        return Exit::configured;
    }
    if (auto placed = calls_.place(std::move(seat), *line, *number, base::steady_now()); !placed) {
        return end(Exit::local_problem, placed.error().what);
    }
    while (calls_.is_busy() && !stopped_) {
        attend(base::Steady::max());
    }
    return Exit::configured;
}

void Phone::end_calls() {
    const auto until = base::steady_now() + leave_within;
    calls_.hang_up(base::steady_now());
    while (calls_.is_busy() && base::steady_now() < until) {
        attend(until);
    }
    calls_.abandon();
}

Exit Phone::judge_calls(Exit exit) {
    report_.calls = calls_.rows();
    if (exit != Exit::configured) {
        return exit;
    }
    bool has_called = false;
    for (const auto& call : report_.calls) {
        const bool outgoing = call.direction == "outgoing";
        has_called = has_called || outgoing;
        const auto number = base::printable(call.number, 60);
        const auto who =
            outgoing ? fmt::format("called {}", number) : fmt::format("called by {}", number);
        if (!call.answered && (outgoing || call.status == 200)) {
            report_.message = fmt::format(
                "{}, and the call did not come about: {}{}", who,
                call.status == 0 ? "" : fmt::format("{} ", call.status),
                outgoing ? base::printable(call.reason.empty() ? "no answer" : call.reason)
                         : "answered, but no ACK came");
            return Exit::not_answered;
        }
        if (call.answered && call.rtp_received == 0) {
            report_.message = fmt::format("{}, but no RTP came: {}", who, sound(call));
            return Exit::no_sound;
        }
    }
    if (!settings_.number.empty() && !has_called) {
        report_.message = fmt::format("stopped by a signal before it called {}", settings_.number);
        return Exit::not_answered;
    }
    for (const auto& call : report_.calls) {
        report_.message += fmt::format(
            "; called {}{}: {}", call.direction == "outgoing" ? "" : "by ",
            base::printable(call.number, 60),
            call.answered ? sound(call)
                          : fmt::format("{} {}", call.status, base::printable(call.reason)));
    }
    return exit;
}

void Phone::unregister() {
    if (!lines_.any_registered()) {
        return;
    }
    const auto until = base::steady_now() + leave_within;
    lines_.leave(base::steady_now());
    while (lines_.is_busy() && base::steady_now() < until) {
        attend(until);
    }
    report_.unregistered = !lines_.any_registered() && !lines_.is_busy();
}

void Phone::on_invite(UdpPort& port, const Message& invite, base::Endpoint from) {
    const auto seat = lines_.seat_of(port);
    const auto wanted = invite.header("Require");
    if (!seat) {
        reply(port, invite, from, 404, "Not Found");
    } else if (!wanted.empty()) { // RFC 3261 8.2.2.3: it knows no extension
        reply(port, invite, from, 420, "Bad Extension", fmt::format("Unsupported: {}\r\n", wanted));
    } else if (!settings_.answers || calls_.is_busy()) {
        reply(port, invite, from, 486, "Busy Here");
    } else if (auto taken = calls_.take(*seat, port, invite, from, base::steady_now()); !taken) {
        trace_.step("  {}", taken.error().what);
        reply(port, invite, from, 500, "Server Internal Error");
    }
}

} // namespace phone
