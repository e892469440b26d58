// SPDX-License-Identifier: MIT
#include "module/phone/call.hpp"

#include "module/phone/random.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

Call::Call(Seat seat, base::Endpoint rtp, Terms terms, Wire wire, Trace& trace)
    : seat_(std::move(seat)), terms_(terms), wire_(std::move(wire)), trace_(trace),
      credentials_(seat_.account.login, seat_.account.password), tag_(random_hex(10)) {
    own_media_.rtp = rtp;
    own_media_.id = own_media_.version = base::parse_number(random_digits(9)).value_or(1);
}

bool Call::on_answer(const Message& answer, base::Endpoint from, base::Steady now) {
    if (!dialog_ || !dialog_->owns(answer)) {
        return false;
    }
    const auto method = read_cseq(answer.header("CSeq")).method;
    trace_.step("{} {} ← {}, to the {}", answer.status, base::printable(answer.reason), from.str(),
                base::printable(method, 20));
    if (method == "INVITE") {
        on_invite_answer(answer, now);
    } else if (method == "BYE" && answer.status >= 200 && state_ == State::leaving) {
        on_bye_answer(answer, now);
    } else if (method == "CANCEL" && answer.status >= 200 && request_ &&
               request_->what == "CANCEL") {
        // RFC 3261 9.1: it says nothing of the INVITE, whose own answer must still come.
        request_.reset();
        give_up_at_ = now + terms_.timing.timeout();
    }
    return true;
}

bool Call::on_request(const Message& request, base::Endpoint from, base::Steady now) {
    if (!dialog_) {
        return false;
    }
    // A CANCEL and the ACK of a refusal may still lack our tag.
    const bool of_invite =
        invite_ && request.header("Call-ID") == invite_->header("Call-ID") &&
        read_cseq(request.header("CSeq")).number == read_cseq(invite_->header("CSeq")).number &&
        request.header("From") == invite_->header("From");
    if (request.method == "CANCEL" && of_invite) {
        trace_.step("CANCEL ← {}", from.str());
        on_cancel(request, from, now);
    } else if (request.method == "ACK" && (of_invite || dialog_->owns_request(request))) {
        on_ack(request, from, now);
    } else if (!dialog_->owns_request(request)) {
        return false;
    } else if (request.method == "INVITE") {
        trace_.step("re-INVITE ← {}", from.str());
        on_invite(request, from, now);
    } else if (request.method == "BYE") {
        trace_.step("BYE ← {}", from.str());
        on_bye(request, from, now);
    } else {
        trace_.step("{} ← {}, in the call", base::printable(request.method, 20), from.str());
        const bool known = request.method == "OPTIONS" || request.method == "INFO";
        answer(request, from, known ? 200 : 405, known ? "OK" : "Method Not Allowed",
               "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,INFO\r\n");
    }
    return true;
}

void Call::repeat(
    std::string what, std::string text, std::string_view proof, Timing timing, base::Steady now) {
    const auto to = dialog_->next_hop();
    request_ = Repeated{std::move(what), std::move(text), to, Retransmission(timing)};
    request_->timer.sent(now);
    trace_.step("{} → {}{}", request_->what, to.str(), proof.empty() ? "" : ", with proof");
    wire_.send(request_->text, to);
}

void Call::tick(base::Steady now) {
    for (auto* repeated : {&request_, &final_}) {
        if (*repeated && (*repeated)->timer.next() && now >= *(*repeated)->timer.next()) {
            (*repeated)->timer.sent(now);
            trace_.step("{} → {}, the same again", (*repeated)->what, (*repeated)->to.str());
            wire_.send((*repeated)->text, (*repeated)->to);
        }
    }
    if ((request_ && now >= request_->timer.end()) || (final_ && now >= final_->timer.end())) {
        on_silence(now);
    }
    if (pick_up_at_ && now >= *pick_up_at_) {
        pick_up(now);
    }
    if (hang_up_at_ && now >= *hang_up_at_) {
        hang_up(now);
    }
    if (give_up_at_ && now >= *give_up_at_) {
        give_up_at_.reset();
        if (wants_to_leave_) {
            close(now); // RFC 3261 9.1: nothing came back to the cancelled INVITE
        } else {
            trace_.step("nobody answered within {}", base::format_duration(terms_.patience));
            end(Ender::timeout, now);
            hang_up(now);
        }
    }
}

