// SPDX-License-Identifier: MIT
// A list of items as one blob of the database.
#include "provisioning/inventory/packed_items.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <limits>

namespace inventory {

namespace {

constexpr std::string_view no_index = "-1";

void append(std::string& out, const ItemKey& item, std::string_view value) {
    out += item.name;
    out += '\0';
    out += item.index < 0 ? no_index : std::to_string(item.index);
    out += '\0';
    out += std::to_string(value.size());
    out += '\0';
    out += value;
}

/// What is before the next zero byte; both are taken off `rest`.
std::optional<std::string_view> take_word(std::string_view& rest) {
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto word = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return word;
}

std::optional<int> index_of(std::string_view word) {
    if (word == no_index) {
        return -1;
    }
    const auto number = base::parse_number(word);
    if (!number || *number > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
        return std::nullopt;
    }
    return static_cast<int>(*number);
}

struct Packed {
    ItemKey item;
    std::string_view value;
};

std::optional<Packed> take(std::string_view& rest) {
    const auto name = take_word(rest);
    const auto place = name ? take_word(rest) : std::nullopt;
    const auto length = place ? take_word(rest) : std::nullopt;
    if (!length) {
        return std::nullopt;
    }
    const auto index = index_of(*place);
    const auto size = base::parse_number(*length);
    if (name->empty() || !index || !size || *size > rest.size()) {
        return std::nullopt;
    }
    const auto value = rest.substr(0, static_cast<std::size_t>(*size));
    rest.remove_prefix(value.size());
    return Packed{{std::string(*name), *index}, value};
}

/// pack() writes in order, so that each item goes to the end of the map.
template <class Map> bool put_last(Map& items, ItemKey item, typename Map::mapped_type value) {
    if (!items.empty() && !(items.rbegin()->first < item)) {
        return false;
    }
    items.emplace_hint(items.end(), std::move(item), std::move(value));
    return true;
}

} // namespace

std::string pack(const std::map<ItemKey, std::string>& items) {
    std::string out;
    for (const auto& [item, value] : items) {
        append(out, item, value);
    }
    return out;
}

std::string pack(const std::map<ItemKey, base::Digest256>& items) {
    std::string out;
    for (const auto& [item, digest] : items) {
        append(out, item, {reinterpret_cast<const char*>(digest.data()), digest.size()});
    }
    return out;
}

std::optional<std::map<ItemKey, std::string>> unpack(std::string_view packed) {
    std::map<ItemKey, std::string> items;
    while (!packed.empty()) {
        auto next = take(packed);
        if (!next || !put_last(items, std::move(next->item), std::string(next->value))) {
            return std::nullopt;
        }
    }
    return items;
}

std::optional<std::map<ItemKey, base::Digest256>> unpack_digests(std::string_view packed) {
    std::map<ItemKey, base::Digest256> items;
    while (!packed.empty()) {
        auto next = take(packed);
        base::Digest256 digest{};
        if (!next || next->value.size() != digest.size()) {
            return std::nullopt;
        }
        std::copy(next->value.begin(), next->value.end(), digest.begin());
        if (!put_last(items, std::move(next->item), digest)) {
            return std::nullopt;
        }
    }
    return items;
}

} // namespace inventory
