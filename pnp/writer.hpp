// SPDX-License-Identifier: MIT
// Writes the 200 and the NOTIFYs from the bytes that the phone sent.
#pragma once

#include "pnp/message.hpp"
#include "pnp/policy.hpp"
#include "provisioning/base/net.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pnp {

/// What one dialog of ours is called on the wire; `local` is the socket that sends its NOTIFY.
struct Naming {
    std::uint32_t id = 0;
    base::Endpoint local;
    base::Endpoint source; ///< of the SUBSCRIBE
};

std::string write_ok(const Subscribe& request, const Naming& naming);

/// The branch of the standard NOTIFY, which the phone's answer carries.
std::string notify_branch(std::uint32_t id);
/// Of a branch of ours, this or resync_branch(); nothing in one that cannot be.
std::optional<std::uint32_t> id_of_branch(std::string_view branch) noexcept;

/// In the dialect given, whatever the offer says: a refused standard form is tried as echo.
std::string write_notify(const Subscribe& request,
                         const Naming& naming,
                         const Offer& offer,
                         profile::Dialect dialect);

struct Resync {
    base::Endpoint phone;
    base::Endpoint local;
    std::string event; ///< must be one printable line
    std::uint32_t id = 0;
};

std::string resync_branch(std::uint32_t id);
std::string resync_call_id(const Resync& resync);
std::string write_resync(const Resync& resync);

} // namespace pnp
