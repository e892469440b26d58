// SPDX-License-Identifier: MIT
#include "module/phone/lines.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

/// Challenge, stale nonce, longer expiry: no honest server needs more.
constexpr int most_rounds = 5;

} // namespace

base::Status Lines::add(Account account, base::Endpoint local, std::string user_agent) {
    Line line{.account = std::move(account), .remark = {}, .port = {}, .registration = {}};
    if (auto usable = is_usable(line.account); !usable) {
        line.remark = usable.error().what;
    } else {
        auto port = UdpPort::open(local);
        if (!port) {
            return base::fail(port.error().code, "line {}: {}; --sip-port takes another",
                              line.account.line, port.error().what);
        }
        line.registration.emplace(line.account, port->local(), user_agent);
        line.user_agent = std::move(user_agent);
        line.port = std::move(*port);
        if (!line.account.registers) {
            line.remark = "the file does not let it register";
        } else if (line.account.transport != "UDP") {
            line.remark = fmt::format("the file says {}, and this phone registers over UDP only",
                                      line.account.transport);
        }
    }
    if (!line.remark.empty()) {
        trace_.step("line {} stays off: {}", line.account.line, line.remark);
    }
    lines_.push_back(std::move(line));
    return {};
}

void Lines::list(Account account) {
    lines_.push_back(
        {.account = std::move(account), .remark = "not asked to", .port = {}, .registration = {}});
}

void Lines::start(base::Steady now) {
    for (auto& line : lines_) {
        if (line.wants_to_register()) {
            begin(line, now);
        }
    }
}

bool Lines::is_busy() const noexcept {
    return std::any_of(lines_.begin(), lines_.end(),
                       [](const Line& line) { return line.sending.has_value(); });
}

std::optional<base::Steady> Lines::next() const noexcept {
    std::optional<base::Steady> soonest;
    const auto offer = [&soonest](base::Steady when) {
        soonest = std::min(soonest.value_or(when), when);
    };
    for (const auto& line : lines_) {
        if (line.sending) {
            offer(line.sending->next().value_or(line.sending->end()));
        } else if (line.refresh_at) {
            offer(*line.refresh_at);
        }
    }
    return soonest;
}

void Lines::tick(base::Steady now) {
    for (auto& line : lines_) {
        if (line.sending && now >= line.sending->end()) {
            give_up(line, fmt::format("no answer from {}", line.hop->str()), now);
        } else if (line.sending && line.sending->next() && now >= *line.sending->next()) {
            line.sending->sent(now);
            if (auto sent = line.port->send(line.text, *line.hop); !sent) {
                give_up(line, sent.error().what, now);
            }
        } else if (!line.sending && line.refresh_at && now >= *line.refresh_at) {
            begin(line, now);
        }
    }
}

void Lines::begin(Line& line, base::Steady now) {
    line.rounds = 0;
    line.refresh_at.reset();
    const auto& hop = line.registration->next_hop();
    if (const auto address = resolve(hop.host)) {
        line.hop = base::Endpoint{*address, hop.port};
        send_new(line, now);
    } else {
        give_up(line, address.error().what, now);
    }
}

void Lines::send_new(Line& line, base::Steady now) {
    if (++line.rounds > most_rounds) {
        give_up(line, "the server asks again and again", now);
        return;
    }
    line.text = line.registration->request();
    line.sending.emplace(timing_);
    line.sending->sent(now);
    trace_.step("REGISTER → {} from {} as {}{}{}", line.hop->str(), line.port->local().str(),
                base::printable(line.account.user), line.rounds > 1 ? ", with proof" : "",
                line.registration->is_leaving() ? ", to end it" : "");
    if (auto sent = line.port->send(line.text, *line.hop); !sent) {
        give_up(line, sent.error().what, now);
    }
}

void Lines::give_up(Line& line, const std::string& reason, base::Steady now) {
    line.sending.reset();
    line.refresh_at = now + line.account.try_again_after;
    line.registration->failed(reason);
    trace_.step("line {} is not registered: {}", line.account.line, base::printable(reason));
}

bool Lines::on_answer(const Message& answer, base::Endpoint from, base::Steady now) {
    const auto owner = std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) {
        return line.sending && line.registration->owns_answer(answer);
    });
    if (owner == lines_.end()) {
        return false;
    }
    trace_.step("{} {} ← {}, to the REGISTER", answer.status, base::printable(answer.reason),
                from.str());
    switch (owner->registration->on_answer(answer)) {
    case Registration::Next::wait:
        break;
    case Registration::Next::send_again:
        send_new(*owner, now);
        break;
    case Registration::Next::registered: {
        owner->sending.reset();
        // Half of the time granted, so that one lost refresh does not end the registration.
        const auto granted = std::max<std::uint64_t>(owner->registration->expires(), 2);
        owner->refresh_at = now + std::chrono::seconds(granted / 2);
        break;
    }
    case Registration::Next::refused:
        owner->sending.reset();
        owner->refresh_at = now + owner->account.try_again_after;
        if (answer.status == 403 && owner->account.is_final_403) {
            owner->refresh_at.reset();
            trace_.step("  line {} never registers again before a restart", owner->account.line);
        }
        break;
    }
    return true;
}

bool Lines::all_registered() const noexcept {
    int registered = 0;
    for (const auto& line : lines_) {
        if (line.wants_to_register() && !line.registration->is_registered()) {
            return false;
        }
        registered += line.wants_to_register() ? 1 : 0;
    }
    return registered > 0;
}

void Lines::leave(base::Steady now) {
    for (auto& line : lines_) {
        if (line.registration && line.registration->is_registered()) {
            line.registration->leave();
            begin(line, now);
        }
    }
}

bool Lines::any_registered() const noexcept {
    return std::any_of(lines_.begin(), lines_.end(), [](const Line& line) {
        return line.registration && line.registration->is_registered();
    });
}

UdpPort* Lines::first_registered() noexcept {
    for (auto& line : lines_) {
        if (line.registration && line.registration->is_registered()) {
            return &*line.port;
        }
    }
    return nullptr;
}

std::optional<Seat> Lines::seat_of(const UdpPort& port) const {
    for (const auto& line : lines_) {
        if (line.port && &*line.port == &port) {
            return Seat{line.account, port.local(), line.hop.value_or(base::Endpoint{}),
                        line.user_agent};
        }
    }
    return std::nullopt;
}

std::vector<UdpPort*> Lines::ports() {
    std::vector<UdpPort*> ports;
    for (auto& line : lines_) {
        if (line.port) {
            ports.push_back(&*line.port);
        }
    }
    return ports;
}

std::vector<Report::Line> Lines::describe() const {
    std::vector<Report::Line> rows;
    for (const auto& line : lines_) {
        Report::Line row{line.account.line,
                         line.account.user,
                         line.account.display_name,
                         line.account.server,
                         !line.account.password.empty(),
                         false,
                         0,
                         line.remark};
        if (line.registration && line.remark.empty()) {
            row.registered = line.registration->is_registered();
            row.status = line.registration->status();
            row.reason = line.registration->reason();
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace phone
