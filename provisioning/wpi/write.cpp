// SPDX-License-Identifier: MIT
// Writes what phones are told, in the one form that all of their versions read.
#include "provisioning/base/text.hpp"
#include "provisioning/base/xml.hpp"
#include "provisioning/wpi/message.hpp"

#include <algorithm>
#include <array>

namespace wpi {
namespace {

constexpr std::array<std::string_view, 8> names{
    "ReadAllItems",   "ReadItems",          "WriteItems",      "Restart",
    "FileDeployment", "SoftwareDeployment", "GetNextFragment", "CleanUp"};

/// The attributes exactly so: the schema's place is one token in the guide (p. 33, 35).
constexpr std::string_view head = R"(<?xml version="1.0" encoding="UTF-8"?>
<DLSMessage xmlns="http://www.siemens.com/DLS"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.siemens.com/DLS">
 <Message nonce=")";

struct Swap {
    std::string_view from;
    std::string_view to;
};

/// Quotes are decoded by all phones in this form, and line breaks need none between tags.
constexpr std::array<Swap, 4> swaps{
    {{"&quot;", "&#34;"}, {"&apos;", "&#39;"}, {"&#10;", "\n"}, {"&#9;", "\t"}}};

std::string escaped(std::string_view value, Escape escape) {
    std::string raw(value);
    if (escape == Escape::legacy) {
        raw.erase(
            std::remove_if(raw.begin(), raw.end(), [](char c) { return c == '<' || c == '>'; }),
            raw.end());
        std::replace(raw.begin(), raw.end(), '&', '+');
    }
    const std::string safe = base::escape_xml(raw);
    std::string out;
    std::size_t from = 0;
    for (auto at = safe.find('&'); at != std::string::npos; at = safe.find('&', at + 1)) {
        const auto rest = std::string_view(safe).substr(at);
        const auto* const swap = std::find_if(swaps.begin(), swaps.end(), [&](const Swap& each) {
            return rest.substr(0, each.from.size()) == each.from;
        });
        if (swap != swaps.end()) {
            out.append(safe, from, at - from).append(swap->to);
            from = at + swap->from.size();
        }
    }
    out.append(safe, from);
    return out;
}

} // namespace

std::string_view name(Action action) noexcept {
    return names.at(static_cast<std::size_t>(action));
}

std::optional<Action> action_named(std::string_view word) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (base::iequals(names[i], word)) {
            return static_cast<Action>(i);
        }
    }
    return std::nullopt;
}

std::string write(const Item& item, Escape escape) {
    std::string out = "   <Item name=\"" + base::escape_xml(item.name) + "\"";
    if (item.index) {
        out += fmt::format(" index=\"{}\"", *item.index);
    }
    return out + (item.value.empty() ? "/>\n" : ">" + escaped(item.value, escape) + "</Item>\n");
}

std::string write(const ServiceMessage& message, Escape escape) {
    std::string out(head);
    out += base::escape_xml(message.nonce);
    out += "\">\n  <Action>";
    out += name(message.action);
    out += "</Action>\n";
    if (!message.items.empty()) {
        out += "  <ItemList>\n";
        for (const Item& item : message.items) {
            out += write(item, escape);
        }
        out += "  </ItemList>\n";
    }
    // Nothing behind it: stray text makes phones reject a message.
    return out + " </Message>\n</DLSMessage>";
}

} // namespace wpi
