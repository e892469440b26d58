// SPDX-License-Identifier: MIT
// The comparison of wanted items with those of the phone.
#include "provisioning/wpi/difference.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/wpi/items.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace wpi {
namespace {

using inventory::ItemKey;

bool is_number(std::string_view name) noexcept {
    const auto* row = item_row(name);
    return row != nullptr && (row->type == ItemType::integer || row->type == ItemType::choice);
}

bool is_always_restored(std::string_view name) noexcept {
    const auto* row = item_row(name);
    return row != nullptr && row->always_restored;
}

/// Wherever it stands: the phone took this very value.
bool was_offered(const inventory::Workpoint& known,
                 const ItemKey& key,
                 const base::Digest256& digest) {
    const auto found = known.written.find(key);
    return found != known.written.end() && found->second == digest;
}

/// Whether to leave an item alone since the phone does not take it.
bool is_refused(const inventory::Workpoint& known,
                const ItemKey& key,
                bool is_same_again,
                bool at_start_up) {
    const auto found = known.refused.find(key);
    return found != known.refused.end() &&
           (is_for_good(found->second) || (is_same_again && !at_start_up));
}

std::string_view without_zeros(std::string_view digits) noexcept {
    const auto first = digits.find_first_not_of('0');
    return first == std::string_view::npos ? std::string_view("0") : digits.substr(first);
}

bool is_digits(std::string_view text) noexcept {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_bool(std::string_view text) noexcept {
    return base::iequals(text, "true") || base::iequals(text, "false");
}

} // namespace

ItemKey key_of(const Item& item) {
    return {item.name, item.index.value_or(-1)};
}

Item item_of(const ItemKey& key, std::string value) {
    return {key.name, key.index < 0 ? std::nullopt : std::optional(key.index), std::move(value)};
}

std::string str(const ItemKey& key) {
    const auto name = base::printable(key.name, 64);
    return key.index < 0 ? name : fmt::format("{} {}", name, key.index);
}

bool is_same_value(std::string_view item, std::string_view a, std::string_view b) noexcept {
    a = base::trim(a);
    b = base::trim(b);
    if (a == b || (is_bool(a) && base::iequals(a, b))) {
        return true;
    }
    // 0123 and 123 are two extensions, and one port.
    return is_number(item) && is_digits(a) && is_digits(b) && without_zeros(a) == without_zeros(b);
}

bool is_for_good(std::string_view status) noexcept {
    return status == "unknown item" || status == "read only" || status == "not supported" ||
           status == "invalid index";
}

Difference
compare(const std::vector<Item>& wanted, const inventory::Workpoint& known, const Yardstick& with) {
    Difference out;
    for (const auto& item : wanted) {
        const auto key = key_of(item);
        const auto digest = with.hash(key, item.value);
        const bool offered = was_offered(known, key, digest);
        if (is_refused(known, key, offered, with.at_start_up)) {
            continue;
        }
        const bool has_taken = offered && known.refused.count(key) == 0;
        const auto* row = item_row(item.name);
        if (is_secret(item.name)) {
            if (!has_taken) {
                out.secrets.push_back(item);
            }
            continue;
        }
        if (with.at_start_up && row != nullptr && row->each_start) {
            out.plain.push_back(item);
            continue;
        }
        const auto reported = known.reported.find(key);
        if (reported != known.reported.end() &&
            is_same_value(item.name, reported->second, item.value)) {
            if (!offered) {
                out.agreed.emplace(key, digest);
            }
            continue;
        }
        if (!has_taken) {
            out.plain.push_back(item);
        } else if (reported != known.reported.end() &&
                   (with.local_changes == LocalChanges::revert || is_always_restored(item.name)) &&
                   (!with.may_restore || with.may_restore(key))) {
            out.plain.push_back(item);
            out.restored.push_back(key);
        }
    }
    return out;
}

bool is_reset(const std::vector<Item>& wanted,
              const inventory::Workpoint& known,
              const Hash& hash) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const Item& item) {
        if (item.value.empty() || is_secret(item.name) || !is_always_restored(item.name)) {
            return false;
        }
        const auto key = key_of(item);
        const auto reported = known.reported.find(key);
        return reported != known.reported.end() && reported->second.empty() &&
               was_offered(known, key, hash(key, item.value));
    });
}

} // namespace wpi
