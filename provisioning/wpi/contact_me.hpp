// SPDX-License-Identifier: MIT
// The request that asks a phone to call: where it may go, its bytes, and what the answer means.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/inventory/workpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wpi {

struct ContactMeRules {
    /// Where phones listen: the interface's own port (WPI guide p. 12), and those of the web page.
    std::vector<std::uint16_t> ports = {8085, 80, 443};
    /// Phones here are called where they say, wherever their messages come from.
    std::vector<base::Network> networks = {};
};

/// Where a phone's contact-me-uri may be followed to. Anybody can write that item: so it goes to
/// the address that the phone's last message came from, or into a network that the administrator
/// named, to no other path than the interface's, and only by plain HTTP. The error says what is
/// wrong with it, and what happens instead.
base::Result<base::Endpoint>
contact_me_target(std::string_view uri, base::Ipv4 peer, const ContactMeRules& rules = {});

/// The whole request (WPI guide p. 14).
std::string contact_me_request(base::Endpoint phone);

constexpr std::size_t longest_contact_me_answer = 4096;

/// What an answer is, once its head is complete; while it is not, Errc::truncated. Only 204 says
/// that the request arrived; whether and when the phone calls it decides itself (WPI guide p. 15,
/// 41).
base::Status read_contact_me_answer(std::string_view bytes);

/// What teaches us how a phone is reached.
enum class Heard : std::uint8_t {
    came_when_called, ///< its `solicited`, within the time that it has for it after a contact-me
    did_not_come,     ///< no 204, or nothing after it
    from_elsewhere,   ///< a message with another contact-me-uri, or from another address
};

/// So many contact-mes in vain, one after the other, and a phone that polls is left to that: a
/// single one is now and then ignored by a phone that hears us.
constexpr std::uint32_t failures_until_poll = 2;
/// And one that does not is waited for: as many as ContactMePacing has attempts.
constexpr std::uint32_t failures_until_left = 5;

/// Counts contact_me_failures and decides `reached` anew; nothing else of `phone` changes. Polls
/// alone teach nothing: anybody can send them in a phone's name, and would so keep us from calling
/// it.
void learn(inventory::Workpoint& phone, Heard what, const ContactMeRules& rules = {});

/// How soon after one contact-me that it served a phone hears the next: its dls-contact-interval as
/// far as that is known, from a minute to a day; else 300 s, as from the factory.
std::chrono::seconds contact_gap(const inventory::Workpoint& phone) noexcept;

/// When a phone hears a contact-me again; what has passed means now.
base::UnixMs hears_contact_from(const inventory::Workpoint& phone) noexcept;

/// Whether a job is worth a contact-me: `reached` does not speak against it, and there is where to
/// send it. A phone that polls is called as well where it hears us, since that is quicker.
bool is_callable(const inventory::Workpoint& phone, const ContactMeRules& rules = {});

} // namespace wpi
