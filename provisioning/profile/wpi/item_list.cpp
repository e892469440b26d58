// SPDX-License-Identifier: MIT
// Reads the list of items that a template rendered.
#include "provisioning/base/text.hpp"
#include "provisioning/base/xml.hpp"
#include "provisioning/profile/wpi/items.hpp"

#include <set>
#include <utility>

namespace wpi {
namespace {

using base::Errc;
using base::fail;
using base::Result;

constexpr int largest_index = 1'000'000;

base::Status unknown_element(const base::XmlNode& node, std::string_view wanted) {
    return fail(Errc::malformed, "line {} column 1: found <{}> where <{}> belongs", node.line,
                base::printable(node.name, 40), wanted);
}

Result<Item> item_of(const base::XmlNode& node) {
    if (node.name != "Item") {
        return tl::unexpected(unknown_element(node, "Item").error());
    }
    Item item;
    for (const auto& [key, value] : node.attributes) {
        if (key == "name") {
            item.name = value;
        } else if (key == "index") {
            const auto index = base::parse_number(value);
            if (!index || *index > largest_index) {
                return fail(Errc::malformed, "line {} column 1: index '{}' is no number", node.line,
                            base::printable(value, 20));
            }
            item.index = static_cast<int>(*index);
        } else {
            return fail(Errc::malformed,
                        "line {} column 1: an Item has a name and perhaps an index, and no {}",
                        node.line, base::printable(key, 40));
        }
    }
    if (!node.children.empty()) {
        return fail(Errc::malformed, "line {} column 1: there is an element inside the item {}",
                    node.children.front().line, shown(item));
    }
    constexpr std::string_view blanks = " \t\r\n";
    const auto begin = node.text.find_first_not_of(blanks);
    if (begin != std::string::npos) {
        item.value = node.text.substr(begin, node.text.find_last_not_of(blanks) - begin + 1);
    }
    return item;
}

} // namespace

Result<std::vector<Item>> parse_item_list(std::string_view xml) {
    const auto root = base::parse_xml(xml);
    if (!root) {
        return tl::unexpected(root.error());
    }
    if (root->name != "ItemList") {
        return tl::unexpected(unknown_element(*root, "ItemList").error());
    }
    std::vector<Item> items;
    std::set<std::pair<std::string, int>> seen;
    for (const base::XmlNode& node : root->children) {
        auto item = item_of(node);
        if (!item) {
            return tl::unexpected(item.error());
        }
        if (const auto wrong = wrong_with(*item)) {
            return fail(Errc::refused, "line {} column 1: {}: {}", node.line, shown(*item), *wrong);
        }
        if (!seen.emplace(item->name, item->index.value_or(-1)).second) {
            return fail(Errc::conflict, "line {} column 1: {} stands there twice", node.line,
                        shown(*item));
        }
        items.push_back(std::move(*item));
    }
    return items;
}

} // namespace wpi
