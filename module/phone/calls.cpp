// SPDX-License-Identifier: MIT
#include "module/phone/calls.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

std::string_view ender_name(Ender ender) noexcept {
    switch (ender) {
    case Ender::nobody:
        return "";
    case Ender::phone:
        return "phone";
    case Ender::peer:
        return "peer";
    case Ender::timeout:
        return "timeout";
    }
    return "";
}

} // namespace

base::Status Calls::begin(Seat seat, UdpPort& line) {
    auto stream = Stream::open(seat.local.address);
    if (!stream) {
        return tl::unexpected(stream.error());
    }
    const auto local = stream->local();
    Call::Wire wire{.send =
                        [&line](std::string_view text, base::Endpoint to) {
                            // Lost on the way or lost at once: the timers see to both.
                            static_cast<void>(line.send(text, to));
                        },
                    .keep = [this](const Message& request,
                                   const std::string& answer) { answers_.keep(request, answer); }};
    current_.emplace(
        Current{Call(std::move(seat), local, terms_, std::move(wire), trace_), std::move(*stream)});
    return {};
}

base::Status Calls::place(Seat seat, UdpPort& line, std::string_view number, base::Steady now) {
    if (auto ready = begin(std::move(seat), line); !ready) {
        return ready;
    }
    current_->call.place(number, now);
    return {};
}

base::Status Calls::take(
    Seat seat, UdpPort& line, const Message& invite, base::Endpoint from, base::Steady now) {
    if (auto ready = begin(std::move(seat), line); !ready) {
        return ready;
    }
    current_->call.take(invite, from, now);
    settle(now);
    return {};
}

bool Calls::on_answer(const Message& answer, base::Endpoint from, base::Steady now) {
    const bool taken = current_ && current_->call.on_answer(answer, from, now);
    settle(now);
    return taken;
}

bool Calls::on_request(const Message& request, base::Endpoint from, base::Steady now) {
    const bool taken = current_ && current_->call.on_request(request, from, now);
    settle(now);
    return taken;
}

void Calls::hear(base::Steady now) {
    if (current_ && current_->stream.hear()) {
        trace_.step("RTP ← {}, the first packet", current_->stream.heard_from()->str());
    }
    settle(now);
}

void Calls::tick(base::Steady now) {
    if (!current_) {
        return;
    }
    current_->stream.tick(now); // what was due before the call's state changes
    current_->call.tick(now);
    settle(now);
    if (current_) {
        current_->stream.tick(now);
    }
}

std::optional<base::Steady> Calls::next() const {
    if (!current_) {
        return std::nullopt;
    }
    const auto call = current_->call.next();
    const auto sound = current_->stream.next();
    return call && sound ? std::min(call, sound) : std::max(call, sound);
}

void Calls::hang_up(base::Steady now) {
    if (current_) {
        current_->call.hang_up(now);
        settle(now);
    }
}

void Calls::abandon() {
    if (current_) {
        rows_.push_back(describe());
        current_.reset();
    }
}

std::optional<int> Calls::sound_fd() const noexcept {
    return current_ ? std::optional(current_->stream.fd()) : std::nullopt;
}

void Calls::settle(base::Steady now) {
    if (!current_) {
        return;
    }
    auto& [call, stream] = *current_;
    const auto media = call.media();
    const auto aim = media && media->listens()
                         ? std::optional(Stream::Aim{media->rtp, media->codec})
                         : std::nullopt;
    if (aim != stream.aimed()) {
        if (aim) {
            trace_.step("RTP → {} from {}, {}", aim->to.str(), stream.local().str(),
                        codec_name(aim->codec));
        }
        stream.aim(aim, now);
    }
    if (call.is_over()) {
        stream.hear(); // what came before the BYE counts, though it waited at another port
        rows_.push_back(describe());
        const auto& row = rows_.back();
        trace_.step("the call is over: {} RTP packets sent, {} received, {} lost", row.rtp_sent,
                    row.rtp_received, row.rtp_lost);
        current_.reset();
    }
}

Report::Call Calls::describe() const {
    const auto& [call, stream] = *current_;
    Report::Call row;
    row.number = call.number();
    row.direction = call.direction() == Direction::outgoing ? "outgoing" : "incoming";
    row.answered = call.was_answered();
    row.status = call.status();
    row.reason = call.reason();
    row.stood_for = call.stood_for();
    row.rtp_sent = stream.sent();
    row.rtp_received = stream.sink().received();
    row.rtp_lost = stream.sink().lost();
    row.rtp_to = stream.last_aim() ? stream.last_aim()->to.str() : "";
    row.rtp_from = stream.heard_from() ? stream.heard_from()->str() : "";
    row.codec = stream.last_aim() ? codec_name(stream.last_aim()->codec) : "";
    row.reinvites = call.reinvites();
    row.ended_by = ender_name(call.ended_by());
    return row;
}

} // namespace phone
