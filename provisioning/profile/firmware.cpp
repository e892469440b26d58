// SPDX-License-Identifier: MIT
// Versions as numbers, and the first section that matches a phone.
#include "provisioning/profile/firmware.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/site.hpp"

#include <algorithm>
#include <cstdint>

namespace profile {
namespace {

constexpr std::size_t longest_version = 40;
constexpr std::size_t longest_name = 64;

/// Without zeros at its end; nothing where it is no version.
std::optional<std::vector<std::uint64_t>> parts_of(std::string_view text) {
    if (text.size() > longest_version) {
        return std::nullopt;
    }
    std::vector<std::uint64_t> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const auto dot = std::min(text.find('.', at), text.size());
        const auto number = base::parse_number(text.substr(at, dot - at));
        if (!number) {
            return std::nullopt;
        }
        parts.push_back(*number);
        at = dot + 1;
    }
    while (!parts.empty() && parts.back() == 0) {
        parts.pop_back();
    }
    return parts;
}

} // namespace

bool is_version(std::string_view text) {
    return parts_of(text).has_value();
}

bool is_older(std::string_view version, std::string_view than) {
    const auto one = parts_of(version);
    const auto other = parts_of(than);
    return one && other && *one < *other;
}

bool is_same_version(std::string_view one, std::string_view other) {
    const auto parts = parts_of(one);
    return parts && parts == parts_of(other);
}

const Firmware* firmware_for(const std::vector<Firmware>& all,
                             std::string_view vendor,
                             std::string_view model,
                             base::Ipv4 phone) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Firmware& one) {
        return (one.vendor.empty() || one.vendor == vendor) && takes_model(one.model, model) &&
               (!one.network || one.network->contains(phone));
    });
    return found == all.end() ? nullptr : &*found;
}

bool is_firmware_file(std::string_view name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789.-_";
    return !name.empty() && name.size() <= longest_name && name.front() != '.' &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

} // namespace profile
