// SPDX-License-Identifier: MIT
#include "module/phone/subscription.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

void Retransmission::sent(base::Steady now) {
    if (count_ == 0) {
        first_ = now;
    } else {
        interval_ = std::min(interval_ * 2, timing_.t2);
    }
    last_ = now;
    ++count_;
}

std::optional<base::Steady> Retransmission::next() const noexcept {
    const auto when = last_ + interval_;
    return over_ || when >= end() ? std::nullopt : std::optional(when);
}

bool Subscription::owns_answer(const Message& answer) const noexcept {
    return answer.header("Call-ID") == ids_.call_id &&
           base::iequals(read_cseq(answer.header("CSeq")).method, "SUBSCRIBE");
}

void Subscription::on_ok(const Message& answer) {
    if (!ok_tag_) {
        ok_tag_ = parameter(answer.header("To"), "tag").value_or("");
    }
}

bool Subscription::is_same_dialog(const Message& answer) const {
    return parameter(answer.header("To"), "tag").value_or("") == ok_tag_;
}

NotifyChecks Subscription::check(const Message& notify) {
    NotifyChecks checks;
    notify_tag_ = parameter(notify.header("From"), "tag").value_or("");
    checks.in_dialog = notify.header("Call-ID") == ids_.call_id &&
                       parameter(notify.header("To"), "tag") == ids_.tag && !notify_tag_->empty() &&
                       (!ok_tag_ || notify_tag_ == ok_tag_);
    checks.event = base::iequals(main_value(notify.header("Event")), "ua-profile");
    checks.terminated =
        base::iequals(main_value(notify.header("Subscription-State")), "terminated");
    checks.content_type =
        base::iequals(main_value(notify.header("Content-Type")), "application/url");
    checks.content_length =
        base::parse_number(notify.header("Content-Length")) == notify.body.size();
    return checks;
}

std::string_view notified_url(const Message& notify) noexcept {
    std::string_view body = notify.body;
    // RFC 3261 18.3: bytes behind the announced length are no part of the message.
    if (const auto length = base::parse_number(notify.header("Content-Length"))) {
        body = body.substr(0, *length);
    }
    constexpr std::string_view blanks = " \t\r\n";
    body.remove_prefix(std::min(body.find_first_not_of(blanks), body.size()));
    return body.substr(0, body.find_last_not_of(blanks) + 1);
}

} // namespace phone
