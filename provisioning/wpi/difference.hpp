// SPDX-License-Identifier: MIT
// What a phone should have against what it has: which items are to be written.
#pragma once

#include "provisioning/inventory/workpoint.hpp"
#include "provisioning/wpi/message.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wpi {

inventory::ItemKey key_of(const Item& item);
Item item_of(const inventory::ItemKey& key, std::string value = {});
std::string str(const inventory::ItemKey& key); ///< "key-label 3", for people

/// Phones spell values as they like: true and TRUE, 5060 and 05060 (of items that are numbers).
bool is_same_value(std::string_view item, std::string_view a, std::string_view b) noexcept;

/// Whether a refusal holds until the phone has another firmware; one of a value may be of a moment,
/// and is tried again at the next start-up.
bool is_for_good(std::string_view status) noexcept;

/// What becomes of a setting that somebody changed at the phone.
enum class LocalChanges : std::uint8_t {
    record, ///< it is shown, and left until the site wants another value than before
    revert, ///< the site's value is written again
};

using Hash = std::function<base::Digest256(const inventory::ItemKey&, std::string_view)>;

struct Yardstick {
    Hash hash; ///< Workpoints::written_hash of this phone
    LocalChanges local_changes = LocalChanges::record;
    bool at_start_up = false; ///< some items need not survive one, and are written each time
    /// Whether an item that somebody changed may be written once more.
    std::function<bool(const inventory::ItemKey&)> may_restore = {};
};

struct Difference {
    std::vector<Item> plain;
    std::vector<Item> secrets;
    std::vector<inventory::ItemKey> restored; ///< of `plain`: the phone had taken these values
    /// The phone has what is wanted, and it was not noted yet that it got it.
    std::map<inventory::ItemKey, base::Digest256> agreed;

    bool empty() const noexcept { return plain.empty() && secrets.empty(); }
};

/// Workpoint::written tells what was last offered to a phone, of all items: a value that it took
/// and no longer has was changed there, and one that it refused is not offered again.
Difference
compare(const std::vector<Item>& wanted, const inventory::Workpoint& known, const Yardstick& with);

/// Whether a phone that had its configuration has lost it: where it should register was taken once,
/// and is empty now.
bool is_reset(const std::vector<Item>& wanted, const inventory::Workpoint& known, const Hash& hash);

} // namespace wpi
