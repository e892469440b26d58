// SPDX-License-Identifier: MIT
// The phone's calls, one at a time: each with its line's port, its sound and its row in the report.
#pragma once

#include "module/phone/answers.hpp"
#include "module/phone/call.hpp"
#include "module/phone/report.hpp"
#include "module/phone/stream.hpp"

#include <optional>
#include <vector>

namespace phone {

class Calls {
  public:
    Calls(Trace& trace, Answers& answers, Call::Terms terms)
        : trace_(trace), answers_(answers), terms_(terms) {}

    /// Both fail when there is no port for the sound. `line` must outlive the call.
    base::Status place(Seat seat, UdpPort& line, std::string_view number, base::Steady now);
    base::Status
    take(Seat seat, UdpPort& line, const Message& invite, base::Endpoint from, base::Steady now);

    /// False when it belongs to no call.
    bool on_answer(const Message& answer, base::Endpoint from, base::Steady now);
    bool on_request(const Message& request, base::Endpoint from, base::Steady now);
    void hear(base::Steady now); ///< the sound that has arrived
    void tick(base::Steady now);
    std::optional<base::Steady> next() const;
    void hang_up(base::Steady now);
    /// Forgets a call that does not end; it keeps its row.
    void abandon();

    bool is_busy() const noexcept { return current_.has_value(); }

    std::optional<int> sound_fd() const noexcept;

    const std::vector<Report::Call>& rows() const noexcept { return rows_; } ///< of ended calls

  private:
    struct Current {
        Call call;
        Stream stream;
    };

    base::Status begin(Seat seat, UdpPort& line);
    void settle(base::Steady now); ///< after anything that may have changed the call's state
    Report::Call describe() const;

    Trace& trace_;
    Answers& answers_;
    Call::Terms terms_;
    std::optional<Current> current_;
    std::vector<Report::Call> rows_;
};

} // namespace phone
