// SPDX-License-Identifier: MIT
// Who may have write-only items, where no phone proves who it is: a pure decision.
#pragma once

#include "provisioning/inventory/snapshot.hpp"
#include "provisioning/serve/gate.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace wpi {

/// By what a message was found to belong to a conversation.
enum class Match : std::uint8_t {
    opened,     ///< it opened it
    cookie,     ///< which only the phone was given
    connection, ///< the one on which it was opened, or on which the cookie was shown
    peer,       ///< nothing but the address, which phones behind a NAT share with whoever is there
};

/// The conversation in which they would be sent.
struct Claimant {
    base::Mac mac;
    base::Ipv4 source; ///< of the message that opened it, and of each that followed
    Match match = Match::opened;
    /// The enrolment window that was open for this phone when it called, if this conversation has
    /// it.
    std::optional<std::int64_t> window = {};
};

struct Granted {
    std::optional<std::int64_t> window; ///< to be spent first; nothing: the phone is a neighbour
};

struct Withheld {
    std::string why; ///< and what helps
};

using SecretsVerdict = std::variant<Granted, Withheld>;

/// Yes where the neighbour table shows this phone at the source; else, where that table cannot
/// know, inside a window that names the phone (and the source, if it names a network), once. Never
/// for a device that nobody approved. `is_spent`: Workpoints::is_window_spent.
SecretsVerdict may_have_secrets(const Claimant& caller,
                                const serve::Gate& gate,
                                const inventory::Snapshot& snapshot,
                                base::UnixMs now,
                                const std::function<bool(std::int64_t)>& is_spent);

/// The window that a phone that calls from `source` now would get its secrets in: nothing where
/// none is open or it is spent.
std::optional<std::int64_t> open_window(base::Mac mac,
                                        base::Ipv4 source,
                                        const inventory::Snapshot& snapshot,
                                        base::UnixMs now,
                                        const std::function<bool(std::int64_t)>& is_spent);

} // namespace wpi
