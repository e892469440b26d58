// SPDX-License-Identifier: MIT
#include "module/option_values.hpp"

#include "provisioning/profile/firmware.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace engine {

using base::Errc;
using base::fail;
using base::Status;

Status not_one_of(std::string_view value, const std::vector<std::string_view>& words) {
    return fail(Errc::malformed, "\"{}\" is none of: {}", value, fmt::join(words, ", "));
}

Status
set_word(std::string& out, std::string_view value, std::initializer_list<std::string_view> words) {
    const std::vector<std::string_view> known(words);
    if (std::find(known.begin(), known.end(), value) == known.end()) {
        return not_one_of(value, known);
    }
    out = value;
    return {};
}

Status set_word(std::optional<std::string>& out,
                std::string_view value,
                std::initializer_list<std::string_view> words) {
    return set_word(out.emplace(), value, words);
}

Status set_interfaces(base::InterfaceChoice& out, std::string_view value) {
    base::InterfaceChoice choice{false, {}};
    std::string list(value);
    std::replace(list.begin(), list.end(), ' ', ',');
    for (const auto name : base::split(list, ',')) {
        if (name == "auto") {
            choice.automatic = true;
        } else {
            choice.names.emplace_back(name);
        }
    }
    if (choice.automatic && !choice.names.empty()) {
        return fail(Errc::malformed, "write either auto or names, not both");
    }
    if (!choice.automatic && choice.names.empty()) {
        return fail(Errc::malformed, "write auto, or names such as \"eth0, eth1\"");
    }
    out = std::move(choice);
    return {};
}

Status set_levels(std::vector<std::pair<std::string, base::log::Level>>& out,
                  std::string_view value) {
    static constexpr std::array<std::string_view, 4> levels = {"debug", "info", "warn", "error"};
    static constexpr std::array<std::string_view, 9> rooms = {
        "", "base", "inventory", "profile", "serve", "pnp", "dialplan", "admin", "engine"};
    out.clear();
    for (const auto item : base::split(value, ',')) {
        const auto equals = item.find('=');
        const auto room = equals == item.npos ? "" : base::trim(item.substr(0, equals));
        const auto word = equals == item.npos ? item : base::trim(item.substr(equals + 1));
        const auto* const level = std::find(levels.begin(), levels.end(), word);
        if (level == levels.end()) {
            return fail(Errc::malformed, "\"{}\" is none of: debug, info, warn, error", word);
        }
        if (std::find(rooms.begin(), rooms.end(), room) == rooms.end()) {
            return fail(Errc::malformed,
                        "there is no room \"{}\"; rooms: base, inventory, profile, "
                        "serve, pnp, dialplan, admin, engine",
                        room);
        }
        out.emplace_back(room, static_cast<base::log::Level>(level - levels.begin()));
    }
    return {};
}

Status set_dialplan_name(std::string& out, std::string_view value) {
    const auto is_plain = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '-' || c == '_' || c == '.';
    };
    if (value.empty() || value.size() > 79 || !std::all_of(value.begin(), value.end(), is_plain)) {
        return fail(Errc::malformed, "\"{}\" is no name: write 1 to 79 of A-Z a-z 0-9 - _ .",
                    value);
    }
    out = value;
    return {};
}

Status set_dial_code(std::string& out, std::string_view value) {
    // No #: many phones take it for the end of a number.
    if (value.empty() || value.size() > 32 ||
        value.find_first_not_of("0123456789*+") != value.npos) {
        return fail(Errc::malformed, "\"{}\" cannot be dialled: write digits, *, or a + in front",
                    value);
    }
    out = value;
    return {};
}

Status set_codecs(std::optional<std::string>& out, std::string_view value) {
    std::vector<std::string> codecs;
    for (const auto part : base::split(value, ',')) {
        std::string codec;
        if (auto done = set_dialplan_name(codec, part); !done) {
            return done;
        }
        codecs.push_back(std::move(codec));
    }
    if (codecs.empty()) {
        return fail(Errc::malformed, "write at least one codec, such as g722,alaw,ulaw");
    }
    out = fmt::format("{}", fmt::join(codecs, ","));
    return {};
}

Status set_group(base::Ipv4& out, std::string_view value) {
    const auto address = base::Ipv4::parse(value);
    if (!address || !address->is_multicast()) {
        return fail(Errc::malformed, "\"{}\" is not an IPv4 multicast address", value);
    }
    out = *address;
    return {};
}

