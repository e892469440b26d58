// SPDX-License-Identifier: MIT
// What changes of extensions come to, and which number of a pool is free.
#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"
#include "provisioning/inventory/guest.hpp"
#include "provisioning/inventory/plan.hpp"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

namespace inventory {

using base::Errc;
using base::fail;
using base::Status;

namespace {

constexpr std::size_t most_number = 64;
constexpr std::size_t most_text = 200;
constexpr std::uint64_t most_pool = 10'000;
constexpr std::size_t most_pool_digits = 18; // fits 64 bits

bool is_number_letter(char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') ||
           (letter != '\0' && std::string_view("*#+-._").find(letter) != std::string_view::npos);
}

/// What a phone's file can carry: UTF-8 without control characters, those of C1 among them.
bool is_plain_text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const base::Utf8 found = base::utf8_at(text, at);
        if (found.length == 0 || found.code < 0x20 || (found.code >= 0x7f && found.code < 0xa0) ||
            found.code == 0xfffe || found.code == 0xffff) {
            return false;
        }
        at += found.length;
    }
    return true;
}

/// The first few, so that a sentence stays one.
std::string named(const std::vector<base::Mac>& macs) {
    constexpr std::size_t most = 5;
    std::vector<std::string> words;
    for (std::size_t at = 0; at < std::min(macs.size(), most); ++at) {
        words.push_back(macs[at].str());
    }
    const auto all = fmt::format("{}", fmt::join(words, ", "));
    return macs.size() > most ? fmt::format("{} and {} more", all, macs.size() - most) : all;
}

/// How many numbers there are from `first` to `last`.
base::Result<std::uint64_t> pool_size(const std::string& first, const std::string& last) {
    const auto lowest = base::parse_number(first);
    const auto highest = base::parse_number(last);
    if (!lowest || !highest || first.size() != last.size() || first.size() > most_pool_digits ||
        *lowest > *highest) {
        return fail(Errc::malformed,
                    "{}-{} is no range of numbers; give two of the same length, the lower one "
                    "first, such as 200-299",
                    first, last);
    }
    const auto size = *highest - *lowest + 1;
    if (size > most_pool) {
        return fail(Errc::malformed, "{}-{} holds {} numbers; a range has at most {}", first, last,
                    size, most_pool);
    }
    return size;
}

} // namespace

Status Plan::carry_out(const AssignFromPool& change) {
    const auto mac = change.mac; // no structured binding: clang 14 captures none
    const auto& first = change.first;
    const auto& last = change.last;
    if (auto valid = check_mac(mac); !valid) {
        return valid;
    }
    if (change.only_pending) {
        if (auto pending = check_pending(mac, "assign"); !pending) {
            return pending;
        }
    }
    const auto size = pool_size(first, last);
    if (!size) {
        return fail(size.error().code, "assign {}: {}", mac.str(), size.error().what);
    }
    if (const auto* known = device(mac); known != nullptr && !known->lines.empty()) {
        // Not Approve: that would grant a new credential to whoever asks for one.
        return carry_out(Assign{mac, std::vector<std::string>(known->lines)});
    }
    // Of the devices as they are after the changes before this one, so that two phones of one list
    // do not get the same.
    std::set<std::string> taken;
    const auto take = [&](const Device& device) {
        for (const auto& number : device.lines) {
            if (number.size() == first.size() && number >= first && number <= last) {
                taken.insert(number);
            }
        }
    };
    for (const auto* each : before_.devices()) {
        if (devices_.count(each->mac) == 0) {
            take(*each);
        }
    }
    for (const auto& entry : devices_) {
        take(entry.second.device);
    }
    for (std::uint64_t at = 0; at < *size; ++at) {
        auto number = fmt::format("{:0{}}", *base::parse_number(first) + at, first.size());
        if (taken.count(number) == 0 && is_extension(number)) {
            return carry_out(Assign{mac, {std::move(number)}});
        }
    }
    return fail(Errc::conflict,
                "assign {}: none of {}-{} is free; add extensions there, or unassign phones that "
                "are gone ({} of these numbers are on phones)",
                mac.str(), first, last, taken.size());
}

Status Plan::carry_out(const AddExtension& change) {
    const auto& [number, name, password] = change.extension;
    if (number.empty() || number.size() > most_number ||
        !std::all_of(number.begin(), number.end(), is_number_letter)) {
        return fail(Errc::malformed,
                    "add extension: a number has 1 to {} letters, digits or * # + - . _",
                    most_number);
    }
    if (name.size() > most_text || !is_plain_text(name)) {
        return fail(Errc::malformed,
                    "add extension {}: a name has at most {} bytes of UTF-8 and no control "
                    "characters",
                    number, most_text);
    }
    const base::Revealed text = password.reveal();
    if (password.empty() || password.size() > most_text || !is_plain_text(text)) {
        return fail(Errc::malformed,
                    "add extension {}: a password has 1 to {} bytes of UTF-8 and no control "
                    "characters; anybody could register as {} without one",
                    number, most_text, number);
    }
    if (const auto whose = guest_of(number)) {
        return fail(Errc::refused,
                    "add extension {}: that is the account of {} as a guest; pnp guest {} makes it",
                    number, whose->str(), whose->str());
    }
    if (has_extension(number)) {
        return fail(Errc::conflict,
                    "add extension {}: it is there already; assign it as it is, or remove it first",
                    number);
    }
    orders_.push_back(fmt::format("add extension {}", number));
    extensions_[number] = change.extension;
    return {};
}

Status Plan::carry_out(const RemoveExtension& change) {
    if (!has_extension(change.number)) {
        return fail(Errc::not_found,
                    "remove extension {}: there is none of ours with this number; those of the PBX "
                    "are removed in the PBX",
                    change.number);
    }
    if (const auto macs = holders(change.number); !macs.empty()) {
        return fail(Errc::conflict, "remove extension {}: {} {} it on a line; unassign there first",
                    change.number, named(macs), macs.size() == 1 ? "has" : "have");
    }
    orders_.push_back(fmt::format("remove extension {}", change.number));
    extensions_[change.number] = std::nullopt;
    return {};
}

} // namespace inventory
