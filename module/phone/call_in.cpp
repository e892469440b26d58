// SPDX-License-Identifier: MIT
// The called side (RFC 3261 13.3), and re-INVITE in a call of either direction (14.2).
#include "module/phone/call.hpp"

#include "module/phone/address.hpp"
#include "provisioning/base/text.hpp"

namespace phone {

void Call::take(const Message& invite, base::Endpoint from, base::Steady now) {
    direction_ = Direction::incoming;
    number_ = std::string(user_of(uri_of(invite.header("From"))));
    dialog_ = Dialog::from(seat_, invite, tag_);
    invite_ = invite;
    invite_from_ = from;
    far_cseq_ = read_cseq(invite.header("CSeq")).number;
    state_ = State::ringing;
    answer(invite, from, 100, "Trying");
    awaits_sdp_ = invite.body.empty();
    if (!awaits_sdp_) {
        auto offer = read_sdp(invite.body);
        if (!offer) {
            trace_.step("  {}", offer.error().what);
            end(Ender::phone, now);
            refuse(488, "Not Acceptable Here", now);
            return;
        }
        far_media_ = std::move(*offer);
    }
    answer(invite, from, 180, "Ringing", dialog_->contact());
    pick_up_at_ = now + terms_.ring;
}

void Call::pick_up(base::Steady now) {
    pick_up_at_.reset();
    state_ = State::answered;
    status_ = 200;
    reason_ = "OK";
    send_ok(now);
}

void Call::send_ok(base::Steady now) {
    const auto more = dialog_->contact() + "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,INFO\r\n"
                                           "Content-Type: application/sdp\r\n";
    const auto body = awaits_sdp_ || !far_media_ ? write_offer(own_media_)
                                                 : write_sdp_answer(own_media_, *far_media_);
    auto text = answer(*invite_, invite_from_, 200, "OK", more, body);
    // RFC 3261 13.3.1.4: the 200 goes out again like a request, whatever the transport.
    final_ = Repeated{"200 OK", std::move(text), answer_target(*invite_, invite_from_),
                      Retransmission(terms_.timing)};
    final_->timer.sent(now);
}

void Call::refuse(int status, std::string_view reason, base::Steady now) {
    pick_up_at_.reset();
    state_ = State::refused;
    status_ = status;
    reason_ = std::string(reason);
    auto text = answer(*invite_, invite_from_, status, reason);
    // RFC 3261 17.2.1, timers G and H.
    final_ = Repeated{fmt::format("{} {}", status, reason), std::move(text),
                      answer_target(*invite_, invite_from_), Retransmission(terms_.timing)};
    final_->timer.sent(now);
}

void Call::on_invite(const Message& invite, base::Endpoint from, base::Steady now) {
    const auto cseq = read_cseq(invite.header("CSeq")).number;
    if (state_ != State::standing && state_ != State::answered) {
        answer(invite, from, 481, "Call/Transaction Does Not Exist");
        return;
    }
    if (cseq <= far_cseq_ && far_cseq_ != 0) { // RFC 3261 12.2.2
        answer(invite, from, 500, "Server Internal Error");
        return;
    }
    const bool late_offer = invite.body.empty();
    auto offer = read_sdp(invite.body);
    if (!late_offer && !offer) { // RFC 3261 14.2: the session stays as it was
        trace_.step("  {}", offer.error().what);
        answer(invite, from, 488, "Not Acceptable Here");
        return;
    }
    far_cseq_ = cseq;
    ++reinvites_;
    awaits_sdp_ = late_offer;
    own_media_.version += late_offer ? 1 : 0;
    if (offer) {
        trace_.step("  the far end's audio is {} at {}, {}", codec_name(offer->codec),
                    offer->rtp.str(), flow_name(offer->flow));
        const bool same = far_media_ && far_media_->flow == offer->flow &&
                          far_media_->codec == offer->codec &&
                          far_media_->streams.size() == offer->streams.size();
        own_media_.version += same ? 0 : 1; // our lines change with the codec and the flow
        far_media_ = std::move(*offer);
    }
    dialog_->retarget(invite);
    invite_ = invite;
    invite_from_ = from;
    send_ok(now);
}

void Call::on_ack(const Message& ack, base::Endpoint from, base::Steady now) {
    if (!final_ || !invite_ ||
        read_cseq(ack.header("CSeq")).number != read_cseq(invite_->header("CSeq")).number) {
        return; // a copy
    }
    trace_.step("ACK ← {}", from.str());
    final_.reset();
    if (state_ == State::refused) {
        close(now);
        return;
    }
    if (awaits_sdp_) {
        awaits_sdp_ = false;
        auto sdp = read_sdp(ack.body);
        if (sdp) {
            far_media_ = std::move(*sdp);
        } else {
            trace_.step("  {}", sdp.error().what);
            wants_to_leave_ = true;
            end(Ender::phone, now);
        }
    }
    if (state_ == State::answered || wants_to_leave_) {
        stand(now);
    }
}

void Call::on_cancel(const Message& cancel, base::Endpoint from, base::Steady now) {
    // RFC 3261 9.2: answered always, of effect only before the final answer.
    answer(cancel, from, 200, "OK");
    if (direction_ == Direction::incoming && state_ == State::ringing) {
        end(Ender::peer, now);
        refuse(487, "Request Terminated", now);
    }
}

} // namespace phone
