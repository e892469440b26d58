// SPDX-License-Identifier: MIT
// What becomes of a phone that nobody decided upon: enrolment windows first, then [rule] sections.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/inventory/device.hpp"
#include "provisioning/inventory/pool.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

enum class Action : std::uint8_t { approve, assign, guest, block, hold };

/// One `[rule NAME]` section: what it matches, and what it does. An empty matcher matches all.
struct ApprovalRule {
    std::string name;
    std::string oui;    ///< "001fc1"
    std::string vendor; ///< as in conf/vendors, such as "htek"
    std::string model;  ///< as the phone writes it; a trailing * matches any rest
    std::optional<base::Network> network;

    Action action = Action::hold;
    std::optional<inventory::Pool> pool; ///< of assign
    bool only_enrolment = false;         ///< acts only while a window that names it is open
    std::size_t most = 300;              ///< phones that it may approve in all
};

/// As pnp.conf writes it.
std::string_view word(Action action) noexcept;

/// Whom a rule is about: "vendor htek, in 10.1.2.0/24", or "any phone".
std::string whom(const ApprovalRule& rule);

/// What a phone said of itself, and where. All but the address can be a lie.
struct Said {
    base::Mac mac;
    std::string vendor; ///< ours where we know it, else the phone's own word
    std::string model;
    base::Ipv4 source;
};

/// What is to be done with a phone, and who wants it so.
struct Ruling {
    Action action = Action::hold;
    std::optional<ApprovalRule> rule;              ///< of pnp.conf
    std::optional<inventory::Enrolment> enrolment; ///< the window that let it act
    std::string reason;                            ///< of a hold
};

/// The first open window that takes the phone, by its rule or without one; else the first rule
/// that matches. Nothing when neither does: then it is as `unknown_phone` says.
std::optional<Ruling> rule_on(const Said& said,
                              const std::vector<ApprovalRule>& rules,
                              const std::vector<inventory::Enrolment>& windows,
                              base::UnixMs now);

/// A window that names this very phone is open.
bool is_expected(base::Mac mac,
                 base::Ipv4 source,
                 const std::vector<inventory::Enrolment>& windows,
                 base::UnixMs now);

} // namespace engine
