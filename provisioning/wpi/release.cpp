// SPDX-License-Identifier: MIT
// Reading of firmware versions.
#include "provisioning/wpi/release.hpp"

#include "provisioning/base/text.hpp"

#include <charconv>

#include <fmt/format.h>

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

std::optional<Firmware> read_firmware(std::string_view text) noexcept {
    text = base::trim(text);
    Firmware read;
    const bool has_letters = take(text, 'v');
    const auto next = [&](int& into) {
        const auto value = number(text);
        into = value.value_or(0);
        return value.has_value();
    };
    if (!next(read.version)) {
        return std::nullopt;
    }
    if (has_letters) {
        if (take(text, '.') && !next(read.sub)) {
            return std::nullopt;
        }
        text = base::trim(text);
        if (!take(text, 'r')) {
            return std::nullopt;
        }
    } else if (!take(text, '.')) {
        return std::nullopt;
    }
    if (!next(read.release)) {
        return std::nullopt;
    }
    for (int* part : {&read.fix, &read.hotfix}) {
        if (take(text, '.') && !next(*part)) {
            return std::nullopt;
        }
    }
    return text.empty() || text.front() == ' ' ? std::optional(read) : std::nullopt;
}

std::string str(const Firmware& firmware) {
    return firmware.sub == 0 ? fmt::format("{}.{}.{}.{}", firmware.version, firmware.release,
                                           firmware.fix, firmware.hotfix)
                             : fmt::format("V{}.{} R{}.{}.{}", firmware.version, firmware.sub,
                                           firmware.release, firmware.fix, firmware.hotfix);
}

bool is_same_firmware(std::string_view one, std::string_view other) noexcept {
    const auto first = read_firmware(one);
    const auto second = read_firmware(other);
    return first && second ? *first == *second : base::iequals(base::trim(one), base::trim(other));
}

bool remembers_to_call(std::string_view firmware) noexcept {
    const auto release = read_release(firmware);
    return release && *release >= Release{3, 3};
}

} // namespace wpi