void Call::on_silence(base::Steady now) {
    if (final_ && now >= final_->timer.end()) {
        trace_.step("no ACK came to the {}", final_->what);
        final_.reset();
        if (state_ == State::refused) {
            close(now);
            return;
        }
        // RFC 3261 13.3.1.4: a session whose 200 nobody acknowledges is ended.
        end(Ender::timeout, now);
        send_bye(now);
        return;
    }
    trace_.step("no answer to the {} from {}", request_->what, request_->to.str());
    if (request_->what == "INVITE") {
        reason_ = "no answer"; // RFC 3261 17.1.1.2, timer B
    }
    end(Ender::timeout, now);
    close(now);
}

std::optional<base::Steady> Call::next() const {
    std::optional<base::Steady> soonest;
    const auto offer = [&soonest](std::optional<base::Steady> when) {
        if (when) {
            soonest = std::min(soonest.value_or(*when), *when);
        }
    };
    for (const auto* repeated : {&request_, &final_}) {
        if (*repeated) {
            offer((*repeated)->timer.next().value_or((*repeated)->timer.end()));
        }
    }
    offer(pick_up_at_);
    offer(hang_up_at_);
    offer(give_up_at_);
    return soonest;
}

void Call::hang_up(base::Steady now) {
    hang_up_at_.reset();
    switch (state_) {
    case State::calling: // RFC 3261 9.1: no CANCEL before the first provisional answer
        end(Ender::phone, now);
        wants_to_leave_ = true;
        break;
    case State::ringing:
        end(Ender::phone, now);
        if (direction_ == Direction::incoming) {
            refuse(480, "Temporarily Unavailable", now);
        } else if (!wants_to_leave_) {
            wants_to_leave_ = true;
            send_cancel(now);
        }
        break;
    case State::answered: // RFC 3261 15: no BYE before the ACK
        end(Ender::phone, now);
        wants_to_leave_ = true;
        break;
    case State::standing:
        end(Ender::phone, now);
        send_bye(now);
        break;
    case State::refused:
    case State::leaving:
    case State::over:
        break;
    }
}

void Call::send_bye(base::Steady now) {
    state_ = State::leaving;
    stood_until_ = now;
    final_.reset();
    hang_up_at_.reset();
    const auto proof = credentials_.header("BYE", dialog_->target());
    repeat("BYE", dialog_->request("BYE", ++cseq_, "z9hG4bK" + random_digits(10), proof), proof,
           terms_.timing, now);
}

void Call::on_bye_answer(const Message& answer, base::Steady now) {
    if (answer.status == 401 || answer.status == 407) {
        if (credentials_.take(answer).value_or(false)) {
            send_bye(now);
            return;
        }
    }
    close(now);
}

void Call::on_bye(const Message& bye, base::Endpoint from, base::Steady now) {
    answer(bye, from, 200, "OK");
    if (state_ == State::ringing && direction_ == Direction::incoming) {
        end(Ender::peer, now);
        refuse(487, "Request Terminated", now);
    } else if (state_ == State::answered || state_ == State::standing) {
        end(Ender::peer, now);
        close(now);
    }
    // Crossing with a BYE of ours: that one's answer, a 481 maybe, ends the call.
}

void Call::stand(base::Steady now) {
    state_ = State::standing;
    credentials_.accepted();
    if (!stood_since_) {
        stood_since_ = now;
        if (terms_.talk) {
            hang_up_at_ = now + *terms_.talk;
        }
    }
    if (wants_to_leave_) {
        send_bye(now);
    }
}

void Call::end(Ender who, base::Steady now) {
    if (ended_by_ == Ender::nobody) {
        ended_by_ = who;
    }
    if (stood_since_ && !stood_until_) {
        stood_until_ = now;
    }
}

void Call::close(base::Steady now) {
    end(Ender::phone, now);
    state_ = State::over;
    request_.reset();
    final_.reset();
    pick_up_at_.reset();
    hang_up_at_.reset();
    give_up_at_.reset();
}

std::string Call::answer(const Message& request,
                         base::Endpoint from,
                         int status,
                         std::string_view reason,
                         std::string_view more,
                         std::string_view body) {
    auto text = write_answer(request, status, reason, from, tag_, more, body);
    const auto target = answer_target(request, from);
    trace_.step("{} {} → {}, to the {}", status, reason, target.str(),
                base::printable(request.method, 20));
    wire_.send(text, target);
    wire_.keep(request, text);
    return text;
}

std::chrono::milliseconds Call::stood_for() const noexcept {
    using std::chrono::milliseconds;
    return stood_since_ && stood_until_
               ? std::chrono::duration_cast<milliseconds>(*stood_until_ - *stood_since_)
               : milliseconds(0);
}

} // namespace phone
