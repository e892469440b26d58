// SPDX-License-Identifier: MIT
// What changes of extensions come to.
#include "provisioning/base/utf8.hpp"
#include "provisioning/inventory/guest.hpp"
#include "provisioning/inventory/plan.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace inventory {

using base::Errc;
using base::fail;
using base::Status;

namespace {

constexpr std::size_t most_number = 64;
constexpr std::size_t most_account_text = 200;

bool is_number_letter(char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') ||
           (letter != '\0' && std::string_view("*#+-._").find(letter) != std::string_view::npos);
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

} // namespace

Status Plan::carry_out(const AddExtension& change) {
    const auto& [number, name, password] = change.extension;
    if (number.empty() || number.size() > most_number ||
        !std::all_of(number.begin(), number.end(), is_number_letter)) {
        return fail(Errc::malformed,
                    "add extension: a number has 1 to {} letters, digits or * # + - . _",
                    most_number);
    }
    if (name.size() > most_account_text || !base::is_plain_text(name)) {
        return fail(Errc::malformed,
                    "add extension {}: a name has at most {} bytes of UTF-8 and no control "
                    "characters",
                    number, most_account_text);
    }
    const base::Revealed text = password.reveal();
    if (password.empty() || password.size() > most_account_text || !base::is_plain_text(text)) {
        return fail(Errc::malformed,
                    "add extension {}: a password has 1 to {} bytes of UTF-8 and no control "
                    "characters; anybody could register as {} without one",
                    number, most_account_text, number);
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
    if (before_.extension(number) == nullptr) {
        stale_pins_.insert(number); // of an extension of the PBX that had the number
    } else {
        stale_pins_.erase(number); // removed and added in one list: it is the same one
    }
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
    stale_pins_.insert(change.number);
    return {};
}

} // namespace inventory
