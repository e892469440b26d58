// SPDX-License-Identifier: MIT
// Reads the values of options: each refusal says what to write.
#pragma once

#include "module/rules.hpp"
#include "provisioning/base/interfaces.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/site.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace engine {

template <class Number>
base::Status
set_number(Number& out, std::string_view value, std::uint64_t least, std::uint64_t most) {
    const auto number = base::parse_number(value);
    if (!number || *number < least || *number > most) {
        return base::fail(base::Errc::malformed, "\"{}\" is not a number from {} to {}", value,
                          least, most);
    }
    out = static_cast<Number>(*number);
    return {};
}

template <class Value>
base::Status set_duration(Value& out,
                          std::string_view value,
                          std::chrono::milliseconds least,
                          std::chrono::milliseconds most) {
    const auto duration = base::parse_duration(value);
    if (!duration) {
        return tl::unexpected(duration.error());
    }
    if (*duration < least || *duration > most) {
        return base::fail(base::Errc::malformed, "{} is not between {} and {}", value,
                          base::format_duration(least), base::format_duration(most));
    }
    out = std::chrono::duration_cast<Value>(*duration);
    return {};
}

base::Status not_one_of(std::string_view value, const std::vector<std::string_view>& words);

/// One of these words, each of which stands for a value.
template <class Value>
base::Status set_choice(Value& out,
                        std::string_view value,
                        std::initializer_list<std::pair<std::string_view, Value>> choices) {
    std::vector<std::string_view> words;
    for (const auto& [word, meaning] : choices) {
        if (word == value) {
            out = meaning;
            return {};
        }
        words.push_back(word);
    }
    return not_one_of(value, words);
}

base::Status
set_word(std::string& out, std::string_view value, std::initializer_list<std::string_view> words);
base::Status set_word(std::optional<std::string>& out,
                      std::string_view value,
                      std::initializer_list<std::string_view> words);
base::Status set_interfaces(base::InterfaceChoice& out, std::string_view value);
base::Status set_levels(std::vector<std::pair<std::string, base::log::Level>>& out,
                        std::string_view value);
/// A word that the PBX's own files could hold: it goes into them by way of its API.
base::Status set_dialplan_name(std::string& out, std::string_view value);
/// What a phone dials, and no pattern: digits, * and +.
base::Status set_dial_code(std::string& out, std::string_view value);
base::Status set_codecs(std::optional<std::string>& out, std::string_view value);
base::Status set_group(base::Ipv4& out, std::string_view value);
base::Status set_network(std::optional<base::Network>& out, std::string_view value);
/// "201" or "200-299".
base::Status set_numbers(std::optional<profile::Numbers>& out, std::string_view value);
/// Digits, * and #: what a key of a phone may dial.
base::Status set_dialled(std::optional<std::string>& out, std::string_view value);
base::Status set_networks(std::vector<base::Network>& out, std::string_view value);
base::Status set_oui(std::string& out, std::string_view value);
/// A name, whose numbers are looked up once all is read, or the numbers themselves.
base::Status set_pool(std::optional<inventory::Pool>& out, std::string_view value);
base::Status
add_pool(std::vector<inventory::Pool>& out, std::string_view name, std::string_view value);
base::Status set_version(std::string& out, std::string_view value);
/// A name as it may stand in a URL: no path.
base::Status set_firmware_file(std::string& out, std::string_view value);
base::Status set_offer_url(std::optional<base::Secret>& out, std::string_view value);

} // namespace engine
