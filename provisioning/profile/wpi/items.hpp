// SPDX-License-Identifier: MIT
// The table of items that phones of the Workpoint Interface know: type, range, index, and whether a
// value can be read back; and what is wrong with a list of them.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wpi {

constexpr std::size_t longest_name = 128;
constexpr std::size_t longest_value = std::size_t{256} * 1024; ///< certificates

/// One setting or one fact of a phone (WPI guide p. 26).
struct Item {
    std::string name;         ///< case-sensitive, at most 128 bytes
    std::optional<int> index; ///< which one, of an item that there are several of
    std::string value;        ///< trimmed; at most 256 KiB
    std::string status = {};  ///< of phones: why the item failed, in small letters; empty: well

    bool operator==(const Item&) const = default;
};

enum class ItemType : std::uint8_t {
    text,
    boolean, ///< true, false
    integer,
    choice, ///< one of `choices`
    ipv4,   ///< or empty
    host,   ///< an IPv4 address, a name, or empty
};

/// One row of conf/vendors/openstage/items.tsv.
struct ItemRow {
    std::string_view name;
    bool indexed = false; ///< one for each line, key, codec …
    bool write_only =
        false; ///< a password or a key: no phone gives it back, and none of it is kept
    /// Its items are written in one message with those of the same group and index (WPI guide
    /// p. 71); empty: with any.
    std::string_view group;
    /// The site's word holds, whatever is changed on the phone: where it registers, and whom it
    /// asks.
    bool always_restored = false;

    bool also_single = false; ///< of one that is indexed: there is one without an index, too
    bool read_only = false;   ///< the phone's word
    bool in_actions = false;  ///< part of a restart, a deployment …, and no setting
    bool basic = false;       ///< in every first message of a phone: there it tells of no change
    bool each_start = false;  ///< need not survive a restart of the phone (wiki on polling)
    bool secret = false;      ///< every write-only one, and some that phones say
    ItemType type = ItemType::text;
    std::optional<std::int64_t> least;
    std::optional<std::int64_t> most;
    std::size_t longest = 0; ///< characters; 0: unknown
    std::vector<std::string_view> choices;
    std::string_view source;
};

std::span<const ItemRow> item_rows(); ///< in the order of the table

/// Nothing for a name that we do not know: models differ, and the phone says so itself.
const ItemRow* item_row(std::string_view name) noexcept;

/// Whether nobody but the phone may have its value: the table's word, and for names outside of it
/// whatever reads like a password, a key or a certificate.
bool is_secret(std::string_view name) noexcept;

/// Everything that is wrong with a list that we want to write: an unknown name is none. The error
/// names item, index, value (not of a secret) and what would fit.
base::Status check_items(const std::vector<Item>& items);

/// The list of a rendered template: <ItemList><Item name="…" index="…">…</Item></ItemList>. Refused
/// with "line L column 1: ": other elements, an item that stands there twice, and what
/// check_items() refuses. An empty list is one.
base::Result<std::vector<Item>> parse_item_list(std::string_view xml);

/// "reg-addr", "function-key-def[3]".
std::string shown(const Item& item);

/// What is wrong with the name of an item; nothing where it may be one, known or not.
std::optional<std::string> wrong_name(std::string_view name);

/// What is wrong with one item, without its name; nothing where it is well.
std::optional<std::string> wrong_with(const Item& item);

} // namespace wpi
