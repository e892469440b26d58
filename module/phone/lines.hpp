// SPDX-License-Identifier: MIT
// The accounts in service: each with its own SIP port, its registration and the timers of both.
#pragma once

#include "module/phone/dialog.hpp"
#include "module/phone/registration.hpp"
#include "module/phone/report.hpp"
#include "module/phone/subscription.hpp"
#include "module/phone/trace.hpp"
#include "module/phone/udp.hpp"

#include <list>
#include <optional>
#include <string>
#include <vector>

namespace phone {

class Lines {
  public:
    Lines(Trace& trace, Timing timing) : trace_(trace), timing_(timing) {}

    /// Opens the account's port at `local`. An account that can have none is kept with the reason.
    base::Status add(Account account, base::Endpoint local, std::string user_agent);

    /// Keeps the account for the report only.
    void list(Account account);

    void clear() { lines_.clear(); }

    /// Begins to register every line the file lets register.
    void start(base::Steady now);
    bool is_busy() const noexcept; ///< a REGISTER is under way
    /// When tick() has something to do next.
    std::optional<base::Steady> next() const noexcept;
    /// Sends what is due: retransmissions and refreshes.
    void tick(base::Steady now);
    /// False when it belongs to no REGISTER of ours.
    bool on_answer(const Message& answer, base::Endpoint from, base::Steady now);

    bool all_registered() const noexcept; ///< and there is at least one
    /// Begins to take every registration back.
    void leave(base::Steady now);
    bool any_registered() const noexcept;
    UdpPort* first_registered() noexcept; ///< null when there is none
    /// Of the line with that port; none when it is no line's.
    std::optional<Seat> seat_of(const UdpPort& port) const;
    std::vector<UdpPort*> ports();
    std::vector<Report::Line> describe() const;

  private:
    struct Line {
        Account account;
        std::string remark;                       ///< why it has no port or does not register
        std::optional<UdpPort> port;              ///< none when the account is not usable
        std::optional<Registration> registration; ///< the same
        std::string user_agent{};
        std::optional<base::Endpoint> hop{}; ///< where its REGISTER goes
        std::string text{};                  ///< the REGISTER under way
        std::optional<Retransmission> sending{};
        int rounds = 0; ///< transactions of this attempt
        std::optional<base::Steady> refresh_at{};

        bool wants_to_register() const noexcept { return registration && remark.empty(); }
    };

    void begin(Line& line, base::Steady now);
    void send_new(Line& line, base::Steady now);
    void give_up(Line& line, const std::string& reason, base::Steady now);

    Trace& trace_;
    Timing timing_;
    std::list<Line> lines_;
};

} // namespace phone
