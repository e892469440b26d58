// SPDX-License-Identifier: MIT
// Other servers that answer phones: what they say where we hear it, and a question that only they
// can answer.
#pragma once

#include "pnp/reach.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pnp {

/// A server that answered a phone that does not exist.
struct Rival {
    base::Ipv4 address;
    std::string interface;  ///< ours, where the question went out
    std::string user_agent; ///< as it wrote it; empty when it did not
    std::string url_host;   ///< where it would send phones; empty while it only said 200

    std::string sentence() const;
};

/// What a server tells a phone.
struct Foreign {
    std::string call_id;
    std::optional<base::Mac> mac;
    std::string user_agent;
    std::string url_host;
    bool is_notify = false;
};

/// Whether it is worth reading: only servers send these.
bool may_be_foreign(std::string_view datagram) noexcept;

/// Nothing unless it is a 200 to a SUBSCRIBE, or a NOTIFY for ua-profile.
std::optional<Foreign> read_foreign(std::string_view datagram);

/// A SUBSCRIBE for ua-profile as a phone with this MAC would send it from `local`.
std::string write_probe(base::Endpoint local, base::Mac mac, std::string_view call_id);

/// One round of questions, one for each served address, and who answered them.
class Probe {
  public:
    using Done = std::function<void(std::vector<Rival>)>;

    static constexpr std::chrono::seconds patience{5};

    Probe(Done done, base::Steady end) : done_(std::move(done)), end_(end) {}

    void asked(std::string call_id, std::string interface) {
        questions_.push_back({std::move(call_id), std::move(interface)});
    }

    /// False when it is not about one of our questions.
    bool heard(const Foreign& said, base::Ipv4 from);

    base::Steady end() const noexcept { return end_; }

    void finish() { done_(std::move(rivals_)); }

  private:
    struct Question {
        std::string call_id;
        std::string interface;
    };

    Done done_;
    base::Steady end_;
    std::vector<Question> questions_;
    std::vector<Rival> rivals_;
};

} // namespace pnp
