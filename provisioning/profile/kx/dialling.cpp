// SPDX-License-Identifier: MIT
// Follows one person's keys and pauses as a KX-UT670 does (guide §6.6.1, §5.6.1, §5.6.3).
#include "provisioning/profile/kx/dialling.hpp"

namespace profile::kx {

Dialling::Dialling(DialPlan plan, const DialSettings& settings)
    : plan_(std::move(plan)), settings_(settings) {}

const Dialled& Dialling::press(char key) {
    if (now_.kind != Dialled::Kind::waiting || dial_keys.find(key) == std::string_view::npos) {
        return now_;
    }
    if (key == '#' && settings_.pound_key_delimiter && !digits_.empty()) {
        return end();
    }
    waited_ = std::chrono::milliseconds(0);
    digits_ += key;
    match_ = plan_.match(digits_, settings_.timers);
    if (match_.kind == Match::Kind::call) {
        now_ = {Dialled::Kind::called, match_.number};
    } else if (match_.kind == Match::Kind::reject) {
        now_.kind = Dialled::Kind::denied;
    }
    return now_;
}

const Dialled& Dialling::press(std::string_view keys) {
    for (const char key : keys) {
        press(key);
    }
    return now_;
}

const Dialled& Dialling::wait(std::chrono::milliseconds time) {
    waited_ += time;
    if (now_.kind != Dialled::Kind::waiting || waited_ < patience()) {
        return now_;
    }
    if (digits_.empty()) {
        now_.kind = Dialled::Kind::busy_tone;
        return now_;
    }
    return end();
}

const Dialled& Dialling::end() {
    if (now_.kind != Dialled::Kind::waiting || digits_.empty()) {
        return now_;
    }
    switch (match_.kind) {
    case Match::Kind::call:
    case Match::Kind::call_later:
        now_ = {Dialled::Kind::called, match_.number};
        break;
    case Match::Kind::reject:
    case Match::Kind::reject_later:
        now_.kind = Dialled::Kind::denied;
        break;
    case Match::Kind::none:
    case Match::Kind::partial:
        now_ = settings_.not_match_enable ? Dialled{Dialled::Kind::denied, {}}
                                          : Dialled{Dialled::Kind::called, digits_};
    }
    return now_;
}

std::chrono::milliseconds Dialling::patience() const {
    if (digits_.empty()) {
        return settings_.timers.first_digit;
    }
    const bool complete =
        match_.kind == Match::Kind::call_later || match_.kind == Match::Kind::reject_later;
    return complete ? match_.wait : settings_.timers.inter_digit;
}

} // namespace profile::kx
