// SPDX-License-Identifier: MIT
// Feeds bytes to the reader of phones' messages and to that of item lists: what was understood can
// be written, split, and read back.
// rooms: wpi
#include "provisioning/base/xml.hpp"
#include "provisioning/wpi/message.hpp"
#include "provisioning/wpi/split.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read_back(const std::vector<wpi::Item>& items, const std::string& nonce) {
    const auto text = wpi::write({nonce, wpi::Action::write_items, items});
    const auto root = base::parse_xml(text, {1U << 24U});
    require(root.has_value());
    const auto* message = root->child("Message");
    require(message != nullptr && message->attribute("nonce") == nonce);
    const auto* list = message->child("ItemList");
    require((list == nullptr ? 0 : list->children.size()) == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& node = list->children[i];
        require(node.attribute("name") == items[i].name && node.text == items[i].value);
        require(node.attribute("index") ==
                (items[i].index ? std::to_string(*items[i].index) : std::string()));
    }
    require(
        base::parse_xml(wpi::write({nonce, wpi::Action::write_items, items}, wpi::Escape::legacy),
                        {1U << 24U})
            .has_value());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto list = wpi::parse_item_list(text)) {
        require(wpi::check_items(*list).has_value());
    }
    const auto message = wpi::parse(text);
    if (!message) {
        require(!message.error().what.empty());
        return 0;
    }
    require(!message->nonce.empty() && message->nonce.size() <= 64);
    require(message->reason == wpi::Reason::reply_to ||
            (message->action.empty() && message->outcome == wpi::Outcome::accepted));
    require(message->items.size() <= wpi::most_items_read);
    for (const auto& item : message->items) {
        require(!item.name.empty() && item.name.size() <= wpi::longest_name);
        require(item.value.size() <= wpi::longest_value && item.index.value_or(0) >= 0);
        (void)wpi::is_secret(item.name);
    }
    (void)wpi::check_items(message->items);
    std::size_t sent = 0;
    for (const auto& part : wpi::split(message->items, message->most_items)) {
        require(!part.empty() && part.size() <= message->most_items.value_or(part.size()));
        read_back(part, message->nonce);
        sent += part.size();
    }
    require(sent == message->items.size());
    return 0;
}
