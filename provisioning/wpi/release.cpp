// SPDX-License-Identifier: MIT
// Reading of firmware versions.
#include "provisioning/wpi/release.hpp"

#include <charconv>

namespace wpi {
namespace {

/// Takes a number off the front.
std::optional<int> number(std::string_view& text) noexcept {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take(std::string_view& text, char small) noexcept {
    if (text.empty() || (text.front() | 0x20) != small) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

} // namespace

std::optional<Release> read_release(std::string_view text) noexcept {
    const bool has_letters = take(text, 'v');
    const auto version = number(text);
    if (!version) {
        return std::nullopt;
    }
    if (!has_letters) {
        if (text.empty() || text.front() != '.') {
            return std::nullopt;
        }
        text.remove_prefix(1);
    } else {
        const auto letter = text.find_first_of("Rr");
        if (letter == std::string_view::npos) {
            return std::nullopt;
        }
        text.remove_prefix(letter + 1);
    }
    const auto release = number(text);
    return release ? std::optional(Release{*version, *release}) : std::nullopt;
}

bool remembers_to_call(std::string_view firmware) noexcept {
    const auto release = read_release(firmware);
    return release && *release >= Release{3, 3};
}

} // namespace wpi
