// SPDX-License-Identifier: MIT
// NOTIFYs that wait for their answer: repeated by timer E, given up by timer F.
#pragma once

#include "pnp/answered.hpp"
#include "pnp/context.hpp"
#include "pnp/deadlines.hpp"
#include "pnp/message.hpp"
#include "provisioning/base/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace pnp {

struct Notify {
    std::string bytes;
    std::string branch;
    std::string call_id;
    Path path;
};

/// A final status, or 0 and the reason why there will be none.
struct NotifyEnd {
    int status = 0;
    std::string reason;
};

class Notifying {
  public:
    explicit Notifying(Context& context) : context_(context) {}

    /// `id` names it until it ends; `ended` is called once, from on_response(), tick() or keep().
    void start(std::uint32_t id,
               Notify notify,
               int retries,
               base::Steady now,
               std::function<void(const NotifyEnd&)> ended);
    void abandon(std::uint32_t id); ///< no more repeats; `ended` is not called
    /// Ends those that would leave from a local address which is not among these.
    void keep(const std::function<bool(base::Ipv4 local)>& is_served);

    /// Takes the answer that carries branch and Call-ID and comes from where the NOTIFY went.
    bool on_response(const Response& response, base::Ipv4 source);

    void tick(base::Steady now);

    std::optional<base::Steady> next_due() const { return deadlines_.next(); }

    bool knows(std::uint32_t id) const { return waiting_.count(id) != 0; }

  private:
    struct Waiting {
        Notify notify;
        std::function<void(const NotifyEnd&)> ended;
        base::Steady give_up{};
        base::Duration interval{};
        int retries = 0;
        Deadlines::Slot due;
    };

    void end(std::uint32_t id, const NotifyEnd& how);
    void schedule(std::uint32_t id, Waiting& waiting, base::Steady now);

    Context& context_;
    std::unordered_map<std::uint32_t, Waiting> waiting_;
    Deadlines deadlines_;
};

} // namespace pnp
