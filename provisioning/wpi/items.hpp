// SPDX-License-Identifier: MIT
// The table of items that phones of the Workpoint Interface know: type, range, index, and whether a
// value can be read back.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/wpi/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace wpi {

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
};

/// Nothing for a name that we do not know: models differ, and the phone says so itself.
const ItemRow* item_row(std::string_view name) noexcept;

/// Whether nobody but the phone may have its value: the table's word, and for names outside of it
/// whatever reads like a password, a key or a certificate.
bool is_secret(std::string_view name) noexcept;

/// Everything that is wrong with a list that we want to write: an unknown name is none. The error
/// names item, index, value (not of a secret) and what would fit.
base::Status check_items(const std::vector<Item>& items);

/// The list of a rendered template: <ItemList><Item name="…" index="…">…</Item></ItemList>. Refused
/// with the line: other elements, an item that stands there twice, and what check_items() refuses.
base::Result<std::vector<Item>> parse_item_list(std::string_view xml);

} // namespace wpi
