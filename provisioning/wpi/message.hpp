// SPDX-License-Identifier: MIT
// The XML of the Workpoint Interface: what a phone says, and what a service answers, as plain
// values.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/wpi/items.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wpi {

/// Why a phone calls (WPI guide p. 28).
enum class Reason : std::uint8_t {
    start_up,
    local_changes,
    inventory_changes,
    status, ///< the result of a file that it was told to fetch
    solicited,
    reply_to, ///< the result of the action in our last answer
    clean_up, ///< it gives up; the item cleanup-reason says why
    other,    ///< a word that we do not know
};

/// What a phone says of an action (WPI guide p. 29, 46).
enum class Outcome : std::uint8_t { accepted, failed, busy };

/// A WorkpointMessage.
struct PhoneMessage {
    std::string nonce;                          ///< 1 to 64 letters and digits
    std::optional<std::size_t> most_items = {}; ///< maxItems; nothing: any number
    bool has_more = false;                      ///< fragment="next"
    Reason reason = Reason::other;
    std::string reason_text; ///< as it stands there, trimmed
    /// Of reply_to: whose result this is, known ones as name() spells them; may be empty.
    std::string action = {};
    Outcome outcome = Outcome::accepted; ///< of reply_to
    std::vector<Item> items = {};

    bool operator==(const PhoneMessage&) const = default;

    const Item* item(std::string_view name) const noexcept; ///< the first of that name
    /// Its value; empty where it is absent or has a status.
    std::string_view value(std::string_view name) const noexcept;
};

constexpr std::size_t largest_message = 1U << 20U; ///< bytes; the guide's own limit is 50 kB
constexpr std::size_t most_items_read = 10'000;

/// Names are matched without their namespace, and what is unknown is passed over: phones of many
/// versions are out there (WPI guide p. 26 to 29, 45). Refused: what base::parse_xml refuses, more
/// than 1 MiB or 10,000 items, a name or a value that is too long, nesting deeper than 8, another
/// root, no nonce. The error says line and column, or what is missing, and never quotes a value.
base::Result<PhoneMessage> parse(std::string_view text);

enum class Action : std::uint8_t {
    read_all_items,
    read_items,
    write_items,
    restart,
    file_deployment,
    software_deployment,
    get_next_fragment,
    clean_up,
};

std::string_view name(Action action) noexcept; ///< "ReadAllItems", as it stands in messages
/// "start-up", as it stands in messages; of one that is not known: "an unknown reason".
std::string_view name(Reason reason) noexcept;

std::optional<Action> action_named(std::string_view word) noexcept; ///< in any letter case

/// A DLSMessage.
struct ServiceMessage {
    std::string nonce; ///< of the message that it answers, byte for byte (WPI guide p. 28, 34)
    Action action = Action::clean_up;
    std::vector<Item> items = {};

    bool operator==(const ServiceMessage&) const = default;
};

/// Whether values lose what early firmware does not decode: < and > go, & becomes + (seen in the
/// field; unknown which versions, so `normal` by default).
enum class Escape : std::uint8_t { normal, legacy };

/// The bytes as the guide has them (p. 33, 35), with the list left out where there are no items.
/// Of items, name, index and value are written.
std::string write(const ServiceMessage& message, Escape escape = Escape::normal);

/// The bytes that one item takes in a message.
std::string write(const Item& item, Escape escape = Escape::normal);

} // namespace wpi
