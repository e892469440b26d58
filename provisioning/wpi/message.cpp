// SPDX-License-Identifier: MIT
// Reads what phones send, leniently in form and strictly in size.
#include "provisioning/wpi/message.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"
#include "provisioning/base/xml.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace wpi {
namespace {

using base::Errc;
using base::fail;
using base::iequals;
using base::Result;
using base::XmlNode;

constexpr std::size_t longest_nonce = 64;
constexpr std::size_t longest_word = 64; ///< of reasons, actions and statuses that we do not know
constexpr std::size_t largest_index = 1'000'000;
/// Those around the items, and some that we do not know.
constexpr base::XmlLimits limits{
    .bytes = largest_message, .depth = 8, .elements = most_items_read + 1'000};

struct ReasonWord {
    std::string_view word;
    Reason reason;
};

constexpr std::array<ReasonWord, 7> reasons{{{"start-up", Reason::start_up},
                                             {"local-changes", Reason::local_changes},
                                             {"inventory-changes", Reason::inventory_changes},
                                             {"status", Reason::status},
                                             {"solicited", Reason::solicited},
                                             {"reply-to", Reason::reply_to},
                                             {"clean-up", Reason::clean_up}}};

std::string_view local(std::string_view name) {
    return name.substr(name.rfind(':') + 1); // npos + 1 is 0
}

bool is_declaration(std::string_view attribute) {
    return attribute == "xmlns" || attribute.substr(0, 6) == "xmlns:";
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto begin = text.find_first_not_of(blanks);
    return begin == std::string_view::npos
               ? std::string_view()
               : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

const XmlNode* child(const XmlNode& node, std::string_view name) {
    const auto found = std::find_if(node.children.begin(), node.children.end(),
                                    [&](const XmlNode& each) { return local(each.name) == name; });
    return found == node.children.end() ? nullptr : &*found;
}

std::string_view attribute(const XmlNode& node, std::string_view name) {
    const auto found =
        std::find_if(node.attributes.begin(), node.attributes.end(), [&](const auto& each) {
            return !is_declaration(each.first) && local(each.first) == name;
        });
    return found == node.attributes.end() ? std::string_view() : trimmed(found->second);
}

/// A word of a stranger's, cut behind a whole character.
std::string word_of(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size()) {
        const auto length = base::utf8_at(text, end).length;
        if (length == 0 || end + length > longest_word) {
            break;
        }
        end += length;
    }
    return std::string(text.substr(0, end));
}

bool is_nonce(std::string_view text) {
    return !text.empty() && text.size() <= longest_nonce &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
           });
}

/// -1 and 0 are no limit.
std::optional<std::size_t> most_items_in(const XmlNode& message) {
    const auto number = base::parse_number(attribute(message, "maxItems"));
    return number && *number > 0 ? std::optional<std::size_t>(*number) : std::nullopt;
}

/// On the message in all examples of the guide, on the reason in its table of attributes (p. 29).
bool says_next(const XmlNode& node) {
    return iequals(attribute(node, "fragment"), "next");
}

Outcome outcome_of(std::string_view word) {
    if (word.empty() || iequals(word, "accepted")) { // early ones leave it out
        return Outcome::accepted;
    }
    return iequals(word, "busy") ? Outcome::busy : Outcome::failed;
}

/// "read-only" is written as well as "read only".
std::string status_of(std::string_view text) {
    std::string status = base::lower(word_of(text));
    std::replace(status.begin(), status.end(), '-', ' ');
    return status;
}

void read_reason(PhoneMessage& into, const XmlNode& node) {
    const auto text = trimmed(node.text);
    into.reason_text = word_of(text);
    for (const ReasonWord& each : reasons) {
        if (iequals(each.word, text)) {
            into.reason = each.reason;
        }
    }
    if (into.reason == Reason::reply_to) {
        const auto word = attribute(node, "action");
        const auto action = action_named(word);
        into.action = action ? std::string(name(*action)) : word_of(word);
        into.outcome = outcome_of(attribute(node, "status"));
    }
    into.has_more = into.has_more || says_next(node);
}

/// An item without a name, or with an index that is no number, says nothing that we understand.
base::Status read_item(PhoneMessage& into, const XmlNode& node) {
    Item item;
    item.name = attribute(node, "name");
    const auto index = attribute(node, "index");
    if (!index.empty()) {
        const auto number = base::parse_number(index);
        if (!number || *number > largest_index) {
            return {};
        }
        item.index = static_cast<int>(*number);
    }
    const auto value = trimmed(node.text);
    if (item.name.size() > longest_name || value.size() > longest_value) {
        return fail(Errc::refused,
                    "line {} column 1: an item with {} bytes of name and {} of value", node.line,
                    item.name.size(), value.size());
    }
    if (!item.name.empty()) {
        item.value = value;
        item.status = status_of(attribute(node, "status"));
        into.items.push_back(std::move(item));
    }
    return {};
}

base::Status read_items(PhoneMessage& into, const XmlNode& message) {
    for (const XmlNode& list : message.children) {
        if (local(list.name) != "ItemList") {
            continue;
        }
        for (const XmlNode& node : list.children) {
            if (local(node.name) != "Item") {
                continue;
            }
            if (into.items.size() == most_items_read) {
                return fail(Errc::refused, "line {} column 1: more than {} items", node.line,
                            most_items_read);
            }
            if (auto done = read_item(into, node); !done) {
                return done;
            }
        }
    }
    return {};
}

/// libxml2 quotes what it does not understand, which may be half of a password.
base::Error without_quotes(const base::Error& error) {
    if (error.code != Errc::malformed) {
        return error;
    }
    return {error.code, error.what.substr(0, error.what.find(": ")) + ": not well-formed"};
}

} // namespace

std::string_view name(Reason reason) noexcept {
    const auto* const found = std::find_if(reasons.begin(), reasons.end(),
                                           [&](const auto& each) { return each.reason == reason; });
    return found == reasons.end() ? std::string_view("an unknown reason") : found->word;
}

const Item* PhoneMessage::item(std::string_view wanted) const noexcept {
    const auto found = std::find_if(items.begin(), items.end(),
                                    [&](const Item& each) { return each.name == wanted; });
    return found == items.end() ? nullptr : &*found;
}

std::string_view PhoneMessage::value(std::string_view wanted) const noexcept {
    const Item* found = item(wanted);
    return found != nullptr && found->status.empty() ? std::string_view(found->value)
                                                     : std::string_view();
}

Result<PhoneMessage> parse(std::string_view text) {
    const auto root = base::parse_xml(text, limits);
    if (!root) {
        return tl::unexpected(without_quotes(root.error()));
    }
    if (local(root->name) != "WorkpointMessage") {
        return fail(Errc::not_ours, "line {} column 1: the root is no WorkpointMessage",
                    root->line);
    }
    const XmlNode* message = child(*root, "Message");
    if (message == nullptr) {
        return fail(Errc::malformed, "line {} column 1: there is no Message in it", root->line);
    }
    PhoneMessage found;
    found.nonce = attribute(*message, "nonce");
    if (!is_nonce(found.nonce)) {
        return fail(Errc::malformed,
                    "line {} column 1: the Message has no nonce of 1 to {} letters and digits",
                    message->line, longest_nonce);
    }
    found.most_items = most_items_in(*message);
    found.has_more = says_next(*message);
    if (const XmlNode* reason = child(*message, "ReasonForContact")) {
        read_reason(found, *reason);
    }
    if (auto done = read_items(found, *message); !done) {
        return tl::unexpected(done.error());
    }
    return found;
}

} // namespace wpi
