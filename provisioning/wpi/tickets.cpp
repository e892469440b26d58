// SPDX-License-Identifier: MIT
// Tokens of files: made, found, ended.
#include "provisioning/wpi/tickets.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"

#include <array>

#include <fmt/format.h>

namespace wpi {

std::optional<std::string> wrong_file_name(std::string_view name) {
    constexpr std::string_view unreserved = // RFC 3986 2.3
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    if (name.empty() || name.find_first_not_of(unreserved) != std::string_view::npos) {
        return fmt::format("'{}': a phone fetches files whose names have letters, digits, dots and "
                           "dashes alone; rename it",
                           base::printable(name, 60));
    }
    return std::nullopt;
}

base::Result<std::string> Tickets::add(Ticket ticket, base::UnixMs now) {
    std::array<std::uint8_t, 16> random{};
    if (const auto filled = base::random_bytes(random); !filled) {
        return tl::unexpected(filled.error());
    }
    auto token = base::base64url(random);
    expire(now);
    const std::lock_guard hold(lock_);
    if (tickets_.size() >= most) {
        return base::fail(base::Errc::refused, "{} files are waiting to be fetched", most);
    }
    tickets_.emplace(token, std::move(ticket));
    return token;
}

std::optional<Ticket> Tickets::find(const std::string& token, base::UnixMs now) const {
    const std::lock_guard hold(lock_);
    const auto found = tickets_.find(token);
    return found != tickets_.end() && found->second.until > now ? std::optional(found->second)
                                                                : std::nullopt;
}

void Tickets::expire(base::UnixMs now) {
    const std::lock_guard hold(lock_);
    std::erase_if(tickets_, [&](const auto& entry) { return entry.second.until <= now; });
}

} // namespace wpi
