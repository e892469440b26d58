// SPDX-License-Identifier: MIT
// One call from INVITE to BYE, of either direction: a state machine that is given messages and time
// and touches no socket.
#pragma once

#include "module/phone/credentials.hpp"
#include "module/phone/dialog.hpp"
#include "module/phone/sdp.hpp"
#include "module/phone/subscription.hpp"
#include "module/phone/trace.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace phone {

enum class Direction : std::uint8_t { outgoing, incoming };

/// Who ended a call, or why it ended.
enum class Ender : std::uint8_t { nobody, phone, peer, timeout };

class Call {
  public:
    /// How the call reaches the network.
    struct Wire {
        std::function<void(std::string_view text, base::Endpoint to)> send;
        /// Keeps the answer for retransmissions of its request, in place of an earlier one.
        std::function<void(const Message& request, const std::string& answer)> keep;
    };

    struct Terms {
        Timing timing{};
        std::chrono::milliseconds ring{200};        ///< before an incoming call is answered
        std::chrono::milliseconds patience{60'000}; ///< for the answer to an outgoing one
        /// Then this phone hangs up; without it a called phone leaves that to the caller.
        std::optional<std::chrono::milliseconds> talk;
    };

    Call(Seat seat, base::Endpoint rtp, Terms terms, Wire wire, Trace& trace);

    /// Calls the number.
    void place(std::string_view number, base::Steady now);
    /// Rings for an INVITE outside of any dialog.
    void take(const Message& invite, base::Endpoint from, base::Steady now);

    /// False when it belongs to another call.
    bool on_answer(const Message& answer, base::Endpoint from, base::Steady now);
    bool on_request(const Message& request, base::Endpoint from, base::Steady now);
    void tick(base::Steady now);
    std::optional<base::Steady> next() const;
    /// Ends it in the way its state asks for; it is over some messages later.
    void hang_up(base::Steady now);

    bool is_over() const noexcept { return state_ == State::over; }

    /// The far end's audio while the call stands.
    std::optional<Sdp> media() const {
        return state_ == State::standing ? far_media_ : std::nullopt;
    }

    Direction direction() const noexcept { return direction_; }

    const std::string& number() const noexcept { return number_; }

    bool was_answered() const noexcept { return stood_since_.has_value(); }

    int status() const noexcept { return status_; } ///< the INVITE's final one, 0 for none

    const std::string& reason() const noexcept { return reason_; }

    int reinvites() const noexcept { return reinvites_; }

    Ender ended_by() const noexcept { return ended_by_; }

    std::chrono::milliseconds stood_for() const noexcept;

  private:
    enum class State : std::uint8_t {
        calling,  ///< INVITE sent, nothing heard
        ringing,  ///< a provisional answer was heard, or sent
        answered, ///< 200 sent, its ACK is due
        standing,
        refused, ///< an answer of another kind sent, its ACK is due
        leaving, ///< BYE sent
        over,
    };

    /// What is sent again until something comes back.
    struct Repeated {
        std::string what; ///< the method, or the status line's beginning
        std::string text;
        base::Endpoint to;
        Retransmission timer;
    };

    // Either direction, in call.cpp.
    void repeat(std::string what,
                std::string text,
                std::string_view proof,
                Timing timing,
                base::Steady now);
    void on_silence(base::Steady now);
    void on_bye_answer(const Message& answer, base::Steady now);
    void send_bye(base::Steady now);
    void on_bye(const Message& bye, base::Endpoint from, base::Steady now);
    void stand(base::Steady now);
    void end(Ender who, base::Steady now);
    void close(base::Steady now);
    std::string answer(const Message& request,
                       base::Endpoint from,
                       int status,
                       std::string_view reason,
                       std::string_view more = "",
                       std::string_view body = "");

    // Outgoing, in call_out.cpp.
    void send_invite(base::Steady now);
    void on_invite_answer(const Message& answer, base::Steady now);
    void on_ok(const Message& answer, base::Steady now);
    void on_refusal(const Message& answer, base::Steady now);
    void send_cancel(base::Steady now);
    void acknowledge(unsigned cseq, std::string text, base::Endpoint to);

    // Incoming, and re-INVITE, in call_in.cpp.
    void pick_up(base::Steady now);
    void refuse(int status, std::string_view reason, base::Steady now);
    void on_invite(const Message& invite, base::Endpoint from, base::Steady now);
    void on_ack(const Message& ack, base::Endpoint from, base::Steady now);
    void on_cancel(const Message& cancel, base::Endpoint from, base::Steady now);
    void send_ok(base::Steady now);

    struct Acknowledgement {
        std::string text;
        base::Endpoint to;
    };

    Seat seat_;
    OwnSdp own_media_;
    Terms terms_;
    Wire wire_;
    Trace& trace_;
    Direction direction_ = Direction::outgoing;
    State state_ = State::calling;
    std::string number_;
    std::optional<Dialog> dialog_; ///< none before place() or take()
    Credentials credentials_;
    std::string proof_; ///< header line of our INVITE
    std::string tag_;   ///< ours in the answers to an incoming call
    std::string branch_;
    unsigned cseq_ = 0; ///< of our last request
    unsigned invite_cseq_ = 0;
    std::uint64_t far_cseq_ = 0;
    std::map<std::uint64_t, Acknowledgement> acks_; ///< by CSeq, for answers that come again
    std::optional<Repeated> request_;               ///< INVITE, CANCEL or BYE under way
    std::optional<Repeated> final_;                 ///< our answer to an INVITE, until its ACK
    std::optional<Message> invite_;                 ///< the incoming one that is to be answered
    base::Endpoint invite_from_;
    bool awaits_sdp_ = false; ///< the offer was ours: the ACK brings the answer
    std::optional<Sdp> far_media_;
    bool wants_to_leave_ = false; ///< as soon as the state allows it
    int reinvites_ = 0;
    std::optional<base::Steady> pick_up_at_;
    std::optional<base::Steady> hang_up_at_;
    std::optional<base::Steady> give_up_at_; ///< an outgoing call nobody answers
    std::optional<base::Steady> stood_since_;
    std::optional<base::Steady> stood_until_;
    int status_ = 0;
    std::string reason_;
    Ender ended_by_ = Ender::nobody;
};

} // namespace phone
