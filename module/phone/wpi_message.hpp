// SPDX-License-Identifier: MIT
// The XML of the Workpoint Interface as an OpenStage writes it, and as strictly as it may read it.
#pragma once

#include "provisioning/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace phone {

struct WpiItem {
    std::string name;
    std::string index{}; ///< digits, empty for an item that is there once
    std::string value{};
    std::string status{}; ///< why it has no value or did not take one; the phone's only
};

/// "name" or "name/index": how the flash knows an item.
std::string key_of(std::string_view name, std::string_view index);

/// What the phone says.
struct PhoneWords {
    std::string nonce;
    int max_items = -1;
    std::string fragment{}; ///< next, final or empty
    std::string reason;
    std::string action{}; ///< of a reply-to
    std::string status{}; ///< the same
    bool has_items = true;
    std::vector<WpiItem> items{};
};

std::string write_words(const PhoneWords& words);

/// Bytes that `item` takes of a message.
std::size_t size_of(const WpiItem& item);

/// What the service wants.
struct ServiceWords {
    std::string nonce;
    std::string action; ///< one that the guide knows
    std::vector<WpiItem> items{};
    /// Items with &lt; &gt; or &amp; in them, which early firmware is said not to decode.
    std::vector<std::string> doubtful{};
};

/// The error says what a service must not send: anything before the XML or behind it, another root
/// or namespace, DTD, comment, unknown element or attribute, no Action.
base::Result<ServiceWords> read_words(std::string_view body);

} // namespace phone
