// SPDX-License-Identifier: MIT
// The calling side: INVITE, its proof, its answers (RFC 3261 13.2 and 17.1.1), CANCEL.
#include "module/phone/call.hpp"

#include "module/phone/random.hpp"
#include "provisioning/base/text.hpp"

namespace phone {

namespace {

constexpr std::chrono::seconds short_talk{2};

constexpr std::string_view about_us = "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,INFO\r\n"
                                      "Content-Type: application/sdp\r\n";

} // namespace

void Call::place(std::string_view number, base::Steady now) {
    direction_ = Direction::outgoing;
    number_ = std::string(number);
    terms_.talk = terms_.talk.value_or(short_talk);
    dialog_ = Dialog::towards(seat_, number);
    give_up_at_ = now + terms_.patience;
    trace_.step("calling {}", base::printable(number, 60));
    send_invite(now);
}

void Call::send_invite(base::Steady now) {
    branch_ = "z9hG4bK" + random_digits(10);
    invite_cseq_ = ++cseq_;
    // RFC 3261 17.1.1.2: timer A doubles and has no upper bound but timer B.
    auto timing = terms_.timing;
    timing.t2 = timing.timeout();
    state_ = State::calling;
    proof_ = credentials_.header("INVITE", dialog_->target());
    const auto more = fmt::format("{}{}{}", dialog_->contact(), proof_, about_us);
    repeat("INVITE",
           dialog_->request("INVITE", invite_cseq_, branch_, more, write_offer(own_media_)), proof_,
           timing, now);
}

void Call::on_invite_answer(const Message& answer, base::Steady now) {
    const auto cseq = read_cseq(answer.header("CSeq")).number;
    if (const auto known = acks_.find(cseq); known != acks_.end()) {
        if (answer.status >= 200) { // RFC 3261 13.2.2.4: each copy gets the ACK again
            wire_.send(known->second.text, known->second.to);
        }
        return;
    }
    const bool awaited = state_ == State::calling || state_ == State::ringing;
    if (direction_ != Direction::outgoing || !awaited || cseq != invite_cseq_) {
        return;
    }
    if (answer.status < 200) {
        if (state_ == State::calling) {
            state_ = State::ringing;
            request_.reset();
            if (wants_to_leave_) {
                send_cancel(now);
            }
        }
        return;
    }
    request_.reset();
    if (answer.status < 300) {
        on_ok(answer, now);
    } else {
        on_refusal(answer, now);
    }
}

void Call::on_ok(const Message& answer, base::Steady now) {
    status_ = answer.status;
    reason_ = answer.reason;
    give_up_at_.reset();
    dialog_->confirm(answer);
    // RFC 3261 13.2.2.4: with the same credentials as the INVITE.
    acknowledge(invite_cseq_,
                dialog_->request("ACK", invite_cseq_, "z9hG4bK" + random_digits(10), proof_),
                dialog_->next_hop());
    const auto sdp = read_sdp(answer.body);
    if (sdp) {
        far_media_ = *sdp;
    } else {
        trace_.step("  {}", sdp.error().what);
        reason_ = sdp.error().what;
        wants_to_leave_ = true;
        end(Ender::phone, now);
    }
    stand(now);
}

void Call::on_refusal(const Message& answer, base::Steady now) {
    acknowledge(invite_cseq_, dialog_->ack_of_refusal(invite_cseq_, branch_, answer),
                dialog_->next_hop());
    status_ = answer.status;
    reason_ = answer.reason;
    if ((answer.status == 401 || answer.status == 407) && !wants_to_leave_) {
        const auto worth_it = credentials_.take(answer);
        if (worth_it && *worth_it) {
            status_ = 0;
            reason_.clear();
            send_invite(now);
            return;
        }
        if (!worth_it) {
            reason_ = worth_it.error().what;
        }
    }
    end(Ender::peer, now);
    close(now);
}

void Call::send_cancel(base::Steady now) {
    repeat("CANCEL", dialog_->request("CANCEL", invite_cseq_, branch_), "", terms_.timing, now);
}

void Call::acknowledge(unsigned cseq, std::string text, base::Endpoint to) {
    trace_.step("ACK → {}", to.str());
    wire_.send(text, to);
    acks_.insert_or_assign(cseq, Acknowledgement{std::move(text), to});
}

} // namespace phone