Status set_network(std::optional<base::Network>& out, std::string_view value) {
    out = base::Network::parse(value);
    if (!out) {
        return fail(Errc::malformed, "\"{}\" is not a network such as 10.0.0.0/24", value);
    }
    return {};
}

Status set_numbers(std::optional<profile::Numbers>& out, std::string_view value) {
    const auto dash = value.find('-');
    const auto first = base::trim(value.substr(0, dash));
    const auto last = dash == value.npos ? first : base::trim(value.substr(dash + 1));
    const auto is_number = [](std::string_view text) {
        return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    };
    if (!is_number(first) || !is_number(last) || first.size() != last.size() || last < first) {
        return fail(Errc::malformed,
                    "\"{}\" is no extension such as 201, nor numbers such as 200-299", value);
    }
    out = profile::Numbers{std::string(first), std::string(last)};
    return {};
}

Status set_dialled(std::optional<std::string>& out, std::string_view value) {
    if (value.empty() || value.size() > 32 ||
        value.find_first_not_of("0123456789*#") != value.npos) {
        return fail(Errc::malformed,
                    "\"{}\" is nothing that a phone dials: digits, * and #, 32 at most", value);
    }
    out = std::string(value);
    return {};
}

Status set_networks(std::vector<base::Network>& out, std::string_view value) {
    out.clear();
    for (const auto item : base::split(value, ',')) {
        const auto network = base::Network::parse(item);
        if (!network) {
            return fail(Errc::malformed,
                        "\"{}\" is not a network such as 10.0.0.0/24, nor an address", item);
        }
        out.push_back(*network);
    }
    return {};
}

Status set_oui(std::string& out, std::string_view value) {
    std::string digits;
    for (const char c : value) {
        if (std::isxdigit(static_cast<unsigned char>(c)) != 0) {
            digits += c;
        } else if (c != ':' && c != '-' && c != '.') {
            digits.clear();
            break;
        }
    }
    if (digits.size() != 6) {
        return fail(Errc::malformed, "\"{}\" is no OUI: write six hex digits, such as 001fc1",
                    value);
    }
    out = base::lower(digits);
    return {};
}

Status set_pool(std::optional<inventory::Pool>& out, std::string_view value) {
    inventory::Pool pool;
    if (inventory::is_pool_name(value)) {
        pool.name = value;
    } else if (auto ranges = inventory::parse_ranges(value); ranges) {
        pool.ranges = std::move(*ranges);
    } else {
        return tl::unexpected(ranges.error());
    }
    out = std::move(pool);
    return {};
}

Status add_pool(std::vector<inventory::Pool>& out, std::string_view name, std::string_view value) {
    if (!inventory::is_pool_name(name)) {
        return fail(Errc::malformed,
                    "\"{}\" is no name for a pool: write a letter, then letters, digits, dashes "
                    "and underscores, such as pool sales = 200-299",
                    base::printable(name, 40));
    }
    auto ranges = inventory::parse_ranges(value);
    if (!ranges) {
        return tl::unexpected(ranges.error());
    }
    out.push_back({std::string(name), std::move(*ranges), {}});
    return {};
}

Status set_version(std::string& out, std::string_view value) {
    if (!profile::is_version(value)) {
        return fail(Errc::malformed,
                    "\"{}\" is no version: write numbers with dots between them, as the phone "
                    "does, such as 01.100",
                    value);
    }
    out = value;
    return {};
}

Status set_firmware_file(std::string& out, std::string_view value) {
    if (!profile::is_firmware_file(value)) {
        return fail(Errc::malformed,
                    "\"{}\" is no name for it: write letters, digits, dots, dashes and "
                    "underscores, at most 64, and put the file into the folder `firmware`",
                    value);
    }
    out = value;
    return {};
}

Status set_offer_url(std::optional<base::Secret>& out, std::string_view value) {
    // The scheme is all that is looked at: the error must not print a password.
    static constexpr std::array<std::string_view, 4> schemes = {"http://", "https://", "tftp://",
                                                                "ftp://"};
    if (std::none_of(schemes.begin(), schemes.end(),
                     [&](auto scheme) { return base::istarts_with(value, scheme); })) {
        return fail(Errc::malformed, "write a URL that starts with http://, https://, tftp:// or "
                                     "ftp://");
    }
    out = base::Secret(value);
    return {};
}

} // namespace engine
